"""Timing every kernel: naive loops, NumPy, numba on one thread and on all.

python -m benchmarks                    # all kernels, at the sizes of the models
python -m benchmarks conv --json out.json
python -m benchmarks --verify-only      # only check that all give the same numbers
python -m benchmarks audit              # `covid audit` on 100,000 generated images
python -m benchmarks peers              # whole training steps beside PyTorch and Keras
python -m benchmarks roofline           # every kernel beside this machine's limits
python -m benchmarks readme             # every time and figure in the README
"""
