"""A model but for its arrays, as JSON can hold it; `rebuild` makes it a model again."""

import json

from minicnn import layers, losses, metrics, optimizers
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
    if model.optimizer is not None:
        require_own_class(vars(optimizers), model.optimizer, f"{model.name}: an optimizer")
        for loss in model.losses:
            require_own_class(vars(losses), loss, f"{model.name}: a loss")
    for key, value in model.metadata.items():
        try:
            json.dumps({key: value})
        except (TypeError, ValueError, RecursionError) as error:
            raise ValueError(
                f"{model.name}: expected metadata that JSON can hold, got "
                f"metadata[{key!r}] = {value!r} ({error})"
            ) from None
    for one in model.metrics if model.optimizer is not None else ():
        if metrics.serialize(one.metric) is None:
            raise ValueError(
                f"{model.name}: a metric of one's own ({one.key}) cannot be saved; call "
                "compile(...) without it first, or save_weights"
            )


def require_own_class(classes: dict, thing, what: str) -> None:
    """ValueError unless `thing` is of one of these classes, by name: a subclass is another."""
    kind = type(thing)
    if classes.get(kind.__name__) is not kind:
        raise ValueError(
            f"{what} of a class that minicnn does not have ({kind.__name__}) cannot be loaded "
            "again; use save_weights"
        )


def architecture(model) -> dict:
    """The layers, how they are connected, and what all random numbers follow from.

    ValueError for layers of one's own.
    """
    for layer in model.graph.layers:
        require_own_class(LAYERS, layer, f"{layer.label}: a layer")
    nodes = model.graph.nodes
    return {
        "kind": model.kind,
        "name": model.name,
        "seed": model.seed,
        "dtype": model.dtype.name,
        "layers": [
            {"class": type(layer).__name__, "config": layer.get_config()}
            for layer in model.graph.layers
        ],
        "nodes": describe_nodes(model.graph),
        "inputs": [nodes.index(tensor.node) for tensor in model.graph.inputs],
        "outputs": [nodes.index(tensor.node) for tensor in model.graph.outputs],
    }


def describe(model) -> dict:
    """All of a model but its arrays, as JSON can hold it; ValueError if it cannot."""
    parts = architecture(model)
    require_savable(model)
    meta = {
        "format_version": FORMAT_VERSION,
        **parts,
        "epochs_done": model.epochs_done,
        "metadata": model.metadata,
    }
    for layer, entry in zip(model.graph.layers, meta["layers"], strict=True):
        config = entry["config"].items()
        # an initializer of one's own has done its work: the weights are in the file
        entry["config"] = {name: value for name, value in config if not callable(value)}
        entry["mask"] = [layer.mask_seed, layer.step] if hasattr(layer, "mask_seed") else None
    if model.optimizer is not None:
        meta["compiled"] = {
            "optimizer": type(model.optimizer).__name__,
            "config": model.optimizer.get_config(),
            "not_decayed": model.optimizer.not_decayed,
            "iterations": model.optimizer.iterations,
            "losses": [losses.serialize(loss) for loss in model.losses],
            "loss_weights": model.loss_weights,
            "metrics": describe_metrics(model, weighted=False),
        }
        if any(one.weighted for one in model.metrics):
            meta["compiled"]["weighted_metrics"] = describe_metrics(model, weighted=True)
    check_description(meta)  # what could not be loaded is not written
    return meta


def describe_metrics(model, weighted: bool) -> list:
    """The metrics as `compile` takes them: a list, or of several outputs a list for each."""
    lists = [
        [
            metrics.serialize(one.metric)
            for one in model.metrics
            if (one.output, one.weighted) == (output, weighted)
        ]
        for output in range(len(model.losses))
    ]
    return lists if len(lists) > 1 else lists[0]


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
