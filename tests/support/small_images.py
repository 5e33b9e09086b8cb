"""Small gray images as lists of rows, and layers with given weights, for values worked out by hand."""

import numpy as np


def with_weights(layer, x, *weights):
    """The layer, built for `x`, with these weights."""
    layer.build(x.shape[1:], np.random.default_rng(0))
    layer.set_weights([np.array(array, dtype=np.float32) for array in weights])
    return layer


def image(rows):
    """One gray image, (1, height, width, 1)."""
    return np.array(rows, dtype=np.float64)[None, :, :, None]


def gray(images):
    """The numbers of one gray image as lists of rows."""
    return images[0, :, :, 0].tolist()
