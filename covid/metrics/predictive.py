"""Predictive values at a given prevalence, by Bayes' rule.

The test set's own share of positives was chosen by whoever collected it. Predictive values made of
that share say nothing about a place where fewer people are ill; so the prevalence is always stated.
"""

import math
from statistics import NormalDist

import numpy as np

from covid.metrics.proportions import NOTHING, Counts, Interval, ratio, wilson_interval


def predictive_values(sensitivity, specificity, prevalence: float) -> tuple[np.ndarray, np.ndarray]:
    """P(ill | classified as positive) and P(well | classified as negative).

    PPV = sensitivity * prevalence / (sensitivity * prevalence + (1 - specificity) (1 - prevalence))
    NPV = specificity (1 - prevalence) / (specificity (1 - prevalence)
                                          + (1 - sensitivity) * prevalence)

    Source: Bayes' rule; Altman and Bland 1994, "Diagnostic tests 2: predictive values".

    Parameters
    ----------
    sensitivity, specificity : float or arrays of one shape, in [0, 1]
    prevalence : float in (0, 1)
        Share of the people tested who are ill.

    Returns
    -------
    ppv, npv : arrays of that shape
        nan where nobody would be classified so.
    """
    ill, well = prevalence, 1 - prevalence
    sensitivity, specificity = np.asarray(sensitivity), np.asarray(specificity)
    ppv = ratio(sensitivity * ill, sensitivity * ill + (1 - specificity) * well)
    npv = ratio(specificity * well, specificity * well + (1 - sensitivity) * ill)
    return ppv, npv


def predictive_intervals(
    counts: Counts, prevalence: float, confidence: float = 0.95
) -> tuple[Interval, Interval]:
    """Conservative intervals of both predictive values: Wilson's, put into Bayes' rule.

    Both values grow with the sensitivity and with the specificity. Their ends are therefore those
    of the two Wilson intervals put into Bayes' rule. Sensitivity and specificity come of different
    images; with sqrt(confidence) for each, both intervals hold at once with `confidence`, and
    the predictive values lie inside whenever they do (and at times when they do not).

    Returns
    -------
    (low, high) of PPV, (low, high) of NPV : floats in [0, 1]
        (None, None) where a class has no images, or the value is undefined.
    """
    positives = int(counts.true_positive + counts.false_negative)
    negatives = int(counts.true_negative + counts.false_positive)
    if positives == 0 or negatives == 0:
        return NOTHING, NOTHING
    z = NormalDist().inv_cdf((1 + math.sqrt(confidence)) / 2)
    sensitivities = wilson_interval(int(counts.true_positive), positives, z)
    specificities = wilson_interval(int(counts.true_negative), negatives, z)
    ends = [
        predictive_values(*worst_or_best, prevalence)
        for worst_or_best in zip(sensitivities, specificities, strict=True)
    ]
    # two ends x (ppv, npv) -> (ppv, npv) x two ends
    ppv, npv = ((float(low), float(high)) for low, high in zip(*ends, strict=True))
    predicted = counts.true_positive + counts.false_positive
    return ppv if predicted else NOTHING, npv if predicted < positives + negatives else NOTHING
