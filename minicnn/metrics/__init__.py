"""Metrics that are reported beside the loss."""

from minicnn.metrics.accuracy import THRESHOLD, BinaryAccuracy, accuracy, binary_accuracy
from minicnn.metrics.auc import AUC
from minicnn.metrics.base import Metric
from minicnn.metrics.lookup import METRICS, get, serialize
from minicnn.metrics.precision import Precision, Recall

__all__ = [
    "AUC",
    "METRICS",
    "THRESHOLD",
    "BinaryAccuracy",
    "Metric",
    "Precision",
    "Recall",
    "accuracy",
    "binary_accuracy",
    "get",
    "serialize",
]
