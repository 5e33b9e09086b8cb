"""The area under the ROC or the precision-recall curve, from counts between thresholds."""

from numbers import Integral

import numpy as np

from minicnn.arguments import choice, real, refuse_unsupported
from minicnn.metrics.base import Metric, ratio

EDGE = 1e-7  # the outer thresholds are this far outside of [0, 1]
MOST_THRESHOLDS = 1_000_000


class AUC(Metric):
    """The area under a curve through the points that the thresholds make.

    Sums are (2, thresholds + 1): the weight of the positive (first row) and negative samples
    whose prediction is above exactly 0, 1, 2, ... of the thresholds. Every label but 0 is
    positive; the units of an output count as samples of their own.

    Between the points of the ROC curve are lines; between those of the precision-recall curve true
    and false positives are interpolated. Source: Davis and Goadrich 2006, "The relationship between
    Precision-Recall and ROC curves", section 4.

    Parameters
    ----------
    num_thresholds : int
        Evenly spread over [0, 1], the first just below 0 and the last just above 1.
    curve : {"ROC", "PR"}
        True positive rate over false positive rate; or precision over recall.
    thresholds : list of float in [0, 1], optional
        The inner thresholds, instead of evenly spread ones.
    from_logits : bool
        Whether predictions are logits, of which the sigmoid is taken first.
    summation_method, multi_label, num_labels, label_weights
        Keras' arguments; accepted with their defaults only.
    name, dtype
        See `Metric`.
    """

    better = 1
    arguments = ("name", "num_thresholds", "curve", "thresholds", "from_logits")

    def __init__(
        self,
        num_thresholds=200,
        curve="ROC",
        summation_method="interpolation",
        name=None,
        dtype=None,
        thresholds=None,
        multi_label=False,
        num_labels=None,
        label_weights=None,
        from_logits=False,
    ):
        refuse_unsupported(
            "AUC",
            {
                "summation_method": (summation_method, "interpolation"),
                "multi_label": (multi_label, False),
                "num_labels": (num_labels, None),
                "label_weights": (label_weights, None),
            },
        )
        upper = curve.upper() if isinstance(curve, str) else curve
        self.curve = choice(upper, ("ROC", "PR"), "curve", "AUC")
        self.from_logits, self.thresholds = bool(from_logits), None
        if thresholds is not None:
            self.thresholds = sorted(real(one, "thresholds", "AUC", 0, 1) for one in thresholds)
            num_thresholds = len(self.thresholds) + 2
        is_count = isinstance(num_thresholds, Integral)
        if not is_count or not 2 <= num_thresholds <= MOST_THRESHOLDS:
            raise ValueError(
                f"AUC: expected num_thresholds to be an integer in [2, {MOST_THRESHOLDS}], "
                f"got {num_thresholds!r}"
            )
        self.num_thresholds = int(num_thresholds)
        self.shape = (2, self.num_thresholds + 1)
        super().__init__(name, dtype)

    def sums(self, y, p, w=None):
        if np.isnan(p).any():
            return np.full(self.shape, np.nan)
        below = self.thresholds_below(p.astype(np.float32).ravel())
        weights = np.broadcast_to(1.0 if w is None else w.reshape(-1, *[1] * (p.ndim - 1)), p.shape)
        positive, weights = y.ravel() != 0, weights.ravel()
        rows = [
            np.bincount(below[kind], weights[kind], self.num_thresholds + 1)
            for kind in (positive, ~positive)
        ]
        return np.stack(rows)

    def thresholds_below(self, p: np.ndarray) -> np.ndarray:
        """How many thresholds each prediction is above; p float32 (any number,)."""
        if self.from_logits:
            with np.errstate(over="ignore"):
                p = 1 / (1 + np.exp(-p))
        last = self.num_thresholds - 1
        inner = np.linspace(0, 1, last + 1)[1:-1] if self.thresholds is None else self.thresholds
        edges = np.array([-EDGE, *inner, 1 + EDGE])
        if np.allclose(edges, np.linspace(0, 1, last + 1), atol=EDGE):
            # p > i / last is decided as p last > i, in float32: so a p on a threshold is above
            # or not as it is in Keras.
            return np.maximum(np.ceil(p.clip(0, 1) * np.float32(last)), 1).astype(int)
        return np.searchsorted(edges.astype(np.float32), p, side="left")

    def value(self, sums):
        # For each threshold the weight of the samples above it
        tp, fp = np.cumsum(sums[:, ::-1], axis=1)[:, -2::-1]
        positives, negatives = sums.sum(axis=1)
        if self.curve == "ROC":
            # Divided at the end: of whole numbers the sum is exact, and a perfect AUC is 1.
            areas = (fp[:-1] - fp[1:]) * (tp[:-1] + tp[1:]) / 2
            return float(ratio(areas.sum(), positives * negatives))
        return float(np.sum(areas_below_precision(tp, tp + fp))) / positives if positives else 0.0


def areas_below_precision(tp: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """The areas between one threshold and the next below precision, over the true positives.

    From one threshold to the next, TP is taken to be a line over the number P of those predicted
    positive, TP = slope P + start. So precision is slope + start / P, and its integral over TP,
    dTP = slope dP, is slope (TP_1 - TP_2 + start ln(P_1 / P_2)).

    Parameters
    ----------
    tp, predicted : float arrays (thresholds,)
        True positives, and all that are predicted positive.

    Returns
    -------
    areas : float array (thresholds - 1,)
    """
    more_tp, more = tp[:-1] - tp[1:], predicted[:-1] - predicted[1:]
    slope = ratio(more_tp, more)
    start = tp[1:] - slope * predicted[1:]
    both = (predicted[:-1] > 0) & (predicted[1:] > 0)
    quotient = np.where(both, ratio(predicted[:-1], predicted[1:]), 1)
    return slope * (more_tp + start * np.log(quotient))
