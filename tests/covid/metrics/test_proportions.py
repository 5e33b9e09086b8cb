"""Shares and Wilson's interval, by hand and from a published table."""

import numpy as np
import pytest

from covid import metrics


def test_shares_by_hand():
    counts = metrics.count(np.array([1, 1, 1, 0, 0, 0, 0]), np.array([1, 1, 0, 1, 0, 0, 0]))
    assert [float(cell) for cell in counts] == [3, 1, 1, 2]
    assert metrics.sensitivity(counts) == 2 / 3
    assert metrics.specificity(counts) == 3 / 4
    assert metrics.accuracy(counts) == 5 / 7
    assert metrics.balanced_accuracy(counts) == (2 / 3 + 3 / 4) / 2
    assert metrics.f1_score(counts) == 4 / 6


def test_what_is_undefined_is_nan():
    only_negative = metrics.count(np.zeros(3, int), np.zeros(3, int))
    assert np.isnan(metrics.sensitivity(only_negative))
    assert np.isnan(metrics.f1_score(only_negative))
    assert metrics.specificity(only_negative) == 1
    assert np.isnan(metrics.roc_auc([0, 0], [0.1, 0.2]))
    assert np.isnan(metrics.average_precision([0, 0], [0.1, 0.2]))


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [  # Newcombe 1998, "Two-sided confidence intervals for the single proportion", table I
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_interval_of_a_published_table(successes, n, low, high):
    assert metrics.wilson_interval(successes, n) == pytest.approx((low, high), abs=5e-5)


def test_wilson_interval_is_symmetric_and_inside_0_and_1():
    for n in (1, 2, 7, 400):
        for successes in range(0, n + 1, max(n // 7, 1)):
            low, high = metrics.wilson_interval(successes, n)
            assert 0 <= low <= successes / n + 1e-12 and successes / n - 1e-12 <= high <= 1
            assert metrics.wilson_interval(n - successes, n) == pytest.approx((1 - high, 1 - low))


def test_wilson_interval_of_nothing_is_refused():
    with pytest.raises(ValueError, match="at least one trial"):
        metrics.wilson_interval(0, 0)
