"""A model but for its arrays, as JSON can hold it: `describe` writes it down, `rebuild` reads it.

A description that is read may be damaged or hostile: types, sizes and values are checked before a
layer is made, and the parameters' shapes before any memory is taken for them.
"""

import json
from collections.abc import Callable

from minicnn import layers, metrics, optimizers
from minicnn.description_checks import check_description
from minicnn.graph import connect, input_tensor
from minicnn.npz import FORMAT_VERSION

# The classes that a file may name.
LAYERS = {
    name: kind
    for name, kind in vars(layers).items()
    if name in layers.__all__ and isinstance(kind, type) and kind is not layers.Layer
}


def require_savable(model) -> None:
    """ValueError where `load_model` could not make the model again."""
    for layer in model.graph.layers:
        kind = type(layer)
        if LAYERS.get(kind.__name__) is not kind:
            raise ValueError(
                f"{layer.label}: a layer of a class that minicnn does not have "
                f"({kind.__name__}) cannot be loaded again; use save_weights"
            )
    for key, value in model.metadata.items():
        try:
            json.dumps({key: value})
        except (TypeError, ValueError, RecursionError) as error:
            raise ValueError(
                f"{model.name}: expected metadata that JSON can hold, got "
                f"metadata[{key!r}] = {value!r} ({error})"
            ) from None
    for key, function in model.metrics if model.optimizer is not None else ():
        if metrics.METRICS.get(key) is not function:
            raise ValueError(
                f"{model.name}: a metric of one's own ({key}) cannot be saved; call "
                "compile(...) without it first, or save_weights"
            )


def describe(model) -> dict:
    """All of a model but its arrays, as JSON can hold it; ValueError if it cannot."""
    require_savable(model)
    nodes = model.graph.nodes
    meta = {
        "format_version": FORMAT_VERSION,
        "kind": model.kind,
        "name": model.name,
        "seed": model.seed,
        "epochs_done": model.epochs_done,
        "metadata": model.metadata,
        "dtype": model.dtype.name,
        "layers": [
            {
                "class": type(layer).__name__,
                "config": layer.config(),
                "mask": [layer.mask_seed, layer.step] if hasattr(layer, "mask_seed") else None,
            }
            for layer in model.graph.layers
        ],
        "nodes": describe_nodes(model.graph),
        "inputs": [nodes.index(tensor.node) for tensor in model.graph.inputs],
        "outputs": [nodes.index(tensor.node) for tensor in model.graph.outputs],
    }
    if model.optimizer is not None:
        meta["compiled"] = {
            "optimizer": type(model.optimizer).__name__,
            "config": model.optimizer.config(),
            "iterations": model.optimizer.iterations,
            "losses": [loss.name for loss in model.losses],
            "loss_weights": model.loss_weights,
            "metrics": [key for key, _ in model.metrics],
        }
    check_description(meta)  # what could not be loaded is not written
    return meta


def describe_nodes(graph) -> list[dict]:
    """Which layer each node uses and which nodes feed it, as numbers in `graph.layers`, `nodes`."""
    place = {node: index for index, node in enumerate(graph.nodes)}
    return [
        {
            "layer": graph.layers.index(node.layer),
            "inputs": [place[tensor.node] for tensor in node.inputs],
            "takes_list": node.takes_list,
        }
        for node in graph.nodes
    ]


def rebuild(meta: dict, check_shapes: Callable[[dict[str, tuple]], None] | None = None):
    """The model that `describe` described, with fresh weights.

    Parameters
    ----------
    meta : dict
    check_shapes : function, optional
        Is given the shapes of all parameters, under the names of `Model.named_weights`, before
        there is memory for them: the place to raise if a file holds others.

    Raises
    ------
    ValueError, TypeError, RuntimeError, ArithmeticError
        If it does not describe a model.
    """
    from minicnn.models import Model, Sequential

    check_description(meta)
    made = [make_layer(entry) for entry in meta["layers"]]
    named = {"name": meta["name"], "seed": meta["seed"]}
    # Connected layers know their shapes; the parameters are made when the graph is looked at.
    is_chain = meta["kind"] == Sequential.kind
    if is_chain:
        model = Sequential(made, **named)
    else:
        tensors = connect_nodes(made, meta["nodes"])
    if check_shapes is not None:
        check_shapes(param_shapes(made))
    if not is_chain:
        model = Model(*([tensors[i] for i in meta[key]] for key in ("inputs", "outputs")), **named)
    if describe_nodes(model.graph) != meta["nodes"]:
        raise ValueError("the nodes are not those of its layers, in the order in which they run")
    put_counters(model, meta)
    model.metadata = meta["metadata"]
    return model.astype(meta.get("dtype", "float32"))


def put_counters(model, meta: dict) -> None:
    """Set what random numbers follow from beside the seed: dropout's steps, the epochs."""
    for layer, entry in zip(model.graph.layers, meta["layers"], strict=True):
        if hasattr(layer, "mask_seed") != (entry.get("mask") is not None):
            raise ValueError(f"{layer.label}: expected a mask for dropout and for nothing else")
        if entry.get("mask") is not None:
            layer.mask_seed, layer.step = entry["mask"]
    model.epochs_done = meta["epochs_done"]


def connect_nodes(made: list, nodes: list[dict]) -> list:
    """The tensor that each node gives out; ValueError where a layer takes other inputs."""
    tensors: list = []
    for node in nodes:
        layer, inputs = made[node["layer"]], [tensors[index] for index in node["inputs"]]
        if isinstance(layer, layers.InputLayer) == bool(inputs):
            raise ValueError(f"{layer.label}: {len(inputs)} inputs")
        if isinstance(layer, layers.Concatenate) != node["takes_list"]:
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
    return LAYERS[entry["class"]](**entry["config"])


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


def compile_again(model, compiled: dict) -> None:
    """Compile a model as `describe` found it, but for the optimizer's arrays."""
    optimizer = type(optimizers.get(compiled["optimizer"]))(**compiled["config"])
    optimizer.iterations = compiled["iterations"]
    model.compile(optimizer, compiled["losses"], compiled["metrics"], compiled["loss_weights"])
