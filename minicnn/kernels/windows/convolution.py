"""Convolution and its two gradients, in NumPy: each is one product of matrices, or one a tap.

`np.tensordot(a, b, axes)` multiplies and sums over the axes named, as one matrix product: it
makes a matrix of each array, with the summed axes along one side and the others along the other.
"""

import numpy as np

from minicnn.kernels.windows.views import each_tap, windows_of


def conv2d_forward(x, kernel, bias, strides):
    """See naive.conv2d_forward."""
    windows = windows_of(x, kernel.shape[:2], strides)
    # (batch, out_height, out_width, [tap_row, tap_col, c]) . ([tap_row, tap_col, c], filters)
    # -> (batch, out_height, out_width, filters)
    return np.tensordot(windows, kernel, axes=([3, 4, 5], [0, 1, 2])) + bias


def conv2d_grad_input(dy, kernel, strides, in_size):
    """See naive.conv2d_grad_input."""
    dx = np.zeros((len(dy), *in_size, kernel.shape[2]), dtype=dy.dtype)
    for tap_row, tap_col, pixels in each_tap(kernel.shape[:2], strides, dy.shape[1:3]):
        # (batch, out_height, out_width, [filters]) . ([filters], channels)
        # -> (batch, out_height, out_width, channels)
        dx[pixels] += dy @ kernel[tap_row, tap_col].T
    return dx


def conv2d_grad_kernel(x, dy, strides, kernel_size):
    """See naive.conv2d_grad_kernel."""
    windows = windows_of(x, kernel_size, strides)
    # ([n, row, col], tap_rows, tap_cols, channels) . ([n, row, col], filters)
    # -> (tap_rows, tap_cols, channels, filters)
    return np.tensordot(windows, dy, axes=([0, 1, 2], [0, 1, 2]))
