"""Precision and recall at one threshold."""

import numpy as np

from minicnn.arguments import real, refuse_unsupported
from minicnn.metrics.accuracy import THRESHOLD
from minicnn.metrics.base import Metric


class OneThreshold(Metric):
    """What precision and recall share: sums (weight of the true positives, of the missed).

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
        is_positive, says_positive = y != 0, p.astype(np.float32) > self.threshold
        found, missed = is_positive & says_positive, self.missed(is_positive, says_positive)
        if w is None:
            return np.array([found.sum(), missed.sum()], float)
        by_sample = (one.reshape(len(y), -1).sum(axis=1) for one in (found, missed))
        return np.array([w @ one for one in by_sample])

    def missed(self, is_positive: np.ndarray, says_positive: np.ndarray) -> np.ndarray:
        """What counts beside the true positives, bool array."""
        raise NotImplementedError

    def value(self, sums):
        found, missed = sums
        return float(found / (found + missed)) if found else 0.0


class Precision(OneThreshold):
    """The part of the predicted positives that is positive: TP / (TP + FP)."""

    def missed(self, is_positive, says_positive):
        return says_positive & ~is_positive


class Recall(OneThreshold):
    """The part of the positives that is predicted so: TP / (TP + FN)."""

    def missed(self, is_positive, says_positive):
        return is_positive & ~says_positive
