"""Models from files: what `minicnn.saving` has written becomes a model again.

What is read may be damaged, or made by somebody who means harm: types, sizes and numbers are
checked before a layer is made, and the parameters' shapes before any memory is taken for them.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np

from minicnn import optimizers
from minicnn.layers import Concatenate, InputLayer
from minicnn.layers.node import connect, input_tensor
from minicnn.models.model import Model
from minicnn.models.sequential import Sequential
from minicnn.saving.describe import describe_nodes, layer_kinds, put_counters
from minicnn.saving.description_checks import check_description
from minicnn.saving.npz import ANOTHER_FILE, ModelFileError, read_npz
from minicnn.saving.weights import check_optimizer, check_weights, put_slots, put_weights


def load_model(path):
    """Make the model that `Model.save` wrote, compiled if it was compiled.

    No more memory is taken than for the file's own arrays, twice: as they are read, and as the
    model's parameters. Weights that are no numbers (NaN) are loaded as they are.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is not a model file of minicnn.
    """
    arrays, meta = read_npz(path)
    if meta is None:
        raise ModelFileError(
            path, "expected a whole model, found weights alone", "use load_weights"
        )
    return assemble(arrays, meta, path)


def assemble(arrays: dict[str, np.ndarray], meta: dict, path):
    """The model of these arrays and this description; `path` is what errors call their source."""
    with blamed_on(path):
        model = rebuild(meta, lambda shapes: check_weights(shapes, arrays, path))
        if "compiled" in meta:
            compile_again(model, meta["compiled"])
    check_optimizer(model, arrays, path, model.optimizer.iterations if model.optimizer else 0)
    put_weights(model, arrays, path)
    put_slots(model, arrays)
    return model


@contextmanager
def blamed_on(path) -> Iterator[None]:
    """Turn what goes wrong while a model is made from its description into one sentence."""
    try:
        yield
    except ModelFileError:
        raise
    except (
        *(AttributeError, LookupError, TypeError, ValueError, ArithmeticError),
        RuntimeError,  # a chain of layers that was never built, or one without end
    ) as error:
        problem = f"the model's description is damaged ({error})"
        raise ModelFileError(path, problem, ANOTHER_FILE) from None


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
    check_description(meta)
    layers = [make_layer(entry) for entry in meta["layers"]]
    naming = {"name": meta["name"], "seed": meta["seed"]}
    # Connected layers know their shapes; the parameters are made when the graph is looked at.
    if meta["kind"] == Sequential.kind:
        chain = Sequential(layers, **naming)
    else:
        tensors = connect_nodes(layers, meta["nodes"])
        ends = [[tensors[index] for index in meta[key]] for key in ("inputs", "outputs")]
    if check_shapes is not None:
        check_shapes(param_shapes(layers))
    model = chain if meta["kind"] == Sequential.kind else Model(*ends, **naming)
    if describe_nodes(model.graph) != meta["nodes"]:
        raise ValueError("the nodes are not those of its layers, in the order in which they run")
    put_counters(model, meta)
    model.metadata = meta["metadata"]
    return model.astype(meta.get("dtype", "float32"))


def connect_nodes(layers: list, nodes: list[dict]) -> list:
    """The tensor that each node gives out; ValueError where a layer takes other inputs."""
    tensors: list = []
    for node in nodes:
        layer, inputs = layers[node["layer"]], [tensors[index] for index in node["inputs"]]
        if isinstance(layer, InputLayer) == bool(inputs):
            raise ValueError(f"{layer.label}: {len(inputs)} inputs")
        if isinstance(layer, Concatenate) != node["takes_list"]:
            raise ValueError(f"{layer.label}: a list of inputs, or none where it needs one")
        if not inputs:
            tensors.append(input_tensor(layer))
        else:
            tensors.append(connect(layer, inputs if node["takes_list"] else inputs[0]))
    return tensors


def make_layer(entry: dict):
    """The layer of one entry of the description, without parameters so far."""
    kind = layer_kinds().get(entry["class"])
    if kind is None:
        raise ValueError(f"a layer of an unknown class {entry['class']!r}")
    return kind(**entry["config"])


def param_shapes(layers: list) -> dict[str, tuple]:
    """Shapes of all parameters of connected layers, as "layer name/parameter name".

    ValueError where the uses of a shared layer need parameters of different shapes.
    """
    shapes: dict[str, tuple] = {}
    for layer in layers:
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
    """Compile a model as `describe` found it, but for the optimiser's arrays."""
    optimizer = type(optimizers.get(compiled["optimizer"]))(**compiled["config"])
    optimizer.iterations = compiled["iterations"]
    model.compile(optimizer, compiled["losses"], compiled["metrics"], compiled["loss_weights"])
