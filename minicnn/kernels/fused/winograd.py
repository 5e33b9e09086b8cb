"""Convolution (3x3, many channels) by Winograd's method, with bias, relu and 2x2 max-pooling.

Sixteen outputs of a 3x3 convolution (a 4x4 *tile*) take 144 products. Winograd's F(4x4, 3x3)
takes 36, on values that are transformed first. WINOGRAD.md beside this file says where the matrices
come from, and why the backward pass is the same thing transposed.

    U = G g G^T        the kernel g, 3x3 -> 6x6, for each channel and filter
    V = B^T d B        the pixels d of a tile, 6x6 -> 6x6, for each channel
    M = V U            at each of the 36 positions a matrix product over the channels
    Y = A^T M A        the tile's outputs, 6x6 -> 4x4, for each filter

    dM = A dY A^T,  dV = dM U^T,  dd = B dV B^T,  dU = V^T dM,  dg = G^T dU G

The work goes sample by sample in groups of tile rows, small enough for all of it to stay in the
processor's cache. The transforms are applied to long vectors: first to the rows that a row of tiles
sees, whole image rows at a time, then to the columns, the same column of all tiles at a time.
"""

import numpy as np

from minicnn.kernels.fused.winograd_tiles import (
    TILE,
    transform_back,
    transform_dy,
    transform_outputs,
    transform_pixels,
)
from minicnn.kernels.runtime.thread_pool import share

# About so many tiles are transformed at a time: more where they have few channels and filters
# together, so that there is as much to do between two steps of Python.
TILES, MORE_TILES, FEW = 54, 108, 64
NO_ROUTE = np.empty((0, 0, 0), dtype=np.uint8)

# G, 6 x 3; the other matrices are written out in winograd_tiles.py, where they are applied.
KERNEL_MATRIX = np.array(
    [
        [1 / 4, 0, 0],
        [-1 / 6, -1 / 6, -1 / 6],
        [-1 / 6, 1 / 6, -1 / 6],
        [1 / 24, 1 / 12, 1 / 6],
        [1 / 24, -1 / 12, 1 / 6],
        [0, 0, 1],
    ]
)


def conv_forward(x, kernel, bias, pads, relu, pool, y, route):
    """y = max-pooling(relu(convolution of x)).

    Parameters
    ----------
    x : (batch, height, width, channels) float array
    kernel : (3, 3, channels, filters), bias : (filters,), dtype of x
    pads : ((top, bottom), (left, right))
        Rows and columns of zeros around the image.
    relu, pool : bool
        `pool`: 2x2 windows, side by side.
    y : (batch, out_height, out_width, filters), dtype of x
    route : uint8, shape of y with `pool`, else unused
        Gets which of its window's four sums each output is, or CUT where relu cut it off.
    """
    tile_rows, _, rows = sizes = _sizes(x, pads, kernel)
    groups = -(-tile_rows // rows)
    arguments = (x, transform_kernel(kernel), bias, pads, relu, pool, y, route)
    share(_forward_groups, len(x) * groups, *arguments, sizes)


def conv_backward(x, kernel, pads, relu, pool, y, route, dy, dx):
    """Gradients of kernel and bias; that of x goes into `dx`, if it is not None.

    Parameters as in `conv_forward`; dy as y, dx as x.

    Returns
    -------
    dkernel : as kernel
    dbias : (filters,)
    """
    sizes = _sizes(x, pads, kernel)
    channels, filters = kernel.shape[2:]
    partial = np.empty((len(x), 36, channels, filters), dtype=x.dtype)
    partial_bias = np.empty((len(x), filters), dtype=x.dtype)
    # (36, channels, filters) -> (36, filters, channels)
    turned = np.ascontiguousarray(transform_kernel(kernel).swapaxes(1, 2))
    arguments = (x, turned, pads, relu, pool, y, route, dy, dx)
    share(_backward_samples, len(x), *arguments, sizes, partial, partial_bias)
    # the batch axis goes, in fixed order; then 6x6 -> 3x3
    dtransformed = partial.sum(axis=0).reshape(6, 6, -1)
    matrix = KERNEL_MATRIX.astype(x.dtype)
    halfway = np.tensordot(matrix, dtransformed, axes=(0, 0))  # (3, 6, channels * filters)
    dkernel = np.matmul(matrix.T, halfway)  # (3, 3, channels * filters)
    return dkernel.reshape(kernel.shape), partial_bias.sum(axis=0)


def transform_kernel(kernel):
    """U = G g G^T: (3, 3, channels, filters) -> (36, channels, filters)."""
    matrix = KERNEL_MATRIX.astype(kernel.dtype)
    halfway = np.tensordot(matrix, kernel, axes=(1, 0)).reshape(6, 3, -1)
    return np.matmul(matrix, halfway).reshape(36, *kernel.shape[2:])


def _sizes(x, pads, kernel):
    """Rows of tiles that cover all outputs, tiles in a row, and rows in a group.

    A group has about TILES or MORE_TILES tiles, and all groups together little more than there are.
    """
    wanted = MORE_TILES if sum(kernel.shape[2:]) <= FEW else TILES
    tile_rows, tiles = (
        -(-(size + before + after - 2) // TILE)
        for size, (before, after) in zip(x.shape[1:3], pads, strict=True)
    )
    groups = -(-tile_rows // max(1, wanted // tiles))
    return tile_rows, tiles, -(-tile_rows // groups)


def _forward_groups(x, u, bias, pads, relu, pool, y, route, sizes, start, stop):
    """One thread's share of the forward pass, group by group of tile rows."""
    tile_rows, tiles, rows = sizes
    groups = -(-tile_rows // rows)
    channels, filters = u.shape[1:]
    split, lines = np.empty((2, 6, TILE, tiles + 1, channels), dtype=x.dtype)
    v = np.empty((36, rows * tiles, channels), dtype=x.dtype)
    m = np.empty((36, rows * tiles, filters), dtype=x.dtype)
    z = np.empty((2, 6, 6, rows * tiles * filters), dtype=x.dtype)
    for job in range(start, stop):
        n, first = job // groups, job % groups * rows
        transform_pixels(x[n], pads, first, rows, split, lines, v)
        np.matmul(v, u, out=m)
        ways = route[n] if pool else NO_ROUTE
        transform_outputs(x[n], pads, m, bias, relu, pool, first, rows, z, y[n], ways)


def _backward_samples(
    x, u_turned, pads, relu, pool, y, route, dy, dx, sizes, partial, partial_bias, start, stop
):
    """One thread's share of the backward pass: sample by sample, because tiles overlap in dx."""
    tile_rows, tiles, rows = sizes
    filters, channels = u_turned.shape[1:]
    split, lines = np.empty((2, 6, TILE, tiles + 1, channels), dtype=x.dtype)
    v = np.empty((36, rows * tiles, channels), dtype=x.dtype)
    dv = np.empty_like(v)
    dm = np.empty((36, rows * tiles, filters), dtype=x.dtype)
    du = np.empty((36, channels, filters), dtype=x.dtype)
    z = np.zeros((2, 6, 6, rows * tiles * filters), dtype=x.dtype)
    for n in range(start, stop):
        partial[n] = 0
        partial_bias[n] = 0
        for first in range(0, tile_rows, rows):
            shown = route[n] if pool else y[n]
            transform_dy(dy[n], shown, relu, pool, first, rows, z, dm, partial_bias[n])
            transform_pixels(x[n], pads, first, rows, split, lines, v)
            np.matmul(v.transpose(0, 2, 1), dm, out=du)
            partial[n] += du
            if dx is not None:
                np.matmul(dm, u_turned, out=dv)
                transform_back(dv, pads, first, rows, split, lines, dx[n])
