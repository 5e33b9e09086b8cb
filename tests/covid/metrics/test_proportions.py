"""Shares, Wilson's interval and Fisher's test, by hand and from a published table."""

import numpy as np
import pytest

from covid import metrics
from covid.metrics.proportions import fisher_exact


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


@pytest.mark.parametrize(
    ("successes", "totals", "p"),
    [
        # Fisher's lady tasting tea: (1 + 16 + 16 + 1) of the 70 ways to choose four cups of eight
        ((3, 1), (4, 4), 34 / 70),
        ((4, 0), (4, 4), 2 / 70),
        ((2, 2), (4, 4), 1),
        # C(3, 2) = 3 of C(5, 2) = 10 ways; the others, 6 and 1: only the 1 is as unlikely
        ((2, 0), (3, 2), 4 / 10),
        ((0, 0), (7, 5), 1),
        ((7, 5), (7, 5), 1),
        ((0, 0), (0, 5), 1),
    ],
)
def test_fisher_by_hand(successes, totals, p):
    assert fisher_exact(successes, totals) == pytest.approx(p, rel=1e-12)
    assert fisher_exact(successes[::-1], totals[::-1]) == pytest.approx(p, rel=1e-12)


def test_fisher_as_scipy_has_it():
    stats = pytest.importorskip("scipy.stats")
    rng = np.random.default_rng(0)
    for most in (5, 40, 2000):
        for _ in range(30):
            totals = rng.integers(1, most, 2).tolist()
            found = [int(rng.integers(total + 1)) for total in totals]
            table = [found, [total - one for total, one in zip(totals, found, strict=True)]]
            expected = stats.fisher_exact(table).pvalue
            assert fisher_exact(found, totals) == pytest.approx(expected, rel=1e-8, abs=1e-300)
