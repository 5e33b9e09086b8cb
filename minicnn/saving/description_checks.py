"""Whether a model's description, as a file holds it, is one that a model can be made from.

Types, sizes and numbers only, before any layer is made; what an argument of a layer may be is
the layer's own to check. See `minicnn.saving.describe`.
"""

import math

MOST_LAYERS = 2000  # and nodes: no model that can be trained here comes near
MOST_INPUTS = 20_000  # of all nodes together
KINDS = ("sequential", "functional")
DTYPES = ("float32", "float64")


def check_description(meta: dict) -> None:
    """ValueError unless everything that `rebuild` looks at is there and of its type."""
    for key, kind in (("kind", str), ("name", str), ("metadata", dict)):
        item(meta, key, kind, "the model")
    whole(item(meta, "seed", int, "the model"), "seed", below=math.inf)  # NumPy takes any
    whole(item(meta, "epochs_done", int, "the model"), "epochs_done")
    if meta["kind"] not in KINDS or meta.get("dtype", "float32") not in DTYPES:
        raise ValueError(f"a model of kind {meta['kind']!r} and dtype {meta.get('dtype')!r}")
    layers, nodes = (item(meta, key, list, "the model") for key in ("layers", "nodes"))
    if max(len(layers), len(nodes)) > MOST_LAYERS:
        raise ValueError(f"{len(layers)} layers and {len(nodes)} nodes, more than {MOST_LAYERS}")
    for index, entry in enumerate(layers):
        where = f"layer {index}"
        item(entry, "class", str, where)
        item(item(entry, "config", dict, where), "name", str, where)
        if entry.get("mask") is not None:
            indices(entry, "mask", 2**63, where)
    for index, node in enumerate(nodes):
        where = f"node {index}"
        item(node, "takes_list", bool, where)
        if not 0 <= item(node, "layer", int, where) < len(layers):
            raise ValueError(f"{where}: layer {node['layer']} of {len(layers)} layers")
        indices(node, "inputs", index, where)  # of nodes before it, so that there are no cycles
    for key in ("inputs", "outputs"):
        indices(meta, key, len(nodes), "the model")
    if sum(len(node["inputs"]) for node in nodes) > MOST_INPUTS:
        raise ValueError(f"more than {MOST_INPUTS} inputs of nodes")
    if "compiled" in meta:
        check_compiled(item(meta, "compiled", dict, "the model"))


def check_compiled(compiled: dict) -> None:
    """ValueError unless `compile_again` finds everything, and of its type."""
    where = "compiled"
    item(compiled, "optimizer", str, where)
    item(compiled, "config", dict, where)
    whole(item(compiled, "iterations", int, where), "iterations")
    for key, kind in (("losses", str), ("metrics", str), ("loss_weights", (int, float))):
        if not all(isinstance(entry, kind) for entry in item(compiled, key, list, where)):
            raise ValueError(f"{where}: {key} of another type")


def item(entry, key: str, kind: type, where: str):
    """entry[key]; ValueError if it is not there, or not of that type."""
    if not isinstance(entry, dict) or key not in entry:
        raise ValueError(f"{where}: {key} is missing")
    if type(entry[key]) is not kind:  # not isinstance: True is an int
        found = type(entry[key]).__name__
        raise ValueError(f"{where}: expected {key} to be {kind.__name__}, found {found}")
    return entry[key]


def whole(value: int, key: str, below: float = 2**63) -> None:
    """ValueError unless `value` is in [0, below)."""
    if not 0 <= value < below:
        raise ValueError(f"expected {key} in [0, {below}), found {value}")


def indices(entry, key: str, below: int, where: str) -> None:
    """ValueError unless entry[key] is a list of integers in [0, below)."""
    for index in item(entry, key, list, where):
        if type(index) is not int or not 0 <= index < below:
            raise ValueError(f"{where}: expected {key} in [0, {below}), found {index!r}")
