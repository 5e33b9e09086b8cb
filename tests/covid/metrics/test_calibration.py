"""Brier score and calibration error, by hand."""

import numpy as np
import pytest

from covid import metrics


def test_brier_and_bins_by_hand():
    labels, p = np.array([0, 1, 1, 0]), np.array([0.1, 0.9, 0.95, 0.15])
    assert metrics.brier_score(labels, p) == pytest.approx(
        (0.01 + 0.01 + 0.0025 + 0.0225) / 4, abs=1e-15
    )
    bins = metrics.reliability_bins(labels, p)
    # 0.1 lies on an edge and belongs to the bin below it, as 0.9 does.
    assert bins.counts.tolist() == [1, 1, 0, 0, 0, 0, 0, 0, 1, 1]
    assert bins.mean_probability[[0, 1, 8, 9]].tolist() == [0.1, 0.15, 0.9, 0.95]
    assert bins.share_positive[[0, 1, 8, 9]].tolist() == [0, 0, 1, 1]
    error = metrics.expected_calibration_error(labels, p)
    assert error == pytest.approx((0.1 + 0.15 + 0.1 + 0.05) / 4, abs=1e-15)


def test_calibration_error_of_a_whole_bin():
    """Ten images at 0.7, four of them positive: it promised 0.3 too much."""
    labels = np.repeat([1, 0], [4, 6])
    assert metrics.expected_calibration_error(labels, np.full(10, 0.7)) == pytest.approx(0.3)
