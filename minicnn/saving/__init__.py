"""Models and checkpoints as .npz files: written and described here, read back with suspicion.

Making a model from such a file is in `minicnn.models.load`.
"""
