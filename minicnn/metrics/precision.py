"""Precision and recall at one threshold."""

import numpy as np

from minicnn.arguments import real, refuse_unsupported
from minicnn.metrics.accuracy import THRESHOLD
from minicnn.metrics.base import Metric


class OneThreshold(Metric):
    """What precision and recall share: sums (weight of the true positives, of the errors).

    Parameters
    ----------
    thresholds : float in [0, 1], optional
        Predictions above it count as positive; 0.5 when missing. One number, where Keras takes a
        list as well.
    top_k, class_id : None
        Keras' arguments, not supported.
    name, dtype
        See `Metric`.
    """

    better = 1
    arguments = ("name", "thresholds")

    def __init__(self, thresholds=None, top_k=None, class_id=None, name=None, dtype=None):
        super().__init__(name, dtype)
        owner = type(self).__name__
        refuse_unsupported(owner, {"top_k": (top_k, None), "class_id": (class_id, None)})
        self.thresholds = thresholds
        given = THRESHOLD if thresholds is None else thresholds
        self.threshold = real(given, "thresholds", owner, 0, 1)

    def sums(self, y, p, w=None):
        positive, predicted = y != 0, p.astype(np.float32) > self.threshold
        tp, errors = positive & predicted, self.errors(positive, predicted)
        if w is None:
            return np.array([tp.sum(), errors.sum()], float)
        by_sample = (one.reshape(len(y), -1).sum(axis=1) for one in (tp, errors))
        return np.array([w @ one for one in by_sample])

    def errors(self, positive: np.ndarray, predicted: np.ndarray) -> np.ndarray:
        """Which predictions the true positives are divided by as well; all are bool arrays."""
        raise NotImplementedError

    def value(self, sums):
        tp, errors = sums
        return float(tp / (tp + errors)) if tp else 0.0


class Precision(OneThreshold):
    """The part of the predicted positives that is positive: TP / (TP + FP)."""

    def errors(self, positive, predicted):
        return predicted & ~positive


class Recall(OneThreshold):
    """The part of the positives that is predicted so: TP / (TP + FN)."""

    def errors(self, positive, predicted):
        return positive & ~predicted
