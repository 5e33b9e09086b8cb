"""The one grid of layers and shapes that the kernel, gradient and contract tests go through.

All arrays are small, since the literal loops go through them too. `CONVOLUTIONS` and `POOLINGS`
hold the awkward shapes; `CASES` has them as layers, together with all other layers.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from minicnn import layers
from minicnn.layers import Layer

# name: (batch, height, width, channels), filters, kernel_size, strides, padding
# From 8 filters (or channels) on the compiled kernels take another loop order.
CONVOLUTIONS = {
    "plain": ((2, 5, 4, 2), 3, (3, 3), (1, 1), "valid"),
    "batch 1, one channel, one filter": ((1, 5, 5, 1), 1, (3, 3), (1, 1), "valid"),
    "1x1 kernel": ((2, 4, 3, 2), 3, (1, 1), (1, 1), "valid"),
    "wide image, tall kernel": ((2, 4, 7, 2), 2, (3, 2), (1, 1), "valid"),
    "tall image, wide kernel": ((1, 6, 3, 1), 2, (1, 3), (1, 1), "valid"),
    "kernel as large as the image": ((2, 3, 4, 1), 2, (3, 4), (1, 1), "valid"),
    "stride 2": ((2, 7, 5, 1), 2, (3, 3), (2, 2), "valid"),
    "strides that do not divide": ((1, 6, 8, 2), 2, (3, 2), (2, 3), "valid"),
    "stride larger than the kernel": ((2, 5, 6, 1), 2, (1, 2), (3, 3), "valid"),
    "same": ((2, 4, 5, 2), 2, (3, 3), (1, 1), "same"),
    "same, even kernel": ((1, 5, 4, 2), 2, (2, 4), (1, 1), "same"),
    "same, stride 2": ((2, 5, 4, 1), 2, (3, 3), (2, 2), "same"),
    "same, even kernel, unequal strides": ((1, 6, 7, 1), 2, (4, 2), (2, 3), "same"),
    "same, kernel larger than the image": ((2, 3, 2, 1), 2, (5, 4), (1, 1), "same"),
    "5x5, same": ((2, 6, 18, 2), 1, (5, 5), (1, 1), "same"),
    "7x7": ((1, 8, 9, 1), 2, (7, 7), (1, 1), "valid"),
    "many filters and channels": ((1, 3, 3, 9), 10, (2, 1), (1, 1), "valid"),
    "many filters and channels, same, stride 2": ((2, 3, 4, 8), 8, (2, 2), (2, 2), "same"),
    "many filters, long rows": ((1, 2, 7, 4), 8, (1, 2), (1, 1), "valid"),
    "many filters, long rows, stride 2": ((1, 1, 12, 4), 8, (1, 2), (1, 2), "valid"),
    "many filters, one channel": ((2, 4, 4, 1), 9, (3, 3), (1, 1), "same"),
    "many channels, few filters": ((2, 3, 4, 10), 2, (2, 2), (1, 1), "valid"),
    "many channels, five filters, stride 2": ((1, 4, 5, 8), 5, (2, 3), (2, 2), "valid"),
}

# name: (batch, height, width, channels), pool_size, strides, padding
POOLINGS = {
    "plain": ((2, 4, 6, 2), (2, 2), (2, 2), "valid"),
    "batch 1, one channel": ((1, 4, 4, 1), (2, 2), (2, 2), "valid"),
    "1x1 pool": ((2, 3, 4, 2), (1, 1), (1, 1), "valid"),
    "wide pool": ((2, 4, 7, 3), (2, 3), (2, 3), "valid"),
    "does not divide": ((2, 5, 7, 2), (2, 2), (2, 2), "valid"),
    "overlapping": ((2, 5, 4, 2), (3, 2), (1, 1), "valid"),
    "stride larger than the pool": ((1, 5, 6, 2), (2, 1), (3, 2), "valid"),
    "same": ((2, 5, 4, 2), (3, 3), (1, 1), "same"),
    "same, even pool, stride 1": ((1, 4, 5, 2), (4, 4), (1, 1), "same"),
    "same, does not divide": ((2, 5, 7, 1), (2, 3), (2, 3), "same"),
    "same, pool larger than the image": ((2, 2, 3, 9), (4, 5), (2, 2), "same"),
}


def spread_out(shape: tuple, seed: int = 0) -> np.ndarray:
    """Numbers in (-2, 2) in random order, no two equal or close, none close to 0; float64.

    So no two of them tie in a max-pooling, and no relu stands at its corner.
    """
    size = int(np.prod(shape))
    numbers = (np.arange(size) + 0.5 + 0.25 * (size % 2)) / size * 4 - 2
    return np.random.default_rng(seed).permutation(numbers).reshape(shape)


@dataclass(frozen=True)
class Case:
    """A layer, and the shape of its input (a list of shapes where it takes several)."""

    name: str
    make: Callable[[], Layer]
    x_shape: tuple | list

    def layer(self, dtype=np.float64) -> Layer:
        """A new layer, built, with biases that are not 0."""
        rng = np.random.default_rng(7)
        layer = self.make()
        several = isinstance(self.x_shape, list)
        layer.build([s[1:] for s in self.x_shape] if several else self.x_shape[1:], rng)
        layer.params = {name: param.astype(dtype) for name, param in layer.params.items()}
        if "bias" in layer.params:
            layer.params["bias"] += rng.normal(size=layer.params["bias"].shape).astype(dtype)
        return layer

    def x(self, dtype=np.float64) -> np.ndarray | list[np.ndarray]:
        """A new input."""
        if isinstance(self.x_shape, list):
            return [spread_out(s, seed).astype(dtype) for seed, s in enumerate(self.x_shape)]
        return spread_out(self.x_shape).astype(dtype)

    def dy(self, y: np.ndarray) -> np.ndarray:
        """A new gradient for the output `y`."""
        return np.random.default_rng(8).normal(size=y.shape).astype(y.dtype)


def _convolution(name: str, **arguments) -> Case:
    x_shape, filters, kernel_size, strides, padding = CONVOLUTIONS[name]
    note = "".join(f", {key}={value}" for key, value in arguments.items())
    return Case(
        f"Conv2D: {name}{note}",
        lambda: layers.Conv2D(filters, kernel_size, strides, padding, **arguments),
        x_shape,
    )


def _pooling(layer_class: type, name: str) -> Case:
    x_shape, *arguments = POOLINGS[name]
    return Case(f"{layer_class.__name__}: {name}", lambda: layer_class(*arguments), x_shape)


IMAGES = (2, 3, 4, 2)
CASES = [
    *(_convolution(name) for name in CONVOLUTIONS),
    _convolution("same, stride 2", activation="relu"),
    _convolution("plain", activation="sigmoid"),
    _convolution("plain", use_bias=False),
    *(_pooling(layers.MaxPooling2D, name) for name in POOLINGS),
    *(_pooling(layers.AveragePooling2D, name) for name in POOLINGS),
    Case("GlobalMaxPooling2D: keepdims", lambda: layers.GlobalMaxPooling2D(keepdims=True), IMAGES),
    Case("GlobalMaxPooling2D: vectors", layers.GlobalMaxPooling2D, IMAGES),
    Case("GlobalMaxPooling2D: one pixel", layers.GlobalMaxPooling2D, (1, 1, 1, 2)),
    Case("GlobalAveragePooling2D: vectors", layers.GlobalAveragePooling2D, IMAGES),
    Case("GlobalAveragePooling2D: one channel", layers.GlobalAveragePooling2D, (1, 5, 2, 1)),
    Case(
        "GlobalAveragePooling2D: keepdims",
        lambda: layers.GlobalAveragePooling2D(keepdims=True),
        IMAGES,
    ),
    Case("Dense: one unit", lambda: layers.Dense(1), (3, 5)),
    Case("Dense: batch 1, one input", lambda: layers.Dense(2), (1, 1)),
    Case("Dense: as many units as inputs", lambda: layers.Dense(4), (2, 4)),
    Case("Dense: many units", lambda: layers.Dense(9), (3, 5)),
    Case("Dense: more inputs than a block", lambda: layers.Dense(1), (1, 1030)),
    Case("Dense: relu", lambda: layers.Dense(3, activation="relu"), (4, 5)),
    Case("Dense: sigmoid", lambda: layers.Dense(1, activation="sigmoid"), (4, 5)),
    Case("Dense: no bias", lambda: layers.Dense(3, use_bias=False), (2, 3)),
    Case("ReLU: images", layers.ReLU, IMAGES),
    Case("ReLU: vectors", layers.ReLU, (3, 5)),
    Case("Sigmoid: images", layers.Sigmoid, IMAGES),
    Case("Sigmoid: batch 1", layers.Sigmoid, (1, 1)),
    Case("Activation: relu", lambda: layers.Activation("relu"), IMAGES),
    Case("Activation: sigmoid", lambda: layers.Activation("sigmoid"), (2, 3)),
    Case("Activation: linear", lambda: layers.Activation("linear"), IMAGES),
    Case("Dropout: some", lambda: layers.Dropout(0.4, seed=3), IMAGES),
    Case("Dropout: none", lambda: layers.Dropout(0.0), (3, 5)),
    Case("Dropout: all", lambda: layers.Dropout(1.0), (3, 5)),
    Case("Flatten: images", layers.Flatten, IMAGES),
    Case("Flatten: vectors", layers.Flatten, (3, 5)),
    Case("Concatenate: images", layers.Concatenate, [IMAGES, (2, 3, 4, 1), (2, 3, 4, 5)]),
    Case("Concatenate: vectors", layers.Concatenate, [(3, 5), (3, 1)]),
    Case("Concatenate: one input", layers.Concatenate, [IMAGES]),
]
