"""How often a prediction is on the right side of a threshold."""

import numpy as np

from minicnn.arguments import real
from minicnn.metrics.base import MeanOverSamples

THRESHOLD = 0.5


def binary_accuracy(y_true, y_pred, threshold: float = THRESHOLD) -> np.ndarray:
    """1 for each prediction on the right side of the threshold; exactly on it counts as class 0.

    Parameters
    ----------
    y_true, y_pred : float arrays of one shape
        Labels 0 or 1, and probabilities of class 1.
    threshold : float

    Returns
    -------
    right : float array of that shape, 0 or 1
    """
    return ((np.asarray(y_pred) > threshold) == np.asarray(y_true)).astype(float)


def accuracy(y_true, y_pred) -> np.ndarray:
    """`binary_accuracy` for outputs of one unit; ValueError for others.

    With several units Keras' "accuracy" is whether the largest is the right one.
    """
    if y_pred.shape[-1] != 1:
        raise ValueError(
            f"accuracy: expected an output of 1 unit, got {y_pred.shape[-1]}; use "
            "'binary_accuracy' where each unit is a yes or no of its own"
        )
    return binary_accuracy(y_true, y_pred)


class BinaryAccuracy(MeanOverSamples):
    """The part of all predictions that is on the right side of the threshold.

    Parameters
    ----------
    name : str
    dtype : None
    threshold : float
        Predictions above it say class 1. 0 where the model's outputs are logits.
    """

    better = 1
    arguments = ("name", "threshold")

    def __init__(self, name="binary_accuracy", dtype=None, threshold=THRESHOLD):
        super().__init__(name, dtype)
        self.threshold = real(threshold, "threshold", "BinaryAccuracy", -np.inf, np.inf)

    def values(self, y, p):
        return binary_accuracy(y, p, self.threshold)
