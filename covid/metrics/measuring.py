"""All measures of a set of predictions, each with its interval and the method's name."""

from collections.abc import Sequence

import numpy as np

from covid.common.choices import DEFAULT_PREVALENCE
from covid.metrics.calibration import brier_score, expected_calibration_error
from covid.metrics.curves import average_precision, checked, roc_auc
from covid.metrics.definitions import DEFINITIONS
from covid.metrics.delong import delong_interval, is_perfect
from covid.metrics.predictive import predictive_intervals, predictive_values
from covid.metrics.proportions import (
    NOTHING,
    Counts,
    Interval,
    accuracy,
    balanced_accuracy,
    count,
    f1_score,
    sensitivity,
    specificity,
    wilson_interval,
)
from covid.metrics.resampling import (
    basic_bootstrap_interval,
    bootstrap,
    group_codes,
    percentile_interval,
)

MEASURES = tuple(DEFINITIONS)
APART = 0.05
FEWEST_GROUPS = 5  # of each class: with fewer, resamples repeat each other
MANY_GROUPS = 40  # from here on the bootstrap by group is as wide as it should be, or nearly
WILSON, DELONG = "Wilson", "DeLong"
BAYES = "Wilson, through Bayes' rule"
DISJOINT_PAIRS = "bound for classes without overlap"
ENDS = (("low", "high"), ("group_low", "group_high"))  # of the two intervals
BY_GROUP, BY_IMAGE = "bootstrap by group", "bootstrap by image"


def measure(
    labels,
    probabilities,
    threshold: float,
    groups: Sequence[str] | None = None,
    prevalence: float | None = None,
    seed: int = 0,
) -> dict[str, dict]:
    """All measures with 95 % intervals.

    Sensitivity, specificity and accuracy have Wilson's interval, the predictive values Wilson's by
    Bayes' rule, the ROC AUC DeLong's: all treat the images as independent. The others have a
    bootstrap interval, by group where groups are known and at least `FEWEST_GROUPS` hold each
    class; then those above get a second interval, by group, as well.

    Parameters
    ----------
    labels : (n,) array of 0 and 1
    probabilities : (n,) float array
        Of class 1.
    threshold : float
        An image is classified as positive where its probability is above; chosen on other images.
    groups : n names, optional
        Which images belong together, usually the patient's.
    prevalence : float in (0, 1), optional
        For the predictive values; `DEFAULT_PREVALENCE` where it is not given.
    seed : int
        Of the bootstrap.

    Returns
    -------
    measures : dict
        For each name in `MEASURES` {"value", "low", "high", "method"}, and "group_low" and
        "group_high" where the bootstrap by group is a second interval. None where there is none.
    """
    labels, probabilities = checked(labels, probabilities)
    prevalence = DEFAULT_PREVALENCE if prevalence is None else prevalence
    predicted = (probabilities > threshold).astype(int)

    def values(weights: np.ndarray) -> dict[str, np.ndarray]:
        return _values(labels, probabilities, predicted, prevalence, weights)

    by_group = enough_groups(labels, groups)
    codes = group_codes(groups if by_group else None, len(labels))
    found = {name: float(value) for name, value in values(np.ones(len(labels))).items()}
    resampled = bootstrap(values, codes, seed)
    own = _own_intervals(count(labels, predicted), labels, probabilities, prevalence, found)
    measures = {}
    for name in MEASURES:
        interval = basic_bootstrap_interval if name == "ece" else percentile_interval
        drawn = interval(resampled[name], found[name])
        low_high, method = own.get(name, (drawn, BY_GROUP if by_group else BY_IMAGE))
        value = None if np.isnan(found[name]) else found[name]
        measures[name] = {"value": value, "low": low_high[0], "high": low_high[1], "method": method}
        if by_group and name in own:
            measures[name] |= {"group_low": drawn[0], "group_high": drawn[1]}
    return measures


def careful_interval(measure: dict) -> Interval:
    """Both ends of both intervals of a measure together: the most careful statement there is."""
    ends = [(measure[low], measure[high]) for low, high in ENDS if measure.get(low) is not None]
    return (min(low for low, _ in ends), max(high for _, high in ends)) if ends else NOTHING


def accuracies_differ(measures: dict[str, dict]) -> bool:
    """Whether balanced accuracy has to stand beside accuracy: they are `APART` or more."""
    balanced = measures["balanced_accuracy"]["value"]
    return balanced is not None and abs(measures["accuracy"]["value"] - balanced) > APART - 1e-9


def _values(labels, probabilities, predicted, prevalence, weights) -> dict[str, np.ndarray]:
    """Every measure: (..., n) weights -> name -> (...) array."""
    counts = count(labels, predicted, weights)
    ppv, npv = predictive_values(sensitivity(counts), specificity(counts), prevalence)
    return {
        "sensitivity": sensitivity(counts),
        "specificity": specificity(counts),
        "ppv": ppv,
        "npv": npv,
        "accuracy": accuracy(counts),
        "balanced_accuracy": balanced_accuracy(counts),
        "f1": f1_score(counts),
        "roc_auc": roc_auc(labels, probabilities, weights),
        "pr_auc": average_precision(labels, probabilities, weights),
        "brier": brier_score(labels, probabilities, weights),
        "ece": expected_calibration_error(labels, probabilities, weights),
    }


def _own_intervals(
    counts: Counts, labels, probabilities, prevalence: float, found: dict[str, float]
) -> dict[str, tuple[Interval, str]]:
    """Intervals by formula, of those measures that have one, and the method's name."""

    def wilson(successes: float, n: float) -> tuple[Interval, str]:
        return (wilson_interval(int(successes), int(n)) if n else NOTHING), WILSON

    true_negative, false_positive, false_negative, true_positive = counts
    ppv, npv = predictive_intervals(counts, prevalence)
    return {
        "sensitivity": wilson(true_positive, true_positive + false_negative),
        "specificity": wilson(true_negative, true_negative + false_positive),
        "ppv": (ppv, BAYES),
        "npv": (npv, BAYES),
        "accuracy": wilson(true_positive + true_negative, sum(counts)),
        "roc_auc": (
            delong_interval(labels, probabilities),
            DISJOINT_PAIRS if is_perfect(found["roc_auc"]) else DELONG,
        ),
    }


def _fewest_groups(labels: np.ndarray, groups: Sequence[str] | None) -> int:
    """How many groups have the rarer class; 0 where groups are not known."""
    if groups is None:
        return 0
    codes = group_codes(groups, len(labels))
    return min(len(np.unique(codes[labels == label])) for label in (0, 1))


def enough_groups(labels: np.ndarray, groups: Sequence[str] | None) -> bool:
    """Whether groups are known, and at least `FEWEST_GROUPS` of them hold each class."""
    return _fewest_groups(labels, groups) >= FEWEST_GROUPS


def resampled_groups(labels: np.ndarray, groups: Sequence[str] | None) -> np.ndarray:
    """What `measure` resamples: codes of the groups, or of the images where groups are too few."""
    return group_codes(groups if enough_groups(labels, groups) else None, len(labels))


def interval_remark(labels, groups: Sequence[str] | None) -> str:
    """A caveat of the intervals, one sentence; empty where there is none."""
    if groups is None:
        return (
            "No groups (patients) are known, so the intervals take every image as independent; "
            "slices of one patient are not, and the truth is less certain."
        )
    labels, total = np.asarray(labels), len(set(groups))
    fewest = _fewest_groups(labels, groups)
    if fewest < FEWEST_GROUPS:
        return (
            f"Only {total} groups (patients, or look-alikes), {fewest} with the rarer class: too few "
            "to draw from, so the intervals take every image as independent and are much too narrow."
        )
    if total < MANY_GROUPS:
        return (
            f"Few groups (patients, or look-alikes): {total}; intervals by group are somewhat too narrow still, "
            "those by image more so."
        )
    return ""
