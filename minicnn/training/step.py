"""One step on one batch. `train_step` is what training is: forward, loss, backward, update."""

import math

import numpy as np

from minicnn.arguments import shape_text
from minicnn.layers.activations import Sigmoid
from minicnn.layers.base import Layer
from minicnn.numeric_checks import as_numbers, input_list
from minicnn.training.class_weights import sample_weights


def train_step(model, x, y, on_bad_loss=None, class_weight=None) -> dict[str, float]:
    """One step of training on one batch.

    Parameters
    ----------
    model : Model
        Compiled.
    x, y : array or list of arrays
        Inputs and labels, one array for each input and output of the model.
    on_bad_loss : function (inputs) -> None, optional
        See `loss_and_gradients`.
    class_weight : dict of int to float, optional
        How much a sample of each class counts in the loss.

    Returns
    -------
    logs : dict of str to float
        Metrics and loss of the batch, with dropout on and before the weights changed.
    """
    values = forward(model, x, training=True)
    logs, gradients, of_logits = loss_and_gradients(model, values, y, on_bad_loss, class_weight)
    model.graph.backward(gradients, of_logits)
    model.optimizer.apply(model.named_weights(), model.named_grads())
    return logs


def test_step(model, x, y, outputs: list | None = None) -> dict[str, float]:
    """Metrics and loss of one batch, without dropout and without changing anything.

    `outputs` gets the model's first output for the batch, if it is a list.
    """
    values = forward(model, x)
    logs, _, _ = loss_and_gradients(model, values, y)
    if outputs is not None:
        outputs.append(values[model.graph.outputs[0]])
    return logs


def predict_step(model, x):
    """Output array of one batch, or a list of them where the model has several outputs."""
    values = forward(model, x)
    outputs = [values[tensor] for tensor in model.graph.outputs]
    return outputs[0] if len(outputs) == 1 else outputs


def forward(model, x, training: bool = False) -> dict:
    """The values of all tensors for one batch; builds a model that is not built yet."""
    inputs = as_inputs(model, x)  # before model.graph, which an unbuilt model does not have
    return model.graph.run(inputs, training)


class BadLoss(Exception):
    """A training step ended at a loss that is not finite, before the weights became so.

    Attributes
    ----------
    logs : dict of str to float
        Metrics and loss of the batch.
    """

    def __init__(self, logs: dict[str, float]):
        super().__init__(logs)
        self.logs = logs


def loss_and_gradients(
    model, values: dict, y, on_bad_loss=None, class_weight=None
) -> tuple[dict[str, float], list[np.ndarray], list[bool]]:
    """Compare the outputs with the labels.

    Where an output comes straight from a sigmoid, the loss is computed from the logits in
    front of it, and the gradient returned is with respect to them.

    Where a loss is not finite and there is `on_bad_loss`, it is called with the model's inputs,
    and BadLoss is raised: the gradients would make all weights not finite.

    Returns
    -------
    logs : dict of str to float
    gradients : list of float arrays, one for each output
    of_logits : list of bool
        True where the gradient is with respect to the logits.
    """
    require_compiled(model)
    labels = list(y) if isinstance(y, (list, tuple)) and len(model.losses) > 1 else [y]
    if len(labels) != len(model.losses):
        raise ValueError(
            f"{model.name}: expected labels for {len(model.losses)} outputs, got {len(labels)}"
        )
    total, metric_logs, loss_logs, gradients, of_logits = 0.0, {}, {}, [], []
    for index, tensor in enumerate(model.graph.outputs):
        name = tensor.node.layer.name
        p = values[tensor]
        truth = as_labels(labels[index], p, name)
        model.losses[index].check_labels(truth, name)
        z = logits(tensor.node) if model.graph.is_end[index] else None
        weights = () if class_weight is None else (sample_weights(truth, class_weight),)
        if z is not None:
            loss, gradient = model.losses[index].from_logits(truth, z, *weights)
        else:
            loss, gradient = model.losses[index].from_probabilities(truth, p, *weights)
        weight = model.loss_weights[index]
        total += weight * loss
        gradients.append(gradient * p.dtype.type(weight))
        of_logits.append(z is not None)
        prefix = f"{name}_" if len(labels) > 1 else ""
        metric_logs.update({prefix + key: metric(truth, p) for key, metric in model.metrics})
        if prefix:
            loss_logs[prefix + "loss"] = loss
    logs = {**metric_logs, **loss_logs, "loss": total}
    if on_bad_loss is not None and not math.isfinite(total):
        on_bad_loss([values[tensor] for tensor in model.graph.inputs])
        raise BadLoss(logs)
    return logs, gradients, of_logits


def logits(node) -> np.ndarray | None:
    """What went into the sigmoid at the end of this node's layer; None if there is none.

    None as well for a layer with a backward pass of its own: it expects dy, not dz.
    """
    if getattr(node.layer.backward, "__func__", None) is not Layer.backward:
        return None
    if isinstance(node.layer, Sigmoid):
        return node.cache.x
    return node.activation_cache.x if isinstance(node.layer.activation, Sigmoid) else None


def require_compiled(model) -> None:
    """RuntimeError unless `compile` has been called."""
    if model.optimizer is None:
        raise RuntimeError(f"{model.name}: call compile(...) before training or evaluating")


def as_inputs(model, x) -> list[np.ndarray]:
    """Batch arrays for the model's inputs, in the model's dtype; ValueError where they misfit."""
    given = input_list(x)
    if getattr(model, "built", True) is False:
        model.build((None, *np.shape(given[0])[1:]))
    if len(given) == 1 and isinstance(x, list) and len(x) == len(model.graph.inputs) > 1:
        given = list(x)  # nested lists of numbers, one for each input
    if len(given) != len(model.graph.inputs):
        raise ValueError(
            f"{model.name}: expected {len(model.graph.inputs)} inputs, got {len(given)}"
        )
    arrays = [as_input(array, model) for array in given]
    for array, tensor in zip(arrays, model.graph.inputs, strict=True):
        if array.shape[1:] != tensor.sample_shape:
            raise ValueError(
                f"{model.name}: expected input of shape "
                f"{shape_text(('batch', *tensor.sample_shape))}, got {shape_text(array.shape)}"
            )
    if {len(array) for array in arrays} == {0}:
        raise ValueError(f"{model.name}: expected at least one sample, got a batch of none")
    if len({len(array) for array in arrays}) > 1:
        found = ", ".join(str(len(array)) for array in arrays)
        raise ValueError(f"{model.name}: expected as many samples for each input, got {found}")
    return arrays


def as_input(array, model) -> np.ndarray:
    """An array in the model's dtype, in the layout that kernels are compiled for."""
    if type(array) is np.ndarray and array.dtype == model.dtype and array.flags.carray:
        return array
    numbers = as_numbers(array, f"{model.name}: input")
    return np.array(numbers, dtype=model.dtype, order="C")


def as_labels(y, p: np.ndarray, output: str) -> np.ndarray:
    """Labels in the shape and dtype of the predictions `p`; ValueError where they misfit."""
    if y is None:
        raise ValueError(f"{output}: expected labels, got none; give y, or batches (x, y)")
    labels = as_numbers(y, f"{output}: labels").astype(p.dtype, copy=False)
    one_number = p.shape[-1] == 1  # then labels may come as (batch,), too
    if labels.shape != p.shape and not (one_number and labels.shape == p.shape[:-1]):
        numbers = "; numbers of classes have to become rows with a 1 for the class and 0 elsewhere"
        raise ValueError(
            f"{output}: expected labels of shape {shape_text(p.shape)}, "
            f"got {shape_text(labels.shape)}{numbers if labels.shape == p.shape[:-1] else ''}"
        )
    return labels.reshape(p.shape)
