"""What happens to each value by itself: relu, sigmoid, dropout; in NumPy."""

import numpy as np


def relu_forward(x):
    """See naive.relu_forward."""
    return np.where(x < 0, 0, x)  # as in the loops, a NaN stays a NaN


def relu_grad_input(dy, y):
    """See naive.relu_grad_input."""
    return np.where(y > 0, dy, 0)


def sigmoid_forward(x):
    """See naive.sigmoid_forward."""
    exp_neg_abs = np.exp(-np.abs(x))  # in [0, 1]: cannot overflow
    return np.where(x >= 0, 1, exp_neg_abs) / (1 + exp_neg_abs)


def sigmoid_grad_input(dy, y):
    """See naive.sigmoid_grad_input."""
    return dy * y * (1 - y)


def dropout_keep(size, rate, seed, step):
    """See naive.dropout_keep."""
    units = np.arange(size, dtype=np.uint32)
    step_key = mix_bits(np.array([step ^ 0x9E3779B9], dtype=np.uint32))
    bits = mix_bits(mix_bits(units ^ np.uint32(seed)) ^ step_key)  # (size,)
    return (bits >= rate * 2.0**32).astype(np.uint8)


def mix_bits(bits):
    """See naive.mix_bits; uint32 arrays drop what a product has above 32 bits."""
    bits = bits ^ (bits >> 16)
    bits = bits * 0x7FEB352D
    bits = bits ^ (bits >> 15)
    bits = bits * 0x846CA68B
    return bits ^ (bits >> 16)


def masked_scale(x, keep, scale):
    """See naive.masked_scale."""
    return np.where(keep, x * scale, 0)
