"""The kernels once more, in NumPy: the honest middle between naive loops and numba.

Where there are windows, a view shows each of them without copying, and a matrix product or a
reduction over the view does the work. Same names, arguments and results as
`minicnn.kernels.naive`.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def windows(x, size, strides):
    """View (batch, out_height, out_width, channels, size[0], size[1]) on images."""
    view = sliding_window_view(x, size, axis=(1, 2))
    return view[:, :: strides[0], :: strides[1]]


def conv2d_forward(x, kernel, bias, strides):
    seen = windows(x, kernel.shape[:2], strides)
    # windows (n, row, col, c, tap_row, tap_col) . kernel (tap_row, tap_col, c, f)
    return np.tensordot(seen, kernel, axes=([4, 5, 3], [0, 1, 2])) + bias


def conv2d_grad_kernel(x, dy, strides, kernel_size):
    seen = windows(x, kernel_size, strides)
    # (n, row, col, c, tap_row, tap_col) . (n, row, col, f) -> (c, tap_row, tap_col, f)
    dkernel = np.tensordot(seen, dy, axes=([0, 1, 2], [0, 1, 2]))
    return np.ascontiguousarray(dkernel.transpose(1, 2, 0, 3))


def conv2d_grad_input(dy, kernel, strides, in_size):
    batch, out_height, out_width, _ = dy.shape
    kernel_height, kernel_width, channels, _ = kernel.shape
    dx = np.zeros((batch, *in_size, channels), dtype=dy.dtype)
    for tap_row in range(kernel_height):
        for tap_col in range(kernel_width):
            rows = slice(tap_row, tap_row + out_height * strides[0], strides[0])
            cols = slice(tap_col, tap_col + out_width * strides[1], strides[1])
            dx[:, rows, cols] += dy @ kernel[tap_row, tap_col].T
    return dx


def grad_bias(dy):
    return dy.sum(axis=0)


def maxpool2d_forward(x, pool_size, strides):
    seen = windows(x, pool_size, strides)
    flat = seen.reshape(*seen.shape[:4], -1)
    return flat.max(axis=-1), flat.argmax(axis=-1).astype(np.int32)


def maxpool2d_grad_input(dy, argmax, pool_size, strides, in_size):
    batch, out_height, out_width, channels = dy.shape
    tap_row, tap_col = np.divmod(argmax, pool_size[1])
    n, row, col, c = np.ogrid[:batch, :out_height, :out_width, :channels]
    dx = np.zeros((batch, *in_size, channels), dtype=dy.dtype)
    np.add.at(dx, (n, row * strides[0] + tap_row, col * strides[1] + tap_col, c), dy)
    return dx


def avgpool2d_forward(x, counts, pool_size, strides):
    return windows(x, pool_size, strides).sum(axis=(4, 5)) / counts[:, :, None]


def avgpool2d_grad_input(dy, counts, pool_size, strides, in_size):
    _, out_height, out_width, channels = dy.shape
    share = dy / counts[:, :, None]
    dx = np.zeros((len(dy), *in_size, channels), dtype=dy.dtype)
    for tap_row in range(pool_size[0]):
        for tap_col in range(pool_size[1]):
            rows = slice(tap_row, tap_row + out_height * strides[0], strides[0])
            cols = slice(tap_col, tap_col + out_width * strides[1], strides[1])
            dx[:, rows, cols] += share
    return dx


def dense_forward(x, kernel, bias):
    return x @ kernel + bias


def dense_grad_input(dy, kernel):
    return dy @ kernel.T


def dense_grad_kernel(x, dy):
    return x.T @ dy


def relu_forward(x):
    return np.maximum(x, 0)


def relu_grad_input(dy, y):
    return np.where(y > 0, dy, 0).astype(dy.dtype, copy=False)


def sigmoid_forward(x):
    fading = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, fading) / (1 + fading)


def sigmoid_grad_input(dy, y):
    return dy * y * (1 - y)


def dropout_keep(size, rate, seed, step):
    def mix(bits):
        bits = bits ^ bits >> np.uint64(16)
        bits = bits * np.uint64(0x7FEB352D) & np.uint64(0xFFFFFFFF)
        bits = bits ^ bits >> np.uint64(15)
        bits = bits * np.uint64(0x846CA68B) & np.uint64(0xFFFFFFFF)
        return bits ^ bits >> np.uint64(16)

    step_key = mix(np.array([step ^ 0x9E3779B9], dtype=np.uint64))
    unit = np.arange(size, dtype=np.uint64)
    return (mix(mix(unit ^ np.uint64(seed)) ^ step_key) >= rate * 2.0**32).astype(np.uint8)


def masked_scale(x, keep, scale):
    return x * (keep * scale)


def adam_update(weights, gradient, mean, variance, step_size, beta_1, beta_2, epsilon):
    mean += (1 - beta_1) * (gradient - mean)
    variance += (1 - beta_2) * (gradient * gradient - variance)
    weights -= step_size * mean / (np.sqrt(variance) + epsilon)


def momentum_update(weights, gradient, velocity, learning_rate, momentum, nesterov):
    velocity *= momentum
    velocity -= learning_rate * gradient
    weights += momentum * velocity - learning_rate * gradient if nesterov else velocity


def rmsprop_update(weights, gradient, variance, velocity, learning_rate, rho, momentum, epsilon):
    variance *= rho
    variance += (1 - rho) * (gradient * gradient)
    velocity *= momentum
    velocity += learning_rate * gradient / np.sqrt(variance + epsilon)
    weights -= velocity
