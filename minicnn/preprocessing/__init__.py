"""Images before they reach a model: reading, resizing, augmentation, batches.

`minicnn.preprocessing.image` is the public face, a subset of tf.keras.preprocessing.image;
the other modules here are its parts, one purpose each. Nothing is imported until it is asked
for: Pillow when a first image is read, OpenCV when one is warped with a rarer fill mode.
"""

import importlib


def __getattr__(name: str):
    if name != "image":
        raise AttributeError(f"module 'minicnn.preprocessing' has no attribute {name!r}")
    return importlib.import_module("minicnn.preprocessing.image")
