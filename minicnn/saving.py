"""Models and weights as .npz files: arrays under readable names and one text of JSON, no pickle.

A file holds `weights/<layer>/<parameter>` and, where the model was saved whole,
`optimizer/<slot>/<layer>/<parameter>` and `__meta__`: the layers with their arguments, how they
are connected, and how the model was compiled. Files are written under a temporary name and
renamed when they are whole, so that a file that exists is complete.
"""

import json
import zipfile
from pathlib import Path

import numpy as np

from minicnn import metrics
from minicnn.files import whole_file

FORMAT_VERSION = 1


def save_model(model, path) -> None:
    """Write a model with all that is needed to go on with it; see the file's docstring."""
    write_npz(path, model_arrays(model))


def model_arrays(model) -> dict[str, np.ndarray]:
    """All that a file has of a model, under the names it has there; see the file's docstring."""
    arrays = {f"weights/{name}": param for name, param in model.named_weights().items()}
    if model.optimizer is not None:
        for slot, by_name in model.optimizer.slots.items():
            arrays.update({f"optimizer/{slot}/{name}": array for name, array in by_name.items()})
    arrays["__meta__"] = np.array(json.dumps(describe(model)))
    return arrays


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
        if "compiled" in meta:
            compile_again(model, meta["compiled"])
    except (KeyError, TypeError, IndexError, ValueError, AttributeError) as error:
        raise ValueError(f"{path}: the model's description is damaged ({error!r})") from None
    put_weights(model, arrays, path)
    put_slots(model, arrays, path)
    return model


def require_savable(model) -> None:
    """ValueError where `load_model` could not make the model again."""
    from minicnn import layers as layer_classes

    for layer in model.graph.layers:
        kind = type(layer)
        if getattr(layer_classes, kind.__name__, None) is not kind:
            raise ValueError(
                f"{layer.label}: a layer of a class that minicnn does not have "
                f"({kind.__name__}) cannot be loaded again; use save_weights"
            )
    for key, value in model.metadata.items():
        try:
            json.dumps({key: value})
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"{model.name}: expected metadata that JSON can hold, got "
                f"metadata[{key!r}] = {value!r} ({error})"
            ) from None


def describe(model) -> dict:
    """All of a model but its arrays, as JSON can hold it; ValueError if it cannot."""
    require_savable(model)
    nodes, layers = model.graph.nodes, model.graph.layers
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
            for layer in layers
        ],
        "nodes": describe_nodes(model.graph),
        "inputs": [nodes.index(tensor.node) for tensor in model.graph.inputs],
        "outputs": [nodes.index(tensor.node) for tensor in model.graph.outputs],
    }
    if model.optimizer is not None:
        for key, function in model.metrics:
            if metrics.METRICS.get(key) is not function:
                raise ValueError(
                    f"{model.name}: a metric of one's own ({key}) cannot be saved; call "
                    "compile(...) without it first, or save_weights"
                )
        meta["compiled"] = {
            "optimizer": type(model.optimizer).__name__,
            "config": model.optimizer.config(),
            "iterations": model.optimizer.iterations,
            "losses": [loss.name for loss in model.losses],
            "loss_weights": model.loss_weights,
            "metrics": [key for key, _ in model.metrics],
        }
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
    if meta["kind"] == Sequential.kind:
        model = Sequential(layers, name=meta["name"], seed=meta["seed"])
        if describe_nodes(model.graph) != meta["nodes"]:
            raise ValueError("the nodes are not those of a chain of its layers")
    else:
        tensors = []
        for node in meta["nodes"]:
            layer, inputs = layers[node["layer"]], [tensors[index] for index in node["inputs"]]
            if not inputs:
                tensors.append(input_tensor(layer))
            else:
                tensors.append(connect(layer, inputs if node["takes_list"] else inputs[0]))
        model = Model(
            [tensors[index] for index in meta["inputs"]],
            [tensors[index] for index in meta["outputs"]],
            name=meta["name"],
            seed=meta["seed"],
        )
    put_counters(model, meta)
    model.metadata = meta["metadata"]
    return model.astype(meta.get("dtype", "float32"))


def put_counters(model, meta: dict) -> None:
    """Set what random numbers follow from beside the seed: dropout's steps, the epochs."""
    for layer, entry in zip(model.graph.layers, meta["layers"], strict=True):
        if entry["mask"] is not None:
            layer.mask_seed, layer.step = entry["mask"]
    model.epochs_done = meta["epochs_done"]


def put_state(model, arrays: dict[str, np.ndarray], meta: dict, path) -> None:
    """Bring a compiled model to the state in which another one of the same layers was saved."""
    put_weights(model, arrays, path)
    model.seed = meta["seed"]
    put_counters(model, meta)
    model.optimizer.iterations = meta["compiled"]["iterations"]
    model.optimizer.learning_rate = meta["compiled"]["config"]["learning_rate"]
    put_slots(model, arrays, path)


def put_weights(model, arrays: dict[str, np.ndarray], path) -> None:
    """Copy a file's weights into a model; ValueError that names the first misfit."""
    params = model.named_weights()
    found = {name[len("weights/") :] for name in arrays if name.startswith("weights/")}
    if found != set(params):
        raise ValueError(
            f"{path}: expected weights named {', '.join(params)}, got {', '.join(sorted(found))}"
        )
    fitting = {name: checked(arrays, f"weights/{name}", params[name], path) for name in params}
    for name, param in params.items():
        param[...] = fitting[name]


def compile_again(model, compiled: dict) -> None:
    """Compile a model as `describe` found it, but for the optimiser's arrays."""
    from minicnn import optimizers

    optimizer = type(optimizers.get(compiled["optimizer"]))(**compiled["config"])
    optimizer.iterations = compiled["iterations"]
    model.compile(optimizer, compiled["losses"], compiled["metrics"], compiled["loss_weights"])


def put_slots(model, arrays: dict[str, np.ndarray], path) -> None:
    """Give a loaded model's optimiser its arrays back; it has none before its first step."""
    if model.optimizer is None or model.optimizer.iterations == 0:
        return
    for slot, by_name in model.optimizer.slots.items():
        for name, param in model.named_weights().items():
            array = checked(arrays, f"optimizer/{slot}/{name}", param, path)
            by_name[name] = array.astype(param.dtype)


def checked(arrays: dict[str, np.ndarray], key: str, param: np.ndarray, path) -> np.ndarray:
    """The file's array `key`; ValueError if it cannot stand where `param` stands."""
    array = arrays.get(key)
    if array is None or array.shape != param.shape or array.dtype.kind != "f":
        found = "none" if array is None else f"{array.dtype} of shape {array.shape}"
        raise ValueError(f"{path}: expected {key} to be floats of shape {param.shape}, got {found}")
    return array


def write_npz(path, arrays: dict[str, np.ndarray]) -> None:
    """Write arrays to `path` so that it is either whole or as it was before."""
    path = Path(path)
    if path.suffix != ".npz":
        raise ValueError(f"{path}: expected a name that ends in .npz (the only format there is)")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"{path.parent}: expected a folder to write {path.name} to")
    with whole_file(path) as temporary, open(temporary, "wb") as file:
        np.savez(file, **arrays)


def read_npz(path) -> tuple[dict[str, np.ndarray], dict | None]:
    """The arrays of a file, and its `__meta__` or None; ValueError if it cannot be read."""
    if not Path(path).exists():
        raise FileNotFoundError(f"{path}: no such file")
    try:
        file = np.load(path, allow_pickle=False)
        if isinstance(file, np.ndarray):
            raise ValueError("one single array")
        with file:
            arrays = {name: file[name] for name in file.files}
        text = arrays.pop("__meta__", None)
        meta = None if text is None else json.loads(str(text))
        if text is not None and not isinstance(meta, dict):
            raise ValueError(f"a description that is {type(meta).__name__} instead of dict")
    except (ValueError, OSError, EOFError, zipfile.BadZipFile, AttributeError, KeyError) as error:
        raise ValueError(f"{path}: expected a model file of minicnn (.npz), got {error}") from None
    if meta is not None and meta.get("format_version") != FORMAT_VERSION:
        raise ValueError(
            f"{path}: expected format version {FORMAT_VERSION}, got "
            f"{meta.get('format_version')}; it was written by another version of minicnn"
        )
    return arrays, meta
