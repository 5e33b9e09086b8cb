"""Spearman's rank correlation: whether two maps put the places of an image in the same order."""

import numpy as np


def ranks(values: np.ndarray) -> np.ndarray:
    """Rank of each value, from 1 for the smallest; equal values share the mean of their ranks.

    With `counts` how often each different value occurs, the last of its ranks is
    cumsum(counts), the first one cumsum(counts) - counts + 1, and their mean lies half way.
    """
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    mean_ranks = np.cumsum(counts) - (counts - 1) / 2
    return mean_ranks[place.reshape(-1)]


def rank_correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Spearman's coefficient: Pearson's correlation of the ranks.

        r = sum(u * v) / sqrt(sum(u ** 2) * sum(v ** 2)),  u and v ranks less their mean

    1: the same order; -1: the reverse order; about 0: no relation. Only the order counts, so maps
    of different scales can be compared. Source: Spearman 1904, "The proof and measurement of
    association between two things". ValueError if the shapes differ, or the arrays are empty.

    Parameters
    ----------
    a, b : float arrays of equal shape

    Returns
    -------
    r : float in [-1, 1]; NaN if one of them is constant or has a NaN.
    """
    a, b = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if a.shape != b.shape or not a.size:
        raise ValueError(
            f"rank_correlation: expected two nonempty arrays of one shape, got "
            f"{a.shape} and {b.shape}"
        )
    if np.isnan(a).any() or np.isnan(b).any():
        return float("nan")
    u, v = ranks(a), ranks(b)
    u, v = u - u.mean(), v - v.mean()
    spread = np.sqrt(np.sum(u**2) * np.sum(v**2))
    return float(np.clip(np.sum(u * v) / spread, -1, 1)) if spread else float("nan")
