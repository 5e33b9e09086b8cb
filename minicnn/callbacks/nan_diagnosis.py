"""Where NaN and infinity begin: at which sample, in which layer.

`first_nonfinite_layer` runs a batch once more, layer by layer, when its loss has turned out not to
be finite.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np

from minicnn.layers.dropout import Dropout
from minicnn.numeric_checks import find_not_finite, place_inside


def first_nonfinite_layer(
    model, inputs: list[np.ndarray], name_of: Callable[[int], str] | None = None
) -> str:
    """The first thing in a training step that is not finite, as the rest of a sentence.

    Looked at in turn: the inputs; the weights, which are then so since the last step, and the
    gradients which that step left behind; each layer's output, with the dropout masks of the
    model's last run. The model is left as it was.

    Parameters
    ----------
    model : Model
        Compiled, and not changed since it has run on the inputs.
    inputs : list of float arrays
        One for each of the model's inputs, as `minicnn.training.step.as_inputs` gives them.
    name_of : function (position in the batch) -> str, optional
    """
    name_of = name_of or (lambda position: f"sample {position}")
    for tensor, array in zip(model.graph.inputs, inputs, strict=True):
        if find_not_finite(array, array.dtype):
            return (
                f"the input {tensor.node.layer.label} {first_of(array, name_of)}; "
                "look at where that sample comes from"
            )
    return (
        nonfinite_weights(model)
        or nonfinite_output(model, inputs, name_of)
        or "every layer's output is finite when the layers run one by one, but at the limit of "
        f"{model.dtype}, where their sums or the loss no longer are{advice(model)}"
    )


def nonfinite_weights(model) -> str | None:
    """Which weights are not finite, and whether their gradients were; None if all are."""
    for name, array in model.named_weights().items():
        if found := find_not_finite(array, array.dtype):
            what = f"{found.count} of {array.size} weights of {name} are not finite"
            break
    else:
        return None
    if model.optimizer is None or model.optimizer.iterations == 0:
        return f"{what} before the first step"
    # Backward, gradients come from the outputs: the layer nearest to them is where it began.
    for layer in reversed(model.graph.layers):
        for key, grad in layer.grads.items():
            if find_not_finite(grad, grad.dtype):
                return (
                    f"{what} since the last step, in which the gradient of {layer.name}/{key} "
                    f"was not{advice(model)}"
                )
    return f"{what} since the last step, although its gradients were{advice(model)}"


def nonfinite_output(model, inputs: list[np.ndarray], name_of: Callable[[int], str]) -> str | None:
    """The first layer whose output is not finite; None if there is none."""
    with restoring(model), np.errstate(all="ignore"):
        values = model.graph.run(inputs, training=True, layer_by_layer=True)
        # Infinity comes out of a sigmoid as 1: there, its input is checked.
        logits = {node: getattr(node.activation_cache, "x", None) for node in model.graph.nodes}
    for node in model.graph.nodes:
        output = values[node.output] if logits[node] is None else logits[node]
        if node.inputs and find_not_finite(output, output.dtype):
            where = "" if logits[node] is None else " in front of its sigmoid"
            sizes = [f"inputs up to {max(largest(values[t]) for t in node.inputs):.3g}"]
            sizes += [
                f"{name} up to {largest(param):.3g}" for name, param in node.layer.params.items()
            ]
            return (
                f"the output of {node.layer.name}{where} {first_of(output, name_of)} "
                f"({', '.join(sizes)}){advice(model)}"
            )
    return None


@contextmanager
def restoring(model) -> Iterator[None]:
    """Let a model run once more with the dropout masks of its last run, then put its state back."""
    graph = model.graph
    layers = [*graph.layers, *(one.activation for one in graph.layers if one.activation)]
    kept = [(one, dict(vars(one))) for one in (graph, *layers, *graph.nodes)]
    for layer in layers:
        if isinstance(layer, Dropout) and layer.rate > 0:
            # Each use of a layer was a step, with a mask of its own.
            layer.step -= sum(node.layer is layer for node in graph.nodes)
    try:
        yield
    finally:
        for one, attributes in kept:
            one.__dict__ = attributes


def largest_weight(model) -> str:
    """Which weights are the largest, for a loss that is not finite without a batch."""
    sizes = {name: largest(array) for name, array in model.named_weights().items()}
    name = max(sizes, key=sizes.get)
    return f"the largest weight is {sizes[name]:.3g}, in {name}{advice(model)}"


def first_of(array: np.ndarray, name_of: Callable[[int], str]) -> str:
    """How many values of a batch are not finite, and which is the first."""
    found = find_not_finite(array, array.dtype)
    return (
        f"has {found.count} of {array.size} values that are not finite, the first is "
        f"{found.value:g} in {name_of(found.index[0])}{place_inside(found.index)}"
    )


def largest(array: np.ndarray) -> float:
    """The largest absolute value, NaN left aside."""
    return float(np.fmax.reduce(np.abs(array), axis=None))


def advice(model) -> str:
    """What to try, with the learning rate there is."""
    if model.optimizer is None:
        return ""
    return f"; the learning rate is {model.optimizer.learning_rate:.3g}, try a smaller one"
