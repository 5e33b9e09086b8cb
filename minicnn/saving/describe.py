"""A model but for its arrays, as JSON can hold it; `minicnn.models.load` makes it a model again."""

import json

from minicnn import layers, metrics
from minicnn.saving.description_checks import check_description
from minicnn.saving.npz import FORMAT_VERSION

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
            "config": model.optimizer.get_config(),
            "iterations": model.optimizer.iterations,
            "losses": [loss.name for loss in model.losses],
            "loss_weights": model.loss_weights,
            "metrics": [key for key, _ in model.metrics],
        }
    check_description(meta)  # what could not be loaded is not written
    return meta


def describe_nodes(graph) -> list[dict]:
    """Each node's layer and inputs, as indices into `graph.layers` and `graph.nodes`."""
    place = {node: index for index, node in enumerate(graph.nodes)}
    return [
        {
            "layer": graph.layers.index(node.layer),
            "inputs": [place[tensor.node] for tensor in node.inputs],
            "takes_list": node.takes_list,
        }
        for node in graph.nodes
    ]


def put_counters(model, meta: dict) -> None:
    """Set what random numbers follow from beside the seed: dropout's steps, the epochs."""
    for layer, entry in zip(model.graph.layers, meta["layers"], strict=True):
        if hasattr(layer, "mask_seed") != (entry.get("mask") is not None):
            raise ValueError(f"{layer.label}: expected a mask for dropout and for nothing else")
        if entry.get("mask") is not None:
            layer.mask_seed, layer.step = entry["mask"]
    model.epochs_done = meta["epochs_done"]
