"""minicnn: a convolutional-network framework in NumPy and numba, written to be read.

Its public face is the part of Keras that a small image classifier needs:

    from minicnn import layers, models, optimizers
    from minicnn.preprocessing.image import ImageDataGenerator

Where to begin reading: `minicnn/by_hand.py`, which trains a network on one page, then
`minicnn/layers/conv.py`, `minicnn/kernels/naive/convolution.py`, and `train_step` in
`minicnn/training/step.py`.
"""

from minicnn.kernels import backend, use_backend
from minicnn.seeding import set_random_seed

__version__ = "0.1.0"  # the one place: setup.cfg and `covid --version` read it here
__all__ = ["__version__", "backend", "set_random_seed", "use_backend"]
