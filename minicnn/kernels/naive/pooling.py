"""Max- and average-pooling and their gradients, in literal loops.

As in a convolution, padding has been done by the layer before.
"""

import math

import numpy as np


def maxpool2d_forward(x, pool_size, strides):
    """Largest value of each window, and where in the window it was.

    y[n, row, col, c] = max over tap_row, tap_col of
        x[n, row * stride_height + tap_row, col * stride_width + tap_col, c]

    Of equal values the first in row-major order wins: behind a relu and in black borders ties
    are the rule. A NaN wins over every number, so that it is not hidden.

    Parameters
    ----------
    x : (batch, height, width, channels) float array
        Already padded, with minus infinity.
    pool_size, strides : (int, int)

    Returns
    -------
    y : (batch, out_height, out_width, channels), dtype of x
    argmax : same shape, int32
        tap_row * pool_width + tap_col of the winner.
    """
    batch, height, width, channels = x.shape
    pool_height, pool_width = pool_size
    stride_height, stride_width = strides
    out_height = (height - pool_height) // stride_height + 1
    out_width = (width - pool_width) // stride_width + 1
    y = np.empty((batch, out_height, out_width, channels), dtype=x.dtype)
    argmax = np.empty(y.shape, dtype=np.int32)
    for n in range(batch):
        for row in range(out_height):
            for col in range(out_width):
                for c in range(channels):
                    best = x[n, row * stride_height, col * stride_width, c]
                    winner = 0
                    for tap_row in range(pool_height):
                        for tap_col in range(pool_width):
                            in_row = row * stride_height + tap_row
                            in_col = col * stride_width + tap_col
                            value = x[n, in_row, in_col, c]
                            if value > best or math.isnan(value):
                                best = value
                                winner = tap_row * pool_width + tap_col
                    y[n, row, col, c] = best
                    argmax[n, row, col, c] = winner
    return y, argmax


def maxpool2d_grad_input(dy, argmax, pool_size, strides, in_size):
    """Gradient of max-pooling: each window's gradient goes to its winner alone.

    Where windows overlap, a pixel that won several of them collects all their gradients.

    Parameters
    ----------
    dy : (batch, out_height, out_width, channels) float array
    argmax : same shape, int32
        As `maxpool2d_forward` returned it.
    pool_size, strides : (int, int)
    in_size : (int, int)
        Height and width of the (padded) input.

    Returns
    -------
    dx : (batch, *in_size, channels), dtype of dy
    """
    batch, out_height, out_width, channels = dy.shape
    pool_width = pool_size[1]
    stride_height, stride_width = strides
    dx = np.zeros((batch, in_size[0], in_size[1], channels), dtype=dy.dtype)
    for n in range(batch):
        for row in range(out_height):
            for col in range(out_width):
                for c in range(channels):
                    tap_row, tap_col = divmod(argmax[n, row, col, c], pool_width)
                    in_row = row * stride_height + tap_row
                    in_col = col * stride_width + tap_col
                    # Undoes: best = x[n, in_row, in_col, c], y[n, row, col, c] = best.
                    dx[n, in_row, in_col, c] += dy[n, row, col, c]
    return dx


def avgpool2d_forward(x, counts, pool_size, strides):
    """Mean of the real pixels of each window.

    y[n, row, col, c] = sum of the window / counts[row, col]

    Parameters
    ----------
    x : (batch, height, width, channels) float array
        Already padded, with zeros.
    counts : (out_height, out_width) float array
        How many pixels of each window are real, not padding.
    pool_size, strides : (int, int)

    Returns
    -------
    y : (batch, out_height, out_width, channels), dtype of x
    """
    batch, _, _, channels = x.shape
    pool_height, pool_width = pool_size
    stride_height, stride_width = strides
    out_height, out_width = counts.shape
    y = np.empty((batch, out_height, out_width, channels), dtype=x.dtype)
    for n in range(batch):
        for row in range(out_height):
            for col in range(out_width):
                for c in range(channels):
                    total = x.dtype.type(0)
                    for tap_row in range(pool_height):
                        for tap_col in range(pool_width):
                            in_row = row * stride_height + tap_row
                            in_col = col * stride_width + tap_col
                            total += x[n, in_row, in_col, c]
                    y[n, row, col, c] = total / counts[row, col]
    return y


def avgpool2d_grad_input(dy, counts, pool_size, strides, in_size):
    """Gradient of average-pooling: each window's gradient is shared out evenly.

    Parameters
    ----------
    dy : (batch, out_height, out_width, channels) float array
    counts : (out_height, out_width) float array
        As in `avgpool2d_forward`.
    pool_size, strides : (int, int)
    in_size : (int, int)
        Height and width of the (padded) input; the gradient of the padding is cut off later.

    Returns
    -------
    dx : (batch, *in_size, channels), dtype of dy
    """
    batch, out_height, out_width, channels = dy.shape
    pool_height, pool_width = pool_size
    stride_height, stride_width = strides
    dx = np.zeros((batch, in_size[0], in_size[1], channels), dtype=dy.dtype)
    for n in range(batch):
        for row in range(out_height):
            for col in range(out_width):
                for c in range(channels):
                    # Undoes: y[n, row, col, c] = total / counts[row, col].
                    dtotal = dy[n, row, col, c] / counts[row, col]
                    for tap_row in range(pool_height):
                        for tap_col in range(pool_width):
                            in_row = row * stride_height + tap_row
                            in_col = col * stride_width + tap_col
                            # Undoes: total += x[n, in_row, in_col, c].
                            dx[n, in_row, in_col, c] += dtotal
    return dx
