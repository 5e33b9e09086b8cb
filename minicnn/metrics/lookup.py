"""Metrics by name, by class, by description: what `compile` and model files may hold."""

from minicnn.arguments import snake_case
from minicnn.metrics.accuracy import BinaryAccuracy, accuracy, binary_accuracy
from minicnn.metrics.auc import AUC
from minicnn.metrics.base import FunctionMetric, Metric
from minicnn.metrics.precision import Precision, Recall

CLASSES = {kind.__name__: kind for kind in (BinaryAccuracy, AUC, Precision, Recall)}
BY_NAME = {snake_case(name): kind for name, kind in CLASSES.items()} | CLASSES
METRICS = ("acc", "accuracy", *BY_NAME)


def get(identifier) -> Metric:
    """The metric of a name, a class, a function (y, p), a dict of `serialize`, or itself.

    It is reported under its name; one that is given by name has that name, as in Keras.
    """
    if isinstance(identifier, dict) and identifier.get("class_name") in CLASSES:
        return CLASSES[identifier["class_name"]].from_config(identifier.get("config", {}))
    if isinstance(identifier, str) and identifier.lower() in ("acc", "accuracy"):
        return FunctionMetric(accuracy, identifier)
    if isinstance(identifier, str) and identifier in BY_NAME:
        return BY_NAME[identifier](name=identifier)
    if identifier is binary_accuracy:
        return BinaryAccuracy()
    if isinstance(identifier, Metric):
        return identifier
    if isinstance(identifier, type) and issubclass(identifier, Metric):
        return identifier()
    if callable(identifier) and not isinstance(identifier, type):
        return FunctionMetric(identifier)
    raise ValueError(f"compile: expected metrics among {', '.join(METRICS)}, got {identifier!r}")


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
