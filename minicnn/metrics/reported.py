"""Which metrics of a compiled model are reported, and under which keys."""

from collections import Counter
from typing import NamedTuple

from minicnn.metrics.base import MeanOverSamples, Metric

LOSS = MeanOverSamples("loss")  # of the losses, too, an epoch's value is a mean
LOSS.better = -1


class Reported(NamedTuple):
    """A metric of one of a model's outputs, by number; weighted: with the samples' weights."""

    key: str
    metric: Metric
    output: int
    weighted: bool


def reported_metrics(
    metrics: list[list[Metric]], weighted: list[list[Metric]], prefixes: list[str]
) -> list[Reported]:
    """The metrics under Keras' keys, the unweighted ones first.

    The prefix of the output and the metric's name; weighted_ in between if the key is taken by
    then; _1, _2, ... where it is taken still. Keras numbers the names of AUC() and its like over
    all models of a process, here every model has an "auc".

    Parameters
    ----------
    metrics, weighted : list of list of Metric
        For each output.
    prefixes : list of str
        Of each output; "" where there is one.
    """
    taken: Counter = Counter()
    found = []
    for is_weighted, lists in ((False, metrics), (True, weighted)):
        for output, (prefix, listed) in enumerate(zip(prefixes, lists, strict=True)):
            for metric in listed:
                key = prefix + metric.name
                if is_weighted and taken[key]:
                    key = f"{prefix}weighted_{metric.name}"
                found.append(Reported(numbered(key, taken), metric, output, is_weighted))
    return found


def numbered(key: str, taken: Counter) -> str:
    """The key, or key_1, key_2, ... the second and third time."""
    taken[key] += 1
    return key if taken[key] == 1 else f"{key}_{taken[key] - 1}"


def require_different(keys: list[str]) -> None:
    """ValueError where one value of the logs would replace another one."""
    counts = Counter([*keys, *(f"val_{key}" for key in keys)])
    twice = [key for key, count in counts.items() if count > 1]
    if twice:
        raise ValueError(
            f"compile: expected names of metrics that nothing else in the logs has, got "
            f"{twice[0]!r} twice; rename the function or give the metric another name="
        )


def metrics_by_key(model) -> dict[str, Metric]:
    """What stands behind each key of a compiled model's logs."""
    found = {one.key: one.metric for one in model.metrics}
    return found | dict.fromkeys([*model.loss_keys, "loss"], LOSS)
