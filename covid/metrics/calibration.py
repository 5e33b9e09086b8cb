"""Calibration: Brier score, reliability bins, expected calibration error (ECE)."""

from typing import NamedTuple

import numpy as np

from covid.metrics.curves import checked
from covid.metrics.proportions import ratio

BINS = 10


class Bins(NamedTuple):
    """Reliability of bins of equal width; the first is [0, 0.1], the next ones (0.1, 0.2] ..."""

    edges: np.ndarray  # (bins + 1,), from 0 to 1
    counts: np.ndarray  # (..., bins), images in each bin
    mean_probability: np.ndarray  # (..., bins), predicted; nan in an empty bin
    share_positive: np.ndarray  # (..., bins), observed; nan in an empty bin


def brier_score(labels, probabilities, weights: np.ndarray | None = None) -> np.ndarray:
    """Mean of (probability - label)**2: 0 is perfect, always saying 1/2 gives 1/4.

    Source: Brier 1950, "Verification of forecasts expressed in terms of probability", halved for
    two classes, as is usual.
    """
    labels, probabilities = checked(labels, probabilities)
    weights = np.ones(len(labels)) if weights is None else weights
    return ratio(weights @ (probabilities - labels) ** 2, weights.sum(axis=-1))


def reliability_bins(
    labels, probabilities, weights: np.ndarray | None = None, bins: int = BINS
) -> Bins:
    """Mean probability and share of positive images in bins of equal width."""
    labels, probabilities = checked(labels, probabilities)
    weights = np.ones(len(labels)) if weights is None else weights
    edges = np.linspace(0, 1, bins + 1)
    # A probability on an edge belongs to the bin below it.
    bin_of = np.searchsorted(edges[1:-1], probabilities, side="left")
    member = (bin_of[:, None] == np.arange(bins)).astype(float)  # (n,) -> (n, bins)
    counts = weights @ member  # (..., n) @ (n, bins) -> (..., bins)
    predicted = ratio(weights @ (member * probabilities[:, None]), counts)
    return Bins(edges, counts, predicted, ratio(weights @ (member * labels[:, None]), counts))


def expected_calibration_error(
    labels, probabilities, weights: np.ndarray | None = None, bins: int = BINS
) -> np.ndarray:
    """Sum over bins of count / n * |share positive - mean probability|.

    Of the positive class's probability, so that both ends count alike. Even a perfectly
    calibrated model gets more than 0 from few images: each bin's share scatters by chance.

    Source: Naeini et al. 2015, "Obtaining well calibrated probabilities using Bayesian binning";
    bins as in Guo et al. 2017, "On calibration of modern neural networks".
    """
    found = reliability_bins(labels, probabilities, weights, bins)
    gaps = np.abs(found.share_positive - found.mean_probability)
    gaps = np.where(np.isnan(gaps), 0.0, gaps)  # an empty bin weighs nothing
    return ratio((found.counts * gaps).sum(axis=-1), found.counts.sum(axis=-1))
