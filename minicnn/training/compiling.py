"""What `compile` is given, as one loss, one weight and some metrics for each output of a model."""

import math
from collections import Counter

from minicnn import losses
from minicnn.arguments import real
from minicnn.metrics import get as get_metric
from minicnn.metrics.base import Metric
from minicnn.metrics.reported import Reported, numbered, reported_metrics, require_different
from minicnn.training.by_name import in_order

SEVERAL = (list, tuple)


def output_count(model) -> int:
    """How many outputs a model has; a chain of layers has one, before it is built, too."""
    return len(model.graph.outputs) if model.built else 1


def losses_of(model, loss) -> list:
    """A loss for each output, from one for all, a list, or a dict by output name."""
    is_one = not isinstance(loss, (*SEVERAL, dict)) or "class_name" in loss
    entries = [loss] * output_count(model) if is_one else loss
    return [losses.get(one) for one in one_each(model, entries, "loss", "losses")]


def loss_weights_of(model, loss_weights) -> list[float]:
    """How much each output's loss counts, from a list, a dict or, for one output, a number."""
    if loss_weights is None:
        return [1.0] * output_count(model)
    entries = one_each(model, loss_weights, "loss_weights", "loss weights")
    return [real(one, "loss_weights", "compile", -math.inf, math.inf) for one in entries]


def one_each(model, given, argument: str, entries: str) -> list:
    """A list with an entry for each output; ValueError where there are more or less."""
    if isinstance(given, dict):
        given = in_order(given, model.output_names, f"compile: {argument}")
    found = list(given) if isinstance(given, SEVERAL) else [given]
    count = output_count(model)
    if len(found) != count:
        raise ValueError(
            f"compile: expected {count} {entries}, one for each output, got {len(found)}"
        )
    return found


def metrics_of(model, given, argument: str) -> list[list[Metric]]:
    """The metrics of each output.

    Several outputs take a list with an entry for each of them or a dict by output name, of single
    metrics, lists or None; one metric alone is for all of them.
    """
    count = output_count(model)
    if isinstance(given, dict):
        names = model.output_names
        if not given.keys() <= set(names):
            raise ValueError(
                f"compile: expected {argument} as a dict to have keys among {', '.join(names)}, "
                f"got {', '.join(map(str, given))}"
            )
        given = [given.get(name) for name in names]
    listed = list(given) if isinstance(given, SEVERAL) else [given]
    if len(listed) < 2 and not any(isinstance(one, SEVERAL) for one in listed):
        listed = listed * count if listed else [None] * count
    elif count == 1:
        listed = [[one for entry in listed for one in as_list(entry)]]
    if len(listed) != count:
        raise ValueError(
            f"compile: expected {argument} to be a dict by output name, or a list with an entry "
            f"for each of {count} outputs, got {len(listed)}"
        )
    return [[get_metric(one) for one in as_list(entry)] for entry in listed]


def as_list(entry) -> list:
    """An output's entry as a list of metrics."""
    if entry is None:
        return []
    return list(entry) if isinstance(entry, SEVERAL) else [entry]


def keys_of(
    model, metrics: list[list[Metric]], weighted: list[list[Metric]]
) -> tuple[list[Reported], list[str]]:
    """The metrics under their keys, and the keys of the outputs' losses where there are several.

    ValueError where two values of the logs would have one key.
    """
    names = model.output_names if len(metrics) > 1 else []
    found = reported_metrics(metrics, weighted, [f"{name}_" for name in names] or [""])
    taken: Counter = Counter()
    loss_keys = [numbered(f"{name}_loss", taken) for name in names]
    require_different(["loss", *loss_keys, *(one.key for one in found)])
    return found, loss_keys
