"""Models of the tests of heat maps: branching, worked out by hand, published, deep."""

import functools

import numpy as np
from shape_grid import spread_out

from covid.training.architectures import MODELS, build_model
from minicnn import layers, models


def branching(dtype=np.float64, seed=3):
    """Branches of a stem, two outputs of which one goes on, 'same' padding, strides."""
    x = layers.Input((9, 8, 1))
    stem = layers.Conv2D(4, 3, activation="relu", padding="same", name="stem")(x)
    left = layers.Conv2D(2, (2, 3), strides=2, padding="same", activation="relu", name="left")(stem)
    pooled = layers.MaxPooling2D(2, padding="same", name="pooled")(stem)
    right = layers.Conv2D(3, 1, activation="sigmoid", name="right")(pooled)
    flat = layers.Flatten()(layers.Concatenate(name="joined")([left, right]))
    hidden = layers.Dense(3, name="hidden")(layers.Dropout(0.5)(flat))
    first = layers.Dense(2, activation="sigmoid", name="first")(hidden)
    second = layers.Dense(1, name="second")(layers.Concatenate()([first, hidden]))
    return models.Model(x, [first, layers.Sigmoid()(second)], seed=seed).astype(dtype)


X = spread_out((9, 8, 1))


def by_hand():
    """Two 1x1 filters, +1 and -1, on a 2x2 image, flattened into one unit."""
    model = models.Sequential(
        [
            layers.Conv2D(2, 1, activation="relu", input_shape=(2, 2, 1)),
            layers.Flatten(),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    conv, _, dense = model.layers
    conv.params["kernel"][...] = np.array([1.0, -1.0]).reshape(1, 1, 1, 2)
    # Both filters' weights at (0, 0), (0, 1), (1, 0), (1, 1)
    dense.params["kernel"][...] = np.array([[1, 2], [3, -2], [5, 2], [-1, 2]]).reshape(8, 1)
    dense.params["bias"][...] = 0.5
    return model


IMAGE_BY_HAND = np.array([[1.0, -2.0], [0.5, 3.0]]).reshape(2, 2, 1)


@functools.cache
def published(name):
    return build_model(name, seed=0)


# The largest takes a second to build.
SMALLER = [name for name in MODELS if name != "cnn"]


def deep(filters=8, side=40):
    return models.Sequential(
        [
            layers.Conv2D(filters, 3, activation="relu", input_shape=(side, side, 1)),
            layers.MaxPooling2D(2),
            layers.Conv2D(filters, 3, activation="relu", name="last"),
            layers.AveragePooling2D((side - 2) // 2 - 2),
            layers.Flatten(),
            layers.Dense(1, activation="sigmoid"),
        ],
        seed=5,
    )
