"""Accuracy and AUC of a control with 95 % intervals, by group where groups are known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from covid.metrics import (
    bootstrap,
    delong_interval,
    enough_groups,
    group_codes,
    percentile_interval,
    roc_auc,
    wilson_interval,
)

Z_99 = 2.5758293035489004  # 99.5 % point of the normal distribution: a 99 % interval
BY_IMAGE, BY_GROUP, NO_INTERVAL = "Wilson and DeLong by image", "bootstrap by group", "none"


class Measured(NamedTuple):
    """Accuracy and AUC in [0, 1]; the intervals' ends are None where there is no interval."""

    accuracy: float
    accuracy_low: float | None  # 95 % intervals
    accuracy_high: float | None
    auc: float
    auc_low: float | None
    auc_high: float | None
    auc_low_99: float | None  # lower end of the 99 % interval
    interval: str  # the method


def measured(
    labels: np.ndarray,
    p: np.ndarray,
    threshold: float,
    groups: Sequence[str] | None,
    kept_apart: bool,
    seed: int,
) -> Measured:
    """Accuracy at a threshold and AUC, each with a 95 % interval.

    Slices of one patient are not independent. Where patients are known, the bootstrap draws whole
    patients, unless there are fewer than five of a class. Then there is no interval if patients
    were kept apart: nothing is known of other patients. If their slices are in train and in test
    anyway, the interval is by image, for further slices of the same patients.

    Labels and probabilities `p` are (n,); `groups` are those of the images, None where they are not
    known; `kept_apart` says whether none is both in train and in test.
    """
    if enough_groups(labels, groups):
        return measured_by_group(labels, p, threshold, group_codes(groups, len(labels)), seed)
    right = (p.astype(float) > threshold) == labels
    accuracy, auc = float(np.mean(right)), float(roc_auc(labels, p))
    if groups is not None and kept_apart:
        return Measured(accuracy, None, None, auc, None, None, None, NO_INTERVAL)
    around = wilson_interval(int(right.sum()), len(right))
    low, high = delong_interval(labels, p)
    low_99, _ = delong_interval(labels, p, Z_99)
    return Measured(accuracy, *around, auc, low, high, low_99, BY_IMAGE)


def measured_by_group(
    labels: np.ndarray, p: np.ndarray, threshold: float, codes: np.ndarray, seed: int
) -> Measured:
    """The same by the bootstrap of whole groups; `codes`, (n,), are the groups' codes.

    Where all predictions are right, or the classes do not overlap, so it is in every resample, and
    the interval would be a point. There every group counts as one sample: Wilson's interval of
    the groups, and DeLong's bound for as many images of each class as it has groups.
    Where all images have the same score the AUC has no interval.
    """
    right = (p.astype(float) > threshold) == labels
    accuracy, auc = float(np.mean(right)), float(roc_auc(labels, p))

    def values(weights: np.ndarray) -> dict[str, np.ndarray]:
        """(b, n) weights -> name -> (b,)."""
        shares = weights @ right / weights.sum(axis=-1)
        return {"accuracy": shares, "auc": roc_auc(labels, p, weights)}

    drawn = bootstrap(values, codes, seed)
    around = percentile_interval(drawn["accuracy"], accuracy)
    if accuracy in (0.0, 1.0):
        groups = len(np.unique(codes))
        around = wilson_interval(int(accuracy) * groups, groups)
    low, high = percentile_interval(drawn["auc"], auc)
    low_99 = None if low is None else float(np.nanpercentile(drawn["auc"], 0.5))
    if auc in (0.0, 1.0):
        # An image of each class in each group stands for all of them: (groups, up to twice)
        one = np.unique(2 * codes + labels, return_index=True)[1]
        low, high = delong_interval(labels[one], p[one])
        low_99, _ = delong_interval(labels[one], p[one], Z_99)
    return Measured(accuracy, *around, auc, low, high, low_99, BY_GROUP)
