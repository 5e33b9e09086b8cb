"""One step on one batch. `train_step` is what training is: forward, loss, backward, update."""

import math

import numpy as np

from minicnn.layers.activations import Sigmoid
from minicnn.layers.base import Layer
from minicnn.numeric_checks import only_or_all
from minicnn.training.batch_arrays import as_inputs, as_label_list, as_weight_list
from minicnn.training.logs import Logs, batch_logs


def train_step(model, x, y, sample_weight=None, class_weight=None, on_bad_loss=None) -> Logs:
    """One step of training on one batch.

    Parameters
    ----------
    model : Model
        Compiled.
    x, y : array or list of arrays
        Inputs and labels, one array for each input and output of the model.
    sample_weight : array (samples,), or list of them, optional
        How much each sample counts in the loss; for all outputs, or for each of them.
    class_weight : dict of int to float, optional
        Instead of it, how much a sample of each class counts.
    on_bad_loss : function (inputs) -> None, optional
        See `loss_and_gradients`.

    Returns
    -------
    logs : Logs
        Metrics and loss of the batch, with dropout on and before the weights changed.
    """
    values = forward(model, x, training=True)
    logs, gradients, of_logits = loss_and_gradients(
        model, values, y, sample_weight, class_weight, on_bad_loss
    )
    model.graph.backward(gradients, of_logits)
    model.optimizer.apply(model.named_weights(), model.named_grads())
    return logs


def test_step(model, x, y, sample_weight=None, outputs: list | None = None) -> Logs:
    """Metrics and loss of one batch, without dropout and without changing anything.

    `outputs` gets the model's first output for the batch, if it is a list.
    """
    values = forward(model, x)
    logs, _, _ = loss_and_gradients(model, values, y, sample_weight)
    if outputs is not None:
        outputs.append(values[model.graph.outputs[0]])
    return logs


def predict_step(model, x):
    """Output array of one batch, or a list of them where the model has several outputs."""
    values = forward(model, x)
    return only_or_all([values[tensor] for tensor in model.graph.outputs])


def forward(model, x, training: bool = False) -> dict:
    """The values of all tensors for one batch; builds a model that is not built yet."""
    inputs = as_inputs(model, x)  # before model.graph, which an unbuilt model does not have
    return model.graph.run(inputs, training)


class BadLoss(Exception):
    """A training step ended at a loss that is not finite, before the weights became so.

    Attributes
    ----------
    logs : Logs
        Metrics and loss of the batch.
    """

    def __init__(self, logs: Logs):
        super().__init__(logs)
        self.logs = logs


def loss_and_gradients(
    model, values: dict, y, sample_weight=None, class_weight=None, on_bad_loss=None
) -> tuple[Logs, list[np.ndarray], list[bool]]:
    """Compare the outputs with the labels.

    Where an output comes straight from a sigmoid, the loss is computed from the logits in
    front of it, and the gradient returned is with respect to them.

    Where a loss is not finite and there is `on_bad_loss`, it is called with the model's inputs,
    and BadLoss is raised: the gradients would make all weights not finite.

    Returns
    -------
    logs : Logs
    gradients : list of float arrays, one for each output
    of_logits : list of bool
        True where the gradient is with respect to the logits.
    """
    require_compiled(model)
    outputs = [values[tensor] for tensor in model.graph.outputs]
    labels = as_label_list(model, y, outputs)
    weights = as_weight_list(model, sample_weight, class_weight, labels)
    losses, gradients, of_logits = [], [], []
    for index, (p, truth) in enumerate(zip(outputs, labels, strict=True)):
        loss, gradient, is_dz = output_loss(model, index, p, truth, weights[index])
        losses.append(loss)
        gradients.append(gradient * p.dtype.type(model.loss_weights[index]))
        of_logits.append(is_dz)
    logs = batch_logs(model, outputs, labels, weights, losses)
    if on_bad_loss is not None and not math.isfinite(logs["loss"]):
        on_bad_loss([values[tensor] for tensor in model.graph.inputs])
        raise BadLoss(logs)
    return logs, gradients, of_logits


def output_loss(
    model, index: int, p: np.ndarray, truth: np.ndarray, weights: np.ndarray | None
) -> tuple[float, np.ndarray, bool]:
    """The loss of one output, its gradient, and whether that is with respect to the logits.

    `weights` are (samples,), or None where all count the same.
    """
    loss, node = model.losses[index], model.graph.outputs[index].node
    w = () if weights is None else (weights.astype(p.dtype).reshape(-1, *[1] * (p.ndim - 1)),)
    z = logits(node)
    if z is not None and model.graph.is_end[index]:
        return *loss.from_logits(truth, z, *w), True
    if z is None and loss.takes_logits:
        return *loss.from_logits(truth, p, *w), False
    return *loss.from_probabilities(truth, p, *w), False


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
