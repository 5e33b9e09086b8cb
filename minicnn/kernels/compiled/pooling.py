"""Max- and average-pooling and their gradients, compiled.

The forward passes share the output rows among the threads; the gradients the samples, because
windows that overlap write to the same pixels.
"""

import numpy as np

from minicnn.kernels.runtime.jit import kernel, part, summing_kernel
from minicnn.kernels.runtime.thread_pool import share


def _out_size(x, pool_size, strides):
    """(out_height, out_width) of windows that stay inside x."""
    return tuple(
        (size - window) // stride + 1
        for size, window, stride in zip(x.shape[1:3], pool_size, strides, strict=True)
    )


def maxpool2d_forward(x, pool_size, strides):
    """See naive.maxpool2d_forward."""
    out_size = _out_size(x, pool_size, strides)
    y = np.empty((len(x), *out_size, x.shape[3]), dtype=x.dtype)
    argmax = np.empty(y.shape, dtype=np.int32)
    share(_maxpool2d_forward, len(x) * out_size[0], x, pool_size, strides, y, argmax)
    return y, argmax


@kernel
def _maxpool2d_forward(x, pool_size, strides, y, argmax, start, stop):
    channels = x.shape[3]
    pool_height, pool_width = pool_size
    stride_height, stride_width = strides
    out_height, out_width = y.shape[1:3]
    for job in range(start, stop):
        n, row = job // out_height, job % out_height
        best, winner = y[n, row], argmax[n, row]
        for col in range(out_width):
            for c in range(channels):
                best[col, c] = x[n, row * stride_height, col * stride_width, c]
                winner[col, c] = 0
        for tap_row in range(pool_height):
            pixels = x[n, row * stride_height + tap_row]
            for tap_col in range(pool_width):
                tap = np.int32(tap_row * pool_width + tap_col)
                for col in range(out_width):
                    in_col = col * stride_width + tap_col
                    for c in range(channels):
                        value = pixels[in_col, c]
                        if value > best[col, c] or np.isnan(value):
                            best[col, c] = value
                            winner[col, c] = tap


def maxpool2d_grad_input(dy, argmax, pool_size, strides, in_size):
    """See naive.maxpool2d_grad_input."""
    dx = np.zeros((len(dy), in_size[0], in_size[1], dy.shape[3]), dtype=dy.dtype)
    share(_maxpool2d_grad_input, len(dy), dy, argmax, pool_size[1], strides, dx)
    return dx


@kernel
def _maxpool2d_grad_input(dy, argmax, pool_width, strides, dx, start, stop):
    _, out_height, out_width, channels = dy.shape
    stride_height, stride_width = strides
    for n in range(start, stop):
        for row in range(out_height):
            for col in range(out_width):
                for c in range(channels):
                    winner = argmax[n, row, col, c]
                    in_row = row * stride_height + winner // pool_width
                    in_col = col * stride_width + winner % pool_width
                    dx[n, in_row, in_col, c] += dy[n, row, col, c]


def maxpool2d_largest(x, pool_size, strides, pads, y):
    """Max-pooling whose gradient is not wanted: the values, not where they were.

    The largest of a window is the largest of its columns' largest: first every column of every
    window, then every row of what that gave, both along whole images at a time.

    Parameters
    ----------
    x : (batch, height, width, channels) float array
    pool_size, strides : (int, int)
    pads : ((top, bottom), (left, right))
        Around the image; never the largest.
    y : (batch, out_height, out_width, channels), dtype of x
    """
    share(_maxpool2d_largest, len(x), x, pool_size, strides, pads, y)


@summing_kernel
def _maxpool2d_largest(x, pool_size, strides, pads, y, start, stop):
    _, height, width, channels = x.shape
    out_height, out_width = y.shape[1:3]
    top, left = pads[0][0], pads[1][0]
    pitch = width + left + pads[1][1]
    size = (height + top + pads[0][1]) * pitch
    plane = np.full(size + (pool_size[0] - 1) * pitch + pool_size[1] - 1, -np.inf, x.dtype)
    spare, another = np.empty_like(plane), np.empty_like(plane)
    for n in range(start, stop):
        for c in range(channels):
            for row in range(height):
                pixels = plane[(top + row) * pitch + left : (top + row) * pitch + left + width]
                values = x[n, row].reshape(-1)
                if channels == 1:
                    for col in range(width):
                        pixels[col] = values[col]
                else:
                    for col in range(width):
                        pixels[col] = values[col * channels + c]
            down = _running_largest(plane, pool_size[0], pitch, spare, another)
            largest = _running_largest(down, pool_size[1], 1, spare, another)
            for row in range(out_height):
                line = largest[row * strides[0] * pitch : (row * strides[0] + 1) * pitch]
                target = y[n, row].reshape(-1)
                if channels == 1 and strides[1] == 1:
                    for col in range(out_width):
                        target[col] = line[col]
                else:
                    for col in range(out_width):
                        target[col * channels + c] = line[col * strides[1]]


@part
def _running_largest(values, count, step, spare, another):
    """For each i the largest of values[i], values[i + step], ..., `count` of them.

    The largest of eight is the larger one of two times four, and so on; of seven, too, where the
    two fours share one number.
    """
    reach = 1  # each value is now the largest of so many
    while reach < count:
        ahead = min(reach, count - reach)
        size = values.size - ahead * step
        left, right = values[:size], values[ahead * step :]
        larger = spare[:size] if spare.ctypes.data != values.ctypes.data else another[:size]
        for i in range(np.uint64(size)):
            # A NaN, which is not equal to itself, wins over all.
            larger[i] = left[i] if left[i] > right[i] or left[i] != left[i] else right[i]
        values = larger
        reach += ahead
    return values


def avgpool2d_forward(x, counts, pool_size, strides):
    """See naive.avgpool2d_forward."""
    y = np.zeros((len(x), *counts.shape, x.shape[3]), dtype=x.dtype)
    share(_avgpool2d_forward, len(x) * len(counts), x, counts, pool_size, strides, y)
    return y


@summing_kernel
def _avgpool2d_forward(x, counts, pool_size, strides, y, start, stop):
    """The sum of a window is the sum of its columns' sums, which overlapping windows share."""
    _, _, width, channels = x.shape
    pool_height, pool_width = pool_size
    stride_height, stride_width = strides
    out_height, out_width = counts.shape
    columns = np.empty((width, channels), x.dtype)
    for job in range(start, stop):
        n, row = job // out_height, job % out_height
        columns[:] = 0
        for tap_row in range(pool_height):
            pixels = x[n, row * stride_height + tap_row]
            for col in range(width):
                for c in range(channels):
                    columns[col, c] += pixels[col, c]
        total = y[n, row]
        for tap_col in range(pool_width):
            for col in range(out_width):
                for c in range(channels):
                    total[col, c] += columns[col * stride_width + tap_col, c]
        for col in range(out_width):
            for c in range(channels):
                total[col, c] /= counts[row, col]


def avgpool2d_grad_input(dy, counts, pool_size, strides, in_size):
    """See naive.avgpool2d_grad_input."""
    dx = np.zeros((len(dy), in_size[0], in_size[1], dy.shape[3]), dtype=dy.dtype)
    share(_avgpool2d_grad_input, len(dy), dy, counts, pool_size, strides, dx)
    return dx


@kernel
def _avgpool2d_grad_input(dy, counts, pool_size, strides, dx, start, stop):
    """All pixels of a column of a window get the same: first along a row, then down."""
    _, out_height, out_width, channels = dy.shape
    pool_height, pool_width = pool_size
    stride_height, stride_width = strides
    width = dx.shape[2]
    columns = np.empty((width, channels), dx.dtype)
    for n in range(start, stop):
        for row in range(out_height):
            columns[:] = 0
            for col in range(out_width):
                for tap_col in range(pool_width):
                    for c in range(channels):
                        share = dy[n, row, col, c] / counts[row, col]
                        columns[col * stride_width + tap_col, c] += share
            for tap_row in range(pool_height):
                pixels = dx[n, row * stride_height + tap_row]
                for col in range(width):
                    for c in range(channels):
                        pixels[col, c] += columns[col, c]
