"""Max- and average-pooling and their gradients, compiled.

The forward passes run over output rows in parallel; the gradients over samples, because
windows that overlap write to the same pixels.
"""

import numpy as np
from numba import njit, prange


@njit(parallel=True, cache=True)
def maxpool2d_forward(x, pool_size, strides):
    batch, height, width, channels = x.shape
    pool_height, pool_width = pool_size
    stride_height, stride_width = strides
    out_height = (height - pool_height) // stride_height + 1
    out_width = (width - pool_width) // stride_width + 1
    y = np.empty((batch, out_height, out_width, channels), dtype=x.dtype)
    argmax = np.empty(y.shape, dtype=np.int32)
    for job in prange(batch * out_height):
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
    return y, argmax


@njit(parallel=True, cache=True)
def maxpool2d_grad_input(dy, argmax, pool_size, strides, in_size):
    batch, out_height, out_width, channels = dy.shape
    pool_width = pool_size[1]
    stride_height, stride_width = strides
    dx = np.zeros((batch, in_size[0], in_size[1], channels), dtype=dy.dtype)
    for n in prange(batch):
        for row in range(out_height):
            for col in range(out_width):
                for c in range(channels):
                    winner = argmax[n, row, col, c]
                    in_row = row * stride_height + winner // pool_width
                    in_col = col * stride_width + winner % pool_width
                    dx[n, in_row, in_col, c] += dy[n, row, col, c]
    return dx


@njit(parallel=True, cache=True)
def avgpool2d_forward(x, counts, pool_size, strides):
    batch, _, _, channels = x.shape
    pool_height, pool_width = pool_size
    stride_height, stride_width = strides
    out_height, out_width = counts.shape
    y = np.zeros((batch, out_height, out_width, channels), dtype=x.dtype)
    for job in prange(batch * out_height):
        n, row = job // out_height, job % out_height
        total = y[n, row]
        for tap_row in range(pool_height):
            pixels = x[n, row * stride_height + tap_row]
            for tap_col in range(pool_width):
                for col in range(out_width):
                    for c in range(channels):
                        total[col, c] += pixels[col * stride_width + tap_col, c]
        for col in range(out_width):
            for c in range(channels):
                total[col, c] /= counts[row, col]
    return y


@njit(parallel=True, cache=True)
def avgpool2d_grad_input(dy, counts, pool_size, strides, in_size):
    batch, out_height, out_width, channels = dy.shape
    pool_height, pool_width = pool_size
    stride_height, stride_width = strides
    dx = np.zeros((batch, in_size[0], in_size[1], channels), dtype=dy.dtype)
    for n in prange(batch):
        for row in range(out_height):
            for tap_row in range(pool_height):
                pixels = dx[n, row * stride_height + tap_row]
                for tap_col in range(pool_width):
                    for col in range(out_width):
                        in_col = col * stride_width + tap_col
                        for c in range(channels):
                            pixels[in_col, c] += dy[n, row, col, c] / counts[row, col]
    return dx
