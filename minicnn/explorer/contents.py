"""What a page knows: the model's layers and weights, its samples, and minicnn's own numbers.

All of it as plain dicts and lists for JSON. Arrays are float32, in base64: a page is a text file.
"""

import base64
import math

import numpy as np

from minicnn import layers
from minicnn.explorer.cut import Cut, find_cut
from minicnn.explorer.sources import kernel_sources
from minicnn.gradcheck.check import in_float64
from minicnn.inspection.outputs import batch_of
from minicnn.inspection.passes import Passes, run_passes
from minicnn.kernels import use_backend
from minicnn.layers.activations import activation_name
from minicnn.layers.node import Node, Tensor
from minicnn.losses import BinaryCrossentropy
from minicnn.training.step import require_compiled

# By class of layer: the settings that the page's arithmetic needs. Subclasses come before.
KINDS = {
    layers.InputLayer: (),
    layers.Conv2D: ("filters", "kernel_size", "strides", "padding", "use_bias"),
    layers.Dense: ("units", "use_bias"),
    layers.MaxPooling2D: ("pool_size", "strides", "padding"),
    layers.AveragePooling2D: ("pool_size", "strides", "padding"),
    layers.GlobalMaxPooling2D: (),
    layers.GlobalAveragePooling2D: (),
    layers.Activation: (),
    layers.ReLU: (),
    layers.Sigmoid: (),
    layers.Dropout: ("rate",),
    layers.Flatten: (),
    layers.Concatenate: (),
}
COMPUTING = ("forward", "backward", "compute", "compute_gradients")  # what a subclass may change
SAMPLED = 500  # of a larger array of minicnn's own numbers, so many are carried
EPOCH_VALUES = 200_000  # weights of all epochs together, about


def page_contents(model, samples: list) -> dict:
    """All that a page knows of a model and of `samples` (see `Sample`), the first one compared.

    In float64, as the page computes: where a model is sure, p - y has few digits left in float32. And
    with the kernels in NumPy, which need not be compiled for that.
    """
    require_compiled(model)
    for loss in model.losses:
        if type(loss) is not BinaryCrossentropy:
            raise ValueError(
                f"{model.name}: a page computes binary cross-entropy, and cannot take the loss "
                f"{type(loss).__name__} apart"
            )
    bits = 8 * model.dtype.itemsize
    with in_float64(model.layers, [model, *model.graph.nodes]), use_backend("numpy"):
        model.dtype = np.dtype(np.float64)
        return contents_of(model, samples, bits)


def contents_of(model, samples: list, bits: int) -> dict:
    """The same of a model that is in float64; it was in floats of `bits` before."""
    cut = find_cut(model)
    contents = {"model": model_contents(model, cut, bits), "samples": [], "leftOut": left_out(cut)}
    stand_in = len(contents["model"]["layers"]) - 1
    for number, sample in enumerate(samples):
        count = len(batch_of(model, sample.x)[0])
        if count != 1:
            raise ValueError(f"{model.name}: expected one sample, got {count}")
        passes = run_passes(model, sample.x, sample.y, training=False)
        if not math.isfinite(passes.loss):
            raise ValueError(
                f"{model.name}: expected a finite loss for {sample.name}, got {passes.loss}"
            )
        weights = cut.tangent(model, passes.inputs) if cut.nodes else {}
        packed_weights = {name: packed(array) for name, array in weights.items()}
        labels = zip(passes.labels, passes.outputs, strict=True)
        contents["samples"].append(
            {
                "name": sample.name,
                "healthy": bool(sample.healthy),
                "inputs": [packed(array[0], bits) for array in passes.inputs],
                "labels": [packed(np.reshape(y, tensor.sample_shape)) for y, tensor in labels],
                "weights": {stand_in: packed_weights} if weights else {},
            }
        )
        if number == 0:
            contents["recorded"] = recorded_contents(model, cut, passes)
    return contents | {"sources": kernel_sources()}


def recorded_contents(model, cut: Cut, passes: Passes) -> dict:
    """minicnn's own outputs and gradients of a sample, in the order of the page's nodes and layers."""
    nodes = [node for node in model.graph.nodes if node not in cut.nodes]
    arrays, uses = [], {}
    for node in nodes:
        tensor = node.output
        arrays.append({"y": sampled(passes.values[tensor][0])})
        if tensor not in passes.from_logits:  # behind those, the page's backward pass begins at z
            arrays[-1]["dy"] = sampled(passes.dy(tensor)[0])
        uses.setdefault(node.layer, []).append(node)
    grads = [
        {name: sampled(passes.param_gradient(found, name)) for name in layer.params}
        for layer, found in uses.items()
    ]
    return {"nodes": arrays, "grads": grads, "loss": passes.loss}


def left_out(cut: Cut) -> str:
    """The sentence about the layers that a page has no room for; empty if there are none."""
    if not cut.nodes:
        return ""
    return (
        f"Left out, for their size: {', '.join(cut.names)}. One layer stands for them, with their "
        "value and their gradient at each sample; for other weights and images it is a straight line, "
        "and p an estimate."
    )


def packed(array: np.ndarray, bits: int = 32) -> dict:
    """An array as its shape and its values, floats of so many bits, little-endian, in base64."""
    values = np.ascontiguousarray(array, dtype=f"<f{bits // 8}")
    text = base64.b64encode(values.tobytes()).decode()
    return {"shape": list(array.shape), "bits": bits, "values": text}


def sampled(array: np.ndarray) -> dict:
    """Every `step`-th value of a float64 array, as many as `SAMPLED` at most; and its largest."""
    flat = array.reshape(-1)
    step = -(-flat.size // SAMPLED)
    step += step % 2 == 0 and step > 1  # odd: else some channels would never be looked at
    largest = float(np.abs(flat).max(initial=0))
    return {"step": step, "largest": largest, **packed(flat[::step], 64)}


def epoch_contents(model, weights: list[tuple[int, dict]] | None) -> dict | None:
    """Earlier weights for the page's slider, and behind them the model's own.

    As many epochs, evenly spread, as `EPOCH_VALUES` allow; of the layers that are on the page.
    ValueError for weights that are not the model's.
    """
    cut = find_cut(model)
    left = {name for name in model.named_weights() if name.rsplit("/", 1)[0] in cut.names}
    own = {name: array for name, array in model.named_weights().items() if name not in left}
    chosen = [
        (epoch, {n: a for n, a in params.items() if n not in left})
        for epoch, params in weights or []
    ]
    for epoch, params in chosen:
        for name, array in params.items():
            if (
                name not in own
                or np.shape(array) != own[name].shape
                or not np.isfinite(array).all()
            ):
                raise ValueError(
                    f"epochs: expected finite weights of {model.name}, got {name} of shape "
                    f"{np.shape(array)} for epoch {epoch}"
                )
    if not chosen or not chosen[0][1]:
        return None
    values = sum(array.size for array in chosen[0][1].values())
    count = max(2, min(len(chosen), EPOCH_VALUES // values))
    places = np.unique(np.linspace(0, len(chosen) - 1, count).round().astype(int))
    last = (None, {name: own[name] for name in chosen[0][1]})
    return {
        "at": [
            {"epoch": epoch, "params": {name: packed(array) for name, array in params.items()}}
            for epoch, params in [*(chosen[k] for k in places), last]
        ]
    }


def layer_kind(layer) -> type:
    """The class in `KINDS` that a layer is of; ValueError for another one."""
    for kind in KINDS:
        own = (getattr(type(layer), name) is not getattr(kind, name) for name in COMPUTING)
        if isinstance(layer, kind) and not any(own):
            return kind
    raise ValueError(
        f"{layer.label}: a page cannot show layers of class {type(layer).__name__}, of which its "
        "JavaScript knows nothing"
    )


def layer_contents(layer, bits: int) -> dict:
    """A layer's settings and parameters, these as floats of so many bits."""
    kind = layer_kind(layer)
    function = layer if isinstance(layer, layers.ReLU | layers.Sigmoid) else layer.activation
    params = dict(layer.params)
    if params and not layer.use_bias:
        params["bias"] = np.zeros(params["kernel"].shape[-1], np.float32)
    return {
        "name": layer.name,
        "class": type(layer).__name__,
        "kind": "Activation" if kind in (layers.ReLU, layers.Sigmoid) else kind.__name__,
        "activation": activation_name(function),
        "count": int(layer.count_params()),
        "params": {name: packed(array, bits) for name, array in params.items()},
        **{name: getattr(layer, name) for name in KINDS[kind]},
    }


def model_contents(model, cut: Cut, bits: int) -> dict:
    """The graph: layers, nodes and outputs, by number; `cut` says where it ends."""
    nodes = [node for node in model.graph.nodes if node not in cut.nodes]
    number = {node.output: index for index, node in enumerate(nodes)}
    listed = list(dict.fromkeys(node.layer for node in nodes))
    uses: dict = {}
    found = []
    for node in nodes:
        layer = node.layer
        uses[layer] = uses.get(layer, 0) + 1
        label = layer.name if uses[layer] == 1 else f"{layer.name} (use {uses[layer]})"
        inputs = [number[tensor] for tensor in node.inputs]
        shape = list(node.output.sample_shape)
        found.append(
            {"layer": listed.index(layer), "inputs": inputs, "shape": shape, "label": label}
        )
    contents = {
        "layers": [layer_contents(layer, bits) for layer in listed],
        "nodes": found,
        "inputs": [number[tensor] for tensor in model.graph.inputs],
        "outputs": [
            {"node": number[tensor], "ofLogits": of_logits, "weight": weight}
            for tensor, of_logits, weight in output_losses(model)
            if tensor in number
        ],
    }
    return contents if not cut.nodes else cut.closed(contents, number)


def output_losses(model) -> list[tuple[Tensor, bool, float]]:
    """Each output, whether its loss is computed from the logits, and how much it counts."""
    graph = model.graph
    return [
        (tensor, is_end and ends_in_sigmoid(tensor.node), float(weight))
        for tensor, is_end, weight in zip(
            graph.outputs, graph.is_end, model.loss_weights, strict=True
        )
    ]


def ends_in_sigmoid(node: Node) -> bool:
    """Whether a node's output comes straight out of a sigmoid."""
    layer = node.layer
    return isinstance(layer, layers.Sigmoid) or isinstance(layer.activation, layers.Sigmoid)
