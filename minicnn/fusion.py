"""The plan of a model: which neighbouring layers run as one.

Run one by one, layers write numbers to memory that the next one reads again; for small layers
that takes longer than the arithmetic. `make_plan` looks for neighbours that a single kernel can
do and gives a list of steps: most are one layer, run as it is (`LayerStep`), and some are several
(`PooledStep`, `WinogradStep`). The numbers are the same up to rounding, which the tests check.

Nothing here says what a convolution is; for that read the layers. `use_backend("naive")` and
`minicnn.inspection` run layer by layer.
"""

import math
from typing import NamedTuple

import numpy as np

from minicnn import kernels
from minicnn.layers.activations import ReLU
from minicnn.layers.conv import Conv2D
from minicnn.layers.dense import Dense
from minicnn.layers.dropout import Dropout
from minicnn.layers.merge import Concatenate
from minicnn.layers.pooling import MaxPooling2D
from minicnn.layers.reshape import Flatten
from minicnn.padding import crop_images, window_pads

FEW = 8  # fewer filters than this are computed along rows, see kernels/compiled/rows.py


class Buffers:
    """Arrays that only the steps of a plan see, kept from one training step to the next.

    To get fresh memory from the system costs about as much as to fill it.
    """

    def __init__(self):
        self._arrays: dict[str, np.ndarray] = {}

    def get(self, name: str, shape: tuple, dtype) -> np.ndarray:
        """The array of that name: the first `shape[0]` samples of the largest batch so far."""
        found = self._arrays.get(name)
        if found is None or found.dtype != dtype or len(found) < shape[0]:
            self._arrays[name] = found = np.empty(shape, dtype)
        return found[: shape[0]]


class LayerStep:
    """One node of the graph, run by its layer.

    Attributes
    ----------
    inputs : list of Tensor
        What the step reads.
    output : Tensor
        What it makes.
    layer : Layer
        Whose gradients `backward` leaves in `layer.grads`.
    """

    def __init__(self, node):
        self.node = node
        self.layer = node.layer
        self.inputs, self.output = node.inputs, node.output

    def forward(self, inputs: list[np.ndarray], training: bool) -> np.ndarray:
        """The output for the arrays of `self.inputs`."""
        y = self.layer.forward(self.node.pick(inputs), training)
        self.node.keep_caches()
        return y

    def backward(self, dy: np.ndarray, through_activation: bool, wanted: list[bool]) -> list:
        """Gradients of the inputs; where one is not wanted there may be None."""
        if not (any(wanted) or self.layer.params):
            return [None] * len(wanted)
        self.node.give_caches_back()
        dx = self.layer.backward(dy, through_activation)
        return dx if self.node.takes_list else [dx]


class FlattenStep(LayerStep):
    """A flatten layer: the same memory in another shape, not a copy."""

    def forward(self, inputs, training):
        self.x_shape = inputs[0].shape
        return inputs[0].reshape(len(inputs[0]), -1)

    def backward(self, dy, through_activation, wanted):
        return [None if dy is None else dy.reshape(self.x_shape)]  # None: see JoinStep


class JoinStep(LayerStep):
    """Concatenated vectors that `RowsStep`s have written where they belong.

    Backward, they fetch their parts of the gradient here; what is handed on to them is None.

    Attributes
    ----------
    dy, scales : float arrays
        The last gradient of the whole, as `rows.conv_backward` takes it.
    """

    def __init__(self, node):
        super().__init__(node)
        self.buffers = Buffers()

    def array(self, batch: int, dtype) -> np.ndarray:
        """Where all parts are written, (batch, numbers)."""
        return self.buffers.get("y", (batch, *self.output.sample_shape), dtype)

    def forward(self, inputs, training):
        return self.array(len(inputs[0]), inputs[0].dtype)

    def backward(self, dy, through_activation, wanted):
        if isinstance(dy, OuterProduct):
            self.dy, self.scales = dy.row, dy.scales
        else:
            self.dy, self.scales = np.ascontiguousarray(dy), np.ones(len(dy), dy.dtype)
        return [None] * len(self.inputs)


class OuterProduct(NamedTuple):
    """A gradient (batch, numbers) whose rows differ by a factor only: scales[n] * row[0]."""

    scales: np.ndarray
    row: np.ndarray


class UnitStep(LayerStep):
    """A dense layer of one unit behind a `JoinStep`: its dx is written down by its factors."""

    def backward(self, dy, through_activation, wanted):
        self.node.give_caches_back()
        dz = self.layer.backward_to_params(dy, through_activation)  # (batch, 1)
        kernel = self.layer._param("kernel", like=dz)
        # (inputs, 1) -> (1, inputs)
        return [OuterProduct(dz[:, 0].copy(), kernel.reshape(1, -1))]


class PoolStep(LayerStep):
    """Max-pooling of something that needs no gradient: the largest values are enough."""

    def forward(self, inputs, training):
        from minicnn.kernels.compiled import pooling

        (x,) = inputs
        layer = self.layer
        y = np.empty((len(x), *self.output.sample_shape), x.dtype)
        pads = window_pads(x.shape, layer.pool_size, layer.strides, layer.padding)
        pooling.maxpool2d_largest(x, layer.pool_size, layer.strides, pads, y)
        self.x = x
        return y

    def backward(self, dy, through_activation, wanted):
        if wanted[0]:  # only by a gradient check: training does not ask for the input's gradient
            self.layer.forward(self.x)
            self.node.keep_caches()
        return super().backward(dy, through_activation, wanted)


class ConvStep:
    """What the steps share that begin with a convolution.

    Parameters
    ----------
    nodes : list of Node
        The convolution first, and those that follow it.
    is_output : bool
        Whether the model gives the output away: then it is a new array each time.
    """

    def __init__(self, nodes: list, is_output: bool):
        self.nodes, self.is_output = nodes, is_output
        self.layer = nodes[0].layer
        self.inputs, self.output = nodes[0].inputs, nodes[-1].output
        self.pads = window_pads(
            (0, *self.layer.input_shape),
            self.layer.kernel_size,
            self.layer.strides,
            self.layer.padding,
        )
        self.buffers = Buffers()

    @property
    def relu(self) -> bool:
        return self.layer.activation is not None

    def forward(self, inputs, training):
        (self.x,) = inputs
        kernel = self.layer._param("kernel", like=self.x)
        bias = np.zeros(self.layer.filters, self.x.dtype)
        if self.layer.use_bias:
            bias = self.layer._param("bias", like=self.x)
        for node in self.nodes:
            node.layer.cache = None  # whoever calls a layer's backward now is told so
        return self.run(self.x, kernel, bias, training)

    def run(self, x, kernel, bias, training: bool) -> np.ndarray:
        """The step's kernel: its output."""
        raise NotImplementedError

    def keep_grads(self, dkernel: np.ndarray, dbias: np.ndarray) -> None:
        self.layer.grads = {"kernel": dkernel}
        if self.layer.use_bias:
            self.layer.grads["bias"] = dbias

    def output_array(self, x: np.ndarray) -> np.ndarray:
        """Where the output goes."""
        shape = (len(x), *self.output.sample_shape)
        return np.empty(shape, x.dtype) if self.is_output else self.buffers.get("y", shape, x.dtype)


class RowsStep(ConvStep):
    """A convolution of few filters with its relu; see `kernels.compiled.rows`.

    Attributes
    ----------
    join : JoinStep or None
        Where the output is one of several that are concatenated; it is then written there.
    at : int
        The first of its numbers in a row of the whole.
    """

    join: JoinStep | None = None
    at = 0

    def run(self, x, kernel, bias, training):
        from minicnn.kernels.compiled import rows

        if self.join is None:
            y = self.output_array(x)
            self.out = y.reshape(len(x), -1)  # (batch, height, width, filters) -> (batch, numbers)
        else:
            self.out = self.join.array(len(x), x.dtype)
            numbers = math.prod(self.output.sample_shape)
            y = self.out[:, self.at : self.at + numbers].reshape(-1, *self.output.sample_shape)
        rows.conv_forward(x, kernel, bias, self.pads, self.relu, self.out, self.at)
        return y

    def backward(self, dy, through_activation, wanted):
        from minicnn.kernels.compiled import rows

        if self.join is None:
            dout, scales = dy.reshape(self.out.shape), np.ones(len(dy), dy.dtype)
        else:
            dout, scales = self.join.dy, self.join.scales
        dx = self.buffers.get("dx", self.x.shape, dout.dtype) if wanted[0] else None
        kernel = self.layer._param("kernel", like=dout)
        found = rows.conv_backward(
            self.x, kernel, self.pads, dout, scales, self.out, self.at, self.relu, dx
        )
        self.keep_grads(*found)
        return [dx]


class PooledStep(ConvStep):
    """3x3 convolution of one channel, relu, 2x2 max-pooling, and dropout if it follows.

    See `kernels.compiled.pooled`.
    """

    def run(self, x, kernel, bias, training):
        from minicnn.kernels.compiled import pooled

        y = self.output_array(x)
        self.route = self.buffers.get("route", pooled.route_shape(y.shape), np.uint8)
        self.drop = None
        last = self.nodes[-1].layer
        if training and isinstance(last, Dropout) and last.rate > 0:
            self.drop = (last.rate, last.mask_seed, last.step % 2**32)
            last.step += 1
        pooled.conv_pool_forward(x, kernel, bias, self.pads, self.relu, self.drop, y, self.route)
        return y

    def backward(self, dy, through_activation, wanted):
        from minicnn.kernels.compiled import pooled

        self.keep_grads(*pooled.conv_pool_backward(self.x, dy, self.pads, self.drop, self.route))
        return [self.input_gradient(dy) if wanted[0] else None]

    def input_gradient(self, dy: np.ndarray) -> np.ndarray:
        """Of the model's input, which training never asks for: layer by layer."""
        from minicnn.kernels.compiled import pooled

        dz = pooled.undo_pooling(dy, self.drop, self.route, self.nodes[0].output.sample_shape)
        kernel = self.layer._param("kernel", like=dy)
        padded_size = [
            size + sum(pads) for size, pads in zip(self.x.shape[1:3], self.pads, strict=True)
        ]
        dx = kernels.active().conv2d_grad_input(dz, kernel, (1, 1), tuple(padded_size))
        return crop_images(dx, self.pads)


class WinogradStep(ConvStep):
    """3x3 convolution of many channels, relu, and 2x2 max-pooling if it follows.

    See `kernels.compiled.winograd`.
    """

    @property
    def pool(self) -> bool:
        return len(self.nodes) > 1

    def run(self, x, kernel, bias, training):
        from minicnn.kernels.compiled import winograd

        self.y = self.output_array(x)
        self.route = self.buffers.get("route", self.y.shape, np.uint8) if self.pool else None
        winograd.conv_forward(x, kernel, bias, self.pads, self.relu, self.pool, self.y, self.route)
        return self.y

    def backward(self, dy, through_activation, wanted):
        from minicnn.kernels.compiled import winograd

        dx = self.buffers.get("dx", self.x.shape, dy.dtype) if wanted[0] else None
        kernel = self.layer._param("kernel", like=dy)
        settings = (self.pads, self.relu, self.pool)
        self.keep_grads(
            *winograd.conv_backward(self.x, kernel, *settings, self.y, self.route, dy, dx)
        )
        return [dx]


def make_plan(graph, needs_gradient: dict) -> list:
    """The steps of a graph, neighbours fused where there is a kernel for it.

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
        elif is_plain(node.layer, MaxPooling2D) and not needs_gradient[node.output]:
            step = PoolStep(node)
        else:
            step = join_step(graph, node, steps) or unit_step(graph, node, steps) or LayerStep(node)
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
            return PooledStep(chain, chain[-1].output in graph.outputs)
        if channels >= 4 and layer.filters >= FEW:
            return WinogradStep(chain, chain[-1].output in graph.outputs)
    if layer.filters < FEW:
        return RowsStep([node], node.output in graph.outputs)
    return None


def follower(graph, node, layer_class: type):
    """The node of that class that is the only one to take this node's output, or None."""
    takers = [other for other in graph.nodes if node.output in other.inputs]
    if len(takers) != 1 or node.output in graph.outputs:
        return None
    return takers[0] if is_plain(takers[0].layer, layer_class) else None


def is_plain(layer, layer_class: type) -> bool:
    """Whether the layer does what its class says: no subclass, no method put in by hand."""
    return type(layer) is layer_class and not {"forward", "backward"} & vars(layer).keys()


def is_2x2(layer: MaxPooling2D) -> bool:
    """Whether its windows are 2x2, side by side and inside the image."""
    return (layer.pool_size, layer.strides, layer.padding) == ((2, 2), (2, 2), "valid")
