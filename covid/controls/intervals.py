"""Accuracy and AUC of a control with 95 % intervals that fit how the images belong together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from covid.metrics import delong_interval, roc_auc, wilson_interval
from minicnn.metrics import THRESHOLD

Z_99 = 2.5758293035489004  # 99.5 % point of the normal distribution: a 99 % interval
FEWEST_GROUPS = 5  # of each class: fewer cannot tell how much patients differ
RESAMPLES = 1000
BY_IMAGE, BY_GROUP, NO_INTERVAL = "Wilson and DeLong by image", "bootstrap by group", "none"


class Measured(NamedTuple):
    """Accuracy and AUC in [0, 1]; the intervals' ends are None where there is no interval.

    The intervals are of 95 %; `auc_low_99` is the lower end of the 99 % interval of the AUC.
    """

    accuracy: float
    accuracy_low: float | None
    accuracy_high: float | None
    auc: float
    auc_low: float | None
    auc_high: float | None
    auc_low_99: float | None
    method: str


def measured(
    labels: np.ndarray,
    p: np.ndarray,
    groups: Sequence[str] | None,
    kept_apart: bool,
    seed: int,
) -> Measured:
    """Accuracy at 0.5 and AUC, each with a 95 % interval.

    Slices of one patient are no independent witnesses. Where patients are known, whole patients
    are drawn, not images. Where there are fewer than five of a class that cannot be done. Then
    there is no interval if patients were kept apart: nothing can be said of other patients. If
    their slices are in train and in test anyway, the question is not other patients but further
    slices of these, for which images count.

    Parameters
    ----------
    labels : (n,) int array
    p : (n,) float array
    groups : sequence of str, or None
        Of each image; None where they are not known.
    kept_apart : bool
        Whether no group is both in train and in test.
    seed : int
        Of the bootstrap.
    """
    right = (p > THRESHOLD) == labels
    accuracy, auc = float(np.mean(right)), float(roc_auc(labels, p))
    if groups is not None:
        numbers = np.unique(np.asarray(groups), return_inverse=True)[1]
        drawn = drawn_groups(labels, numbers, seed)
        if drawn is not None:
            sizes = np.bincount(numbers)
            shares = (drawn @ np.bincount(numbers, weights=right)) / (drawn @ sizes)
            areas = drawn_aucs(labels, p, numbers, drawn)
            sure = float(np.percentile(areas, 0.5))
            return Measured(accuracy, *ends(shares), auc, *ends(areas), sure, BY_GROUP)
        if kept_apart:
            return Measured(accuracy, None, None, auc, None, None, None, NO_INTERVAL)
    around = wilson_interval(int(right.sum()), len(right))
    low, high = delong_interval(labels, p)
    sure, _ = delong_interval(labels, p, Z_99)
    return Measured(accuracy, *around, auc, low, high, sure, BY_IMAGE)


def ends(values: np.ndarray) -> tuple[float, float]:
    """The middle 95 % of resampled values: where they begin and end."""
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)


def drawn_groups(labels: np.ndarray, numbers: np.ndarray, seed: int) -> np.ndarray | None:
    """How often each group is drawn when groups are drawn with replacement, 1000 times.

    Drawn within each class (groups that hold both classes apart), so that every drawing has
    both. Efron and Tibshirani 1993, "An Introduction to the Bootstrap", chapter 8.

    Parameters
    ----------
    labels, numbers : (n,) int arrays
        Of each image; groups are numbered from 0.

    Returns
    -------
    (1000, groups) int array, or None where a class has fewer than five groups.
    """
    sizes, positives = np.bincount(numbers), np.bincount(numbers, weights=labels)
    kinds = np.where(positives == 0, 0, np.where(positives == sizes, 1, 2))
    if min(np.sum(kinds != 0), np.sum(kinds != 1)) < FEWEST_GROUPS:
        return None
    rng = np.random.default_rng((seed, 0xB007))
    drawn = np.zeros((RESAMPLES, len(sizes)), int)
    for kind in range(3):
        members = np.flatnonzero(kinds == kind)
        if len(members) > 0:
            even = np.full(len(members), 1 / len(members))
            drawn[:, members] = rng.multinomial(len(members), even, RESAMPLES)
    return drawn


def drawn_aucs(labels, p, numbers, drawn) -> np.ndarray:
    """The AUC of every drawing, (1000,).

    The AUC is the share of pairs (positive, negative image) in the right order. These are
    counted once for every two groups; a drawing then only says how often each count matters.
    """
    groups = drawn.shape[1]
    negative = labels == 0
    won = np.zeros((groups, groups))  # by positives of one group over negatives of another
    for group in range(groups):
        own = p[(numbers == group) & (labels == 1), None]  # (positives, 1)
        below = (own > p[negative]) + 0.5 * (own == p[negative])  # (positives, negatives)
        won[group] = np.bincount(numbers[negative], weights=below.sum(axis=0), minlength=groups)
    positives = drawn @ np.bincount(numbers, weights=labels)
    negatives = drawn @ np.bincount(numbers, weights=negative)
    return np.sum((drawn @ won) * drawn, axis=1) / (positives * negatives)
