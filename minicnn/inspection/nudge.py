"""The slope of the loss at one number, found without any backward pass: by moving that number.

All that comes behind it is run forward twice, in float64, layer by layer, with the NumPy kernels
and one dropout mask, once with the number a little larger and once a little smaller.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from minicnn import kernels, layers
from minicnn.gradcheck.check import in_float64
from minicnn.gradcheck.numeric import STEP, numeric_gradient
from minicnn.inspection.passes import Passes, run_forward
from minicnn.layers.node import Node
from minicnn.numeric_checks import only_or_all
from minicnn.training.batch_arrays import as_labels
from minicnn.training.step import loss_and_gradients

STEPS = (STEP, 1e-6, 1e-7)
# How far a gradient and its slope may be apart: relative, with the rounding of the passes.
TOLERANCE = {np.dtype(np.float32): 1e-3, np.dtype(np.float64): 1e-6}
SMALL = 0.01  # a gradient below this part of its terms has their rounding
LOSS_ROUNDING = 1e-15  # relative, of a loss in float64


@dataclass
class Slope:
    """A numeric gradient, (L(+ eps) - L(- eps)) / (2 eps).

    Attributes
    ----------
    numeric, eps : float
    bends : dict of str to int
        How often, between - eps and + eps, a relu opens or closes ("relu"), or another pixel
        becomes the largest ("max-pooling"). There the loss has a corner, and no slope.
    rounding : float
        What rounding alone can make of `numeric`.
    """

    numeric: float
    eps: float
    bends: dict[str, int]
    rounding: float

    def agrees(self, value: float, size: float, dtype, lost: float = 0.0) -> bool:
        """Whether a gradient that was computed in `dtype` is this slope, up to rounding.

        `size` is that of the terms of the gradient, or of the gradients beside it; `lost` what
        rounding has taken, as a share, from the number with which the backward pass began.
        """
        if np.isnan(value) and np.isnan(self.numeric):
            return True
        scale = max(abs(value), abs(self.numeric), SMALL * size)
        return bool(
            abs(value - self.numeric) <= (TOLERANCE[np.dtype(dtype)] + lost) * scale + self.rounding
        )


def slope(model, passes: Passes, node: Node, of: str, index: tuple[int, ...]) -> Slope:
    """The slope at one number: of a parameter, or of an input, z or output of this use of a layer.

    `index` is its place in the parameter, or with the sample in front in the other arrays. Of the
    steps 1e-5, 1e-6 and 1e-7 the largest is taken over which the loss bends least often.
    """
    found = []
    with in_float64(model.layers, [model, *model.graph.nodes]) as rewind:
        model.dtype = np.dtype(np.float64)
        with kernels.use_backend("numpy"):
            for step in steps(passes, node, of, index):
                found.append(slope_with(model, passes, node, of, index, step, rewind))
                if not found[-1].bends:
                    break
    return min(found, key=lambda one: sum(one.bends.values()))


def steps(passes: Passes, node: Node, of: str, index: tuple) -> list[float]:
    """The steps to try: of a probability small parts of it, since the loss is steep near 0 and 1."""
    if of != "output" or node.output not in passes.from_logits:
        return list(STEPS)
    p = float(passes.values[node.output][index])
    return [STEP * max(min(p, 1 - p), STEP)]


def slope_with(
    model, passes: Passes, node: Node, of: str, index: tuple, step: float, rewind: Callable
) -> Slope:
    """`slope` with one step, in a model that is in float64 and may be changed."""
    here = np.zeros(1)  # how far the number is moved
    seen, losses = [], []
    param = node.layer.params.get(of)

    def loss(moved: np.ndarray) -> float:
        rewind()
        if param is not None:
            before = param[index]
            param[index] += moved[0]
        inputs = [np.array(array, dtype=np.float64) for array in passes.inputs]
        values, _ = run_forward(model.graph, inputs, passes.training, mover(node, of, index, moved))
        if param is not None:
            param[index] = before
        seen.append([switches(one) for one in model.graph.nodes])
        losses.append(loss_of(model, passes, values, node, of))
        return losses[-1]

    (numeric,) = numeric_gradient(loss, here, step)
    loss(here)
    bends = Counter(flips(seen[0], seen[2]) + flips(seen[1], seen[2]))
    rounding = LOSS_ROUNDING * max(1.0, *map(abs, losses)) / step
    return Slope(float(numeric), step, dict(bends), rounding)


def mover(node: Node, of: str, index: tuple, moved: np.ndarray) -> Callable:
    """A `change` for `run_forward` that moves one number where it enters, z, or leaves `node`."""

    def change(place: str, at: Node, made):
        if (place, at) != (of, node):
            return made
        if of == "input":
            branch, inside = branch_of(made, index)
            return [a if n != branch else add(a, inside, moved[0]) for n, a in enumerate(made)]
        return add(made, index, moved[0])

    return change


def branch_of(inputs: list[np.ndarray], index: tuple) -> tuple[int, tuple]:
    """Which of a node's inputs has the place `index`, and where; their last axes side by side."""
    ends = np.cumsum([array.shape[-1] for array in inputs])
    branch = int(np.searchsorted(ends, index[-1], side="right"))
    return branch, (*index[:-1], index[-1] - int(ends[branch]) + inputs[branch].shape[-1])


def add(array: np.ndarray, index: tuple, amount: float) -> np.ndarray:
    """A copy with one number larger."""
    copy = array.copy()
    copy[index] += amount
    return copy


def loss_of(model, passes: Passes, values: dict, node: Node, of: str) -> float:
    """The loss; where the output of a last sigmoid is moved, of the probabilities there."""
    if of != "output" or node.output not in passes.from_logits:
        return loss_and_gradients(model, values, only_or_all(passes.labels))[0]["loss"]
    total, p = 0.0, values[node.output].clip(0, 1)  # the loss clips it further
    for number, tensor in enumerate(model.graph.outputs):
        if tensor is node.output:
            labels = as_labels(passes.labels[number], p, node.layer.name)
            loss, _ = model.losses[number].from_probabilities(labels, p)
            total += model.loss_weights[number] * loss
    return total


def switches(node: Node) -> dict[str, np.ndarray]:
    """What decided, in the last forward, where a gradient goes; by what decides it."""
    if isinstance(node.layer, layers.ReLU):
        return {"relu": node.cache.y > 0}
    if isinstance(node.layer.activation, layers.ReLU):
        return {"relu": node.activation_cache.y > 0}
    if isinstance(node.layer, layers.MaxPooling2D):
        return {"max-pooling": node.cache.argmax}
    if isinstance(node.layer, layers.GlobalMaxPooling2D):
        return {"max-pooling": node.cache.largest}
    return {}


def flips(some: list[dict], others: list[dict]) -> Counter:
    """How many switches of each kind differ between two runs."""
    found: Counter = Counter()
    for one, other in zip(some, others, strict=True):
        found.update({kind: int((one[kind] != other[kind]).sum()) for kind in one})
    return +found  # without those that are 0
