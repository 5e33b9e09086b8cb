"""What happens to each number by itself: relu, sigmoid, dropout; compiled."""

import numpy as np
from numba import njit, prange

BLOCK = 1 << 14  # numbers that one thread takes at a time


@njit(parallel=True, cache=True)
def relu_forward(x):
    y = np.empty_like(x)
    zero = x.dtype.type(0)
    for i in prange(x.size):
        y[i] = zero if x[i] < zero else x[i]
    return y


@njit(parallel=True, cache=True)
def relu_grad_input(dy, y):
    dx = np.empty_like(dy)
    zero = dy.dtype.type(0)
    for i in prange(dy.size):
        dx[i] = dy[i] if y[i] > zero else zero
    return dx


@njit(cache=True)
def sigmoid_forward(x):
    y = np.empty_like(x)
    one = x.dtype.type(1)
    for i in range(x.size):
        if x[i] >= 0:
            y[i] = one / (one + np.exp(-x[i]))
        else:
            growth = np.exp(x[i])
            y[i] = growth / (one + growth)
    return y


@njit(cache=True)
def sigmoid_grad_input(dy, y):
    dx = np.empty_like(dy)
    one = dy.dtype.type(1)
    for i in range(dy.size):
        dx[i] = dy[i] * y[i] * (one - y[i])
    return dx


@njit(parallel=True, cache=True)
def dropout_keep(size, rate, seed, step):
    keep = np.empty(size, dtype=np.uint8)
    threshold = rate * 2.0**32
    step_key = _mix_bits(step ^ 0x9E3779B9)
    for block in prange((size + BLOCK - 1) // BLOCK):
        # A block's own plain range, whose numbers are signed; those of prange are not.
        for i in range(int(block) * BLOCK, min((int(block) + 1) * BLOCK, size)):
            keep[i] = _mix_bits(_mix_bits(i ^ seed) ^ step_key) >= threshold
    return keep


@njit(cache=True, inline="always")
def _mix_bits(bits):
    # 64-bit products overflow here without harm: only their low 32 bits are kept.
    bits ^= bits >> 16
    bits = bits * 0x7FEB352D & 0xFFFFFFFF
    bits ^= bits >> 15
    bits = bits * 0x846CA68B & 0xFFFFFFFF
    bits ^= bits >> 16
    return bits


@njit(parallel=True, cache=True)
def masked_scale(x, keep, scale):
    y = np.empty_like(x)
    zero = x.dtype.type(0)
    for i in prange(x.size):
        y[i] = x[i] * scale if keep[i] else zero
    return y
