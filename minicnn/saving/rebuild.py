"""Models from their descriptions, without trust.

A description that is read may be damaged or hostile: types, sizes and values are checked before a
layer is made, and the parameters' shapes before any memory is taken for them.
"""

from collections.abc import Callable

from minicnn import layers
from minicnn.layers.node import connect, input_tensor
from minicnn.saving.describe import LAYERS, describe_nodes
from minicnn.saving.description_checks import check_architecture


def rebuild(
    meta: dict,
    classes: dict[str, type],
    check_shapes: Callable[[dict[str, tuple]], None] | None = None,
):
    """The model that `architecture` described, with fresh weights.

    ValueError, TypeError, RuntimeError or ArithmeticError if it does not describe a model.

    Parameters
    ----------
    meta : dict
    classes : dict of str to class
        Kind to class: what a "sequential" or "functional" model may become.
    check_shapes : function, optional
        Is given the shapes of all parameters, under the names of `Model.named_weights`, before
        there is memory for them: the place to raise if a file holds others.
    """
    check_architecture(meta)
    if meta["kind"] not in classes:
        raise ValueError(f"expected a {' or '.join(classes)} model, found a {meta['kind']} one")
    made = [make_layer(entry) for entry in meta["layers"]]
    named = {"name": meta["name"], "seed": meta["seed"]}
    # Connected layers know their shapes; the parameters are made with the graph.
    is_chain = meta["kind"] == "sequential"
    if is_chain:
        model = classes[meta["kind"]](made, **named)
    else:
        tensors = connect_nodes(made, meta["nodes"])
    if check_shapes is not None:
        check_shapes(param_shapes(made))
    if not is_chain:
        ends = ([tensors[index] for index in meta[key]] for key in ("inputs", "outputs"))
        model = classes[meta["kind"]](*ends, **named)
    if describe_nodes(model.graph) != meta["nodes"]:
        raise ValueError("the nodes are not those of its layers, in the order in which they run")
    return model.astype(meta.get("dtype", "float32"))


def connect_nodes(made: list, nodes: list[dict]) -> list:
    """The tensor that each node gives out; ValueError where a layer takes other inputs."""
    tensors: list = []
    for node in nodes:
        layer, inputs = made[node["layer"]], [tensors[index] for index in node["inputs"]]
        if isinstance(layer, layers.InputLayer) == bool(inputs):
            raise ValueError(f"{layer.label}: {len(inputs)} inputs")
        if layer.takes_list != node["takes_list"]:
            raise ValueError(f"{layer.label}: a list of inputs, or none where it needs one")
        if not inputs:
            tensors.append(input_tensor(layer))
        else:
            tensors.append(connect(layer, inputs if node["takes_list"] else inputs[0]))
    return tensors


def make_layer(entry: dict):
    """The layer of one entry of the description, without parameters so far."""
    if entry["class"] not in LAYERS:
        raise ValueError(f"a layer of an unknown class {entry['class']!r}")
    return LAYERS[entry["class"]].from_config(entry["config"])


def param_shapes(made: list) -> dict[str, tuple]:
    """Shapes of all parameters of connected layers, as "layer name/parameter name".

    ValueError where the uses of a shared layer need parameters of different shapes.
    """
    shapes: dict[str, tuple] = {}
    for layer in made:
        for node in layer.nodes:
            if not node.inputs:
                continue
            input_shape = node.pick([tensor.sample_shape for tensor in node.inputs])
            for name, shape in layer.param_shapes(input_shape).items():
                key = f"{layer.name}/{name}"
                if shapes.setdefault(key, shape) != shape:
                    raise ValueError(f"{key}: of shape {shapes[key]} and of shape {shape}")
    return shapes
