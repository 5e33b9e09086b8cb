"""One value of the backward pass taken apart."""

from collections.abc import Sequence

import numpy as np

from minicnn import layers
from minicnn.inspection.activation_parts import activation, output
from minicnn.inspection.dissection import of_class
from minicnn.inspection.gradient_explanation import GradientExplanation
from minicnn.inspection.input_parts import INPUTS
from minicnn.inspection.next_step import next_step
from minicnn.inspection.nudge import slope
from minicnn.inspection.outputs import ROUNDING, checked_position
from minicnn.inspection.parameter_parts import parameter
from minicnn.inspection.passes import Passes, run_passes
from minicnn.kernels.runtime.step_lock import one_step_at_a_time
from minicnn.layers.node import Node
from minicnn.models.summary import uses_by_layer

IN_ITSELF = (layers.Activation, layers.ReLU, layers.Sigmoid)  # z is their input


@one_step_at_a_time()  # the weights looked at are those the layers ran with
def explain_gradient(
    model,
    x,
    y,
    layer,
    of: str | None = None,
    position: Sequence[int] | None = None,
    *,
    training: bool = False,
) -> GradientExplanation:
    """Take one value of the backward pass apart; the model is left as it was.

    Parameters
    ----------
    model : Model
        Compiled.
    x, y : float arrays, or lists of them for several inputs or outputs
        A batch and its labels, or one sample without batch axis.
    layer : str or Layer
        One of the model's layers, or its name. Parameters of a layer that is used several times
        get the sum over its uses; all else is of its first use.
    of : str, optional
        The gradient with respect to what: "kernel" or "bias"; "input", what the layer hands
        back (of several inputs, their last axes are side by side, as in the output);
        "activation", in front of its activation (dz); "output", what arrives there (dy).
        When missing "kernel", or "input" where the layer has none.
    position : tuple of int, optional
        Index into the parameter; else (row, col, channel), or (unit,) where that is a vector,
        with the sample's number in front if there are several. When missing, that of the number
        farthest from 0.
    training : bool
        False: dropout drops nothing. True: it drops as in the next training step.

    Returns
    -------
    explanation : GradientExplanation
        Its `value` is the model's own, in the model's dtype; its `result`, from the parts in
        float64, has been compared with it. `numeric` is the slope of the loss, in float64.
        Its `repr` is a table.

    Raises
    ------
    ValueError
        If there is no such layer, gradient or position, or `x` or `y` does not fit.
    RuntimeError
        If the model is not compiled, or the parts do not give the model's value: its backward pass
        is wrong.
    """
    passes = run_passes(model, x, y, training)
    nodes, of = nodes_and_kind(model, layer, of)
    array = gradient_array(passes, nodes, of)
    index = place_in(array, position, nodes[0], of)
    is_param = of in nodes[0].layer.params
    sample = index[0] if not is_param and len(array) > 1 else None
    about = {
        "layer": nodes[0].layer.name,
        "kind": type(nodes[0].layer).__name__,
        "of": of,
        "position": index if is_param or sample is not None else index[1:],
        "sample": sample,
        "value": float(array[index]),
    }
    explanation = take_apart(passes, nodes, of, index, about)
    explanation.slope = slope(model, passes, nodes[0], moved(nodes[0], of), index)
    size = max(explanation.size, float(np.abs(array).max()))
    lost = lost_digits(passes)
    explanation.agrees = explanation.slope.agrees(explanation.value, size, array.dtype, lost)
    check_parts(explanation, array.dtype)
    if is_param:
        name, weights = f"{nodes[0].layer.name}/{of}", nodes[0].layer.params[of]
        found = next_step(model.optimizer, name, weights, index, named_gradients(model, passes))
        found.without_dropout = not training and any(map(drops, model.layers))
        explanation.next_step = found
    return explanation


def named_gradients(model, passes: Passes) -> dict[str, np.ndarray]:
    """The gradients of all parameters, under the names of `Model.named_weights`."""
    return {
        f"{layer.name}/{name}": passes.param_gradient(nodes, name)
        for layer, nodes in uses_by_layer(model.graph).items()
        for name in layer.params
    }


def lost_digits(passes: Passes) -> float:
    """The share that rounding of p may have in p - y, at most 1: where a model is sure, it is large."""
    largest = 0.0
    for tensor, labels in zip(passes.outputs, passes.labels, strict=True):
        p = passes.values[tensor]
        if tensor in passes.from_logits:
            eps = np.finfo(p.dtype).eps
            difference = np.abs(p - np.reshape(labels, p.shape)).max()
            largest = max(largest, float(eps / max(difference, eps)))
    return largest


def drops(layer) -> bool:
    return isinstance(layer, layers.Dropout) and layer.rate > 0


def nodes_and_kind(model, layer, of: str | None) -> tuple[list[Node], str]:
    """All uses of a layer, and `of` or what it is when missing; ValueError for unknown ones."""
    target = model.get_layer(layer) if isinstance(layer, str) else layer
    nodes = [node for node in model.graph.nodes if node.layer is target]
    if not nodes:
        name = getattr(layer, "label", repr(layer))
        raise ValueError(f"{model.name}: {name} is not a layer of this model")
    known = gradients_of(target)
    of = known[0] if of is None else of
    if of not in known:
        raise ValueError(f"{target.label}: expected of to be one of {', '.join(known)}, got {of!r}")
    return nodes, of


def gradients_of(layer) -> list[str]:
    """What `of` may be for a layer; the first of them is what is taken when it is missing."""
    if isinstance(layer, layers.InputLayer):
        return ["output"]
    has_z = layer.activation is not None or isinstance(layer, IN_ITSELF)
    return [*layer.params, "input", *(["activation"] if has_z else []), "output"]


def moved(node: Node, of: str) -> str:
    """What is moved to find the slope: a layer that is an activation has its z as input."""
    return "input" if of == "activation" and isinstance(node.layer, IN_ITSELF) else of


def gradient_array(passes: Passes, nodes: list[Node], of: str) -> np.ndarray:
    """The gradient that `of` names, whole."""
    if of in nodes[0].layer.params:
        return passes.param_gradient(nodes, of)
    if of == "output":
        return passes.dy(nodes[0].output)
    if moved(nodes[0], of) == "input":
        return np.concatenate(passes.dx[nodes[0]], axis=-1)
    return passes.dz[nodes[0]]


def place_in(array: np.ndarray, position, node: Node, of: str) -> tuple[int, ...]:
    """The index into a gradient: the position, or the number farthest from 0."""
    if position is None:
        return tuple(int(i) for i in np.unravel_index(np.abs(array).argmax(), array.shape))
    owner = f"{node.layer.label}, {of}"
    if of in node.layer.params:
        return checked_position(position, array.shape, owner, "(a number for each axis)")
    if len(array) == 1:
        return (0, *checked_position(position, array.shape[1:], owner))
    axes = "(sample, unit)" if array.ndim == 2 else "(sample, row, col, channel)"
    return checked_position(position, array.shape, owner, axes)


def take_apart(passes: Passes, nodes: list[Node], of: str, index: tuple, about: dict):
    """The explanation, so far without the numeric gradient."""
    node = nodes[0]
    if of in node.layer.params:
        return parameter(passes, nodes, of, index, about)
    if of == "output":
        return output(passes, node, index, about)
    if moved(node, of) == "input":
        return of_class(INPUTS, node.layer)(passes, node, index, about)
    return activation(passes, node, index, about)


def check_parts(explanation: GradientExplanation, dtype) -> None:
    """RuntimeError unless the parts give the model's number, or one of the two is none (nan)."""
    value, result = explanation.value, explanation.result
    allowed = ROUNDING[dtype] * max(explanation.size, abs(value))
    if abs(result - value) > allowed:
        raise RuntimeError(
            f"{explanation.layer}: the parts give {result:.9g} for d loss / d "
            f"{explanation.where}, but the layer's backward pass {value:.9g}; the slope of the "
            f"loss is {explanation.numeric:.9g}"
        )
