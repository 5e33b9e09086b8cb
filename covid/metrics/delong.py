"""DeLong's variance of the area under the ROC curve, from ranks, and its interval."""

import math

import numpy as np

from covid.metrics.curves import checked
from covid.metrics.proportions import NOTHING, Z_95, Interval


def midranks(values: np.ndarray) -> np.ndarray:
    """Ranks from 1; equal values share the mean of their ranks. (n,) -> (n,)"""
    _, which, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)  # the highest rank within each run of equal values
    return (last - (counts - 1) / 2)[which]


def delong_variance(labels, scores) -> tuple[float, float]:
    """Area under the ROC curve and the estimate of its variance.

    With m positive scores x and n negative scores y, the placement of x_i is the share of negative
    scores below it (equal ones count one half), and that of y_j the share of positive scores above
    it. The area is the mean of either; its variance is

        var(placements of x) / m + var(placements of y) / n     (sample variances)

    Ranks give the placements without comparing all m * n pairs: rank among all scores less rank
    within the own class is the number of scores of the other class that lie below.

    Sources: DeLong, DeLong and Clarke-Pearson 1988, "Comparing the areas under two or more
    correlated receiver operating characteristic curves: a nonparametric approach"; Sun and Xu 2014,
    "Fast implementation of DeLong's algorithm for comparing the areas under correlated receiver
    operating characteristic curves".

    Returns
    -------
    auc : float in [0, 1]
        nan where a class has no image.
    variance : float
        nan where a class has fewer than two images.
    """
    labels, scores = checked(labels, scores)
    positive, negative = scores[labels == 1], scores[labels == 0]
    m, n = len(positive), len(negative)
    if min(m, n) == 0:
        return math.nan, math.nan
    ranks = midranks(scores)
    placed_positive = (ranks[labels == 1] - midranks(positive)) / n
    placed_negative = 1 - (ranks[labels == 0] - midranks(negative)) / m
    auc = float(placed_positive.mean())
    if min(m, n) == 1:
        return auc, math.nan
    return auc, float(placed_positive.var(ddof=1) / m + placed_negative.var(ddof=1) / n)


def delong_interval(labels, scores, z: float = Z_95) -> Interval:
    """Confidence interval of the area under the ROC curve, by default of 95 %.

    auc -+ z * sqrt(DeLong's variance), cut off at 0 and 1. It treats the images as independent.

    Where the classes do not overlap the area is 1 and the variance 0. There the interval ends at a
    bound from disjoint pairs: min(m, n) pairs of one positive and one negative image share no
    image. Each pair is in order with a probability of the true area; that all are has a
    probability of at most true area ** min(m, n). So areas below tail ** (1 / min(m, n)) are
    rejected, tail being 2.5 % for an interval of 95 %. An area of 0 likewise.

    Returns
    -------
    low, high : float in [0, 1]
        (None, None) where a class has fewer than two images, or all scores are equal.
    """
    auc, variance = delong_variance(labels, scores)
    if math.isnan(variance):
        return NOTHING
    if variance > 0:
        spread = z * math.sqrt(variance)
        return max(0.0, auc - spread), min(1.0, auc + spread)
    if is_perfect(auc):
        pairs = min(np.sum(labels), len(labels) - np.sum(labels))
        bound = float((math.erfc(z / math.sqrt(2)) / 2) ** (1 / pairs))  # erfc: both tails
        return (bound, 1.0) if auc == 1 else (0.0, 1 - bound)
    return NOTHING


def is_perfect(auc: float) -> bool:
    """Whether the classes do not overlap, in either order."""
    return auc in (0.0, 1.0)
