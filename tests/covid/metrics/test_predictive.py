"""Predictive values at a prevalence, by natural frequencies, and how often their intervals hold."""

import numpy as np
import pytest

from covid import metrics
from covid.metrics.proportions import Counts


def test_predictive_values_by_natural_frequencies():
    """Of 10,000 people 100 are ill; 90 of them and 891 of the 9,900 others are called positive."""
    ppv, npv = metrics.predictive_values(0.9, 0.91, prevalence=0.01)
    assert ppv == pytest.approx(90 / (90 + 891), abs=1e-15)
    assert npv == pytest.approx(9009 / (9009 + 10), abs=1e-15)


def test_predictive_values_at_the_sample_s_own_share_are_the_plain_ones():
    counts = Counts(30, 10, 5, 15)
    ppv, npv = metrics.predictive_values(15 / 20, 30 / 40, prevalence=20 / 60)
    assert ppv == pytest.approx(counts.true_positive / 25)
    assert npv == pytest.approx(counts.true_negative / 35)


def test_predictive_values_where_nobody_is_called_so():
    ppv, npv = metrics.predictive_values(0.0, 1.0, 0.1)
    assert np.isnan(ppv) and npv == pytest.approx(0.9)
    assert metrics.predictive_intervals(Counts(5, 0, 5, 0), 0.1)[0] == (None, None)
    assert metrics.predictive_intervals(Counts(5, 0, 0, 0), 0.1) == ((None, None),) * 2


def test_predictive_intervals_hold_the_truth_at_least_as_often_as_promised(rng):
    """True sensitivity 0.8, specificity 0.7, prevalence 0.2: PPV 0.4, NPV 0.933..."""
    truth = metrics.predictive_values(0.8, 0.7, 0.2)
    held = np.zeros(2)
    for _ in range(600):
        right = rng.binomial(40, 0.8), rng.binomial(60, 0.7)
        counts = Counts(right[1], 60 - right[1], 40 - right[0], right[0])
        intervals = metrics.predictive_intervals(counts, 0.2)
        held += [low <= value <= high for (low, high), value in zip(intervals, truth, strict=True)]
    assert (held / 600 > 0.95).all()
