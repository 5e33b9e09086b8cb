"""Models and weights as .npz files: arrays under readable names and one text of JSON, no pickle.

A file holds `weights/<layer>/<parameter>` and, where the model was saved whole,
`optimizer/<slot>/<layer>/<parameter>` and `__meta__`: the layers with their arguments, how they
are connected, and how the model was compiled. Files are written under a temporary name and
renamed when they are whole, so that a file that exists is complete.
"""

import json
import os
import zipfile
from pathlib import Path

import numpy as np

FORMAT_VERSION = 1


def save_model(model, path) -> None:
    """Write a model with all that is needed to go on with it; see the file's docstring."""
    arrays = {f"weights/{name}": param for name, param in model.named_weights().items()}
    if model.optimizer is not None:
        for slot, by_name in model.optimizer.slots.items():
            arrays.update({f"optimizer/{slot}/{name}": array for name, array in by_name.items()})
    arrays["__meta__"] = np.array(json.dumps(describe(model)))
    write_npz(path, arrays)


def save_weights(model, path) -> None:
    """Write the weights alone."""
    write_npz(path, {f"weights/{name}": param for name, param in model.named_weights().items()})


def load_weights(model, path) -> None:
    """Read weights into a model that has the same layers.

    Raises
    ------
    ValueError
        If the file cannot be read, or its arrays are not those of the model.
    """
    arrays, _ = read_npz(path)
    put_weights(model, arrays, path)


def load_model(path):
    """Make the model that `Model.save` wrote, compiled if it was compiled.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is not a model file of minicnn.
    """
    arrays, meta = read_npz(path)
    if meta is None:
        raise ValueError(f"{path}: expected a whole model, found weights alone; use load_weights")
    try:
        model = rebuild(meta)
    except (KeyError, TypeError, IndexError) as error:
        raise ValueError(f"{path}: the model's description is damaged ({error!r})") from None
    put_weights(model, arrays, path)
    put_training_state(model, meta, arrays, path)
    return model


def describe(model) -> dict:
    """All of a model but its arrays, as JSON can hold it."""
    place = {node: index for index, node in enumerate(model.graph.nodes)}
    layers = model.graph.layers
    meta = {
        "format_version": FORMAT_VERSION,
        "kind": model.kind,
        "name": model.name,
        "seed": model.seed,
        "epochs_done": model.epochs_done,
        "metadata": model.metadata,
        "layers": [
            {
                "class": type(layer).__name__,
                "config": layer.config(),
                "mask": [layer.mask_seed, layer.step] if hasattr(layer, "mask_seed") else None,
            }
            for layer in layers
        ],
        "nodes": [
            {
                "layer": layers.index(node.layer),
                "inputs": [place[tensor.node] for tensor in node.inputs],
                "takes_list": node.takes_list,
            }
            for node in model.graph.nodes
        ],
        "inputs": [place[tensor.node] for tensor in model.graph.inputs],
        "outputs": [place[tensor.node] for tensor in model.graph.outputs],
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
    return meta


def rebuild(meta: dict):
    """The model that `describe` described, with fresh weights."""
    from minicnn import layers as layer_classes
    from minicnn.graph import connect, input_tensor
    from minicnn.models import Model, Sequential

    layers = []
    for entry in meta["layers"]:
        if entry["class"] not in layer_classes.__all__:
            raise TypeError(f"unknown layer {entry['class']}")
        layers.append(getattr(layer_classes, entry["class"])(**entry["config"]))
    tensors = []
    for node in meta["nodes"]:
        layer, inputs = layers[node["layer"]], [tensors[index] for index in node["inputs"]]
        if not inputs:
            tensors.append(input_tensor(layer))
        else:
            tensors.append(connect(layer, inputs if node["takes_list"] else inputs[0]))
    if meta["kind"] == Sequential.kind:
        model = Sequential(layers, name=meta["name"], seed=meta["seed"])
    else:
        model = Model(
            [tensors[index] for index in meta["inputs"]],
            [tensors[index] for index in meta["outputs"]],
            name=meta["name"],
            seed=meta["seed"],
        )
    for layer, entry in zip(model.graph.layers, meta["layers"], strict=True):
        if entry["mask"] is not None:
            layer.mask_seed, layer.step = entry["mask"]
    model.epochs_done = meta["epochs_done"]
    model.metadata = meta["metadata"]
    return model


def put_weights(model, arrays: dict[str, np.ndarray], path) -> None:
    """Copy a file's weights into a model; ValueError that names the first misfit."""
    params = model.named_weights()
    found = {name[len("weights/") :] for name in arrays if name.startswith("weights/")}
    if found != set(params):
        raise ValueError(
            f"{path}: expected weights named {', '.join(params)}, got {', '.join(sorted(found))}"
        )
    for name, param in params.items():
        array = arrays[f"weights/{name}"]
        if array.shape != param.shape:
            raise ValueError(f"{path}: expected {name} of shape {param.shape}, got {array.shape}")
    for name, param in params.items():
        param[...] = arrays[f"weights/{name}"]


def put_training_state(model, meta: dict, arrays: dict[str, np.ndarray], path) -> None:
    """Compile a loaded model as it was, and give the optimiser its memory back."""
    from minicnn import optimizers

    compiled = meta.get("compiled")
    if compiled is None:
        return
    optimizer = optimizers.get(compiled["optimizer"])
    optimizer = type(optimizer)(**compiled["config"])
    optimizer.iterations = compiled["iterations"]
    params = model.named_weights()
    for slot in optimizer.slots:
        for name, param in params.items():
            array = arrays.get(f"optimizer/{slot}/{name}")
            if array is None:
                continue
            if array.shape != param.shape:
                raise ValueError(
                    f"{path}: expected optimizer/{slot}/{name} of shape {param.shape}, "
                    f"got {array.shape}"
                )
            optimizer.slots[slot][name] = array.astype(param.dtype)
    model.compile(optimizer, compiled["losses"], compiled["metrics"], compiled["loss_weights"])


def write_npz(path, arrays: dict[str, np.ndarray]) -> None:
    """Write arrays to `path` so that it is either whole or as it was before."""
    path = Path(path)
    if path.suffix != ".npz":
        raise ValueError(f"{path}: expected a name that ends in .npz (the only format there is)")
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(temporary, "wb") as file:
            np.savez(file, **arrays)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def read_npz(path) -> tuple[dict[str, np.ndarray], dict | None]:
    """The arrays of a file, and its `__meta__` or None; ValueError if it cannot be read."""
    if not Path(path).exists():
        raise FileNotFoundError(f"{path}: no such file")
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        text = arrays.pop("__meta__", None)
        meta = None if text is None else json.loads(str(text))
    except (ValueError, OSError, EOFError, zipfile.BadZipFile, AttributeError, KeyError) as error:
        raise ValueError(f"{path}: expected a model file of minicnn (.npz), got {error}") from None
    if meta is not None and meta.get("format_version") != FORMAT_VERSION:
        raise ValueError(
            f"{path}: expected format version {FORMAT_VERSION}, got "
            f"{meta.get('format_version')}; it was written by another version of minicnn"
        )
    return arrays, meta
