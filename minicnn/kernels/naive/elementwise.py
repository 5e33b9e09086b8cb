"""What happens to each value by itself: relu, sigmoid, dropout; in literal loops.

The layers hand over flat views, so that one loop serves images and vectors alike.
"""

import numpy as np


def relu_forward(x):
    """y[i] = x[i] where x[i] > 0, else 0; a NaN stays a NaN.

    Parameters
    ----------
    x : (size,) float array

    Returns
    -------
    y : (size,), dtype of x
    """
    y = np.empty_like(x)
    for i in range(x.size):
        y[i] = 0 if x[i] < 0 else x[i]
    return y


def relu_grad_input(dy, y):
    """dx[i] = dy[i] where the output y[i] was positive, else 0; so relu'(0) = 0.

    Parameters
    ----------
    dy, y : (size,) float arrays

    Returns
    -------
    dx : (size,), dtype of dy
    """
    dx = np.empty_like(dy)
    for i in range(dy.size):
        # Undoes: y[i] = 0 if x[i] < 0 else x[i].
        dx[i] = dy[i] if y[i] > 0 else 0
    return dx


def sigmoid_forward(x):
    """y[i] = 1 / (1 + exp(-x[i])), in the form whose exponential cannot overflow.

    For negative x it is computed as exp(x) / (1 + exp(x)), which is the same number.

    Parameters
    ----------
    x : (size,) float array

    Returns
    -------
    y : (size,), dtype of x, in [0, 1]
    """
    y = np.empty_like(x)
    for i in range(x.size):
        if x[i] >= 0:
            y[i] = 1 / (1 + np.exp(-x[i]))
        else:
            exp_neg_abs = np.exp(x[i])  # below 1
            y[i] = exp_neg_abs / (1 + exp_neg_abs)
    return y


def sigmoid_grad_input(dy, y):
    """dx[i] = dy[i] * y[i] * (1 - y[i]): the derivative, written with the output y.

    Parameters
    ----------
    dy, y : (size,) float arrays

    Returns
    -------
    dx : (size,), dtype of dy
    """
    dx = np.empty_like(dy)
    for i in range(dy.size):
        # Undoes: y[i] = 1 / (1 + exp(-x[i])), in either of its two forms.
        dx[i] = dy[i] * y[i] * (1 - y[i])
    return dx


def dropout_keep(size, rate, seed, step):
    """Which of `size` units stay in training step `step`: each one with probability 1 - rate.

    No random state is carried from unit to unit: unit number i hashes (i, seed, step) into 32
    bits and stays if they, read as a number in [0, 2**32), are at least rate * 2**32. Hence
    the order of computation, the number of threads and the backend change nothing.

    Parameters
    ----------
    size : int
        Below 2**32.
    rate : float
        In [0, 1].
    seed, step : int
        In [0, 2**32).

    Returns
    -------
    keep : (size,) uint8, 1 where the unit stays
    """
    keep = np.empty(size, dtype=np.uint8)
    threshold = rate * 2.0**32
    step_key = mix_bits(step ^ 0x9E3779B9)
    for i in range(size):
        keep[i] = mix_bits(mix_bits(i ^ seed) ^ step_key) >= threshold
    return keep


def mix_bits(bits):
    """Scramble a 32-bit number so that each input bit moves about half of the output bits.

    Source of the constants: Chris Wellons, "Prospecting for hash functions" (lowbias32).
    """
    bits ^= bits >> 16
    bits = bits * 0x7FEB352D & 0xFFFFFFFF
    bits ^= bits >> 15
    bits = bits * 0x846CA68B & 0xFFFFFFFF
    bits ^= bits >> 16
    return bits


def masked_scale(x, keep, scale):
    """y[i] = x[i] * scale where keep[i], else 0: dropout forward, and backward too.

    Parameters
    ----------
    x : (size,) float array
    keep : (size,) uint8 array
    scale : scalar of x's dtype

    Returns
    -------
    y : (size,), dtype of x
    """
    y = np.empty_like(x)
    for i in range(x.size):
        # Undoes itself: backward, x is dy and y is dx.
        y[i] = x[i] * scale if keep[i] else 0
    return y
