"""minicnn: a convolutional-network framework in NumPy and numba, written to be read.

Its public face is the part of Keras that a small image classifier needs:

    from minicnn import layers, models, optimizers
    from minicnn.preprocessing.image import ImageDataGenerator

Where to begin reading: `minicnn/by_hand.py`, which trains a network on one page, then
`minicnn/layers/conv.py`, `minicnn/kernels/naive/convolution.py`, and `train_step` in
`minicnn/training/step.py`.
"""

import importlib

from minicnn.kernels import backend, use_backend
from minicnn.seeding import set_random_seed

__version__ = "0.1.0"  # the one place: setup.cfg and `covid --version` read it here
__all__ = ["__version__", "backend", "set_random_seed", "use_backend"]

# Attributes that are imported when they are first asked for, so that `keras.layers.Dense` runs after
# `import minicnn as keras`. Name -> the module that has it, or None for a module itself.
LAZY = {
    **dict.fromkeys(("callbacks", "initializers", "layers", "losses", "metrics", "models")),
    **dict.fromkeys(("optimizers", "preprocessing", "utils")),
    **dict.fromkeys(("explorer", "gradcheck", "inspection", "saliency")),  # not in Keras
    **{"Input": "layers", "Layer": "layers", "Model": "models", "Sequential": "models"},
    **{"Metric": "metrics", "Optimizer": "optimizers"},
}


def __getattr__(name: str):
    if name not in LAZY:
        raise AttributeError(f"module 'minicnn' has no attribute {name!r}")
    module = importlib.import_module(f"minicnn.{LAZY[name] or name}")
    return getattr(module, name) if LAZY[name] else module


def __dir__() -> list[str]:
    return sorted({*globals(), *LAZY})
