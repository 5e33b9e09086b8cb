"""Kernels that do several layers at once, or one in a cleverer way; chosen in `minicnn.fusion`.

They have no naive twin of their own and are tested against the layers run one by one. The rules
at the top of `minicnn/kernels/compiled/__init__.py` hold here, too.
"""
