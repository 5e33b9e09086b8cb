"""Accuracy and AUC of a control with 95 % intervals that fit how the images belong together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

# A stand-in: `covid.metrics` has both.
from covid.controls.auc import delong_interval, roc_auc
from covid.evaluate import wilson_interval
from minicnn.metrics import THRESHOLD

FEWEST_GROUPS = 5  # of each class: fewer cannot tell how much patients differ
RESAMPLES = 1000
BY_IMAGE, BY_GROUP, NO_INTERVAL = "Wilson and DeLong by image", "bootstrap by group", "none"


class Measured(NamedTuple):
    """Accuracy and AUC in [0, 1]; the intervals' ends are None where there is no interval."""

    accuracy: float
    accuracy_low: float | None
    accuracy_high: float | None
    auc: float
    auc_low: float | None
    auc_high: float | None
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
    accuracy, auc = float(np.mean(right)), roc_auc(labels, p)
    if groups is not None:
        drawn = resampled(labels, groups, seed)
        if drawn is not None:
            shares = np.array([right[chosen].mean() for chosen in drawn])
            areas = np.array([roc_auc(labels[chosen], p[chosen]) for chosen in drawn])
            return Measured(accuracy, *ends(shares), auc, *ends(areas), BY_GROUP)
        if kept_apart:
            return Measured(accuracy, None, None, auc, None, None, NO_INTERVAL)
    around = wilson_interval(int(right.sum()), len(right))
    return Measured(accuracy, *around, auc, *delong_interval(labels, p), BY_IMAGE)


def ends(values: np.ndarray) -> tuple[float, float]:
    """The middle 95 % of resampled values: where they begin and end."""
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)


def resampled(labels: np.ndarray, groups: Sequence[str], seed: int) -> list[np.ndarray] | None:
    """Indices of the images of groups drawn with replacement, 1000 times.

    Drawn within each class (groups that hold both classes apart), so that every drawing has
    both. Efron and Tibshirani 1993, "An Introduction to the Bootstrap", section 8.

    Returns
    -------
    list of int arrays, or None where a class has fewer than five groups.
    """
    numbers = np.unique(np.asarray(groups), return_inverse=True)[1]
    members = [np.flatnonzero(numbers == number) for number in range(numbers.max() + 1)]
    kinds = [(int(labels[rows].min()), int(labels[rows].max())) for rows in members]
    if min(sum(label in kind for kind in kinds) for label in (0, 1)) < FEWEST_GROUPS:
        return None
    strata = [
        [rows for rows, of in zip(members, kinds, strict=True) if of == kind]
        for kind in sorted(set(kinds))
    ]
    rng = np.random.default_rng((seed, 0xB007))
    return [
        np.concatenate(
            [stratum[pick] for stratum in strata for pick in rng.integers(len(stratum), size=len(stratum))]
        )
        for _ in range(RESAMPLES)
    ]
