"""Models from files: what `minicnn.saving` has written becomes a model again.

A description that is read may be damaged or hostile: types, sizes and values are checked before a
layer is made, and the parameters' shapes before any memory is taken for them.
"""

from collections.abc import Callable

import numpy as np

from minicnn import layers, optimizers
from minicnn.layers.node import connect, input_tensor
from minicnn.models.model import Model
from minicnn.models.sequential import Sequential
from minicnn.saving.describe import LAYERS, describe_nodes, put_counters
from minicnn.saving.description_checks import check_description
from minicnn.saving.npz import ModelFileError, read_npz
from minicnn.saving.weights import check_slots, check_weights, put_slots, put_weights


def load_model(path):
    """Make the model that `Model.save` wrote, compiled if it was compiled.

    Takes the memory of the file's arrays twice: as they are read, and as the model's parameters.
    Weights that are NaN or infinite are loaded as they are.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is not a model file of minicnn.
    """
    arrays, meta = read_npz(path)
    if meta is None:
        problem = "expected a whole model, found weights alone"
        raise ModelFileError(path, problem, "use load_weights")
    return assemble(arrays, meta, path)


def assemble(arrays: dict[str, np.ndarray], meta: dict, path):
    """The model of these arrays and this description; errors name `path` as their source."""
    try:
        model = rebuild(meta, lambda shapes: check_weights(shapes, arrays, path))
        if "compiled" in meta:
            compile_again(model, meta["compiled"])
    except ModelFileError:
        raise
    # RuntimeError: a chain of layers that was never built, or one without end
    except (
        ArithmeticError,
        AttributeError,
        LookupError,
        RuntimeError,
        TypeError,
        ValueError,
    ) as error:
        problem = f"the model's description is damaged ({error})"
        raise ModelFileError(path, problem) from None
    check_slots(model, arrays, path, model.optimizer.iterations if model.optimizer else 0)
    put_weights(model, arrays, path)
    put_slots(model, arrays)
    return model


def rebuild(meta: dict, check_shapes: Callable[[dict[str, tuple]], None] | None = None):
    """The model that `describe` described, with fresh weights.

    ValueError, TypeError, RuntimeError or ArithmeticError if it does not describe a model.

    Parameters
    ----------
    meta : dict
    check_shapes : function, optional
        Is given the shapes of all parameters, under the names of `Model.named_weights`, before
        there is memory for them: the place to raise if a file holds others.
    """
    check_description(meta)
    made = [make_layer(entry) for entry in meta["layers"]]
    named = {"name": meta["name"], "seed": meta["seed"]}
    # Connected layers know their shapes; the parameters are made with the graph.
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
    optimizer = type(optimizers.get(compiled["optimizer"])).from_config(compiled["config"])
    optimizer.iterations = compiled["iterations"]
    model.compile(optimizer, compiled["losses"], compiled["metrics"], compiled["loss_weights"])
