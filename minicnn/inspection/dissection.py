"""The inputs and parameters of one output value: a function for each kind of layer."""

import numpy as np

from minicnn import layers
from minicnn.arguments import shape_text
from minicnn.inspection.explanations import Explanation, PassedOn, PooledWindow
from minicnn.inspection.text_tables import figure
from minicnn.inspection.weighted_sum import WeightedSum
from minicnn.layers.activations import activation_name
from minicnn.layers.node import Node
from minicnn.layers.windows import pad_images, window_pads


def take_apart(node: Node, inputs: list[np.ndarray], position: tuple, value: float) -> Explanation:
    """The explanation of one number of a node's output; ValueError for an unknown class of layers.

    `inputs` are the node's, float64, of one sample, without batch axis; `value` is its output's
    value at `position`, without batch axis.
    """
    return of_class(FUNCTIONS, node.layer)(node, inputs, position, value)


def of_class(table: dict, layer):
    """The entry for a layer in a table by class; ValueError if there is none."""
    for layer_class, entry in table.items():
        if isinstance(layer, layer_class):
            return entry
    kind = type(layer).__name__
    raise ValueError(f"{layer.label}: explain does not know layers of class {kind}")


def common(node: Node, position: tuple, value: float, branch: int = 0) -> tuple:
    """The fields that all explanations begin with."""
    source = node.inputs[branch].node.layer.name
    return node.layer.name, type(node.layer).__name__, position, value, source


def convolution(node: Node, inputs: list, position: tuple, value: float) -> WeightedSum:
    layer, filter_number = node.layer, position[2]
    window, real, origin = window_at(inputs[0], layer.kernel_size, layer, position)
    return WeightedSum(
        *common(node, position, value),
        inputs=window,
        weights=np.asarray(layer.params["kernel"][..., filter_number], dtype=np.float64),
        bias=float(layer.params["bias"][filter_number]) if layer.use_bias else 0.0,
        activation=activation_name(layer.activation),
        origin=origin,
        real=real,
    )


def dense(node: Node, inputs: list, position: tuple, value: float) -> WeightedSum:
    layer, unit = node.layer, position[0]
    return WeightedSum(
        *common(node, position, value),
        inputs=inputs[0],
        weights=np.asarray(layer.params["kernel"][:, unit], dtype=np.float64),
        bias=float(layer.params["bias"][unit]) if layer.use_bias else 0.0,
        activation=activation_name(layer.activation),
        origin=flattened_shape(node.inputs[0].node),
    )


def pooling(node: Node, inputs: list, position: tuple, value: float) -> PooledWindow:
    layer = node.layer
    window, real, origin = window_at(inputs[0], layer.pool_size, layer, position)
    return PooledWindow(
        *common(node, position, value),
        window=window[..., position[2]],
        real=real,
        origin=origin,
        takes_mean=isinstance(layer, layers.AveragePooling2D),
    )


def global_pooling(node: Node, inputs: list, position: tuple, value: float) -> PooledWindow:
    window = inputs[0][..., position[-1]]
    return PooledWindow(
        *common(node, position, value),
        window=window,
        real=np.ones(window.shape, dtype=bool),
        origin=(0, 0),
        takes_mean=isinstance(node.layer, layers.GlobalAveragePooling2D),
        ties_share=True,
    )


def activation(node: Node, inputs: list, position: tuple, value: float) -> PassedOn:
    layer = node.layer
    function = layer.activation if isinstance(layer, layers.Activation) else layer
    name = activation_name(function)
    note = f"{name} of that = {figure(value)}"
    found = float(inputs[0][position])
    return PassedOn(*common(node, position, value), position, found, name, note)


def dropout(node: Node, inputs: list, position: tuple, value: float) -> PassedOn:
    note = "passed on unchanged: dropout drops in training only"
    found = float(inputs[0][position])
    return PassedOn(*common(node, position, value), position, found, "linear", note)


def flatten(node: Node, inputs: list, position: tuple, value: float) -> PassedOn:
    shape = inputs[0].shape
    origin = tuple(int(i) for i in np.unravel_index(position[0], shape))
    note = f"number {position[0]} of {shape_text(shape)}, read row by row, channels innermost"
    found = float(inputs[0][origin])
    return PassedOn(*common(node, position, value), origin, found, "linear", note)


def concatenate(node: Node, inputs: list, position: tuple, value: float) -> PassedOn:
    ends = np.cumsum([one.shape[-1] for one in inputs])
    branch = int(np.searchsorted(ends, position[-1], side="right"))
    before = int(ends[branch]) - inputs[branch].shape[-1]
    origin = (*position[:-1], position[-1] - before)
    note = f"input {branch} of {len(inputs)}; {before} numbers of the last axis come before it"
    found = float(inputs[branch][origin])
    return PassedOn(*common(node, position, value, branch), origin, found, "linear", note)


FUNCTIONS = {
    layers.Conv2D: convolution,
    layers.Dense: dense,
    layers.MaxPooling2D: pooling,
    layers.AveragePooling2D: pooling,
    layers.GlobalMaxPooling2D: global_pooling,
    layers.GlobalAveragePooling2D: global_pooling,
    layers.Activation: activation,
    layers.ReLU: activation,
    layers.Sigmoid: activation,
    layers.Dropout: dropout,
    layers.Flatten: flatten,
    layers.Concatenate: concatenate,
}


def window_at(x: np.ndarray, span: tuple, layer, position: tuple) -> tuple:
    """The window of a sliding layer at an output position.

    Returns
    -------
    window : (*span, channels), 0 in the padding
    real : span, bool, False in the padding
    origin : (int, int), row and column of its first pixel, negative in the padding
    """
    pads = window_pads((1, *x.shape), span, layer.strides, layer.padding)
    # (height, width, channels) -> (1, height, width, channels) for padding, and back
    padded = pad_images(x[None], pads, value=0)[0]
    inside = pad_images(np.ones((1, *x.shape[:2], 1)), pads, value=0)[0, :, :, 0] == 1
    starts = [position[axis] * layer.strides[axis] for axis in (0, 1)]
    rows, cols = (slice(start, start + size) for start, size in zip(starts, span, strict=True))
    origin = (starts[0] - pads[0][0], starts[1] - pads[1][0])
    return padded[rows, cols], inside[rows, cols], origin


def flattened_shape(node: Node) -> tuple:
    """Shape of the image that `node` gives flattened; () if it is none."""
    in_place = (layers.Dropout, layers.Activation, layers.ReLU, layers.Sigmoid)
    while isinstance(node.layer, in_place):
        node = node.inputs[0].node
    shape = node.inputs[0].sample_shape if isinstance(node.layer, layers.Flatten) else ()
    return shape if len(shape) == 3 else ()
