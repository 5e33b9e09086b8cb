"""The threshold by Youden's J, by hand and against all others."""

import numpy as np
import pytest

from covid import metrics
from covid.metrics.thresholds import YOUDEN


@pytest.mark.parametrize(
    ("labels", "p", "expected"),
    [
        ([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9], 0.5),  # apart: 0.5, which lies in the gap
        ([0, 0, 1, 1], [0.1, 0.2, 0.7, 0.9], 0.5),  # and is not its middle
        ([0, 0, 1, 1], [0.1, 0.2, 0.3, 0.9], 0.25),  # of J = 1 the standard error is 0
        ([0, 1, 0, 1, 1], [0.2, 0.3, 0.4, 0.8, 0.9], 0.5),  # J = 2/3; at 0.25 it is 1/2
        ([0, 1, 0, 1], [0.1, 0.3, 0.55, 0.7], 0.625),  # J = 1/2 at 0.2, too: nearer to 0.5
        ([0, 1, 0, 1], [0.2, 0.4, 0.6, 0.8], 0.3),  # J = 1/2 at 0.3 and 0.7: the lower one
        # J = 0.8 at 0.25, with a standard error of 0.13: 0.7 is as good, 0.6 is not
        ([0] * 10 + [1] * 10, [0.2] * 12 + [0.3] + [0.9] * 7, 0.5),
        ([0] * 10 + [1] * 10, [0.2] * 12 + [0.3, 0.4] + [0.9] * 6, 0.35),
        # J = 0.8, its standard error 0.08: at 0.5 it is 0.72, just as good
        ([0] * 25 + [1] * 25, [0.02] * 25 + [0.01] * 5 + [0.3] * 2 + [0.9] * 18, 0.5),
    ],
)
def test_threshold_by_hand(labels, p, expected):
    assert metrics.choose_threshold(np.array(labels), np.array(p)) == pytest.approx(expected)
    chosen = metrics.threshold_choice(np.array(labels), np.array(p))
    assert (chosen["chosen_on"], chosen["method"]) == ("validate", YOUDEN)


@pytest.mark.parametrize(
    ("labels", "p", "why"),
    [
        ([1, 1, 0, 0], [0.1, 0.2, 0.3, 0.4], "are told apart by none"),  # upside down
        ([0, 1], [0.7, 0.7], "are told apart by none"),
        ([1, 1], [0.1, 0.9], "are of one class"),
        ([1], [0.9], "are of one class"),
    ],
)
def test_where_none_can_be_chosen_it_is_a_half_and_that_is_said(labels, p, why):
    assert metrics.choose_threshold(labels, p) is None
    method = f"none was chosen: the validation images {why}"
    chosen = metrics.threshold_choice(labels, p)
    assert chosen == {"value": 0.5, "chosen_on": None, "method": method}


def test_no_threshold_has_a_much_larger_j(rng):
    labels = rng.integers(0, 2, 50)
    p = np.round(np.clip(rng.normal(0.7 + 0.2 * labels, 0.1), 0, 1), 2)

    def j(threshold):
        sensitivity = np.mean(p[labels == 1] > threshold)
        false_alarms = np.mean(p[labels == 0] > threshold)
        variance = sensitivity * (1 - sensitivity) / np.sum(labels == 1)
        variance += false_alarms * (1 - false_alarms) / np.sum(labels == 0)
        return sensitivity - false_alarms, np.sqrt(variance)

    best, error = max(j(t) for t in np.linspace(-0.005, 1, 202))
    chosen = metrics.choose_threshold(labels, p)
    assert best - error <= j(chosen)[0] <= best
    nearer = [t for t in np.linspace(-0.005, 1, 202) if abs(t - 0.5) < abs(chosen - 0.5)]
    same = j(chosen)[0]  # between the same two scores
    worse = [t for t in nearer if j(t)[0] != same]
    assert worse and all(j(t)[0] < best - error for t in worse)


def test_the_threshold_keeps_neighboring_numbers_apart():
    low = 0.7
    high = np.nextafter(low, 1)
    threshold = metrics.choose_threshold([0, 1], [low, high])
    assert low <= threshold < high
