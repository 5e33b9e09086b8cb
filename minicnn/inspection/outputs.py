"""Every layer's output for an image, and one value of it taken apart."""

from collections.abc import Sequence

import numpy as np

from minicnn.arguments import shape_text
from minicnn.inspection.dissection import take_apart
from minicnn.inspection.explanations import Explanation
from minicnn.inspection.text_tables import columns, figure, place
from minicnn.kernels.runtime.step_lock import one_step_at_a_time
from minicnn.layers.node import Tensor, use_names
from minicnn.training.step import as_inputs

ROUNDING = {np.dtype(np.float32): 1e-4, np.dtype(np.float64): 1e-12}  # relative, of a long sum


def trace(model, x) -> dict[str, np.ndarray]:
    """Every layer's output, in the order in which the layers run; dropout drops nothing.

    Parameters
    ----------
    model : Model
    x : float array, or a list of them for several inputs
        A batch, or one sample without batch axis.

    Returns
    -------
    outputs : dict of str to float array
        By layer name, with batch axis. A layer that is used several times has its further
        outputs under "name (use 2)" and so on.
    """
    values = run_layers(model, x)
    computing = [node for node in model.graph.nodes if node.inputs]
    return {name: values[node.output] for node, name in use_names(computing).items()}


def trace_table(outputs: dict[str, np.ndarray]) -> str:
    """What `trace` found as a table: name, shape, smallest, mean and largest value."""
    table = [("layer", "shape", "min", "mean", "max")]
    for name, output in outputs.items():
        numbers = (output.min(), output.mean(dtype=np.float64), output.max())
        table.append((name, shape_text(output.shape[1:]), *(figure(float(n)) for n in numbers)))
    return "\n".join(columns(table, "<<>>>"))


@one_step_at_a_time()  # the weights looked at are those the layers ran with
def explain(model, x, layer, position: Sequence[int]) -> Explanation:
    """Take one value of a layer's output apart.

    Parameters
    ----------
    model : Model
    x : float array, or a list of them for several inputs
        One sample, with or without batch axis.
    layer : str or Layer
        One of the model's layers, or its name. The first use of a layer that is
        used several times.
    position : tuple of int
        (row, col, channel) in its output, or (unit,) where that is a vector.

    Returns
    -------
    explanation : Explanation
        Has been compared with the model's own value. Its `repr` is a table.

    Raises
    ------
    ValueError
        If there is no such layer or position, or if `x` has more than one sample.
    RuntimeError
        If the parts do not give the model's value: one of the two is wrong.
    """
    target = model.get_layer(layer) if isinstance(layer, str) else layer
    nodes = [node for node in model.graph.nodes if node.layer is target and node.inputs]
    if not nodes:
        name = layer if isinstance(layer, str) else getattr(layer, "label", repr(layer))
        raise ValueError(
            f"{model.name}: {name} is not a layer of this model that computes anything"
        )
    values = run_layers(model, x)
    output = values[nodes[0].output]
    if len(output) != 1:
        raise ValueError(f"{model.name}: expected one sample to explain, got {len(output)}")
    position = checked_position(position, output.shape[1:], target.label)
    inputs = [np.asarray(values[t][0], dtype=np.float64) for t in nodes[0].inputs]
    explanation = take_apart(nodes[0], inputs, position, float(output[0][position]))
    allowed = ROUNDING[output.dtype] * max(explanation.size, abs(explanation.value))
    both_nan = np.isnan(explanation.result) and np.isnan(explanation.value)
    if not both_nan and not abs(explanation.result - explanation.value) <= allowed:
        raise RuntimeError(
            f"{target.label}: the parts give {explanation.result:.9g}, but the layer "
            f"{explanation.value:.9g} at {place(position)}"
        )
    return explanation


@one_step_at_a_time()
def run_layers(model, x) -> dict[Tensor, np.ndarray]:
    """Every tensor's values, each layer run by itself and nothing fused."""
    values = dict(zip(model.graph.inputs, batch_of(model, x), strict=True))
    for node in model.graph.nodes:
        if node.inputs:
            values[node.output] = node.layer.forward(node.pick([values[t] for t in node.inputs]))
    return values


def batch_of(model, x) -> list[np.ndarray]:
    """Batch arrays for the model's inputs; of one sample without batch axis a batch of one."""
    given = list(x) if isinstance(x, (list, tuple)) else [x]
    if model.built and len(given) == len(model.graph.inputs):
        for index, tensor in enumerate(model.graph.inputs):
            if np.shape(given[index]) == tensor.sample_shape:
                given[index] = np.asarray(given[index])[None]  # sample -> batch of one
    return as_inputs(model, given)


def checked_position(
    position: Sequence[int], shape: tuple, owner: str, axes: str | None = None
) -> tuple[int, ...]:
    """`position` as a tuple of ints; ValueError if an array of that shape has no such place.

    `owner` and `axes`, such as "(row, col, channel)", are for the message.
    """
    try:
        found = tuple(int(i) for i in position)
        fits = found == tuple(position) and len(found) == len(shape)
    except (TypeError, ValueError):
        fits = False
    if not fits or not all(0 <= i < size for i, size in zip(found, shape, strict=True)):
        axes = axes or ("(unit,)" if len(shape) == 1 else "(row, col, channel)")
        raise ValueError(
            f"{owner}: expected a position {axes} inside {shape_text(shape)}, counted from 0, "
            f"got {position!r}"
        )
    return found
