"""The plan of a model: which neighboring layers run as one.

Run one by one, layers write values to memory that the next one reads again; for small layers
that takes longer than the arithmetic. `make_plan` looks for neighbors that a single kernel can
do and gives a list of steps: most are one layer, run as it is (`LayerStep`), and some are several
(`PooledStep`, `PooledDenseStep`, `WinogradStep`, a `RowsStep` with another one in front). The
results are the same up to rounding, which the tests check.

Nothing here says what a convolution is; for that read the layers. `use_backend("naive")`,
`use_backend("numpy")` and `minicnn.inspection` run layer by layer.
"""

import math

from minicnn.fusion.convolutions import ConvStep, PooledStep, RowsStep, WinogradStep
from minicnn.fusion.pooled_dense import PooledDenseStep
from minicnn.fusion.steps import (
    DenseStep,
    DropoutStep,
    FlattenStep,
    JoinStep,
    LayerStep,
    PoolStep,
    UnitStep,
)
from minicnn.layers.activations import ReLU
from minicnn.layers.conv import Conv2D
from minicnn.layers.dense import Dense
from minicnn.layers.dropout import Dropout
from minicnn.layers.merge import Concatenate
from minicnn.layers.pooling import MaxPooling2D
from minicnn.layers.reshape import Flatten

FEW = 8  # fewer filters than this are computed along rows, see kernels/compiled/rows.py


def make_plan(graph, needs_gradient: dict) -> list:
    """The steps of a graph, neighbors fused where there is a kernel for it.

    Parameters
    ----------
    graph : Graph
    needs_gradient : dict of Tensor to bool
        Whether there are parameters somewhere behind a tensor.
    """
    steps, done = [], set()
    for node in graph.nodes:
        if not node.inputs or node in done:
            continue
        step = conv_step(graph, node, needs_gradient)
        if step is not None:
            done.update(step.nodes)
        elif is_plain(node.layer, Flatten) and node.output not in graph.outputs:
            step = FlattenStep(node)
        elif is_plain(node.layer, Dropout) and node.output not in graph.outputs:
            step = DropoutStep(node)
        elif is_plain(node.layer, MaxPooling2D) and not needs_gradient[node.output]:
            step = PoolStep(node)
        else:
            step = join_step(graph, node, steps) or unit_step(graph, node, steps)
            one_layer = DenseStep if is_plain(node.layer, Dense) else LayerStep
            step = step or one_layer(node)
        steps.append(step)
    return steps


def join_step(graph, node, steps: list) -> JoinStep | None:
    """The step of a concatenation of vectors that flattened convolutions can write in place."""
    if not is_plain(node.layer, Concatenate) or node.output in graph.outputs:
        return None
    makers = {step.output: step for step in steps}
    flattens = [makers.get(tensor) for tensor in node.inputs]
    if not all(isinstance(step, FlattenStep) for step in flattens):
        return None
    convolutions = [makers.get(step.inputs[0]) for step in flattens]
    for flatten, step in zip(flattens, convolutions, strict=True):
        if not isinstance(step, RowsStep) or step.join is not None:
            return None
        if follower(graph, step.nodes[-1], Flatten) is not flatten.node:
            return None
        if follower(graph, flatten.node, Concatenate) is not node:
            return None
    join, at = JoinStep(node), 0
    for step in convolutions:
        step.join, step.at = join, at
        at += math.prod(step.output.sample_shape)
    return join


def unit_step(graph, node, steps: list) -> UnitStep | None:
    """The step of a dense layer of one unit right behind a `JoinStep`."""
    if not is_plain(node.layer, Dense) or node.layer.units != 1:
        return None
    makers = {step.output: step for step in steps}
    join = makers.get(node.inputs[0])
    if not isinstance(join, JoinStep) or follower(graph, join.node, Dense) is not node:
        return None
    return UnitStep(node)


def conv_step(graph, node, needs_gradient: dict) -> ConvStep | None:
    """The step that begins with this node, if it is a convolution that one can begin with."""
    layer = node.layer
    if not is_plain(layer, Conv2D) or layer.strides != (1, 1):
        return None
    if not isinstance(layer.activation, ReLU | None):
        return None
    pooling = follower(graph, node, MaxPooling2D)
    if pooling is not None and not is_2x2(pooling.layer):
        pooling = None
    chain = [node] if pooling is None else [node, pooling]
    channels = layer.input_shape[2]
    if layer.kernel_size == (3, 3):
        if channels == 1 and pooling is not None and not needs_gradient[node.inputs[0]]:
            dropout = follower(graph, pooling, Dropout)
            chain += [] if dropout is None else [dropout]
            dense = few_units(graph, chain[-1])
            chain += dense
            step_class = PooledDenseStep if dense else PooledStep
            return step_class(chain, chain[-1].output in graph.outputs)
        if channels >= 4 and layer.filters >= FEW:
            return WinogradStep(chain, chain[-1].output in graph.outputs)
    if layer.filters < FEW:
        return rows_step(graph, node, needs_gradient)
    return None


def rows_step(graph, node, needs_gradient: dict) -> RowsStep:
    """The step of a convolution of few filters, with the next one if this is only its front."""
    layer, following = node.layer, follower(graph, node, Conv2D)
    if (
        following is not None
        and layer.params["kernel"].size == 1
        and is_used_once(graph, node)
        and type(conv_step(graph, following, needs_gradient)) is RowsStep
    ):
        step = RowsStep([following], following.output in graph.outputs)
        step.put_in_front(node)
        return step
    return RowsStep([node], node.output in graph.outputs)


def few_units(graph, node) -> list:
    """The flatten and the dense layer of few units behind a node, if that is what follows."""
    flatten = follower(graph, node, Flatten)
    dense = follower(graph, flatten, Dense) if flatten else None
    if dense is None or dense.layer.units >= FEW:
        return []
    return [flatten, dense] if is_used_once(graph, dense) else []


def is_used_once(graph, node) -> bool:
    """Whether the layer has no other node: the graph adds up the gradients of one that has."""
    return sum(other.layer is node.layer for other in graph.nodes) == 1


def follower(graph, node, layer_class: type):
    """The node of that class that is the only one to take this node's output, or None."""
    takers = [other for other in graph.nodes if node.output in other.inputs]
    if len(takers) != 1 or node.output in graph.outputs:
        return None
    return takers[0] if is_plain(takers[0].layer, layer_class) else None


def is_plain(layer, layer_class: type) -> bool:
    """Whether the layer does what its class says: no subclass, no method put in by hand."""
    own = {"forward", "backward", "backward_linear", "compute", "compute_gradients"}
    return type(layer) is layer_class and not own & vars(layer).keys()


def is_2x2(layer: MaxPooling2D) -> bool:
    """Whether its windows are 2x2, side by side and inside the image."""
    return (layer.pool_size, layer.strides, layer.padding) == ((2, 2), (2, 2), "valid")
