"""Metrics by name, by class, by description: what `compile` and model files may hold."""

from minicnn.arguments import snake_case
from minicnn.metrics.accuracy import BinaryAccuracy, accuracy, binary_accuracy
from minicnn.metrics.auc import AUC
from minicnn.metrics.base import FunctionMetric, Metric
from minicnn.metrics.precision import Precision, Recall

CLASSES = {kind.__name__: kind for kind in (BinaryAccuracy, AUC, Precision, Recall)}
BY_NAME = {snake_case(name): kind for name, kind in CLASSES.items()} | CLASSES
METRICS = ("acc", "accuracy", *BY_NAME)


def get(metric) -> Metric:
    """The metric of a name, a class, a function (y, p), a dict of `serialize`, or itself.

    It is reported under its name; one that is given by name has that name, as in Keras.
    """
    if isinstance(metric, dict) and metric.get("class_name") in CLASSES:
        return CLASSES[metric["class_name"]](**metric.get("config", {}))
    if isinstance(metric, str) and metric.lower() in ("acc", "accuracy"):
        return FunctionMetric(accuracy, metric)
    if isinstance(metric, str) and metric in BY_NAME:
        return BY_NAME[metric](name=metric)
    if metric is binary_accuracy:
        return BinaryAccuracy()
    if isinstance(metric, Metric):
        return metric
    if isinstance(metric, type) and issubclass(metric, Metric):
        return metric()
    if callable(metric) and not isinstance(metric, type):
        return FunctionMetric(metric)
    raise ValueError(f"compile: expected metrics among {', '.join(METRICS)}, got {metric!r}")


def serialize(metric: Metric) -> str | dict | None:
    """A metric as JSON can hold it, for `get`: a name where that is enough; None for others."""
    name, kind = metric.name, type(metric).__name__
    if isinstance(metric, FunctionMetric):
        return name if metric.fn is accuracy and name.lower() in ("acc", "accuracy") else None
    if CLASSES.get(kind) is not type(metric):
        return None
    config = metric.get_config()
    by_name = BY_NAME.get(name) is type(metric) and get(name).get_config() == config
    return name if by_name else {"class_name": kind, "config": config}
