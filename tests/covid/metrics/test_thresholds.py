"""The threshold of Youden's J, by hand and against all others."""

import numpy as np
import pytest

from covid import metrics


@pytest.mark.parametrize(
    ("labels", "p", "expected"),
    [
        ([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9], 0.5),  # apart: the middle of the gap
        ([0, 0, 1, 1], [0.1, 0.2, 0.3, 0.9], 0.25),
        ([0, 1, 0, 1, 1], [0.2, 0.3, 0.4, 0.8, 0.9], 0.6),  # J = 2/3; at 0.25 it is 1/2
        ([0, 1, 0, 1], [0.1, 0.3, 0.5, 0.7], 0.6),  # J = 1/2 at 0.2 and 0.6: nearer to 0.5
        ([0, 1, 0, 1], [0.2, 0.4, 0.6, 0.8], 0.3),  # J = 1/2 at 0.3 and 0.7: the lower one
    ],
)
def test_threshold_by_hand(labels, p, expected):
    assert metrics.choose_threshold(np.array(labels), np.array(p)) == pytest.approx(expected)
    chosen = metrics.threshold_choice(np.array(labels), np.array(p))
    assert (chosen["chosen_on"], chosen["method"]) == ("validate", "Youden's J")


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


def test_no_threshold_has_a_larger_j(rng):
    labels = rng.integers(0, 2, 50)
    p = np.round(np.clip(rng.normal(0.4 + 0.2 * labels, 0.2), 0, 1), 2)

    def j(threshold):
        return np.mean(p[labels == 1] > threshold) - np.mean(p[labels == 0] > threshold)

    assert j(metrics.choose_threshold(labels, p)) == max(j(t) for t in np.linspace(-0.005, 1, 202))


def test_the_threshold_keeps_neighboring_numbers_apart():
    low = 0.7
    high = np.nextafter(low, 1)
    threshold = metrics.choose_threshold([0, 1], [low, high])
    assert low <= threshold < high
