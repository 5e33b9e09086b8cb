"""minicnn's own numbers for a sample: every output and every gradient, to compare a page's with.

In float64, as the page computes: where a model is sure, p - y has few digits left in float32. And with
the kernels in NumPy, which need not be compiled for that.
"""

import numpy as np

from minicnn.layers.node import Tensor
from minicnn.losses import BinaryCrossentropy
from minicnn.training.step import as_labels, logits


class Pass:
    """One sample forward and backward, each layer by itself, nothing dropped.

    Parameters
    ----------
    model : Model
    inputs : list of float64 arrays, a batch of one each
    labels : list of arrays
        A batch of one for each output.

    Attributes
    ----------
    values : dict of Tensor to array
        Every tensor's values.
    dy : dict of Tensor to array
        The loss gradient with respect to them; not of an output in front of which it begins.
    grads : dict of Layer to dict of str to array
        Of its parameters, summed over the layer's uses.
    labels : list of arrays
        In the shape and dtype of the outputs.
    loss : float
    """

    def __init__(self, model, inputs: list[np.ndarray], labels: list[np.ndarray]):
        graph = model.graph
        self.values = graph.run(inputs, layer_by_layer=True)
        self.labels, self.loss, self.dy, self.grads = [], 0.0, {}, {}
        compare = BinaryCrossentropy()
        of_logits: dict[Tensor, np.ndarray] = {}
        for tensor, y, is_end, weight in zip(
            graph.outputs, labels, graph.is_end, loss_weights(model), strict=True
        ):
            name = tensor.node.layer.name
            truth = as_labels(y, self.values[tensor], name)
            compare.check_labels(truth, name)
            self.labels.append(truth)
            z = logits(tensor.node) if is_end else None
            if z is None:
                loss, gradient = compare.from_probabilities(truth, self.values[tensor])
            else:
                loss, gradient = compare.from_logits(truth, z)
            self.loss += weight * loss
            into = self.dy if z is None else of_logits
            into[tensor] = into.get(tensor, 0) + weight * gradient
        self._backward(graph, of_logits)

    def _backward(self, graph, of_logits: dict[Tensor, np.ndarray]) -> None:
        for node in reversed(graph.nodes):
            tensor, layer = node.output, node.layer
            if not node.inputs or not (tensor in self.dy or tensor in of_logits):
                continue
            node.give_caches_back()
            if tensor in of_logits:
                dx = layer.backward_linear(of_logits[tensor])
            else:
                dx = layer.backward(self.dy[tensor])
            for source, part in zip(node.inputs, dx if node.takes_list else [dx], strict=True):
                self.dy[source] = self.dy[source] + part if source in self.dy else part
            before = self.grads.get(layer, {})
            self.grads[layer] = {
                name: gradient + before.get(name, 0) for name, gradient in layer.grads.items()
            }


def loss_weights(model) -> list[float]:
    """How much each output's loss counts; 1 for a model that is not compiled."""
    return getattr(model, "loss_weights", None) or [1.0] * len(model.graph.outputs)
