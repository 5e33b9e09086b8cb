"""Functions of each value by itself: relu, sigmoid, dropout; compiled."""

import numpy as np

from minicnn.kernels.runtime.jit import kernel, part
from minicnn.kernels.runtime.thread_pool import share

BLOCK = 1 << 14  # values in one piece of work


def blocks_of(size: int, block: int = BLOCK) -> int:
    """How many pieces of work `size` values are."""
    return (size + block - 1) // block


@kernel
def count_not_finite(x):
    """How many values of a flat float array are NaN or infinite.

    One thread reads as fast as memory delivers: a second one would only have to be woken.
    """
    count = np.int32(0)
    for i in range(x.size):
        # Infinity minus itself is NaN, which is not equal to anything.
        count += np.int32(x[i] - x[i] != 0)
    return count


def relu_forward(x):
    """See naive.relu_forward."""
    y = np.empty_like(x)
    share(_relu_forward, blocks_of(x.size), x, y)
    return y


@kernel
def _relu_forward(x, y, start, stop):
    x, y = x[start * BLOCK : stop * BLOCK], y[start * BLOCK : stop * BLOCK]
    zero = x.dtype.type(0)
    for i in range(x.size):
        y[i] = zero if x[i] < zero else x[i]


def relu_grad_input(dy, y):
    """See naive.relu_grad_input."""
    dx = np.empty_like(dy)
    share(_relu_grad_input, blocks_of(dy.size), dy, y, dx)
    return dx


@kernel
def _relu_grad_input(dy, y, dx, start, stop):
    dy, y = dy[start * BLOCK : stop * BLOCK], y[start * BLOCK : stop * BLOCK]
    dx = dx[start * BLOCK : stop * BLOCK]
    zero = dy.dtype.type(0)
    for i in range(dy.size):
        dx[i] = dy[i] if y[i] > zero else zero


@kernel
def sigmoid_forward(x):
    """See naive.sigmoid_forward."""
    y = np.empty_like(x)
    one = x.dtype.type(1)
    for i in range(x.size):
        if x[i] >= 0:
            y[i] = one / (one + np.exp(-x[i]))
        else:
            exp_neg_abs = np.exp(x[i])
            y[i] = exp_neg_abs / (one + exp_neg_abs)
    return y


@kernel
def sigmoid_grad_input(dy, y):
    """See naive.sigmoid_grad_input."""
    dx = np.empty_like(dy)
    one = dy.dtype.type(1)
    for i in range(dy.size):
        dx[i] = dy[i] * y[i] * (one - y[i])
    return dx


def dropout_keep(size, rate, seed, step):
    """See naive.dropout_keep."""
    keep = np.empty(size, dtype=np.uint8)
    share(_dropout_keep, blocks_of(size), rate, seed, step, keep)
    return keep


@kernel
def _dropout_keep(rate, seed, step, keep, start, stop):
    first = start * BLOCK
    keep = keep[first : stop * BLOCK]
    threshold = np.int64(np.ceil(rate * 2.0**32))
    if threshold >= 2**32:
        keep[:] = 0
        return
    seed, step_key = np.uint32(seed), mix_bits(np.uint32(step ^ 0x9E3779B9))
    for i in range(keep.size):
        bits = mix_bits(np.uint32(mix_bits(np.uint32(first + i) ^ seed) ^ step_key))
        keep[i] = bits >= np.uint32(threshold)


@part
def mix_bits(bits):
    """See naive.mix_bits. Products lose what is above, so that vectors can be made."""
    bits = np.uint32(bits ^ (bits >> np.uint32(16)))
    bits = np.uint32(bits * np.uint32(0x7FEB352D))
    bits = np.uint32(bits ^ (bits >> np.uint32(15)))
    bits = np.uint32(bits * np.uint32(0x846CA68B))
    return np.uint32(bits ^ (bits >> np.uint32(16)))


def masked_scale(x, keep, scale):
    """See naive.masked_scale."""
    y = np.empty_like(x)
    share(_masked_scale, blocks_of(x.size), x, keep, scale, y)
    return y


@kernel
def _masked_scale(x, keep, scale, y, start, stop):
    x, y = x[start * BLOCK : stop * BLOCK], y[start * BLOCK : stop * BLOCK]
    keep = keep[start * BLOCK : stop * BLOCK]
    zero = x.dtype.type(0)
    for i in range(x.size):
        y[i] = x[i] * scale if keep[i] else zero
