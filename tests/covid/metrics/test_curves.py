"""ROC and precision-recall curves by hand, and weights as copies."""

import math

import numpy as np
import pytest

from covid import metrics
from covid.metrics import measuring
from covid.metrics import resampling as drawing

# Two positive and three negative images; one positive and one negative have the same score.
LABELS = np.array([1, 0, 1, 0, 0])
SCORES = np.array([0.9, 0.6, 0.6, 0.3, 0.1])


def test_roc_curve_by_hand():
    """The two equal scores are one slanting step."""
    x, y, thresholds = metrics.roc_curve(LABELS, SCORES)
    np.testing.assert_array_equal(thresholds, [np.inf, 0.9, 0.6, 0.3, 0.1])
    np.testing.assert_allclose(x, [0, 0, 1 / 3, 2 / 3, 1])
    np.testing.assert_allclose(y, [0, 0.5, 1, 1, 1])
    assert metrics.roc_auc(LABELS, SCORES) == pytest.approx(5.5 / 6)  # of 6 pairs one is equal


def test_roc_auc_is_the_share_of_pairs_in_order(rng):
    labels, scores = rng.integers(0, 2, 60), rng.integers(0, 8, 60) / 8
    pairs = scores[labels == 1][:, None] - scores[labels == 0]
    expected = np.mean((pairs > 0) + 0.5 * (pairs == 0))
    assert metrics.roc_auc(labels, scores) == pytest.approx(expected, abs=1e-14)
    assert metrics.roc_auc(labels, -scores) == pytest.approx(1 - expected, abs=1e-14)


def test_precision_recall_by_hand():
    precision, recall, thresholds = metrics.precision_recall_curve(LABELS, SCORES)
    np.testing.assert_array_equal(thresholds, [0.9, 0.6, 0.3, 0.1])
    np.testing.assert_allclose(precision, [1, 2 / 3, 2 / 4, 2 / 5])
    np.testing.assert_allclose(recall, [0.5, 1, 1, 1])
    assert metrics.average_precision(LABELS, SCORES) == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)


def test_a_perfect_order_is_exactly_1():
    labels, scores = np.repeat([0, 1], [13, 7]), np.linspace(0, 1, 20)
    assert metrics.roc_auc(labels, scores) == 1
    weights = drawing.resample_weights(np.arange(20), 200, np.random.default_rng(0))
    assert set(metrics.average_precision(labels, scores, weights)) == {1}


@pytest.mark.parametrize(
    ("labels", "scores"),
    [([], []), ([0, 1], [0.5]), ([0, 2], [0.1, 0.2]), ([0, 1], [0.1, math.nan])],
)
def test_bad_labels_and_scores_are_refused(labels, scores):
    with pytest.raises(ValueError, match="expected n > 0 labels of 0 or 1"):
        metrics.roc_auc(labels, scores)


@pytest.mark.parametrize("name", measuring.MEASURES)
def test_a_weight_counts_as_so_many_copies(name, rng):
    labels, p = rng.integers(0, 2, 40), rng.integers(0, 9, 40) / 8
    times = rng.integers(0, 4, 40)

    def values(labels, p, weights):
        return measuring._values(labels, p, (p > 0.4).astype(int), 0.1, weights)[name]

    copies = np.repeat(np.arange(40), times)
    one = values(labels, p, times.astype(float))
    other = values(labels[copies], p[copies], np.ones(len(copies)))
    assert one == pytest.approx(other, abs=1e-13)
