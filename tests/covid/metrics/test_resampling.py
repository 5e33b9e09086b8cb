"""The bootstrap: whole groups, seeds, percentiles, and how often intervals hold the truth."""

import math
from statistics import NormalDist

import numpy as np
import pytest

from covid import metrics
from covid.metrics import resampling as drawing


def test_a_resample_draws_whole_groups_as_many_as_there_are():
    codes = metrics.group_codes(["b", "a", "b", "c", "c", "c"], 6)
    weights = drawing.resample_weights(codes, 500, np.random.default_rng(0))
    assert weights.shape == (500, 6)
    np.testing.assert_array_equal(weights[:, 0], weights[:, 2])
    np.testing.assert_array_equal(weights[:, 3], weights[:, 5])
    np.testing.assert_array_equal(weights[:, [0, 1, 3]].sum(axis=1), 3)
    assert weights[:, 0].mean() == pytest.approx(1, abs=0.1)
    assert weights[:, 0].var() == pytest.approx(3 * (1 / 3) * (2 / 3), abs=0.1)


def test_the_seed_decides_and_the_size_of_the_blocks_does_not(monkeypatch):
    def mean(weights):
        return {"mean": weights @ np.arange(30.0)}

    one = metrics.bootstrap(mean, np.arange(30), seed=5)["mean"]
    monkeypatch.setattr(drawing, "LARGEST_BLOCK", 300)
    np.testing.assert_array_equal(metrics.bootstrap(mean, np.arange(30), seed=5)["mean"], one)
    assert not np.array_equal(metrics.bootstrap(mean, np.arange(30), seed=6)["mean"], one)


def test_percentiles_leave_out_what_is_undefined():
    values = np.append(np.linspace(0, 1, 101), [np.nan] * 50)
    assert metrics.percentile_interval(values, 0.5) == pytest.approx((0.025, 0.975))
    assert metrics.percentile_interval(values, 0.99) == pytest.approx((0.025, 0.99))
    assert metrics.percentile_interval(np.append(values, [np.nan] * 60), 0.5) == (None, None)
    assert metrics.percentile_interval(np.full(9, 0.5), 0.5) == (None, None)
    assert metrics.percentile_interval(values, np.nan) == (None, None)


def test_the_basic_bootstrap_interval_mirrors_at_the_estimate():
    values = np.linspace(0.2, 0.4, 201)  # percentiles 0.205 and 0.395
    assert metrics.basic_bootstrap_interval(values, 0.25) == pytest.approx((0.105, 0.295))
    assert metrics.basic_bootstrap_interval(values, 0.1) == pytest.approx(
        (0, 0.1)
    )  # cut off; holds 0.1


def patients(rng, count=40, slices=8):
    """Scores of patients, half of them ill, who differ more than the slices of one of them."""
    ill = np.repeat(np.arange(count) % 2, slices)
    own = np.repeat(rng.normal(size=count), slices)
    return ill, 1.2 * ill + own + rng.normal(0, 0.5, count * slices)


def test_the_bootstrap_by_group_holds_the_truth_where_that_by_image_does_not(rng):
    """In 95 % of 200 studies of 40 patients, nearly; drawing slices holds it in far fewer.

    The true area under the ROC curve is that of two normal distributions.
    """
    truth = NormalDist().cdf(1.2 / math.sqrt(2 * (1 + 0.5**2)))
    codes = np.repeat(np.arange(40), 8)
    held = {"group": 0, "image": 0}
    for study in range(200):
        labels, scores = patients(rng)
        for kind, drawn in (("group", codes), ("image", np.arange(320))):
            found = metrics.bootstrap(
                lambda weights, y=labels, s=scores: {"auc": metrics.roc_auc(y, s, weights)},
                drawn,
                study,
                resamples=200,
            )["auc"]
            low, high = metrics.percentile_interval(found, float(metrics.roc_auc(labels, scores)))
            held[kind] += low <= truth <= high
    assert 0.88 <= held["group"] / 200 <= 1
    assert held["image"] / 200 < 0.7


def test_the_calibration_error_s_interval_is_no_better_and_no_worse_than_it_says(rng):
    """A calibrated model: the truth is 0. One that says p where p**2 comes true: it is 1 / 6."""
    held = {"reversed 0": 0, "percentile 0": 0, "reversed 1/6": 0}
    for study in range(100):
        for power in (1, 2):
            p = rng.random(200)
            labels = (rng.random(200) < p**power).astype(int)
            found = metrics.bootstrap(
                lambda weights, y=labels, p=p: {
                    "ece": metrics.expected_calibration_error(y, p, weights)
                },
                np.arange(200),
                study,
                resamples=200,
            )["ece"]
            value = float(metrics.expected_calibration_error(labels, p))
            low, high = metrics.basic_bootstrap_interval(found, value)
            if power == 1:
                held["reversed 0"] += low == 0
                held["percentile 0"] += metrics.percentile_interval(found, value)[0] == 0
            else:
                held["reversed 1/6"] += low <= 1 / 6 <= high
    assert 35 <= held["reversed 0"] <= 75 and held["percentile 0"] == 0
    assert held["reversed 1/6"] >= 85
