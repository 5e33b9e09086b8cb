"""All measures at once: every one with an interval, remarks where something is not known."""

import numpy as np
import pytest

from covid import metrics


def patients(rng, count=40, slices=8):
    """Scores of patients, half of them ill, who differ more than the slices of one of them."""
    ill = np.repeat(np.arange(count) % 2, slices)
    own = np.repeat(rng.normal(size=count), slices)
    return ill, 1.2 * ill + own + rng.normal(0, 0.5, count * slices)


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
