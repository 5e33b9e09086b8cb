"""Whether a model's description, as a file holds it, is one that a model can be made from.

Types, sizes and values only, before any layer is made; what an argument of a layer may be is the
layer's own to check. See `minicnn.saving.describe`.
"""

import math

MOST_LAYERS = 2000  # and nodes: no model that can be trained here comes near
KINDS = ("sequential", "functional")
DTYPES = ("float32", "float64")


def check_description(meta: dict) -> None:
    """ValueError unless everything that is looked at is there and of its type."""
    check_architecture(meta)
    check_types(meta, "the model", epochs_done=int, metadata=dict)
    check_count(meta["epochs_done"], "epochs_done")
    for index, entry in enumerate(meta["layers"]):
        if entry.get("mask") is not None:
            check_indices(entry, "mask", 2**63, f"layer {index}")
            if len(entry["mask"]) != 2:
                raise ValueError(f"layer {index}: a mask of {len(entry['mask'])} numbers")
    if "compiled" in meta:
        check_types(meta, "the model", compiled=dict)
        check_compiled(meta["compiled"])


def check_architecture(meta: dict) -> None:
    """ValueError unless everything that `rebuild` looks at is there and of its type."""
    where = "the model"
    check_types(meta, where, kind=str, name=str, seed=int)
    check_types(meta, where, layers=list, nodes=list, inputs=list, outputs=list)
    check_count(meta["seed"], "seed", below=math.inf)  # NumPy takes any
    if meta["kind"] not in KINDS or meta.get("dtype", "float32") not in DTYPES:
        raise ValueError(f"a model of kind {meta['kind']!r} and dtype {meta.get('dtype')!r}")
    layers, nodes = meta["layers"], meta["nodes"]
    if max(len(layers), len(nodes)) > MOST_LAYERS:
        raise ValueError(f"{len(layers)} layers and {len(nodes)} nodes, more than {MOST_LAYERS}")
    for index, entry in enumerate(layers):
        where = f"layer {index}"
        check_types(entry, where, **{"class": str, "config": dict})
        check_types(entry["config"], where, name=str)
    for index, node in enumerate(nodes):
        where = f"node {index}"
        check_types(node, where, takes_list=bool, layer=int)
        if not 0 <= node["layer"] < len(layers):
            raise ValueError(f"{where}: layer {node['layer']} of {len(layers)} layers")
        check_indices(node, "inputs", index, where)  # nodes before it, so that there are no cycles
    for key in ("inputs", "outputs"):
        check_indices(meta, key, len(nodes), "the model")


def check_compiled(compiled: dict) -> None:
    """ValueError unless `compile_again` finds everything, and of its type."""
    check_types(compiled, "compiled", optimizer=str, config=dict, iterations=int)
    check_types(compiled, "compiled", losses=list, loss_weights=list, metrics=list)
    check_count(compiled["iterations"], "iterations")
    compiled = {"not_decayed": [], "weighted_metrics": [], **compiled}  # an older file has none
    check_types(compiled, "compiled", not_decayed=list, weighted_metrics=list)
    kinds = {"losses": (str, dict), "loss_weights": (int, float), "not_decayed": str}
    for key, kind in kinds.items():
        if not all(isinstance(entry, kind) for entry in compiled[key]):
            raise ValueError(f"compiled: {key} of another type")
    for key in ("metrics", "weighted_metrics"):
        for entry in compiled[key]:
            for metric in entry if isinstance(entry, list) else [entry]:
                if not isinstance(metric, (str, dict)):
                    raise ValueError(f"compiled: {key} of another type")


def check_types(entry, where: str, **types: type) -> None:
    """ValueError unless `entry` is a dict with these keys, and values of exactly these types."""
    for key, kind in types.items():
        if not isinstance(entry, dict) or key not in entry:
            raise ValueError(f"{where}: {key} is missing")
        if type(entry[key]) is not kind:  # not isinstance: True is an int
            found = type(entry[key]).__name__
            raise ValueError(f"{where}: expected {key} to be {kind.__name__}, found {found}")


def check_count(value: int, key: str, below: float = 2**63) -> None:
    """ValueError unless `value` is in [0, below)."""
    if not 0 <= value < below:
        raise ValueError(f"expected {key} in [0, {below}), found {value}")


def check_indices(entry, key: str, below: int, where: str) -> None:
    """ValueError unless entry[key] is a list of integers in [0, below)."""
    check_types(entry, where, **{key: list})
    for index in entry[key]:
        if type(index) is not int or not 0 <= index < below:
            raise ValueError(f"{where}: expected {key} in [0, {below}), found {index!r}")
