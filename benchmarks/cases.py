"""What is timed: every kernel, with the arguments it gets in the models.

The naive loops would take from seconds to an hour on a whole batch, so each case also has a
small load, a cut-out of a single image, for the naive loops. Loads are compared per elementary
operation, whose number each one knows.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

BATCH = 30  # images in a batch, as in the article


class Load(NamedTuple):
    """Arguments of a kernel, and the work they mean.

    Attributes
    ----------
    make : function () -> tuple
        Makes the arguments.
    operations : int
        Multiply-adds, or numbers looked at where nothing is multiplied.
    shape : str
        For the table.
    """

    make: Callable[[], tuple]
    operations: int
    shape: str


class Case(NamedTuple):
    """One kernel at one place of a model: the whole load, and a small one for naive loops."""

    kernel: str
    place: str
    full: Load
    small: Load

    @property
    def name(self) -> str:
        return f"{self.kernel} {self.place}"


def numbers(*shape: int) -> np.ndarray:
    """Standard normal float32 numbers, the same at every call."""
    return np.random.default_rng(0).standard_normal(shape, dtype=np.float32)


def convolution(place: str, pixels: int, window: int, channels: int, filters: int) -> list[Case]:
    """The three kernels of a convolution on images of pixels x pixels (padding included)."""

    def load(kernel: str, batch: int, size: int) -> Load:
        out = size - window + 1
        x_shape, dy_shape = (batch, size, size, channels), (batch, out, out, filters)
        taps_shape = (window, window, channels, filters)
        make = {
            "conv2d_forward": lambda: (
                numbers(*x_shape),
                numbers(*taps_shape),
                numbers(filters),
                (1, 1),
            ),
            "conv2d_grad_input": lambda: (
                numbers(*dy_shape),
                numbers(*taps_shape),
                (1, 1),
                (size, size),
            ),
            "conv2d_grad_kernel": lambda: (
                numbers(*x_shape),
                numbers(*dy_shape),
                (1, 1),
                (window, window),
            ),
        }[kernel]
        operations = int(np.prod(dy_shape)) * window * window * channels
        return Load(make, operations, f"{batch}x{size}x{size}x{channels} -> {filters}")

    few = 24 if channels == 1 else 8
    return [
        Case(kernel, place, load(kernel, BATCH, pixels), load(kernel, 1, few))
        for kernel in ("conv2d_forward", "conv2d_grad_input", "conv2d_grad_kernel")
    ]


def pooling(place: str, pixels: int, channels: int, pool: int, stride: int) -> list[Case]:
    """The four pooling kernels on images of pixels x pixels."""

    def load(kernel: str, batch: int, size: int) -> Load:
        out = (size - pool) // stride + 1
        x_shape, dy_shape = (batch, size, size, channels), (batch, out, out, channels)
        window, strides = (pool, pool), (stride, stride)

        def winners():
            rng = np.random.default_rng(0)
            return rng.integers(0, pool * pool, dy_shape).astype(np.int32)

        counts = np.full((out, out), pool * pool, dtype=np.float32)
        make = {
            "maxpool2d_forward": lambda: (numbers(*x_shape), window, strides),
            "maxpool2d_grad_input": lambda: (
                numbers(*dy_shape),
                winners(),
                window,
                strides,
                (size, size),
            ),
            "avgpool2d_forward": lambda: (numbers(*x_shape), counts, window, strides),
            "avgpool2d_grad_input": lambda: (
                numbers(*dy_shape),
                counts,
                window,
                strides,
                (size, size),
            ),
        }[kernel]
        seen = 1 if kernel == "maxpool2d_grad_input" else pool * pool
        operations = int(np.prod(dy_shape)) * seen
        return Load(make, operations, f"{batch}x{size}x{size}x{channels}, {pool}x{pool}")

    return [
        Case(kernel, place, load(kernel, BATCH, pixels), load(kernel, 1, 24))
        for kernel in (
            "maxpool2d_forward",
            "maxpool2d_grad_input",
            "avgpool2d_forward",
            "avgpool2d_grad_input",
        )
    ]


def dense(place: str, inputs: int, units: int) -> list[Case]:
    """The kernels of a dense layer."""

    def load(kernel: str, batch: int, size: int) -> Load:
        make = {
            "dense_forward": lambda: (numbers(batch, size), numbers(size, units), numbers(units)),
            "dense_grad_input": lambda: (numbers(batch, units), numbers(size, units)),
            "dense_grad_kernel": lambda: (numbers(batch, size), numbers(batch, units)),
        }[kernel]
        return Load(make, batch * size * units, f"{batch}x{size} -> {units}")

    return [
        Case(kernel, place, load(kernel, BATCH, inputs), load(kernel, 2, min(inputs, 500)))
        for kernel in ("dense_forward", "dense_grad_input", "dense_grad_kernel")
    ]


def elementwise(place: str, size: int) -> list[Case]:
    """The kernels that look at each number by itself, on a layer's outputs of a whole batch."""

    def load(kernel: str, count: int) -> Load:
        def keep():
            return (numbers(count) > 0).astype(np.uint8)

        make = {
            "relu_forward": lambda: (numbers(count),),
            "relu_grad_input": lambda: (numbers(count), np.abs(numbers(count))),
            "sigmoid_forward": lambda: (numbers(count),),
            "sigmoid_grad_input": lambda: (numbers(count), np.abs(numbers(count)) % 1),
            "dropout_keep": lambda: (count, 0.8, 12345, 7),
            "masked_scale": lambda: (numbers(count), keep(), np.float32(5)),
        }[kernel]
        return Load(make, count, f"{count}")

    kernels = (
        "relu_forward",
        "relu_grad_input",
        "sigmoid_forward",
        "sigmoid_grad_input",
        "dropout_keep",
        "masked_scale",
    )
    return [Case(kernel, place, load(kernel, size), load(kernel, 2000)) for kernel in kernels]


def bias_gradient(place: str, rows: int, features: int) -> list[Case]:
    """The bias gradient of a convolution: sums over all positions."""

    def load(count: int) -> Load:
        return Load(lambda: (numbers(count, features),), count * features, f"{count}x{features}")

    return [Case("grad_bias", place, load(rows), load(500))]


def updates(place: str, weights: int) -> list[Case]:
    """One optimizer step on all weights of a model."""

    def load(kernel: str, count: int) -> Load:
        def arrays(number: int) -> list[np.ndarray]:
            return [np.abs(numbers(count)) for _ in range(number)]

        rate, small = np.float32(1e-3), np.float32(1e-7)
        kept = (np.float32(0.9), np.float32(0.999))
        make = {
            "adam_update": lambda: (*arrays(4), rate, *kept, small),
            "momentum_update": lambda: (*arrays(3), rate, kept[0], True),
            "rmsprop_update": lambda: (*arrays(4), rate, kept[0], np.float32(0.5), small),
        }[kernel]
        return Load(make, count, f"{count}")

    return [
        Case(kernel, place, load(kernel, weights), load(kernel, 1000))
        for kernel in ("adam_update", "momentum_update", "rmsprop_update")
    ]


def all_cases() -> list[Case]:
    """Every kernel, at the sizes of the models."""
    return [
        *convolution("tiny_cnn/conv2d", 150, 3, 1, 6),
        *convolution("reduced_inception/conv7x7", 156, 7, 1, 1),
        *convolution("cnn_dropout/conv2d", 150, 3, 1, 32),
        *convolution("cnn_dropout/conv2d_1", 74, 3, 32, 64),
        *convolution("compact_cnn/conv2d_1", 74, 3, 8, 16),
        *pooling("tiny_cnn/max_pooling2d", 148, 6, 2, 2),
        *pooling("reduced_inception/max_pooling2d", 153, 1, 4, 1),
        *pooling("cnn_dropout/max_pooling2d_1", 72, 64, 2, 2),
        *dense("tiny_cnn/dense", 32856, 2),
        *dense("cnn_dropout/dense", 82944, 64),
        *elementwise("tiny_cnn/max_pooling2d", BATCH * 74 * 74 * 6),
        *bias_gradient("tiny_cnn/conv2d", BATCH * 148 * 148, 6),
        *updates("tiny_cnn", 65777),
        *updates("cnn_dropout", 5327361),
    ]
