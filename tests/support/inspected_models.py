"""Models with one of every layer, for the tests of `minicnn.inspection`."""

import numpy as np
from shape_grid import spread_out

from minicnn import layers, models

X = spread_out((9, 8, 1)).astype(np.float32)


def every_layer():
    """One of every layer, with 'same' padding, strides and a fan-out; biases that are not 0."""
    x = layers.Input((9, 8, 1))
    stem = layers.Conv2D(6, 3, activation="relu", padding="same", name="stem")(x)
    left = layers.Conv2D(2, (2, 3), strides=2, padding="same", activation="sigmoid", name="left")
    pooled = layers.MaxPooling2D(2, padding="same", name="pooled")(stem)
    average = layers.AveragePooling2D(3, strides=1, padding="same", name="average")(pooled)
    joined = layers.Concatenate(name="joined")([left(stem), pooled, average])
    bent = layers.Activation("relu", name="bent")(layers.ReLU(name="plain")(joined))
    flat = layers.Dropout(0.5, name="dropped")(layers.Flatten(name="flat")(bent))
    hidden = layers.Dense(3, name="hidden", use_bias=False)(flat)
    y = layers.Sigmoid(name="score")(layers.Dense(1, name="last", activation="relu")(hidden))
    model = models.Model(x, y, seed=3, name="example")
    rng = np.random.default_rng(1)
    for layer in model.layers:
        if "bias" in layer.params:
            layer.params["bias"] += rng.normal(size=layer.params["bias"].shape).astype(np.float32)
    return model
