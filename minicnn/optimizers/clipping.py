"""What is done to gradients that are too large, and to weights that are: clipping and decay."""

import math

import numpy as np


def clip_by_norm(gradient: np.ndarray, clipnorm: float) -> np.ndarray:
    """gradient * clipnorm / max(norm, clipnorm): of a norm of at most `clipnorm`, same direction.

    The norm is the root of the sum of all squares of the array.
    """
    return scaled(gradient, clipnorm / np.maximum(norm([gradient]), clipnorm))


def clip_by_value(gradient: np.ndarray, clipvalue: float) -> np.ndarray:
    """min(max(gradient, -clipvalue), clipvalue), value by value; the direction changes."""
    return np.clip(gradient, -clipvalue, clipvalue)


def clip_by_global_norm(gradients: list[np.ndarray], clipnorm: float) -> list[np.ndarray]:
    """As `clip_by_norm`, with one norm of all arrays together: they keep their proportions.

    Source: Pascanu, Mikolov and Bengio 2013, algorithm 1.
    """
    scale = clipnorm / np.maximum(norm(gradients), clipnorm)
    return [scaled(gradient, scale) for gradient in gradients]


def decay_weights(weights: np.ndarray, weight_decay: float, learning_rate: float) -> None:
    """weights -= weight_decay * learning_rate * weights, in place: they shrink towards 0.

    It is decoupled: the step that follows is that of the gradient alone, whatever the optimizer.
    Source: Loshchilov and Hutter 2019, algorithm 2, with the rate in the place of its multiplier.
    """
    kind = weights.dtype.type
    weights -= weights * kind(weight_decay) * kind(learning_rate)


def norm(arrays: list[np.ndarray]) -> float:
    """The root of the sum of all squares, in float64: NumPy's own sum has one order everywhere."""
    return math.sqrt(sum(np.square(array, dtype=np.float64).sum() for array in arrays))


def scaled(gradient: np.ndarray, factor: float) -> np.ndarray:
    return gradient * gradient.dtype.type(factor)
