"""The other kernels of the models: dense layers, Adam, dropout."""

import numpy as np

from benchmarks.roofline.point import Point, bytes_of, numbers, operations_of
from minicnn.kernels.compiled import dense, elementwise, updates


def thin_dense_points(batch: int) -> list[Point]:
    """reduced_inception's last unit; its inputs' gradient is written down by two factors."""
    x, kernel, bias, dy = numbers(batch, 90000), numbers(90000, 1), numbers(1), numbers(batch, 1)
    work, traffic = 2 * x.size, bytes_of(x, kernel)
    name = "dense 90000->1"
    return [
        Point(f"{name}, forward", lambda: dense.dense_forward(x, kernel, bias), work, traffic),
        Point(f"{name}, dkernel", lambda: dense.dense_grad_kernel(x, dy), work, traffic),
    ]


def wide_dense_points(batch: int) -> list[Point]:
    x, kernel, bias = numbers(batch, 82944), numbers(82944, 64), numbers(64)
    dy = numbers(batch, 64)
    work, traffic = 2 * x.size * 64, bytes_of(x, kernel)
    name = "dense 82944->64 (BLAS)"
    return [
        Point(f"{name}, forward", lambda: dense.dense_forward(x, kernel, bias), work, traffic),
        Point(f"{name}, dx", lambda: dense.dense_grad_input(dy, kernel), work, traffic),
        Point(f"{name}, dkernel", lambda: dense.dense_grad_kernel(x, dy), work, traffic),
    ]


def adam_point(model: str, shape: tuple[int, int]) -> Point:
    weights, gradient, mean = numbers(*shape).ravel(), numbers(*shape).ravel(), np.zeros(shape)
    mean = mean.astype(np.float32).ravel()
    variance = mean.copy()
    settings = [np.float32(value) for value in (1e-4, 0.9, 0.999, 1e-7)]
    return Point(
        f"{model}: Adam, {weights.size:,} weights",
        lambda: updates.adam_update(weights, gradient, mean, variance, *settings),
        (operations_of(updates._adam_update) + 1) * weights.size,  # and a square root
        bytes_of(weights, gradient, mean, variance, weights, mean, variance),
        updated=bytes_of(weights, mean, variance),
    )


def dropout_points(batch: int) -> list[Point]:
    """cnn_dropout's second dropout, which stands alone: whom to keep, and the scaling."""
    x = numbers(batch, 82944)
    keep = elementwise.dropout_keep(x.size, 0.5, 1, 2).reshape(x.shape)
    flat, flat_keep = x.ravel(), keep.ravel()
    # two rounds of mixing; the number's index, two exclusive ors and the comparison
    operations = 2 * operations_of(elementwise.mix_bits) + 4
    return [
        Point(
            f"cnn_dropout: dropout, whom to keep of {x.size:,}",
            lambda: elementwise.dropout_keep(x.size, 0.5, 1, 2),
            operations * x.size,
            bytes_of(keep),
        ),
        Point(
            "cnn_dropout: dropout, scaling",
            lambda: elementwise.masked_scale(flat, flat_keep, np.float32(2)),
            x.size,
            bytes_of(x, keep, x),
        ),
    ]
