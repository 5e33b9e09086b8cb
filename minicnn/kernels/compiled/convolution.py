"""Convolution and its two gradients, compiled; any kernel size, any strides.

Which loop order is fast depends on what lies side by side in memory, because a vector
instruction takes neighbors:

- many filters (or, for the input's gradient, channels): their values at one pixel are
  neighbors, so the innermost loop runs over them; that is this file;
- few of them: the innermost loop runs along the image's rows; that is `rows.py`, for windows that move by one pixel.

What a model's plan runs instead where it can is faster than both: `minicnn.kernels.fused`.
"""

import numpy as np

from minicnn.kernels.compiled import rows
from minicnn.kernels.runtime.jit import summing_kernel
from minicnn.kernels.runtime.thread_pool import share

WIDE = 8  # from this many filters (or channels) on, the order of this file is the faster one
NO_PADS = ((0, 0), (0, 0))


def conv2d_forward(x, kernel, bias, strides):
    """See naive.conv2d_forward."""
    kernel_height, kernel_width, _, filters = kernel.shape
    out_height = (x.shape[1] - kernel_height) // strides[0] + 1
    out_width = (x.shape[2] - kernel_width) // strides[1] + 1
    y = np.empty((len(x), out_height, out_width, filters), dtype=x.dtype)
    if filters < WIDE and strides == (1, 1):
        out = y.reshape(len(y), -1)
        rows.conv_forward(x, kernel, bias, NO_PADS, relu=False, out=out, at=0)
    else:
        share(_forward, len(x) * out_height, x, kernel, bias, strides, y)
    return y


def conv2d_grad_input(dy, kernel, strides, in_size):
    """See naive.conv2d_grad_input."""
    channels = kernel.shape[2]
    dx = np.zeros((len(dy), in_size[0], in_size[1], channels), dtype=dy.dtype)
    if channels < WIDE and strides == (1, 1):
        rows.conv_grad_input(dy.reshape(len(dy), -1), kernel, NO_PADS, dx)
    else:
        # (kernel_height, kernel_width, channels, filters) -> (..., filters, channels)
        by_filter = np.ascontiguousarray(kernel.swapaxes(2, 3))
        share(_grad_input, len(dy), dy, by_filter, strides, dx)
    return dx


def conv2d_grad_kernel(x, dy, strides, kernel_size):
    """See naive.conv2d_grad_kernel."""
    shape = (len(x), *kernel_size, x.shape[3], dy.shape[3])
    partial = np.zeros(shape, dtype=dy.dtype)
    if dy.shape[3] < WIDE and strides == (1, 1):
        rows.conv_grad_kernel(x, dy.reshape(len(dy), -1), NO_PADS, partial)
    else:
        share(_grad_kernel, len(x), x, dy, strides, partial)
    # (batch, kernel_height, kernel_width, channels, filters) -> without batch, in fixed order
    return partial.sum(axis=0)


@summing_kernel
def _forward(x, kernel, bias, strides, y, start, stop):
    """Row by row of the output; for each tap, four input channels at a time."""
    channels = x.shape[3]
    kernel_height, kernel_width, _, filters = kernel.shape
    stride_height, stride_width = strides
    out_height, out_width = y.shape[1:3]
    fours = channels - channels % 4
    for job in range(start, stop):
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


@summing_kernel
def _grad_input(dy, taps_by_filter, strides, dx, start, stop):
    """Sample by sample, because windows overlap: dx gets each filter's taps times its dy."""
    _, out_height, out_width, filters = dy.shape
    kernel_height, kernel_width, _, channels = taps_by_filter.shape
    stride_height, stride_width = strides
    fours = filters - filters % 4
    for n in range(start, stop):
        for row in range(out_height):
            dy_row = dy[n, row]
            for tap_row in range(kernel_height):
                pixels = dx[n, row * stride_height + tap_row]
                for tap_col in range(kernel_width):
                    taps = taps_by_filter[tap_row, tap_col]
                    for f in range(0, fours, 4):
                        for col in range(out_width):
                            in_col = col * stride_width + tap_col
                            dy_0, dy_1 = dy_row[col, f], dy_row[col, f + 1]
                            dy_2, dy_3 = dy_row[col, f + 2], dy_row[col, f + 3]
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
                                pixels[in_col, c] += dy_row[col, f] * taps[f, c]


@summing_kernel
def _grad_kernel(x, dy, strides, partial, start, stop):
    """One partial sum per sample; four neighboring output pixels at a time."""
    _, out_height, out_width, filters = dy.shape
    kernel_height, kernel_width, channels = partial.shape[1:4]
    stride_height, stride_width = strides
    fours = out_width - out_width % 4
    for n in range(start, stop):
        for row in range(out_height):
            dy_row = dy[n, row]
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
                                    x_0 * dy_row[col, f]
                                    + x_1 * dy_row[col + 1, f]
                                    + x_2 * dy_row[col + 2, f]
                                    + x_3 * dy_row[col + 3, f]
                                )
                    for col in range(fours, out_width):
                        in_col = col * stride_width + tap_col
                        for c in range(channels):
                            for f in range(filters):
                                dtaps[c, f] += pixels[in_col, c] * dy_row[col, f]
