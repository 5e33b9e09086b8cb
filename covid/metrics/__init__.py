"""What a classifier's probabilities are worth, in numbers with intervals. NumPy only.

    proportions   sensitivity, specificity, accuracy, F1, ...; Wilson's interval
    predictive    how far an answer can be trusted where so many are ill: Bayes' rule
    curves        ROC and precision-recall curves, and the areas under them
    delong        the interval of the area under the ROC curve
    calibration   whether "70 %" comes true in 70 % of cases
    resampling    intervals by drawing images, or whole patients, again and again
    thresholds    from which probability on an image is called positive
    measuring     all of it at once: `measure`
    definitions   what each measure means, as text

Everywhere `labels` are (n,) integers, 1 for the positive class, and `probabilities` (or `scores`)
are (n,) floats of the positive class. Functions that take `weights`, (..., n) numbers of at least
0, count image i weights[i] times and return an array of the leading axes: the bootstrap calls
them with one row for each resample, everybody else without. What is undefined (a sensitivity where
nobody is ill) is nan.
"""

from covid.metrics.calibration import brier_score, expected_calibration_error, reliability_bins
from covid.metrics.curves import (
    Band,
    average_precision,
    precision_recall_curve,
    roc_auc,
    roc_curve,
)
from covid.metrics.definitions import DEFINITIONS, Definition
from covid.metrics.delong import delong_interval, delong_variance
from covid.metrics.measuring import (
    DEFAULT_PREVALENCE,
    MEASURES,
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
from covid.metrics.resampling import bootstrap, group_codes, reversed_interval, usual_interval
from covid.metrics.thresholds import choose_threshold, threshold_choice

__all__ = [
    "DEFAULT_PREVALENCE",
    "DEFINITIONS",
    "MEASURES",
    "Band",
    "Definition",
    "accuracy",
    "average_precision",
    "balanced_accuracy",
    "bootstrap",
    "brier_score",
    "choose_threshold",
    "count",
    "delong_interval",
    "enough_groups",
    "delong_variance",
    "expected_calibration_error",
    "f1_score",
    "group_codes",
    "interval_remark",
    "measure",
    "precision_recall_curve",
    "predictive_intervals",
    "predictive_values",
    "reliability_bins",
    "resampled_groups",
    "reversed_interval",
    "roc_auc",
    "roc_curve",
    "sensitivity",
    "specificity",
    "threshold_choice",
    "usual_interval",
    "wilson_interval",
]
