"""Measures of predictions: against values reckoned by hand, against published ones, by simulation.

Comparisons with scikit-learn and SciPy are in `test_metrics_peers`.
"""

import math
from statistics import NormalDist

import numpy as np
import pytest

from covid import metrics
from covid.metrics import measuring
from covid.metrics import resampling as drawing
from covid.metrics.delong import midranks
from covid.metrics.proportions import Counts

# Two positive and three negative images; one positive and one negative have the same score.
LABELS = np.array([1, 0, 1, 0, 0])
SCORES = np.array([0.9, 0.6, 0.6, 0.3, 0.1])


# Proportions


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


# Predictive values


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


# Curves


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


# DeLong


def test_midranks():
    assert midranks(np.array([3, 1, 3, 2, 3])).tolist() == [4, 1, 4, 2, 4]


def test_delong_by_hand():
    """Placements of the positive 1 and 2.5 / 3, of the negative 1 - 1/4, 1 and 1."""
    auc, variance = metrics.delong_variance(LABELS, SCORES)
    assert auc == pytest.approx(5.5 / 6)
    of_positive = np.var([1, 2.5 / 3], ddof=1) / 2
    of_negative = np.var([0.75, 1, 1], ddof=1) / 3
    assert variance == pytest.approx(of_positive + of_negative, abs=1e-15)


def test_delong_of_109_rated_ct_images():
    """Hanley and McNeil 1982: 58 normal and 51 abnormal CT images, rated from 1 to 5.

    They give the area 0.893; area, standard error and interval by DeLong's method stand in
    the Stata Base Reference Manual, entry roctab, for the same data.
    """
    ratings = np.concatenate(
        [np.repeat(range(1, 6), [33, 6, 6, 11, 2]), np.repeat(range(1, 6), [3, 2, 2, 11, 33])]
    )
    labels = np.repeat([0, 1], [58, 51])
    auc, variance = metrics.delong_variance(labels, ratings)
    assert (round(auc, 4), round(math.sqrt(variance), 4)) == (0.8932, 0.0307)
    low, high = metrics.delong_interval(labels, ratings)
    assert (low, high) == pytest.approx((0.83295, 0.95339), abs=6e-6)


OVARIAN = """
3.0 5.8 10 0  3.2 6.3 5 1  3.9 6.8 3 1  2.8 4.8 6 0  3.2 5.8 3 1  0.9 4.0 5 0  2.5 5.7 8 0
1.6 5.6 5 1  3.8 5.7 5 1  3.7 6.7 6 1  3.2 5.4 4 1  3.8 6.6 6 1  4.1 6.6 5 1  3.6 5.7 5 1
4.3 7.0 4 1  3.6 6.7 4 0  2.3 4.4 6 1  4.2 7.6 4 0  4.0 6.6 6 0  3.5 5.8 6 1  3.8 6.8 7 1
3.0 4.7 8 0  4.5 7.4 5 1  3.7 7.4 5 1  3.1 6.6 6 1  4.1 8.2 6 1  4.3 7.0 5 1  4.3 6.5 4 1
3.2 5.1 5 1  2.6 4.7 6 1  3.3 6.8 6 0  1.7 4.0 7 0  3.7 6.1 5 1  3.3 6.3 7 1  4.2 7.7 6 1
3.5 6.2 5 1  2.9 5.7 9 0  2.1 4.8 7 1  2.8 6.2 8 0  4.0 7.0 7 1  3.3 5.7 6 1  3.7 6.9 5 1
3.6 6.6 5 1
"""


@pytest.mark.parametrize(
    ("column", "sign", "auc", "error"),
    [(0, 1, 0.7366, 0.0927), (1, 1, 0.6478, 0.1000), (2, -1, 0.7258, 0.1028)],
)
def test_delong_of_delong_s_own_patients(column, sign, auc, error):
    """DeLong, DeLong and Clarke-Pearson 1988: three tests before an operation for ovarian cancer.

    Albumin, total protein and K-G score (of which less is better) of the 43 patients who have all
    three, as printed with areas and standard errors in the SAS/STAT User's Guide, The LOGISTIC
    Procedure, "Comparing Receiver Operating Characteristic Curves".
    """
    rows = np.array(OVARIAN.split(), float).reshape(-1, 4)
    assert rows.shape == (43, 4)
    found, variance = metrics.delong_variance(rows[:, 3], sign * rows[:, column])
    assert (round(found, 4), round(math.sqrt(variance), 4)) == (auc, error)


def test_delong_of_a_perfect_order_is_a_bound_and_no_point():
    """Ten pairs in order: an area of 0.025 ** (1 / 10) gives them in one of 40 tries."""
    labels, scores = np.repeat([0, 1], [30, 10]), np.arange(40.0)
    assert metrics.delong_variance(labels, scores) == (1, 0)
    low, high = metrics.delong_interval(labels, scores)
    assert high == 1 and low**10 == pytest.approx(0.025)
    assert metrics.delong_interval(labels, -scores) == (0, 1 - low)


def test_the_bound_of_a_perfect_order_holds_the_truth(rng):
    """Classes that are apart by 1.9 standard deviations: of ten and ten images some overlap by luck
    and some do not, and the interval holds the true area in at least 95 % of the latter, too."""
    truth = NormalDist().cdf(1.9 / math.sqrt(2))
    labels = np.repeat([0, 1], 10)
    draws = rng.normal(size=(400, 20)) + 1.9 * labels
    perfect = [scores for scores in draws if metrics.roc_auc(labels, scores) == 1]
    assert len(perfect) > 10
    intervals = [metrics.delong_interval(labels, scores) for scores in perfect]
    assert all(low <= truth <= high for low, high in intervals)


@pytest.mark.parametrize("labels", [[0, 1, 0], [1, 1, 1], [0, 0, 1, 1]])
def test_delong_without_knowledge_of_the_spread(labels):
    """One positive image; no negative one; all scores equal."""
    scores = [0.5] * 4 if len(labels) == 4 else [0.1, 0.2, 0.3]
    assert metrics.delong_interval(labels, scores) == (None, None)


# Calibration


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


# The threshold


@pytest.mark.parametrize(
    ("labels", "p", "expected"),
    [
        ([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9], 0.5),  # apart: the middle of the gap
        ([0, 0, 1, 1], [0.1, 0.2, 0.3, 0.9], 0.25),
        ([0, 1, 0, 1, 1], [0.2, 0.3, 0.4, 0.8, 0.9], 0.6),  # J = 2/3; at 0.25 it is 1/2
        ([0, 1, 0, 1], [0.1, 0.3, 0.5, 0.7], 0.6),  # J = 1/2 at 0.2 and 0.6: nearer to 0.5
        ([0, 1, 0, 1], [0.2, 0.4, 0.6, 0.8], 0.3),  # J = 1/2 at 0.3 and 0.7: the lower one
        ([1, 1, 0, 0], [0.1, 0.2, 0.3, 0.4], 0.5),  # upside down: nothing beats chance
        ([0, 1], [0.7, 0.7], 0.5),
        ([1, 1], [0.1, 0.9], 0.5),
        ([1], [0.9], 0.5),
    ],
)
def test_threshold_by_hand(labels, p, expected):
    assert metrics.choose_threshold(np.array(labels), np.array(p)) == pytest.approx(expected)


def test_no_threshold_has_a_larger_j(rng):
    labels = rng.integers(0, 2, 50)
    p = np.round(np.clip(rng.normal(0.4 + 0.2 * labels, 0.2), 0, 1), 2)

    def j(threshold):
        return np.mean(p[labels == 1] > threshold) - np.mean(p[labels == 0] > threshold)

    assert j(metrics.choose_threshold(labels, p)) == max(j(t) for t in np.linspace(-0.005, 1, 202))


def test_the_threshold_keeps_neighbouring_numbers_apart():
    low = 0.7
    high = np.nextafter(low, 1)
    threshold = metrics.choose_threshold([0, 1], [low, high])
    assert low <= threshold < high


# The bootstrap


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


# All at once


def test_measure_holds_every_measure_with_an_interval_around_it(rng):
    labels, p = patients(rng)
    p = 1 / (1 + np.exp(-p))
    groups = [f"patient {index // 8}" for index in range(len(labels))]
    measures = metrics.measure(labels, p, 0.6, groups, prevalence=0.2, seed=1)
    assert tuple(measures) == metrics.MEASURES
    for name, entry in measures.items():
        assert 0 <= entry["low"] <= entry["value"] <= entry["high"] <= 1, name
        assert all(type(entry[key]) is float for key in ("value", "low", "high"))
    methods = {name: entry["method"] for name, entry in measures.items()}
    assert methods["sensitivity"] == methods["accuracy"] == "Wilson"
    assert methods["roc_auc"] == "DeLong"
    for name in ("balanced_accuracy", "f1", "pr_auc", "brier", "ece"):
        assert methods[name] == "bootstrap by group" and "group_low" not in measures[name]
    for name in ("sensitivity", "specificity", "ppv", "npv", "accuracy", "roc_auc"):
        entry = measures[name]
        assert entry["group_low"] < entry["low"] and entry["group_high"] > entry["high"] - 0.02
    assert measures == metrics.measure(labels, p, 0.6, groups, prevalence=0.2, seed=1)


def test_measure_takes_the_threshold_and_the_prevalence_it_is_given():
    labels, p = np.array([0, 0, 1, 1]), np.array([0.1, 0.6, 0.5, 0.9])
    assert metrics.measure(labels, p, 0.5)["sensitivity"]["value"] == 0.5  # 0.5 is not above
    measures = metrics.measure(labels, p, 0.4, prevalence=0.5)
    assert measures["sensitivity"]["value"] == 1 and measures["specificity"]["value"] == 0.5
    assert measures["ppv"]["value"] == pytest.approx(2 / 3)
    assert metrics.measure(labels, p, 0.4)["ppv"]["value"] == pytest.approx(0.1 / (0.1 + 0.45))


def test_measure_of_a_single_class_says_what_is_not_known():
    measures = metrics.measure(np.ones(4, int), np.array([0.2, 0.6, 0.7, 0.9]), 0.5)
    assert measures["sensitivity"]["value"] == 0.75
    for name in ("specificity", "ppv", "npv", "balanced_accuracy", "roc_auc"):
        entry = measures[name]
        assert (entry["value"], entry["low"], entry["high"]) == (None, None, None)


def test_too_few_groups_are_not_drawn_and_the_remark_says_so(rng):
    labels, p = patients(rng, count=8)
    groups = [str(index // 8) for index in range(64)]
    measures = metrics.measure(labels, 1 / (1 + np.exp(-p)), 0.5, groups)
    assert measures["f1"]["method"] == "bootstrap by image"
    assert not any("group_low" in entry for entry in measures.values())
    assert (
        "Only 8 groups (patients, or look-alikes), 4 with the rarer class"
        in metrics.interval_remark(labels, groups)
    )
    np.testing.assert_array_equal(metrics.resampled_groups(labels, groups), np.arange(64))


def test_remarks():
    assert "No groups" in metrics.interval_remark([0, 1], None)
    labels = np.arange(60) % 2
    assert "Few groups (patients, or look-alikes): 30" in metrics.interval_remark(
        labels, [str(i // 2 // 2 * 2 + i % 2) for i in range(60)]
    )
    assert metrics.interval_remark(labels, [str(i) for i in range(60)]) == ""
