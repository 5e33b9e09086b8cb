"""The ROC curve, the precision-recall curve, and the areas under them.

The curves depend on the order of the scores only. Images of equal score cannot be separated by
any threshold: they are one step of the curve, whatever their labels.
"""

from typing import NamedTuple

import numpy as np

from covid.metrics.proportions import ratio


class Steps(NamedTuple):
    """Counts of images whose score is at least each of the thresholds."""

    thresholds: np.ndarray  # (k,), the different scores, falling
    true_positives: np.ndarray  # (..., k), never falling; the last one is all positive images
    false_positives: np.ndarray  # (..., k), the same of the negative images


class Band(NamedTuple):
    """Pointwise 95 % confidence band of the ROC curve, from the bootstrap; (points,) arrays."""

    false_positive_rate: np.ndarray
    low: np.ndarray
    high: np.ndarray
    drawn: str  # what the bootstrap draws, such as "groups"


def checked(labels, scores) -> tuple[np.ndarray, np.ndarray]:
    """Labels as integers and scores as float64, both (n,).

    Raises
    ------
    ValueError
        Not two arrays of one length above 0, labels other than 0 and 1, or scores that are nan
        or infinite.
    """
    labels, scores = np.asarray(labels), np.asarray(scores, float)
    shapes_fit = labels.ndim == 1 and labels.shape == scores.shape and labels.size > 0
    if not shapes_fit or not np.isin(labels, (0, 1)).all() or not np.isfinite(scores).all():
        raise ValueError(
            "metrics: expected n > 0 labels of 0 or 1 and as many finite scores, got arrays of "
            f"shape {labels.shape} and {scores.shape}; check labels and scores"
        )
    return labels.astype(int), scores


def steps(labels, scores, weights: np.ndarray | None = None) -> Steps:
    """Count true and false positives at every threshold that makes a difference."""
    labels, scores = checked(labels, scores)
    order = np.argsort(-scores, kind="stable")
    falling = scores[order]
    # The last image of each run of equal scores: only there the curve has a point.
    last = np.append(np.flatnonzero(np.diff(falling)), len(falling) - 1)
    weights = np.ones(len(labels)) if weights is None else weights
    weights = weights[..., order]
    positive = labels[order]
    # (..., n) -> (..., k)
    true_positives = np.cumsum(weights * positive, axis=-1)[..., last]
    false_positives = np.cumsum(weights * (1 - positive), axis=-1)[..., last]
    return Steps(falling[last], true_positives, false_positives)


def with_origin(counts: np.ndarray) -> np.ndarray:
    """(..., k) -> (..., k + 1): at a threshold above all scores nothing is positive."""
    return np.concatenate([np.zeros((*counts.shape[:-1], 1)), counts], axis=-1)


def roc_curve(labels, scores, weights: np.ndarray | None = None):
    """The receiver operating characteristic.

    Returns
    -------
    false_positive_rate, true_positive_rate : (..., k + 1) arrays in [0, 1]
        From (0, 0) to (1, 1); nan where a class has no image.
    thresholds : (k + 1,) array
        Falling: infinity, then every different score. Scores >= threshold are positive.
    """
    thresholds, true_positives, false_positives = steps(labels, scores, weights)
    rates = [
        ratio(with_origin(counts), counts[..., -1:]) for counts in (false_positives, true_positives)
    ]
    return *rates, np.append(np.inf, thresholds)


def roc_auc(labels, scores, weights: np.ndarray | None = None) -> np.ndarray:
    """Area under the ROC curve, by the trapezoidal rule.

    It is the probability that a positive image has a higher score than a negative one, equal
    scores counting one half (Hanley and McNeil 1982, "The meaning and use of the area under a
    receiver operating characteristic (ROC) curve").

    Returns
    -------
    auc : (...) array in [0, 1]
        nan where a class has no image.
    """
    _, true_positives, false_positives = steps(labels, scores, weights)
    heights = with_origin(true_positives)
    widths = np.diff(with_origin(false_positives), axis=-1)
    area = np.sum(widths * (heights[..., 1:] + heights[..., :-1]) / 2, axis=-1)
    return ratio(area, true_positives[..., -1] * false_positives[..., -1])


def precision_recall_curve(labels, scores, weights: np.ndarray | None = None):
    """Precision against recall (the sensitivity).

    Returns
    -------
    precision, recall : (..., k) arrays in [0, 1]
        Precision is the share of positives among those classified so, nan where none is;
        recall is nan where no image is positive.
    thresholds : (k,) array
        Falling: every different score. Scores >= threshold are positive.
    """
    thresholds, true_positives, false_positives = steps(labels, scores, weights)
    precision = ratio(true_positives, true_positives + false_positives)
    recall = ratio(true_positives, true_positives[..., -1:])
    return precision, recall, thresholds


def average_precision(labels, scores, weights: np.ndarray | None = None) -> np.ndarray:
    """Area under the precision-recall curve: the sum of precision_k * (recall_k - recall_k-1).

    As scikit-learn defines it: steps, not trapezoids, which are optimistic between two points
    (Davis and Goadrich 2006, "The relationship between precision-recall and ROC curves").
    Chance level is the share of positive images, not 1/2.

    Returns
    -------
    average_precision : (...) array in [0, 1]
        nan where no image is positive.
    """
    _, true_positives, false_positives = steps(labels, scores, weights)
    # In a resample without the first images nothing is positive yet: then 0 / 1.
    predicted = np.maximum(true_positives + false_positives, 1)
    gains = np.diff(with_origin(true_positives), axis=-1)
    area = np.sum(gains * true_positives / predicted, axis=-1)
    return ratio(area, true_positives[..., -1])
