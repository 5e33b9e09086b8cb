"""Metrics that are reported beside the loss."""

from collections.abc import Callable

import numpy as np

THRESHOLD = 0.5


def binary_accuracy(y: np.ndarray, p: np.ndarray) -> float:
    """Fraction of predictions on the right side of 0.5; exactly 0.5 counts as class 0.

    Parameters
    ----------
    y, p : float arrays of one shape
        Labels 0 or 1, and probabilities of class 1.

    Returns
    -------
    accuracy : float in [0, 1]
    """
    return float(np.mean((p > THRESHOLD) == y))


def accuracy(y: np.ndarray, p: np.ndarray) -> float:
    """`binary_accuracy` for outputs of one unit; ValueError for others.

    With several units Keras' "accuracy" is whether the largest is the right one.
    """
    if p.shape[-1] != 1:
        raise ValueError(
            f"accuracy: expected an output of 1 unit, got {p.shape[-1]}; use 'binary_accuracy' "
            "where each unit is a yes or no of its own"
        )
    return binary_accuracy(y, p)


METRICS = {"acc": accuracy, "accuracy": accuracy, "binary_accuracy": binary_accuracy}


def get(metric) -> tuple[str, Callable[[np.ndarray, np.ndarray], float]]:
    """(key, function) of a metric given by name or as a function (y, p) -> float.

    The key under which it is reported is the name as it was given, as in Keras.
    """
    if callable(metric):
        return metric.__name__, metric
    if not isinstance(metric, str) or metric not in METRICS:
        raise ValueError(f"compile: expected metrics among {', '.join(METRICS)}, got {metric!r}")
    return metric, METRICS[metric]
