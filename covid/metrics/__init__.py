"""Measures of a classifier's probabilities, with confidence intervals. NumPy only.

    proportions   sensitivity, specificity, accuracy, F1, ...; Wilson's interval
    predictive    predictive values at a given prevalence: Bayes' rule
    curves        ROC and precision-recall curves, and the areas under them
    delong        the interval of the area under the ROC curve
    calibration   Brier score, reliability bins, expected calibration error
    resampling    bootstrap intervals, of images or of whole patients
    thresholds    the decision threshold, chosen on the validation set
    student_t     the interval of a mean of a few values
    text_table    the measures as text
    measuring     all of it at once: `measure`
    definitions   what each measure means, as text

Everywhere `labels` are (n,) integers, 1 for the positive class, and `probabilities` (or `scores`)
are (n,) floats of the positive class. Functions that take `weights`, a (..., n) array of values
>= 0, count image i weights[i] times and return an array of the leading axes: the bootstrap calls
them with one row for each resample. What is undefined (a sensitivity without positive images) is
nan.
"""

from covid.metrics.calibration import brier_score, expected_calibration_error, reliability_bins
from covid.metrics.curves import Band, average_precision, precision_recall_curve, roc_auc, roc_curve
from covid.metrics.definitions import DEFINITIONS, Definition
from covid.metrics.delong import delong_interval, delong_variance
from covid.metrics.measuring import (
    MEASURES,
    accuracies_differ,
    careful_interval,
    enough_groups,
    interval_remark,
    measure,
    resampled_groups,
)
from covid.metrics.predictive import predictive_intervals, predictive_values
from covid.metrics.proportions import (
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
from covid.metrics.thresholds import NOT_CHOSEN, choose_threshold, threshold_choice
