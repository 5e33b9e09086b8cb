"""One pass forward to a logit, and one backward from there to any tensor on the way.

Training needs the gradients of weights, heat maps those of activations, for one image. Both come
from the same `backward` methods of the layers. The logit is taken, not the probability behind the
sigmoid: where the model is sure the sigmoid is flat, its gradient nearly zero, and every heat map
would be empty.
"""

import numpy as np

from minicnn.graph import Graph
from minicnn.kernels.runtime.step_lock import one_step_at_a_time
from minicnn.layers.node import Node, Tensor
from minicnn.training.step import as_inputs, forward, logits


def one_image(model, x) -> np.ndarray:
    """`x` as a batch of one image in the model's dtype, (1, height, width, channels).

    ValueError if the model takes something else than one image, or `x` does not fit it.

    Parameters
    ----------
    model : Model
    x : float array, with or without batch axis
    """
    shape = np.shape(x)
    if not model.built:
        raise ValueError(f"{model.name}: the model is not built yet; give its first layer a shape")
    image_shape(model)
    (batch,) = as_inputs(model, np.asarray(x)[None] if len(shape) == 3 else x)
    if len(batch) != 1:
        raise ValueError(f"{model.name}: expected one image, got {len(batch)}")
    return batch


def image_shape(model) -> tuple[int, int, int]:
    """(height, width, channels) of the model's images; ValueError if it takes something else."""
    shapes = [tensor.sample_shape for tensor in model.graph.inputs]
    if len(shapes) != 1 or len(shapes[0]) != 3:
        raise ValueError(
            f"{model.name}: expected a model with one input of shape (height, width, channels), "
            f"got {shapes}"
        )
    return shapes[0]


def run_layers(model, batch: np.ndarray) -> dict[Tensor, np.ndarray]:
    """The values of every tensor of the model, each layer run by itself, nothing dropped."""
    return model.graph.run([batch], training=False, layer_by_layer=True)


def logit_place(model, output: int) -> tuple[Tensor, int]:
    """Tensor and unit of the model's logit number `output`, counted through all its outputs.

    ValueError if there is no such logit, or an output that is not a vector.
    """
    places = []
    for tensor in model.graph.outputs:
        if len(tensor.sample_shape) != 1:
            raise ValueError(
                f"{model.name}: expected outputs that are vectors, got one of shape "
                f"{tensor.sample_shape} from {tensor.node.layer.label}"
            )
        places += [(tensor, unit) for unit in range(tensor.sample_shape[0])]
    if not isinstance(output, (int, np.integer)) or not 0 <= output < len(places):
        raise ValueError(
            f"{model.name}: expected output to be the number of a logit in [0, {len(places)}), "
            f"got {output!r}"
        )
    return places[output]


def logit_values(tensor: Tensor, values: dict[Tensor, np.ndarray]) -> np.ndarray:
    """What the last run put in front of an output's sigmoid; the output itself without one."""
    found = logits(tensor.node)
    return values[tensor] if found is None else found


@one_step_at_a_time()
def logits_of(model, x, output: int = 0) -> np.ndarray:
    """One of the model's logits for each sample of a batch (batch, ...), dropout off: (batch,).

    Computed in front of the sigmoid: a probability that was rounded to 1 has no logit. `output`
    is the logit's number, counted through all of the model's outputs.
    """
    tensor, unit = logit_place(model, output)
    values = forward(model, x)
    return logit_values(tensor, values)[:, unit].copy()


def logit_gradients(
    model, values: dict[Tensor, np.ndarray], output: int, wanted: list[Tensor]
) -> list[np.ndarray]:
    """d logit / d tensor for each tensor in `wanted`, in the shape of its values.

    `values` is what `run_layers` gave; `output` is the number of the logit.
    """
    tensor, unit = logit_place(model, output)
    dlogits = np.zeros_like(values[tensor])
    dlogits[:, unit] = 1  # d logit / d logit
    of_logits = logits(tensor.node) is not None
    found = gradients(model.graph, tensor, dlogits, wanted, of_logits)
    return [found.get(one, np.zeros_like(values[one])) for one in wanted]


def gradients(
    graph: Graph, source: Tensor, dy: np.ndarray, wanted: list[Tensor], linear: bool = False
) -> dict[Tensor, np.ndarray]:
    """Run backward from one tensor; the gradients that arrive at others.

    The chain rule as in `Graph.backward`, but it may begin and end anywhere: layers between
    `wanted` and `source` are run backward, no others.

    The graph has been run layer by layer. `dy` is the gradient with respect to `source`, or with
    `linear` in front of the activation of its layer (see `Layer.backward_linear`). The result has
    each tensor of `wanted` on which `source` depends.
    """
    leads_back = between(graph, wanted)
    found = {source: dy}
    for node in reversed(graph.nodes):  # a tensor's readers come before its maker
        if node.output not in found or not leads_back[node]:
            continue
        node.give_caches_back()
        layer, begins = node.layer, node.output is source
        backward = layer.backward_linear if linear and begins else layer.backward
        dx = backward(found[node.output])
        for tensor, part in zip(node.inputs, dx if node.takes_list else [dx], strict=True):
            found[tensor] = found[tensor] + part if tensor in found else part
    return found


def between(graph: Graph, wanted: list[Tensor]) -> dict[Node, bool]:
    """For each node, whether one of the tensors in `wanted` is among what it is computed from."""
    leads_back: dict[Node, bool] = {}
    for node in graph.nodes:
        leads_back[node] = any(
            tensor in wanted or leads_back[tensor.node] for tensor in node.inputs
        )
    return leads_back
