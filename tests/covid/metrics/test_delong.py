"""DeLong's interval: by hand, from published tables, and how often it holds the truth."""

import math
from statistics import NormalDist

import numpy as np
import pytest

from covid import metrics
from covid.metrics.delong import midranks

# Two positive and three negative images; one positive and one negative have the same score.
LABELS = np.array([1, 0, 1, 0, 0])
SCORES = np.array([0.9, 0.6, 0.6, 0.3, 0.1])


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


def patients(rng, count=40, slices=8):
    """Scores of patients, half of them ill, who differ more than the slices of one of them."""
    ill = np.repeat(np.arange(count) % 2, slices)
    own = np.repeat(rng.normal(size=count), slices)
    return ill, 1.2 * ill + own + rng.normal(0, 0.5, count * slices)
