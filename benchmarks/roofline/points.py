"""The kernels of the published models, with their work and the bytes they have to move.

Work is counted in FLOP, a multiply-add as 2: what the kernel's method does, without relu, maxima
of pooling windows and the arithmetic of indices (unless there is nothing else, as in pooling and
dropout, where comparisons and operations on integers are counted). Where it differs,
`direct_flop` is what the definition would need. Bytes: each array that is read, once, and each
that is written, once, although no cache holds all of them.
"""

import ast
import inspect
import textwrap
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from minicnn.kernels.compiled import dense, elementwise, pooled, pooling, rows, updates, winograd

BATCH = 30
NO_PADS = ((0, 0), (0, 0))


class Point(NamedTuple):
    """A kernel at one place of a model.

    Attributes
    ----------
    name : str
        Model or layer, what it does, and in which direction.
    run : function
        Does it once.
    flop : float
        Of arithmetic done.
    traffic : int
        Bytes to be read and written at least.
    direct_flop : float or None
        The work by the definition, where the kernel does another.
    updated : int
        Bytes that are read and written in the same place, so that they count twice.
    """

    name: str
    run: Callable[[], object]
    flop: float
    traffic: int
    direct_flop: float | None = None
    updated: int = 0

    @property
    def footprint(self) -> int:
        """Bytes of memory that it touches."""
        return self.traffic - self.updated


def all_points(batch: int = BATCH) -> list[Point]:
    """All kernels at the published models' sizes."""
    points = [*pooled_points(batch), *thin_dense_points(batch)]
    for size in (7, 5, 3):
        points += rows_points(batch, size)
    points += [pooling_point(batch), *winograd_points(batch), *wide_dense_points(batch)]
    points.append(adam_point("tiny_cnn", (32856, 2)))
    points.append(adam_point("cnn_dropout", (82944, 64)))
    return points + dropout_points(batch)


def numbers(*shape: int) -> np.ndarray:
    """Standard normal float32 numbers, the same at every call."""
    return np.random.default_rng(0).standard_normal(shape, dtype=np.float32)


def bytes_of(*arrays: np.ndarray) -> int:
    return sum(array.nbytes for array in arrays)


def operations_of(kernel) -> int:
    """How many arithmetic operations stand in a kernel's source."""
    source = textwrap.dedent(inspect.getsource(getattr(kernel, "py_func", kernel)))
    return sum(isinstance(node, ast.BinOp | ast.AugAssign) for node in ast.walk(ast.parse(source)))


def pooled_points(batch: int) -> list[Point]:
    """tiny_cnn's convolution with all that follows it."""
    filters, drop = 6, (0.8, 1, 2)
    x, kernel, bias = numbers(batch, 150, 150, 1), numbers(3, 3, 1, filters), numbers(filters)
    y = np.empty((batch, 74, 74, filters), np.float32)
    dy, route = numbers(*y.shape), np.empty(pooled.route_shape(y.shape), np.uint8)
    pooled.conv_pool_forward(x, kernel, bias, NO_PADS, True, drop, y, route)
    # Four sums of nine products for each output; backwards only one of them has a gradient,
    # but a vector of outputs has all four, so that all are computed.
    work = 2 * 9 * 4 * y.size
    return [
        Point(
            "tiny_cnn: conv+relu+pool+dropout, forward",
            lambda: pooled.conv_pool_forward(x, kernel, bias, NO_PADS, True, drop, y, route),
            work,
            bytes_of(x, y, route),
        ),
        Point(
            "tiny_cnn: conv+relu+pool+dropout, backward",
            lambda: pooled.conv_pool_backward(x, dy, NO_PADS, drop, route),
            work,
            bytes_of(x, dy, route),
            work / 4,
        ),
    ]


def thin_dense_points(batch: int) -> list[Point]:
    x, kernel, bias, dy = numbers(batch, 32856), numbers(32856, 2), numbers(2), numbers(batch, 2)
    work, traffic = 2 * x.size * 2, bytes_of(x, kernel)
    name = "dense 32856->2"
    return [
        Point(f"{name}, forward", lambda: dense.dense_forward(x, kernel, bias), work, traffic),
        Point(f"{name}, dx", lambda: dense.dense_grad_input(dy, kernel), work, traffic),
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


def rows_points(batch: int, size: int) -> list[Point]:
    """A branch of reduced_inception; the 7x7 one sees the images, which need no gradient."""
    x, kernel, bias = numbers(batch, 150, 150, 1), numbers(size, size, 1, 1), numbers(1)
    y, dy = np.empty((batch, 150 * 150), np.float32), numbers(batch, 150 * 150)
    dx = None if size == 7 else np.empty_like(x)
    pads = ((size // 2, size // 2), (size // 2, size // 2))
    rows.conv_forward(x, kernel, bias, pads, True, y, 0)
    work = 2 * size**2 * y.size
    name = f"reduced_inception: conv {size}x{size}+relu"
    gradients = [kernel] if dx is None else [kernel, dx]
    return [
        Point(
            f"{name}, forward",
            lambda: rows.conv_forward(x, kernel, bias, pads, True, y, 0),
            work,
            bytes_of(x, y),
        ),
        Point(
            f"{name}, backward",
            lambda: rows.conv_backward(x, kernel, pads, dy, y, 0, True, dx),
            work * len(gradients),
            bytes_of(x, dy, y, *gradients),
        ),
    ]


def pooling_point(batch: int) -> Point:
    x = numbers(batch, 150, 150, 1)
    y, pads = np.empty_like(x), ((1, 2), (1, 2))
    return Point(
        "reduced_inception: 4x4 max-pooling, forward",
        lambda: pooling.maxpool2d_largest(x, (4, 4), (1, 1), pads, y),
        (3 + 3) * y.size,  # comparisons along columns, then along rows
        bytes_of(x, y),
        15 * y.size,
    )


def winograd_points(batch: int) -> list[Point]:
    """cnn_dropout's second convolution, with relu and pooling."""
    channels, filters = 32, 64
    x, kernel = numbers(batch, 74, 74, channels), numbers(3, 3, channels, filters) / 10
    bias, y = numbers(filters), np.empty((batch, 36, 36, filters), np.float32)
    route, dy, dx = np.empty(y.shape, np.uint8), numbers(*y.shape), np.empty_like(x)
    settings = (NO_PADS, True, True)
    winograd.conv_forward(x, kernel, bias, *settings, y, route)
    tile_rows = tiles = 72 // winograd.TILE
    all_tiles = batch * tile_rows * tiles
    product = 2 * 36 * all_tiles * channels * filters
    # Along columns neighbouring tiles share their lines: 4 columns each and 4 at the end; then 6.
    lines = batch * tile_rows * (4 * (tiles + 1) + 6 * tiles) * channels
    pixels = lines * operations_of(winograd._times_bt)
    outputs = (6 + 4) * all_tiles * filters * operations_of(winograd._times_at)
    flows = (4 + 6) * all_tiles * filters * operations_of(winograd._times_a)
    back = lines * operations_of(winograd._times_b)
    direct = 2 * 9 * channels * filters * batch * 72 * 72
    name = "cnn_dropout: conv 32->64+relu+pool (Winograd)"
    return [
        Point(
            f"{name}, forward",
            lambda: winograd.conv_forward(x, kernel, bias, *settings, y, route),
            pixels + product + outputs,
            bytes_of(x, kernel, y, route),
            direct,
        ),
        Point(
            f"{name}, backward",
            lambda: winograd.conv_backward(x, kernel, *settings, y, route, dy, dx),
            flows + pixels + 2 * product + back,
            bytes_of(x, kernel, dy, route, dx, kernel),
            2 * direct,
        ),
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
    operations = 2 * operations_of(elementwise._mix_bits) + 4
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
