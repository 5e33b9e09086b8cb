"""What is behind a gradient in front of an activation, and at an output."""

import numpy as np

from minicnn import layers
from minicnn.inspection.gradient_sums import OutputGradient
from minicnn.inspection.passed_back import ActivationGradient, LossGradient, PassedBack
from minicnn.inspection.passes import THE_LOSS, Passes
from minicnn.layers.activations import activation_name
from minicnn.layers.node import Node
from minicnn.losses import SMALLEST


def activation(passes: Passes, node: Node, index: tuple, about: dict):
    return through_activation(passes, node, passes.z[node], index, about)


def through_activation(passes: Passes, node: Node, z: np.ndarray, index: tuple, about: dict):
    tensor = node.output
    if tensor in passes.from_logits:
        return from_loss(passes, node, float(z[index]), index, about)
    own = isinstance(node.layer, (layers.ReLU, layers.Sigmoid))
    name = activation_name(node.layer if own else node.layer.activation)
    dy = float(passes.dy(tensor)[index])
    if name == "linear":
        return PassedBack(
            **about, dy_position=index[1:], dy=dy, factor=1.0, note="linear: handed back unchanged"
        )
    y = float(passes.values[tensor][index])
    return ActivationGradient(**about, activation=name, z=float(z[index]), y=y, dy=dy)


def from_loss(passes: Passes, node: Node, z: float, index: tuple, about: dict) -> LossGradient:
    shape = passes.values[node.output].shape
    label, weight = label_at(passes, node, index)
    units = int(np.prod(shape[1:]))
    return LossGradient(**about, z=z, label=label, samples=shape[0], units=units, weight=weight)


def label_at(passes: Passes, node: Node, index: tuple) -> tuple[float, float]:
    """The label of a model's output at a place, and the weight of that output's loss."""
    number = passes.outputs.index(node.output)
    shape = passes.values[node.output].shape
    return float(np.reshape(passes.labels[number], shape)[index]), passes.loss_weights[number]


def output(passes: Passes, node: Node, index: tuple, about: dict) -> OutputGradient:
    parts, note = [], []
    for name, gradient in passes.arriving[node.output]:
        if name != THE_LOSS:
            parts.append((name, float(gradient[index])))
            continue
        label, weight = label_at(passes, node, index)
        value = passes.values[node.output]
        p = float(np.clip(value[index], SMALLEST, 1 - SMALLEST))
        inside = p == float(value[index])
        slope = weight * (p - label) / (p * (1 - p)) / value.size if inside else 0.0
        parts.append((name, slope))
        note = loss_note(p, label, value.size, inside, node.output in passes.from_logits)
    return OutputGradient(**about, parts=parts, note=note)


def loss_note(p: float, label: float, size: int, inside: bool, skipped: bool) -> list[str]:
    """Where the gradient of an output comes from that the loss reads."""
    lines = [f"dL/dp = (p - y) / (p (1 - p)) / size; p = {p:.4g}, y = {label:.4g}, size = {size}"]
    if not inside:
        lines.append("0 here, where the loss clips p")
    if skipped:
        lines.append(
            "the backward pass skips this number: it begins with dz, in front of the sigmoid"
        )
    return lines
