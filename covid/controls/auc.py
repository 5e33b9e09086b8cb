"""The area under the ROC curve and its interval."""

from __future__ import annotations

import numpy as np

from covid.evaluate import Z_95


def roc_auc(labels: np.ndarray, p: np.ndarray) -> float:
    """How often an image of label 1 gets a higher p than one of label 0; equal ones count half.

    Mann and Whitney's statistic, by ranks.
    """
    labels = np.asarray(labels)
    positives = int(labels.sum())
    negatives = len(labels) - positives
    above = ranks(p)[labels == 1].sum() - positives * (positives + 1) / 2
    return float(above / (positives * negatives))


def delong_interval(labels: np.ndarray, p: np.ndarray) -> tuple[float, float]:
    """95 % interval of the AUC for independent images (DeLong et al. 1988), cut to [0, 1].

    variance = var(v1) / positives + var(v0) / negatives, where v1 is for each positive image the
    share of negatives below it, and v0 for each negative image that of positives above it.
    """
    labels, p = np.asarray(labels), np.asarray(p)
    one, zero = p[labels == 1], p[labels == 0]
    together = ranks(np.concatenate([one, zero]))
    v1 = (together[: len(one)] - ranks(one)) / len(zero)
    v0 = 1 - (together[len(one) :] - ranks(zero)) / len(one)
    variance = sum(np.var(v, ddof=1) / len(v) if len(v) > 1 else 0.0 for v in (v1, v0))
    spread, auc = Z_95 * np.sqrt(variance), v1.mean()
    return float(max(0.0, auc - spread)), float(min(1.0, auc + spread))


def ranks(values: np.ndarray) -> np.ndarray:
    """Ranks from 1, equal values sharing the mean of theirs, (n,) float."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts - 1) / 2)[inverse]
