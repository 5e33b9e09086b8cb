"""One pass forward and one backward, layer by layer, with all that is made on the way.

The same arithmetic as a training step (`training/step.py`, `graph.py`), in the model's dtype; but
there what a layer has handed on is forgotten, and here it is kept.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from minicnn.gradcheck.check import restored
from minicnn.inspection.outputs import batch_of
from minicnn.layers.node import Node, Tensor
from minicnn.numeric_checks import only_or_all
from minicnn.training.batch_arrays import as_labels
from minicnn.training.step import loss_and_gradients, require_compiled

THE_LOSS = "the loss"  # where the gradient of a model's output comes from


@dataclass
class Passes:
    """What a model made of one batch, and of the gradient of its loss.

    Attributes
    ----------
    inputs, labels : list of array
        The batch; one array for each input and each output of the model.
    outputs, loss_weights : list of Tensor, list of float
        The model's outputs, and what the loss of each counts.
    training : bool
        Whether dropout dropped.
    loss : float
    values, z : dict of Tensor, of Node, to array
        Every tensor's values; and what each layer made in front of its activation.
    arriving : dict of Tensor to list of (str, array)
        The gradients that a tensor gets, each with the name of the layer that reads it there.
    dz : dict of Node to array
        The gradient in front of the layer's activation; at its output where it has none.
    dx : dict of Node to list of array
        What the layer hands back, for each of its inputs.
    grads : dict of Node to dict of str to array
        The gradients of the layer's parameters, of this use of the layer alone.
    from_logits : set of Tensor
        Outputs straight from a sigmoid: the loss gives their dz, and dy is made for show.
    caches : dict of Node to named tuple
        What the layers kept.
    """

    inputs: list[np.ndarray]
    labels: list
    outputs: list[Tensor]
    loss_weights: list[float]
    training: bool
    loss: float
    values: dict[Tensor, np.ndarray]
    z: dict[Node, np.ndarray]
    caches: dict[Node, tuple]
    arriving: dict[Tensor, list] = field(default_factory=dict)
    dz: dict[Node, np.ndarray] = field(default_factory=dict)
    dx: dict[Node, list] = field(default_factory=dict)
    grads: dict[Node, dict] = field(default_factory=dict)
    from_logits: set[Tensor] = field(default_factory=set)

    def dy(self, tensor: Tensor) -> np.ndarray:
        """The gradient at a tensor: the sum over all that read it."""
        return added([gradient for _, gradient in self.arriving[tensor]])

    def param_gradient(self, nodes: list[Node], name: str) -> np.ndarray:
        """The gradient of a parameter: the sum over the layer's uses, the last one first."""
        return added([self.grads[node][name] for node in reversed(nodes)])


def added(gradients: list[np.ndarray]) -> np.ndarray:
    total = gradients[0]
    for gradient in gradients[1:]:
        total = total + gradient
    return total


def run_passes(model, x, y, training: bool) -> Passes:
    """Run a batch, or one sample, forward and backward; the model is left as it was."""
    require_compiled(model)
    for loss in model.losses:
        if loss.label_smoothing or loss.takes_logits:
            raise ValueError(
                f"{model.name}: expected the binary cross-entropy of labels and probabilities as "
                f"they are, to take its gradients apart; got {loss!r}"
            )
    inputs = batch_of(model, x)
    labels = labels_of(model, y, len(inputs[0]))
    with left_alone(model):
        values, z = run_forward(model.graph, inputs, training)
        logs, gradients, of_logits = loss_and_gradients(model, values, only_or_all(labels))
        caches = {node: node.cache for node in model.graph.nodes}
        outputs, weights = list(model.graph.outputs), list(model.loss_weights)
        passes = Passes(inputs, labels, outputs, weights, training, logs["loss"], values, z, caches)
        run_backward(model, passes, gradients, of_logits)
    return passes


@contextmanager
def left_alone(model) -> Iterator[None]:
    """Run a model's layers; afterwards caches, gradients and counters are what they were."""
    layers = model.graph.layers
    activations = [layer.activation for layer in layers if layer.activation is not None]
    with restored([model, *model.graph.nodes, *layers, *activations]):
        yield


def run_forward(
    graph, inputs: list[np.ndarray], training: bool, change: Callable = lambda of, node, made: made
) -> tuple[dict[Tensor, np.ndarray], dict[Node, np.ndarray]]:
    """The values of all tensors, and of all nodes z, in front of the activation.

    `change(of, node, made)` is given what goes into a node ("input": a list), its z
    ("activation") and what comes out ("output"), and returns what to go on with.
    """
    pairs = zip(graph.inputs, inputs, strict=True)
    values = {tensor: change("output", tensor.node, array) for tensor, array in pairs}
    z = {}
    for node in graph.nodes:
        if not node.inputs:
            continue
        layer, activation = node.layer, node.layer.activation
        x = change("input", node, [values[tensor] for tensor in node.inputs])
        layer.activation = None
        try:
            z[node] = change("activation", node, layer.forward(node.pick(x), training))
        finally:
            layer.activation = activation
        y = z[node] if activation is None else activation.forward(z[node])
        node.keep_caches()
        values[node.output] = change("output", node, y)
    return values, z


def run_backward(model, passes: Passes, gradients: list, of_logits: list[bool]) -> None:
    """As `Graph.backward`, but all that is made is kept in `passes`."""
    graph, arriving = model.graph, passes.arriving
    for number, (tensor, gradient) in enumerate(zip(graph.outputs, gradients, strict=True)):
        if of_logits[number]:
            passes.from_logits.add(tensor)
            earlier = passes.dz.get(tensor.node)
            passes.dz[tensor.node] = gradient if earlier is None else earlier + gradient
            gradient = gradient_of_probabilities(model, passes, number)
        arriving.setdefault(tensor, []).append((THE_LOSS, gradient))
    for node in reversed(graph.nodes):
        if not node.inputs:
            continue
        node.give_caches_back()
        layer = node.layer
        if node in passes.dz:
            dx = layer.backward_linear(passes.dz[node])
        else:
            dy = passes.dy(node.output)
            passes.dz[node] = layer.undo_activation(dy)
            dx = layer.backward(dy)
        passes.dx[node] = dx if node.takes_list else [dx]
        passes.grads[node] = {name: layer.grads[name] for name in layer.params}
        for tensor, part in zip(node.inputs, passes.dx[node], strict=True):
            arriving.setdefault(tensor, []).append((layer.name, part))


def gradient_of_probabilities(model, passes: Passes, number: int) -> np.ndarray:
    """d loss / d p of the model's output of that number."""
    tensor = model.graph.outputs[number]
    p = passes.values[tensor]
    labels = as_labels(passes.labels[number], p, tensor.node.layer.name)
    _, dp = model.losses[number].from_probabilities(labels, p)
    return dp * p.dtype.type(model.loss_weights[number])


def labels_of(model, y, samples: int) -> list:
    """One array of labels for each output; of one sample they need no batch axis."""
    several = len(model.graph.outputs) > 1 and isinstance(y, (list, tuple))
    labels = list(y) if several else [y]
    for number, (one, tensor) in enumerate(zip(labels, model.graph.outputs, strict=False)):
        if samples == 1 and one is not None and np.shape(one) in ((), tensor.sample_shape):
            labels[number] = np.asarray(one)[None]
    return labels
