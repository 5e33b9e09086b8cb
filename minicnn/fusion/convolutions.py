"""Steps of a plan that begin with a convolution and do what follows it in the same kernel."""

import math

import numpy as np

from minicnn.fusion.steps import Buffers, JoinStep, keep_grads
from minicnn.layers import checks
from minicnn.layers.dropout import Dropout
from minicnn.layers.node import Node
from minicnn.layers.windows import window_pads


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
        self.x = checks.input_arrays(self.layer, inputs[0])
        kernel = checks.param(self.layer, "kernel", self.x.dtype)
        bias = np.zeros(self.layer.filters, self.x.dtype)
        if self.layer.use_bias:
            bias = checks.param(self.layer, "bias", self.x.dtype)
        for node in self.nodes:
            node.layer.last_output = None  # so that calling a layer's backward now is an error
        return self.run(self.x, kernel, bias, training)

    def run(self, x, kernel, bias, training: bool) -> np.ndarray:
        """The step's kernel: its output."""
        raise NotImplementedError

    def check_gradient(self, dy: np.ndarray) -> np.ndarray:
        """Return `dy` C-contiguous if it is a gradient of the last output; raise if not."""
        shape = (len(self.x), *self.output.sample_shape)
        return checks.gradient(self.layer, dy, shape, self.x.dtype)

    def output_array(self, x: np.ndarray) -> np.ndarray:
        """Where the output goes."""
        shape = (len(x), *self.output.sample_shape)
        return np.empty(shape, x.dtype) if self.is_output else self.buffers.get("y", shape, x.dtype)


class RowsStep(ConvStep):
    """A convolution of few filters with its relu; see `kernels.compiled.rows`.

    Attributes
    ----------
    front : Node or None
        A convolution of one tap on one channel, whose output only this one takes.
    join : JoinStep or None
        Where the output is one of several that are concatenated; it is then written there.
    at : int
        Index of its first value in a row of the whole.
    """

    front: Node | None = None
    join: JoinStep | None = None
    at = 0

    def put_in_front(self, node: Node) -> None:
        """Do the 1x1 convolution of this node, too."""
        self.front, self.nodes, self.inputs = node, [node, *self.nodes], node.inputs

    def front_values(self, like: np.ndarray) -> tuple | None:
        """Tap, bias and whether there is a relu, as the kernels take them."""
        if self.front is None:
            return None
        layer, bias = self.front.layer, like.dtype.type(0)
        if layer.use_bias:
            bias = checks.param(layer, "bias", like.dtype)[0]
        tap = checks.param(layer, "kernel", like.dtype).flat[0]
        return tap, bias, layer.activation is not None

    def run(self, x, kernel, bias, training):
        from minicnn.kernels.compiled import rows

        if self.join is None:
            y = self.output_array(x)
            self.out = y.reshape(len(x), -1)  # (batch, height, width, filters) -> (batch, values)
        else:
            self.out = self.join.array(len(x), x.dtype)
            values = math.prod(self.output.sample_shape)
            y = self.out[:, self.at : self.at + values].reshape(-1, *self.output.sample_shape)
        front = self.front_values(x)
        place = {"out": self.out, "at": self.at}
        rows.conv_forward(x, kernel, bias, self.pads, self.relu, **place, front=front)
        return y

    def backward(self, dy, wanted):
        from minicnn.kernels.compiled import rows

        if self.join is None:
            dy = self.check_gradient(dy)
            dout, scales = dy.reshape(self.out.shape), np.ones(len(dy), dy.dtype)
        else:
            dout, scales = self.join.dy, self.join.scales  # checked there
        dx = self.buffers.get("dx", self.x.shape, dout.dtype) if wanted[0] else None
        kernel = checks.param(self.layer, "kernel", dout.dtype)
        place, front = {"y": self.out, "at": self.at}, self.front_values(dout)
        dkernel, dbias, dfront = rows.conv_backward(
            self.x, kernel, self.pads, dout, scales, **place, relu=self.relu, dx=dx, front=front
        )
        keep_grads(self.layer, dkernel, dbias)
        if self.front is not None:
            keep_grads(self.front.layer, dfront[:1].reshape(1, 1, 1, 1), dfront[1:])
        return [dx]


class PooledStep(ConvStep):
    """3x3 convolution of one channel, relu, 2x2 max-pooling, and dropout if it follows.

    See `kernels.fused.pooled`.
    """

    def run(self, x, kernel, bias, training):
        from minicnn.kernels.fused import pooled

        y = self.output_array(x)
        self.route = self.buffers.get("route", pooled.route_shape(y.shape), np.uint8)
        self.drop = self.next_drop() if training else None
        pooled.conv_pool_forward(x, kernel, bias, self.pads, self.relu, self.drop, y, self.route)
        return y

    def next_drop(self) -> tuple | None:
        """Rate, seed and step for dropout's mask, which the layer then counts; None without."""
        for node in self.nodes:
            dropout = node.layer
            if isinstance(dropout, Dropout) and dropout.rate > 0:
                drop = (dropout.rate, dropout.mask_seed, dropout.step % 2**32)
                dropout.step += 1
                return drop
        return None

    def backward(self, dy, wanted):
        from minicnn.kernels.fused import pooled

        dy = self.check_gradient(dy)
        found = pooled.conv_pool_backward(self.x, dy, self.pads, self.drop, self.route)
        keep_grads(self.layer, *found)
        return [self.input_gradient(dy) if wanted[0] else None]

    def input_gradient(self, dy: np.ndarray) -> np.ndarray:
        """Of the model's input, which training never asks for: layer by layer."""
        from minicnn.kernels.compiled import rows
        from minicnn.kernels.fused import pooled

        dz = pooled.undo_pooling(dy, self.drop, self.route, self.nodes[0].output.sample_shape)
        dx = np.empty(self.x.shape, dy.dtype)
        # (batch, height, width, filters) -> (batch, values)
        flat = dz.reshape(len(dz), -1)
        kernel = checks.param(self.layer, "kernel", dy.dtype)
        rows.conv_grad_input(flat, kernel, self.pads, dx)
        return dx


class WinogradStep(ConvStep):
    """3x3 convolution of many channels, relu, and 2x2 max-pooling if it follows.

    See `kernels.fused.winograd`.
    """

    @property
    def pool(self) -> bool:
        return len(self.nodes) > 1

    def run(self, x, kernel, bias, training):
        from minicnn.kernels.fused import winograd

        self.y = self.output_array(x)
        self.route = self.buffers.get("route", self.y.shape, np.uint8) if self.pool else None
        winograd.conv_forward(x, kernel, bias, self.pads, self.relu, self.pool, self.y, self.route)
        return self.y

    def backward(self, dy, wanted):
        from minicnn.kernels.fused import winograd

        dy = self.check_gradient(dy)
        dx = self.buffers.get("dx", self.x.shape, dy.dtype) if wanted[0] else None
        kernel = checks.param(self.layer, "kernel", dy.dtype)
        settings = (self.pads, self.relu, self.pool)
        found = winograd.conv_backward(self.x, kernel, *settings, self.y, self.route, dy, dx)
        keep_grads(self.layer, *found)
        return [dx]
