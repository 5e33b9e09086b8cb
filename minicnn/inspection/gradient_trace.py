"""Every layer's gradients for a batch."""

import numpy as np

from minicnn.arguments import shape_text
from minicnn.inspection.passes import run_passes
from minicnn.inspection.text_tables import columns, figure
from minicnn.kernels.runtime.step_lock import one_step_at_a_time
from minicnn.layers.node import use_names


@one_step_at_a_time()
def trace_gradients(model, x, y, *, training: bool = False) -> dict[str, dict[str, np.ndarray]]:
    """The gradient at every layer's output, and of its parameters; the model is left as it was.

    Parameters
    ----------
    model : Model
        Compiled.
    x, y : float arrays, or lists of them for several inputs or outputs
        A batch and its labels, or one sample without batch axis.
    training : bool
        False: dropout drops nothing. True: it drops as in the next training step.

    Returns
    -------
    gradients : dict of str to dict of str to float array
        By layer name, in running order: "output" (with batch axis), and each parameter's name.
        Further uses of a layer are under "name (use 2)" and so on, with "output" alone: the
        gradient of a parameter is the sum over all uses.
    """
    passes = run_passes(model, x, y, training)
    found: dict[str, dict[str, np.ndarray]] = {}
    names = use_names(model.graph.nodes)
    for layer in model.graph.layers:
        nodes = [node for node in model.graph.nodes if node.layer is layer and node.inputs]
        for node in nodes:
            found[names[node]] = {"output": passes.dy(node.output)}
        if nodes:
            grads = {key: passes.param_gradient(nodes, key) for key in layer.params}
            found[names[nodes[0]]] |= grads
    return found


def gradient_summary(gradients: dict[str, dict[str, np.ndarray]]) -> dict[str, dict[str, dict]]:
    """Shape (without batch axis), min, mean and max of what `trace_gradients` found."""
    return {
        name: {
            of: {
                "shape": list(array.shape[1:] if of == "output" else array.shape),
                "min": float(array.min()),
                "mean": float(array.mean(dtype=np.float64)),
                "max": float(array.max()),
            }
            for of, array in arrays.items()
        }
        for name, arrays in gradients.items()
    }


def gradient_table(gradients: dict[str, dict[str, np.ndarray]]) -> str:
    """What `trace_gradients` found as a table: layer, of what, shape, min, mean, max."""
    table = [("layer", "of", "shape", "min", "mean", "max")]
    for name, arrays in gradient_summary(gradients).items():
        for of, found in arrays.items():
            three = (figure(found[key]) for key in ("min", "mean", "max"))
            table.append((name, of, shape_text(found["shape"]), *three))
    return "\n".join(columns(table, "<<<>>>"))
