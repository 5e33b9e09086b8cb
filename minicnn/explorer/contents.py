"""What a page knows: the model, its samples, and minicnn's own numbers, as dicts and lists for JSON."""

import math

import numpy as np

from minicnn.explorer.cut import Cut, find_cut
from minicnn.explorer.graph_contents import model_contents
from minicnn.explorer.packing import packed, sampled
from minicnn.explorer.sources import kernel_sources
from minicnn.gradcheck.check import in_float64
from minicnn.inspection.outputs import batch_of
from minicnn.inspection.passes import Passes, run_passes
from minicnn.kernels import use_backend
from minicnn.losses import BinaryCrossentropy
from minicnn.training.step import require_compiled

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
                "command": sample.command,
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
