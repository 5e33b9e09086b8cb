"""Convolution and its two gradients, in literal loops.

Padding is not done here: the layer copies the image into a larger, padded one first, so that
the window at output position (row, col) always covers the input pixels

    x[row * stride_height + tap_row, col * stride_width + tap_col]
"""

import numpy as np


def conv2d_forward(x, kernel, bias, strides):
    """Convolution, which in this field means cross-correlation: the kernel is not flipped.

    y[n, row, col, f] = bias[f] + sum over tap_row, tap_col, c of
        x[n, row * stride_height + tap_row, col * stride_width + tap_col, c]
        * kernel[tap_row, tap_col, c, f]

    Parameters
    ----------
    x : (batch, height, width, channels) float array
        Already padded.
    kernel : (kernel_height, kernel_width, channels, filters) float array
    bias : (filters,) float array
    strides : (int, int)
        Pixels from one window to the next, down and to the right.

    Returns
    -------
    y : (batch, out_height, out_width, filters), dtype of x
    """
    batch, height, width, channels = x.shape
    kernel_height, kernel_width, _, filters = kernel.shape
    stride_height, stride_width = strides
    out_height = (height - kernel_height) // stride_height + 1
    out_width = (width - kernel_width) // stride_width + 1
    y = np.empty((batch, out_height, out_width, filters), dtype=x.dtype)
    for n in range(batch):
        for row in range(out_height):
            for col in range(out_width):
                for f in range(filters):
                    total = bias[f]
                    for tap_row in range(kernel_height):
                        for tap_col in range(kernel_width):
                            in_row = row * stride_height + tap_row
                            in_col = col * stride_width + tap_col
                            for c in range(channels):
                                total += x[n, in_row, in_col, c] * kernel[tap_row, tap_col, c, f]
                    y[n, row, col, f] = total
    return y


def conv2d_grad_input(dy, kernel, strides, in_size):
    """Gradient of a convolution with respect to its input.

    Each output value is a weighted sum of the pixels of one window; its gradient goes back to
    each of them, times the tap that weighted the pixel. Where windows overlap, these add up:

    dx[n, row * stride_height + tap_row, col * stride_width + tap_col, c] +=
        dy[n, row, col, f] * kernel[tap_row, tap_col, c, f]

    Parameters
    ----------
    dy : (batch, out_height, out_width, filters) float array
    kernel : (kernel_height, kernel_width, channels, filters) float array
    strides : (int, int)
    in_size : (int, int)
        Height and width of the (padded) input.

    Returns
    -------
    dx : (batch, *in_size, channels), dtype of dy
    """
    batch, out_height, out_width, filters = dy.shape
    kernel_height, kernel_width, channels, _ = kernel.shape
    stride_height, stride_width = strides
    dx = np.zeros((batch, in_size[0], in_size[1], channels), dtype=dy.dtype)
    for n in range(batch):
        for row in range(out_height):
            for col in range(out_width):
                for f in range(filters):
                    for tap_row in range(kernel_height):
                        for tap_col in range(kernel_width):
                            in_row = row * stride_height + tap_row
                            in_col = col * stride_width + tap_col
                            for c in range(channels):
                                # Undoes: total += x[n, in_row, in_col, c] * tap.
                                tap = kernel[tap_row, tap_col, c, f]
                                dx[n, in_row, in_col, c] += dy[n, row, col, f] * tap
    return dx


def conv2d_grad_kernel(x, dy, strides, kernel_size):
    """Gradient of a convolution with respect to its kernel.

    A tap weighted one pixel in every window; each of them contributes pixel times dy:

    dkernel[tap_row, tap_col, c, f] = sum over n, row, col of
        x[n, row * stride_height + tap_row, col * stride_width + tap_col, c] * dy[n, row, col, f]

    Parameters
    ----------
    x : (batch, height, width, channels) float array
        Already padded.
    dy : (batch, out_height, out_width, filters) float array
    strides : (int, int)
    kernel_size : (int, int)

    Returns
    -------
    dkernel : (kernel_height, kernel_width, channels, filters), dtype of dy
    """
    batch, out_height, out_width, filters = dy.shape
    channels = x.shape[3]
    kernel_height, kernel_width = kernel_size
    stride_height, stride_width = strides
    dkernel = np.zeros((kernel_height, kernel_width, channels, filters), dtype=dy.dtype)
    for tap_row in range(kernel_height):
        for tap_col in range(kernel_width):
            for c in range(channels):
                for f in range(filters):
                    for n in range(batch):
                        for row in range(out_height):
                            for col in range(out_width):
                                in_row = row * stride_height + tap_row
                                in_col = col * stride_width + tap_col
                                # Undoes: total += pixel * kernel[tap_row, tap_col, c, f].
                                pixel = x[n, in_row, in_col, c]
                                dkernel[tap_row, tap_col, c, f] += pixel * dy[n, row, col, f]
    return dkernel
