"""Student's t: printed tables, closed forms, SciPy, and how often an interval holds the truth."""

import numpy as np
import pytest

from covid.metrics.student_t import central_probability, t_interval, t_quantile


@pytest.mark.parametrize(
    "degrees, t", [(1, 12.706), (2, 4.303), (3, 3.182), (4, 2.776), (9, 2.262), (30, 2.042)]
)
def test_t_as_the_printed_tables_have_it(degrees, t):
    assert t_quantile(0.95, degrees) == pytest.approx(t, abs=6e-4)
    assert central_probability(t, degrees) == pytest.approx(0.95, abs=1e-4)


def test_t_in_closed_form():
    """For 1 degree tan(pi/2 * p), for 2 degrees p * sqrt(2 / (1 - p**2))."""
    for p in (0.1, 0.5, 0.9, 0.99):
        assert t_quantile(p, 1) == pytest.approx(np.tan(np.pi / 2 * p), rel=1e-12)
        assert t_quantile(p, 2) == pytest.approx(p * np.sqrt(2 / (1 - p * p)), rel=1e-12)


def test_t_as_scipy_has_it():
    stats = pytest.importorskip("scipy.stats")
    for degrees in (*range(1, 40), 99, 1000):
        for p in (0.01, 0.5, 0.9, 0.95, 0.999):
            assert t_quantile(p, degrees) == pytest.approx(
                stats.t.ppf((1 + p) / 2, degrees), rel=1e-9
            )


def test_t_interval_by_hand():
    """Mean 4, s = 2, n = 3: 4 -+ 4.3027 * 2 / sqrt(3)."""
    assert t_interval([2.0, 4.0, 6.0]) == pytest.approx((4, 4 - 4.96828, 4 + 4.96828), abs=1e-4)
    assert t_interval([0.5, 0.5]) == (0.5, 0.5, 0.5)


def test_a_t_interval_holds_the_truth_19_times_of_20():
    rng = np.random.default_rng(0)
    hits = 0
    for values in rng.normal(3.0, 2.0, (2000, 5)):
        _, low, high = t_interval(values)
        hits += low <= 3.0 <= high
    assert 0.935 < hits / 2000 < 0.965  # three standard errors
