"""Convolution and its two gradients, compiled.

Each of the three comes in two loop orders, because a vector instruction wants its numbers side
by side in memory, and what lies side by side depends on the layer:

- wide: many filters (or, for the input's gradient, channels). Their values at one pixel are
  neighbours, so the innermost loop runs over them.
- narrow: few of them, as in a first layer with one gray channel. There the innermost loop runs
  along an image row.
"""

import numpy as np
from numba import njit, prange

FAST_SUMS = {"contract", "reassoc", "nsz"}
WIDE = 8  # from this many filters (or channels) on, the wide order is the faster one


def conv2d_forward(x, kernel, bias, strides):
    _, _, channels, filters = kernel.shape
    # The wide order takes four channels at a time; with fewer it has nothing to gain.
    forward = _forward_wide if filters >= WIDE and channels >= 4 else _forward_narrow
    return forward(x, kernel, bias, strides)


def conv2d_grad_input(dy, kernel, strides, in_size):
    if kernel.shape[2] < WIDE:
        return _grad_input_narrow(dy, kernel, strides, in_size)
    # (kernel_height, kernel_width, channels, filters) -> (..., filters, channels)
    return _grad_input_wide(dy, np.ascontiguousarray(kernel.swapaxes(2, 3)), strides, in_size)


def conv2d_grad_kernel(x, dy, strides, kernel_size):
    grad_kernel = _grad_kernel_wide if dy.shape[3] >= WIDE else _grad_kernel_narrow
    partial = grad_kernel(x, dy, strides, kernel_size)
    # (batch, kernel_height, kernel_width, channels, filters) -> without batch, in fixed order
    return partial.sum(axis=0)


@njit(parallel=True, cache=True, fastmath=FAST_SUMS)
def _forward_wide(x, kernel, bias, strides):
    """Row by row of the output; for each tap, four input channels at a time."""
    batch, height, width, channels = x.shape
    kernel_height, kernel_width, _, filters = kernel.shape
    stride_height, stride_width = strides
    out_height = (height - kernel_height) // stride_height + 1
    out_width = (width - kernel_width) // stride_width + 1
    fours = channels - channels % 4
    y = np.empty((batch, out_height, out_width, filters), dtype=x.dtype)
    for job in prange(batch * out_height):
        n, row = job // out_height, job % out_height
        out = y[n, row]
        for col in range(out_width):
            for f in range(filters):
                out[col, f] = bias[f]
        for tap_row in range(kernel_height):
            pixels = x[n, row * stride_height + tap_row]
            for tap_col in range(kernel_width):
                taps = kernel[tap_row, tap_col]
                for c in range(0, fours, 4):
                    for col in range(out_width):
                        in_col = col * stride_width + tap_col
                        x_0, x_1 = pixels[in_col, c], pixels[in_col, c + 1]
                        x_2, x_3 = pixels[in_col, c + 2], pixels[in_col, c + 3]
                        for f in range(filters):
                            out[col, f] += (
                                x_0 * taps[c, f]
                                + x_1 * taps[c + 1, f]
                                + x_2 * taps[c + 2, f]
                                + x_3 * taps[c + 3, f]
                            )
                for c in range(fours, channels):
                    for col in range(out_width):
                        pixel = pixels[col * stride_width + tap_col, c]
                        for f in range(filters):
                            out[col, f] += pixel * taps[c, f]
    return y


@njit(parallel=True, cache=True, fastmath=FAST_SUMS)
def _forward_narrow(x, kernel, bias, strides):
    """Row by row of the output; each filter's row is summed up in a buffer of its own."""
    batch, height, width, channels = x.shape
    kernel_height, kernel_width, _, filters = kernel.shape
    stride_height, stride_width = strides
    out_height = (height - kernel_height) // stride_height + 1
    out_width = (width - kernel_width) // stride_width + 1
    planes = np.ascontiguousarray(x.transpose(0, 1, 3, 2))  # -> (batch, height, channels, width)
    y = np.empty((batch, out_height, out_width, filters), dtype=x.dtype)
    for job in prange(batch * out_height):
        n, row = job // out_height, job % out_height
        total = np.empty(out_width, dtype=x.dtype)
        for f in range(filters):
            total[:] = bias[f]
            for tap_row in range(kernel_height):
                for c in range(channels):
                    pixels = planes[n, row * stride_height + tap_row, c]
                    for tap_col in range(kernel_width):
                        tap = kernel[tap_row, tap_col, c, f]
                        if stride_width == 1:
                            for col in range(out_width):
                                total[col] += tap * pixels[col + tap_col]
                        else:
                            for col in range(out_width):
                                total[col] += tap * pixels[col * stride_width + tap_col]
            for col in range(out_width):
                y[n, row, col, f] = total[col]
    return y


@njit(parallel=True, cache=True, fastmath=FAST_SUMS)
def _grad_input_wide(dy, taps_by_filter, strides, in_size):
    """Sample by sample, because windows overlap: dx gets each filter's taps times its dy."""
    batch, out_height, out_width, filters = dy.shape
    kernel_height, kernel_width, _, channels = taps_by_filter.shape
    stride_height, stride_width = strides
    fours = filters - filters % 4
    dx = np.zeros((batch, in_size[0], in_size[1], channels), dtype=dy.dtype)
    for n in prange(batch):
        for row in range(out_height):
            flow = dy[n, row]
            for tap_row in range(kernel_height):
                pixels = dx[n, row * stride_height + tap_row]
                for tap_col in range(kernel_width):
                    taps = taps_by_filter[tap_row, tap_col]
                    for f in range(0, fours, 4):
                        for col in range(out_width):
                            in_col = col * stride_width + tap_col
                            dy_0, dy_1 = flow[col, f], flow[col, f + 1]
                            dy_2, dy_3 = flow[col, f + 2], flow[col, f + 3]
                            for c in range(channels):
                                pixels[in_col, c] += (
                                    dy_0 * taps[f, c]
                                    + dy_1 * taps[f + 1, c]
                                    + dy_2 * taps[f + 2, c]
                                    + dy_3 * taps[f + 3, c]
                                )
                    for f in range(fours, filters):
                        for col in range(out_width):
                            in_col = col * stride_width + tap_col
                            for c in range(channels):
                                pixels[in_col, c] += flow[col, f] * taps[f, c]
    return dx


@njit(parallel=True, cache=True, fastmath=FAST_SUMS)
def _grad_input_narrow(dy, kernel, strides, in_size):
    """Sample by sample; one channel's rows of dx are contiguous until the end."""
    batch, out_height, out_width, filters = dy.shape
    kernel_height, kernel_width, channels, _ = kernel.shape
    stride_height, stride_width = strides
    dx = np.empty((batch, in_size[0], in_size[1], channels), dtype=dy.dtype)
    for n in prange(batch):
        planes = np.zeros((channels, in_size[0], in_size[1]), dtype=dy.dtype)
        flow = np.empty(out_width, dtype=dy.dtype)
        for row in range(out_height):
            for f in range(filters):
                for col in range(out_width):
                    flow[col] = dy[n, row, col, f]
                for c in range(channels):
                    for tap_row in range(kernel_height):
                        pixels = planes[c, row * stride_height + tap_row]
                        for tap_col in range(kernel_width):
                            tap = kernel[tap_row, tap_col, c, f]
                            if stride_width == 1:
                                for col in range(out_width):
                                    pixels[col + tap_col] += tap * flow[col]
                            else:
                                for col in range(out_width):
                                    pixels[col * stride_width + tap_col] += tap * flow[col]
        for c in range(channels):
            for in_row in range(in_size[0]):
                for in_col in range(in_size[1]):
                    dx[n, in_row, in_col, c] = planes[c, in_row, in_col]
    return dx


@njit(parallel=True, cache=True, fastmath=FAST_SUMS)
def _grad_kernel_wide(x, dy, strides, kernel_size):
    """One partial sum per sample; four neighbouring output pixels at a time."""
    batch, out_height, out_width, filters = dy.shape
    channels = x.shape[3]
    kernel_height, kernel_width = kernel_size
    stride_height, stride_width = strides
    fours = out_width - out_width % 4
    partial = np.zeros((batch, kernel_height, kernel_width, channels, filters), dtype=dy.dtype)
    for n in prange(batch):
        for row in range(out_height):
            flow = dy[n, row]
            for tap_row in range(kernel_height):
                pixels = x[n, row * stride_height + tap_row]
                for tap_col in range(kernel_width):
                    dtaps = partial[n, tap_row, tap_col]
                    for col in range(0, fours, 4):
                        in_col = col * stride_width + tap_col
                        for c in range(channels):
                            x_0 = pixels[in_col, c]
                            x_1 = pixels[in_col + stride_width, c]
                            x_2 = pixels[in_col + 2 * stride_width, c]
                            x_3 = pixels[in_col + 3 * stride_width, c]
                            for f in range(filters):
                                dtaps[c, f] += (
                                    x_0 * flow[col, f]
                                    + x_1 * flow[col + 1, f]
                                    + x_2 * flow[col + 2, f]
                                    + x_3 * flow[col + 3, f]
                                )
                    for col in range(fours, out_width):
                        in_col = col * stride_width + tap_col
                        for c in range(channels):
                            for f in range(filters):
                                dtaps[c, f] += pixels[in_col, c] * flow[col, f]
    return partial


@njit(parallel=True, cache=True, fastmath=FAST_SUMS)
def _grad_kernel_narrow(x, dy, strides, kernel_size):
    """One partial sum per sample; a tap's share of a row is one dot product."""
    batch, out_height, out_width, filters = dy.shape
    channels = x.shape[3]
    kernel_height, kernel_width = kernel_size
    stride_height, stride_width = strides
    planes = np.ascontiguousarray(x.transpose(0, 1, 3, 2))  # -> (batch, height, channels, width)
    partial = np.zeros((batch, kernel_height, kernel_width, channels, filters), dtype=dy.dtype)
    for n in prange(batch):
        flow = np.empty(out_width, dtype=dy.dtype)
        for row in range(out_height):
            for f in range(filters):
                for col in range(out_width):
                    flow[col] = dy[n, row, col, f]
                for tap_row in range(kernel_height):
                    for c in range(channels):
                        pixels = planes[n, row * stride_height + tap_row, c]
                        for tap_col in range(kernel_width):
                            total = partial[n, tap_row, tap_col, c, f]
                            if stride_width == 1:
                                for col in range(out_width):
                                    total += pixels[col + tap_col] * flow[col]
                            else:
                                for col in range(out_width):
                                    total += pixels[col * stride_width + tap_col] * flow[col]
                            partial[n, tap_row, tap_col, c, f] = total
    return partial
