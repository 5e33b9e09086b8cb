"""Layers that are too large for a page: what stands in for them.

A dense layer behind a large image has millions of weights, more than a page should hold. It and all
that comes after it are left out, and one dense layer takes their place, the tangent at the sample:

    logit = bias + sum of slope * x,    slope = d logit / d x,    bias so that the value is right

At the sample itself its value and all gradients in front of it are the model's own; for other images
or weights they are what a straight line makes of them.
"""

from dataclasses import dataclass, field

import numpy as np

from minicnn.inspection.passes import left_alone
from minicnn.layers.activations import Sigmoid
from minicnn.layers.node import Node, Tensor
from minicnn.saliency.passes import gradients, logit_values

LARGEST = 300_000  # weights that a layer on a page may have


@dataclass
class Cut:
    """Which nodes of a graph are left out, and between which tensors the cut goes.

    Attributes
    ----------
    nodes : list of Node
        Left out: those with more than `LARGEST` weights, and what depends on them.
    crossing : list of Tensor
        What they read of the nodes that stay.
    output : Tensor or None
        The model's only output, if something is left out.
    """

    nodes: list[Node] = field(default_factory=list)
    crossing: list[Tensor] = field(default_factory=list)
    output: Tensor | None = None

    @property
    def names(self) -> list[str]:
        """The layers that are left out, in the order in which they run."""
        return list(dict.fromkeys(node.layer.name for node in self.nodes))

    def closed(self, contents: dict, number: dict[Tensor, int]) -> dict:
        """The page's graph with the stand-in behind the cut; its weights come with each sample."""
        units = self.output.sample_shape[0]
        flat = [number[tensor] for tensor in self.crossing]
        for place, tensor in enumerate(self.crossing):
            if len(tensor.sample_shape) > 1:
                size = int(np.prod(tensor.sample_shape))
                flat[place] = add_node(contents, "Flatten", [flat[place]], [size])
        if len(flat) > 1:
            size = sum(contents["nodes"][one]["shape"][0] for one in flat)
            flat = [add_node(contents, "Concatenate", flat, [size])]
        settings = {"units": units, "use_bias": True, "activation": self.activation}
        last = add_node(contents, "Dense", flat, [units], stands_for=self.names, **settings)
        contents["outputs"] = [
            {"node": last, "ofLogits": self.activation == "sigmoid", "weight": 1.0}
        ]
        return contents

    @property
    def activation(self) -> str:
        return "sigmoid" if ends_in_sigmoid(self.output.node) else "linear"

    def tangent(self, model, inputs: list[np.ndarray]) -> dict[str, np.ndarray]:
        """kernel (values, units) and bias (units,) of the stand-in, at a sample."""
        with left_alone(model):
            values = model.graph.run(inputs, layer_by_layer=True)
            logits = logit_values(self.output, values)[0]
            slopes = []
            for unit in range(logits.size):
                dlogits = np.zeros_like(values[self.output])
                dlogits[0, unit] = 1
                of_logits = self.activation == "sigmoid"
                found = gradients(model.graph, self.output, dlogits, self.crossing, of_logits)
                slopes.append(side_by_side(found, self.crossing))
        kernel = np.stack(slopes, axis=1)
        return {"kernel": kernel, "bias": logits - side_by_side(values, self.crossing) @ kernel}


def side_by_side(arrays: dict[Tensor, np.ndarray], tensors: list[Tensor]) -> np.ndarray:
    """The values of some tensors of one sample as one vector."""
    return np.concatenate([arrays[tensor][0].reshape(-1) for tensor in tensors])


def ends_in_sigmoid(node: Node) -> bool:
    """Whether a node's output comes straight out of a sigmoid."""
    layer = node.layer
    return isinstance(layer, Sigmoid) or isinstance(layer.activation, Sigmoid)


def find_cut(model) -> Cut:
    """What has to be left out of a model's page; ValueError where nothing can stand in for it."""
    graph, left_out = model.graph, {}  # a dict keeps the order
    for node in graph.nodes:
        behind = any(tensor.node in left_out for tensor in node.inputs)
        if behind or node.layer.count_params() > LARGEST:
            left_out[node] = None
    if not left_out:
        return Cut()
    if len(graph.outputs) != 1 or len(graph.outputs[0].sample_shape) != 1:
        largest = max(node.layer.count_params() for node in left_out)
        raise ValueError(
            f"{model.name}: a layer of {largest:,} weights is too large for a page, and can be left "
            "out of models with one output of some units only"
        )
    read = [tensor for node in left_out for tensor in node.inputs]
    crossing = [tensor for tensor in dict.fromkeys(read) if tensor.node not in left_out]
    return Cut(list(left_out), crossing, graph.outputs[0])


def add_node(contents: dict, kind: str, inputs: list[int], shape: list[int], **settings) -> int:
    """Append a layer of the page's own and a node of it; the node's number."""
    name = "stand_in" if kind == "Dense" else f"stand_in_{kind.lower()}"
    layer = {"name": name, "class": kind, "kind": kind, "activation": "linear", "count": 0}
    contents["layers"].append({**layer, "params": {}, **settings})
    node = {"layer": len(contents["layers"]) - 1, "inputs": inputs, "shape": shape, "label": name}
    contents["nodes"].append(node)
    return len(contents["nodes"]) - 1
