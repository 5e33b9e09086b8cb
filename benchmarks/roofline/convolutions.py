"""The models' convolutions, with what runs in one kernel with them, and the pooling."""

import numpy as np

from benchmarks.roofline.point import Point, bytes_of, numbers, operations_of
from minicnn.kernels.compiled import pooling, rows
from minicnn.kernels.fused import pooled, pooled_dense, winograd, winograd_tiles

NO_PADS = ((0, 0), (0, 0))
# See `pooled_planes.py`: for each pooling window four differences in each of two rows of pixels;
# for each of its outputs 24 products and their sums, and the two additions of each of four sums.
PLANES, FOUR_SUMS = 4 * 2, 2 * 24 + 2 * 4


def pooled_dense_points(batch: int) -> list[Point]:
    """All of tiny_cnn but its last unit."""
    units, pooled_shape, drop = 2, (74, 74, 6), (0.8, 1, 2)
    x, kernel, bias = numbers(batch, 150, 150, 1), numbers(3, 3, 1, 6), numbers(6)
    dense, dz = numbers(74 * 74 * 6, units), numbers(batch, units)
    weights = pooled_dense.new_weights(units, pooled_shape, x.dtype)
    pooled_dense.put_in_planes(dense, pooled_shape, weights)
    outputs = np.empty((batch, 6, weights[0, 0].size), np.float32)
    kept = outputs, np.empty(outputs.shape, np.uint8)
    settings = (NO_PADS, True, drop, weights, kept)
    pooled_dense.conv_pool_dense_forward(x, kernel, bias, *settings)
    windows, all_outputs = batch * 74 * 74, batch * 74 * 74 * 6
    name = "tiny_cnn: conv+relu+pool+dropout+dense"
    return [
        Point(
            f"{name}, forward",
            lambda: pooled_dense.conv_pool_dense_forward(x, kernel, bias, *settings),
            PLANES * windows + (FOUR_SUMS + 2 * units) * all_outputs,
            bytes_of(x, weights, *kept),
            (72 + 2 * units) * all_outputs,
        ),
        Point(
            f"{name}, backward",
            lambda: pooled_dense.conv_pool_dense_backward(x, dz, NO_PADS, drop, weights, kept),
            PLANES * windows + (2 * 12 + 4 * units) * all_outputs,
            bytes_of(x, weights, *kept, dense),
            (18 + 4 * units) * all_outputs,
        ),
    ]


def pooled_points(batch: int) -> list[Point]:
    """cnn_dropout's first convolution with all that follows it."""
    filters, drop = 32, (0.5, 1, 2)
    x, kernel, bias = numbers(batch, 150, 150, 1), numbers(3, 3, 1, filters), numbers(filters)
    y = np.empty((batch, 74, 74, filters), np.float32)
    dy, route = numbers(*y.shape), np.empty(pooled.route_shape(y.shape), np.uint8)
    pooled.conv_pool_forward(x, kernel, bias, NO_PADS, True, drop, y, route)
    name, planes = "cnn_dropout: conv+relu+pool+dropout", PLANES * batch * 74 * 74
    return [
        Point(
            f"{name}, forward",
            lambda: pooled.conv_pool_forward(x, kernel, bias, NO_PADS, True, drop, y, route),
            planes + FOUR_SUMS * y.size,
            bytes_of(x, y, route),
            72 * y.size,
        ),
        Point(
            f"{name}, backward",
            lambda: pooled.conv_pool_backward(x, dy, NO_PADS, drop, route),
            planes + 2 * 12 * y.size,
            bytes_of(x, dy, route),
            18 * y.size,
        ),
    ]


def rows_points(batch: int, size: int) -> list[Point]:
    """A branch of reduced_inception; in all but the 7x7 one there is a 1x1 convolution in front."""
    x, kernel, bias = numbers(batch, 150, 150, 1), numbers(size, size, 1, 1), numbers(1)
    y = np.empty((batch, 150 * 150), np.float32)
    # One unit follows: the samples' gradients are multiples of one row.
    dy, scales = numbers(1, 150 * 150), numbers(batch)
    front = None if size == 7 else (np.float32(0.7), np.float32(0.1), True)
    pads = ((size // 2, size // 2), (size // 2, size // 2))
    rows.conv_forward(x, kernel, bias, pads, True, y, 0, front)
    work, front_work = 2 * size**2 * y.size, 0 if front is None else 2 * y.size
    name = f"reduced_inception: {'' if front is None else '1x1+'}conv {size}x{size}+relu"
    return [
        Point(
            f"{name}, forward",
            lambda: rows.conv_forward(x, kernel, bias, pads, True, y, 0, front),
            work + front_work,
            bytes_of(x, y),
        ),
        Point(
            f"{name}, backward",
            lambda: rows.conv_backward(x, kernel, pads, dy, scales, y, 0, True, None, front),
            work if front is None else 2 * work + 2 * front_work,
            bytes_of(x, dy, y, kernel),
        ),
    ]


def pooling_point(batch: int) -> Point:
    x = numbers(batch, 150, 150, 1)
    y, pads = np.empty_like(x), ((1, 2), (1, 2))
    return Point(
        "reduced_inception: 4x4 max-pooling, forward",
        lambda: pooling.maxpool2d_largest(x, (4, 4), (1, 1), pads, y),
        (2 + 2) * y.size,  # comparisons along columns, then along rows
        bytes_of(x, y),
        15 * y.size,
    )


def winograd_points(
    batch: int, model: str = "cnn_dropout", channels: int = 32, filters: int = 64
) -> list[Point]:
    """A model's second convolution, 74x74 pixels, with relu and pooling."""
    x, kernel = numbers(batch, 74, 74, channels), numbers(3, 3, channels, filters) / 10
    bias, y = numbers(filters), np.empty((batch, 36, 36, filters), np.float32)
    route, dy, dx = np.empty(y.shape, np.uint8), numbers(*y.shape), np.empty_like(x)
    settings = (NO_PADS, True, True)
    winograd.conv_forward(x, kernel, bias, *settings, y, route)
    tile_rows = tiles = 72 // winograd.TILE
    all_tiles = batch * tile_rows * tiles
    product = 2 * 36 * all_tiles * channels * filters
    # Down the columns neighboring tiles share theirs: 4 each and 2 at the end; then 6 rows each.
    lines = batch * tile_rows * (4 * tiles + 2 + 6 * tiles) * channels
    pixels = lines * operations_of(winograd_tiles._times_bt)
    outputs = (6 + 4) * all_tiles * filters * operations_of(winograd_tiles._times_at)
    flows = (4 + 6) * all_tiles * filters * operations_of(winograd_tiles._times_a)
    back = lines * operations_of(winograd_tiles._add_b)
    direct = 2 * 9 * channels * filters * batch * 72 * 72
    name = f"{model}: conv {channels}->{filters}+relu+pool (Winograd)"
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
