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


def every_gradient(optimizer="adam", dtype=np.float64) -> models.Model:
    """One of every layer, compiled; one is used twice, one is read by three, dropout before the end.

    No relu is silent for all numbers, so that there are gradients everywhere.
    """
    x = layers.Input((9, 8, 2), name="image")
    stem = layers.Conv2D(4, 3, activation="relu", padding="same", name="stem")(x)
    left = layers.Conv2D(1, (2, 3), strides=2, padding="same", activation="sigmoid", name="left")
    pooled = layers.MaxPooling2D(3, strides=2, padding="same", name="pooled")(stem)
    average = layers.AveragePooling2D(3, strides=2, padding="same", name="average")(stem)
    joined = layers.Concatenate(name="joined")([left(stem), pooled, average])
    bent = layers.ReLU(name="plain")(layers.Activation("relu", name="bent")(joined))
    bare = layers.Conv2D(3, 2, name="bare", use_bias=False)(bent)
    most = layers.GlobalMaxPooling2D(name="most")(bare)
    mean = layers.GlobalAveragePooling2D(keepdims=True, name="mean")(bare)
    ends = [layers.Flatten(name="flat")(bare), most, layers.Flatten(name="flat_mean")(mean)]
    dropped = layers.Dropout(0.3, name="dropped", seed=3)(layers.Concatenate(name="ends")(ends))
    twice = layers.Dense(3, activation="sigmoid", name="twice")
    hidden = twice(twice(layers.Dense(3, name="hidden")(dropped)))
    y = layers.Sigmoid(name="score")(layers.Dense(1, name="last")(hidden))
    model = models.Model(x, y, seed=3, name="example")
    rng = np.random.default_rng(1)
    for name, weights in model.named_weights().items():
        if name.endswith("bias"):
            weights += rng.normal(scale=0.3, size=weights.shape)
    model.compile(optimizer)
    return model.astype(dtype)


def images(samples: int) -> np.ndarray:
    """A batch for `every_gradient`, without ties."""
    return spread_out((samples, 9, 8, 2))
