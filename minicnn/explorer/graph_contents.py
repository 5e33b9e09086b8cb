"""What a page knows of a model's graph: layers with their weights, nodes, outputs, by number."""

import numpy as np

from minicnn import layers
from minicnn.explorer.cut import Cut, ends_in_sigmoid
from minicnn.explorer.packing import packed
from minicnn.layers.activations import activation_name
from minicnn.layers.node import Tensor, use_names

# By class of layer: the settings that the page's arithmetic needs.
KINDS = {
    layers.InputLayer: (),
    layers.Conv2D: ("filters", "kernel_size", "strides", "padding", "use_bias"),
    layers.Dense: ("units", "use_bias"),
    layers.MaxPooling2D: ("pool_size", "strides", "padding"),
    layers.AveragePooling2D: ("pool_size", "strides", "padding"),
    layers.GlobalMaxPooling2D: (),
    layers.GlobalAveragePooling2D: (),
    layers.Activation: (),
    layers.ReLU: (),
    layers.Sigmoid: (),
    layers.Dropout: ("rate",),
    layers.Flatten: (),
    layers.Concatenate: (),
}
COMPUTING = ("forward", "backward", "compute", "compute_gradients")  # what a subclass may change


def layer_kind(layer) -> type:
    """The class in `KINDS` that a layer is of; ValueError for another one."""
    for kind in KINDS:
        own = (getattr(type(layer), name) is not getattr(kind, name) for name in COMPUTING)
        if isinstance(layer, kind) and not any(own):
            return kind
    raise ValueError(
        f"{layer.label}: a page cannot show layers of class {type(layer).__name__}, of which its "
        "JavaScript knows nothing"
    )


def layer_contents(layer, bits: int) -> dict:
    """A layer's settings and parameters, these as floats of so many bits."""
    kind = layer_kind(layer)
    function = layer if isinstance(layer, layers.ReLU | layers.Sigmoid) else layer.activation
    params = dict(layer.params)
    if params and not layer.use_bias:
        params["bias"] = np.zeros(params["kernel"].shape[-1], np.float32)
    return {
        "name": layer.name,
        "class": type(layer).__name__,
        "kind": "Activation" if kind in (layers.ReLU, layers.Sigmoid) else kind.__name__,
        "activation": activation_name(function),
        "count": int(layer.count_params()),
        "params": {name: packed(array, bits) for name, array in params.items()},
        **{name: getattr(layer, name) for name in KINDS[kind]},
    }


def model_contents(model, cut: Cut, bits: int) -> dict:
    """The graph: layers, nodes and outputs, by number; `cut` says where it ends."""
    nodes = [node for node in model.graph.nodes if node not in cut.nodes]
    number = {node.output: index for index, node in enumerate(nodes)}
    listed = list(dict.fromkeys(node.layer for node in nodes))
    found = [
        {
            "layer": listed.index(node.layer),
            "inputs": [number[tensor] for tensor in node.inputs],
            "shape": list(node.output.sample_shape),
            "label": label,
        }
        for node, label in use_names(nodes).items()
    ]
    contents = {
        "layers": [layer_contents(layer, bits) for layer in listed],
        "nodes": found,
        "inputs": [number[tensor] for tensor in model.graph.inputs],
        "outputs": [
            {"node": number[tensor], "ofLogits": of_logits, "weight": weight}
            for tensor, of_logits, weight in output_losses(model)
            if tensor in number
        ],
    }
    return contents if not cut.nodes else cut.closed(contents, number)


def output_losses(model) -> list[tuple[Tensor, bool, float]]:
    """Each output, whether its loss is computed from the logits, and how much it counts."""
    graph = model.graph
    return [
        (tensor, is_end and ends_in_sigmoid(tensor.node), float(weight))
        for tensor, is_end, weight in zip(
            graph.outputs, graph.is_end, model.loss_weights, strict=True
        )
    ]
