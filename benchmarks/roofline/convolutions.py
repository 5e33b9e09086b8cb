"""The models' convolutions, with what runs in one kernel with them, and the pooling."""

import numpy as np

from benchmarks.roofline.point import Point, bytes_of, numbers, operations_of
from minicnn.kernels.compiled import pooled, pooling, rows, winograd, winograd_tiles

NO_PADS = ((0, 0), (0, 0))


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


def rows_points(batch: int, size: int) -> list[Point]:
    """A branch of reduced_inception; the 7x7 one sees the images, which need no gradient."""
    x, kernel, bias = numbers(batch, 150, 150, 1), numbers(size, size, 1, 1), numbers(1)
    y = np.empty((batch, 150 * 150), np.float32)
    # One unit follows: the samples' gradients are multiples of one row.
    dy, scales = numbers(1, 150 * 150), numbers(batch)
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
            lambda: rows.conv_backward(x, kernel, pads, dy, scales, y, 0, True, dx),
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
    # Down the columns neighbouring tiles share theirs: 4 each and 2 at the end; then 6 rows each.
    lines = batch * tile_rows * (4 * tiles + 2 + 6 * tiles) * channels
    pixels = lines * operations_of(winograd_tiles._times_bt)
    outputs = (6 + 4) * all_tiles * filters * operations_of(winograd_tiles._times_at)
    flows = (4 + 6) * all_tiles * filters * operations_of(winograd_tiles._times_a)
    back = lines * operations_of(winograd_tiles._add_b)
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
