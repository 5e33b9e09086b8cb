"""Measures of predictions beside scikit-learn's and SciPy's, to 1e-12."""

import numpy as np
import pytest

from covid import metrics

peer = pytest.importorskip("sklearn.metrics")
calibration = pytest.importorskip("sklearn.calibration")
stats = pytest.importorskip("scipy.stats")
CLOSE = {"rtol": 0, "atol": 1e-12}


def images(kind: str):
    """Labels and probabilities of one kind of difficulty."""
    rng = np.random.default_rng(len(kind))
    n, share = (400, 0.5) if kind != "imbalanced" else (2000, 0.02)
    labels = (rng.random(n) < share).astype(int)
    p = np.clip(rng.normal(0.4 + 0.2 * labels, 0.2), 0, 1)
    if kind == "ties":
        p = np.round(p, 1)
    elif kind == "single positive":
        labels = (np.arange(n) == 7).astype(int)
    elif kind == "all equal":
        p = np.full(n, 0.3)
    elif kind == "float32":
        p = p.astype(np.float32).astype(float)  # theirs would reckon in float32
    return labels, p


KINDS = ("random", "ties", "imbalanced", "single positive", "all equal", "float32")


@pytest.mark.parametrize("kind", KINDS)
def test_curves_and_areas(kind):
    labels, p = images(kind)
    ours, theirs = metrics.roc_curve(labels, p), peer.roc_curve(labels, p, drop_intermediate=False)
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one, other, **CLOSE)
    np.testing.assert_allclose(metrics.roc_auc(labels, p), peer.roc_auc_score(labels, p), **CLOSE)
    precision, recall, thresholds = peer.precision_recall_curve(labels, p)
    # Theirs rise, and end with a point of their own where nothing is called positive.
    theirs = precision[-2::-1], recall[-2::-1], thresholds[::-1]
    for one, other in zip(metrics.precision_recall_curve(labels, p), theirs, strict=True):
        np.testing.assert_allclose(one, other, **CLOSE)
    expected = peer.average_precision_score(labels, p)
    np.testing.assert_allclose(metrics.average_precision(labels, p), expected, **CLOSE)


@pytest.mark.parametrize("kind", KINDS)
def test_weighted_areas(kind):
    labels, p = images(kind)
    weights = np.random.default_rng(1).integers(0, 4, (3, len(labels))).astype(float)
    weights[:, labels == 1] += 1  # some weight for each class
    for weight, auc, average in zip(
        weights,
        metrics.roc_auc(labels, p, weights),
        metrics.average_precision(labels, p, weights),
        strict=True,
    ):
        expected = peer.roc_auc_score(labels, p, sample_weight=weight)
        np.testing.assert_allclose(auc, expected, **CLOSE)
        expected = peer.average_precision_score(labels, p, sample_weight=weight)
        np.testing.assert_allclose(average, expected, **CLOSE)


@pytest.mark.parametrize("kind", KINDS)
def test_shares_at_a_threshold(kind):
    labels, p = images(kind)
    predicted = (p > 0.25).astype(int)
    counts = metrics.count(labels, predicted)
    expected = peer.confusion_matrix(labels, predicted).ravel()
    np.testing.assert_array_equal(counts, expected)
    for ours, theirs in (
        (metrics.sensitivity, peer.recall_score),
        (metrics.accuracy, peer.accuracy_score),
        (metrics.balanced_accuracy, peer.balanced_accuracy_score),
        (metrics.f1_score, peer.f1_score),
    ):
        np.testing.assert_allclose(ours(counts), theirs(labels, predicted), **CLOSE)
    share = labels.mean()
    ppv, _ = metrics.predictive_values(
        metrics.sensitivity(counts), metrics.specificity(counts), share
    )
    np.testing.assert_allclose(ppv, peer.precision_score(labels, predicted), **CLOSE)


@pytest.mark.parametrize("kind", KINDS)
def test_calibration(kind):
    labels, p = images(kind)
    expected = peer.brier_score_loss(labels, p)
    np.testing.assert_allclose(metrics.brier_score(labels, p), expected, **CLOSE)
    bins = metrics.reliability_bins(labels, p)
    true, promised = calibration.calibration_curve(labels, p, n_bins=10, strategy="uniform")
    filled = bins.counts > 0
    np.testing.assert_allclose(bins.share_positive[filled], true, **CLOSE)
    np.testing.assert_allclose(bins.mean_probability[filled], promised, **CLOSE)


@pytest.mark.parametrize("n", [1, 2, 17, 400])
@pytest.mark.parametrize("confidence", [0.5, 0.95, 0.999])
def test_wilson_interval(n, confidence):
    z = stats.norm.ppf((1 + confidence) / 2)
    for successes in range(0, n + 1, max(n // 9, 1)):
        theirs = stats.binomtest(successes, n).proportion_ci(confidence, method="wilson")
        ours = metrics.wilson_interval(successes, n, z)
        np.testing.assert_allclose(ours, (theirs.low, theirs.high), **CLOSE)


@pytest.mark.parametrize("kind", KINDS)
def test_area_is_the_mann_whitney_statistic(kind):
    labels, p = images(kind)
    positive, negative = p[labels == 1], p[labels == 0]
    u = stats.mannwhitneyu(positive, negative, method="asymptotic").statistic
    expected = u / len(positive) / len(negative)
    np.testing.assert_allclose(metrics.delong_variance(labels, p)[0], expected, **CLOSE)


@pytest.mark.parametrize("kind", ["random", "ties", "imbalanced"])
def test_delong_is_the_variance_of_the_placements_compared_pair_by_pair(kind):
    """The definition of 1988, all pairs: what the ranks are to shorten."""
    labels, p = images(kind)
    positive, negative = p[labels == 1], p[labels == 0]
    psi = np.heaviside(positive[:, None] - negative, 0.5)  # (m, n): 1 in order, 1/2 equal
    placed_positive, placed_negative = psi.mean(axis=1), psi.mean(axis=0)
    expected = stats.sem(placed_positive) ** 2 + stats.sem(placed_negative) ** 2
    np.testing.assert_allclose(metrics.delong_variance(labels, p)[1], expected, **CLOSE)


def test_the_threshold_is_within_one_standard_error_of_the_best_point_of_their_curve():
    labels, p = images("random")
    false_alarms, hits, _ = peer.roc_curve(labels, p, drop_intermediate=False)
    best = np.argmax(hits - false_alarms)
    variance = hits[best] * (1 - hits[best]) / labels.sum()
    variance += false_alarms[best] * (1 - false_alarms[best]) / (1 - labels).sum()
    predicted = p > metrics.choose_threshold(labels, p)
    j = peer.balanced_accuracy_score(labels, predicted, adjusted=True)
    highest = (hits - false_alarms)[best]
    assert highest - np.sqrt(variance) <= j <= highest + 1e-12
