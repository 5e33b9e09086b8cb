"""What is reported of a batch, and of all batches of an epoch."""

import numpy as np

from minicnn.metrics.reported import metrics_by_key


class Logs(dict):
    """Metrics and losses of a batch by key, in alphabetical order as in Keras.

    Attributes
    ----------
    sums : dict of str to float64 array
        What the batch adds to the sums of an epoch; see `minicnn.metrics.Metric`.
    """

    def __init__(self, values: dict[str, float], sums: dict[str, np.ndarray]):
        super().__init__(sorted(values.items()))
        self.sums = sums


def batch_logs(model, outputs: list, labels: list, weights: list, losses: list[float]) -> Logs:
    """The logs of a batch.

    Parameters
    ----------
    model : Model
        Compiled.
    outputs, labels : list of float array
        What the model predicts, and what is right; of one shape for each output.
    weights : list of float array (samples,), or None
        For each output; only `weighted_metrics` look at them.
    losses : list of float
        For each output.
    """
    values, sums = {}, {}
    for key, metric, output, weighted in model.metrics:
        w = weights[output] if weighted else None
        sums[key] = metric.sums(labels[output], outputs[output], w)
        values[key] = metric.value(sums[key])
    total = sum(weight * loss for weight, loss in zip(model.loss_weights, losses, strict=True))
    of_outputs = dict(zip(model.loss_keys, losses, strict=True)) if len(losses) > 1 else {}
    count = len(labels[0])
    for key, loss in {**of_outputs, "loss": total}.items():
        sums[key], values[key] = np.array([loss * count, count]), loss
    return Logs(values, sums)


class Totals:
    """The sums of batches added up, and the metrics and losses that follow from them.

    Given the sums of earlier batches, it adds to them.
    """

    def __init__(self, model, sums: dict[str, np.ndarray] | None = None):
        self.metrics = metrics_by_key(model)
        self.sums = {} if sums is None else sums

    def add(self, logs: Logs) -> None:
        for key, added in logs.sums.items():
            self.sums[key] = self.sums.get(key, 0) + added

    def result(self) -> dict[str, float]:
        return {key: self.metrics[key].value(sums) for key, sums in sorted(self.sums.items())}
