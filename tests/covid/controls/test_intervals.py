"""Intervals of the AUC: by patients, by images, and none where there are too few."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from covid.controls.intervals import BY_GROUP, BY_IMAGE, measured
from covid.metrics import measure, roc_auc, wilson_interval


def clustered(patients, each, rng):
    """Scores that differ from patient to patient and hardly within one; labels by patient."""
    groups = np.repeat(np.arange(patients), each)
    labels = groups % 2
    p = rng.random(patients)[groups] * 0.9 + rng.random(len(groups)) * 0.05
    return labels, p, groups.astype(str)


def test_patients_drawn_whole_give_wider_intervals_than_images(rng):
    labels, p, groups = clustered(20, 10, rng)
    whole = measured(labels, p, 0.5, groups, True, 0)
    single = measured(labels, p, 0.5, None, False, 0)
    assert (whole.interval, single.interval) == (BY_GROUP, BY_IMAGE)
    assert whole.auc == single.auc == roc_auc(labels, p)
    assert whole.auc_high - whole.auc_low > 2 * (single.auc_high - single.auc_low)
    assert whole.accuracy_high - whole.accuracy_low > 2 * (
        single.accuracy_high - single.accuracy_low
    )
    assert whole == measured(labels, p, 0.5, groups, True, 0)
    for found in (whole, single):
        assert found.auc_low_99 < found.auc_low


def test_scores_that_mean_nothing_are_hardly_ever_surely_above_chance():
    """200 times 24 patients: at 95 % five should be, at 99 % one; by image it would be dozens."""
    rng = np.random.default_rng(7)
    surely = {"95 %": 0, "99 %": 0, "by image": 0}
    for _ in range(200):
        labels, p, groups = clustered(24, 4, rng)
        by_group = measured(labels, p, 0.5, groups, True, 0)
        surely["95 %"] += by_group.auc_low > 0.5
        surely["99 %"] += by_group.auc_low_99 > 0.5
        surely["by image"] += measured(labels, p, 0.5, None, True, 0).auc_low > 0.5
    assert surely["95 %"] <= 14  # binomial with 2.5 %: fewer in 9999 of 10000 cases
    assert surely["99 %"] <= 6
    assert surely["by image"] >= 25


def test_too_few_patients_give_no_interval_if_they_are_kept_apart(rng):
    labels, p, groups = clustered(8, 10, rng)
    apart = measured(labels, p, 0.5, groups, True, 0)
    assert (apart.auc_low, apart.accuracy_high) == (None, None)
    assert apart.auc == roc_auc(labels, p)
    assert measured(labels, p, 0.5, groups, False, 0).interval == BY_IMAGE


@pytest.mark.parametrize(("patients", "sure"), [(14, False), (16, True)])
def test_classes_without_overlap_are_as_certain_as_there_are_patients(patients, sure):
    """Seven pairs of patients in order are no proof at 99 %, eight are: 0.005 < 0.5 ** 7.6."""
    groups = np.repeat(np.arange(patients), 6)
    labels = groups % 2
    p = 0.2 + 0.6 * labels
    found = measured(labels, p, 0.5, groups.astype(str), True, 0)
    assert (found.accuracy, found.auc, found.auc_high) == (1, 1, 1)
    assert found.auc_low == pytest.approx(0.025 ** (2 / patients))
    assert found.accuracy_low == wilson_interval(patients, patients)[0]
    assert (found.auc_low_99 > 0.5) == sure


def test_equal_scores_have_no_interval_of_the_auc():
    groups = np.repeat(np.arange(20), 3)
    found = measured(groups % 2, np.full(60, 0.7), 0.5, groups.astype(str), True, 0)
    assert (found.auc, found.auc_low, found.auc_low_99) == (0.5, None, None)
    assert found.accuracy_low < found.accuracy < found.accuracy_high


def test_the_intervals_are_those_of_an_evaluation(rng):
    labels, p, groups = clustered(30, 4, rng)
    found = measured(labels, p, 0.5, groups, True, 5)
    peer = measure(labels, p, 0.5, groups, seed=5)
    for name, low, high in (
        ("accuracy", found.accuracy_low, found.accuracy_high),
        ("roc_auc", found.auc_low, found.auc_high),
    ):
        assert (low, high) == (peer[name]["group_low"], peer[name]["group_high"])


def test_thousands_of_groups_need_no_table_of_all_pairs():
    """3000 groups: a table of groups by groups, or all drawings at once, would be 72 MB."""
    labels = np.arange(3000) % 2
    p = np.random.default_rng(0).random(3000)
    tracemalloc.start()
    measured(labels, p, 0.5, [str(number) for number in range(3000)], True, 0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 64e6
