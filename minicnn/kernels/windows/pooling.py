"""Max- and average-pooling and their gradients, in NumPy."""

import numpy as np

from minicnn.kernels.windows.views import each_tap, windows_of


def maxpool2d_forward(x, pool_size, strides):
    """See naive.maxpool2d_forward."""
    windows = windows_of(x, pool_size, strides)
    # (batch, out_height, out_width, tap_rows, tap_cols, channels)
    # -> (batch, out_height, out_width, taps, channels), tap = tap_row * pool_width + tap_col
    values = windows.reshape(*windows.shape[:3], -1, x.shape[3])
    y, argmax = values.max(axis=3), values.argmax(axis=3)  # the first of equal values; or a NaN
    if np.isnan(y).any():  # of several NaNs the last one, as in the loops
        taps_behind = np.isnan(values[:, :, :, ::-1]).argmax(axis=3)
        argmax = np.where(np.isnan(y), values.shape[3] - 1 - taps_behind, argmax)
    return y, argmax.astype(np.int32)


def maxpool2d_grad_input(dy, argmax, pool_size, strides, in_size):
    """See naive.maxpool2d_grad_input."""
    dx = np.zeros((len(dy), *in_size, dy.shape[3]), dtype=dy.dtype)
    for tap_row, tap_col, pixels in each_tap(pool_size, strides, dy.shape[1:3]):
        dx[pixels] += np.where(argmax == tap_row * pool_size[1] + tap_col, dy, 0)
    return dx


def avgpool2d_forward(x, counts, pool_size, strides):
    """See naive.avgpool2d_forward."""
    # (batch, out_height, out_width, [tap_rows, tap_cols], channels)
    # -> (batch, out_height, out_width, channels)
    totals = windows_of(x, pool_size, strides).sum(axis=(3, 4))
    # (out_height, out_width) -> (out_height, out_width, 1): the same count for every channel
    return totals / counts[:, :, np.newaxis]


def avgpool2d_grad_input(dy, counts, pool_size, strides, in_size):
    """See naive.avgpool2d_grad_input."""
    dx = np.zeros((len(dy), *in_size, dy.shape[3]), dtype=dy.dtype)
    dtotals = dy / counts[:, :, np.newaxis]  # (out_height, out_width) -> (..., 1), as above
    for _, _, pixels in each_tap(pool_size, strides, dy.shape[1:3]):
        dx[pixels] += dtotals
    return dx
