"""Steps of a plan that run one layer, some of them without copying what need not be copied."""

from typing import NamedTuple

import numpy as np

from minicnn.layers import checks
from minicnn.layers.windows import window_pads


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


def keep_grads(layer, dkernel: np.ndarray, dbias: np.ndarray) -> None:
    """Leave the gradients where the layer's own backward pass would."""
    layer.grads = {"kernel": dkernel}
    if layer.use_bias:
        layer.grads["bias"] = dbias


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

    def backward(self, dy: np.ndarray, wanted: list[bool]) -> list:
        """Gradients of the inputs; where one is not wanted there may be None."""
        return self._run_backward(self.layer.backward, dy, wanted)

    def backward_linear(self, dz: np.ndarray, wanted: list[bool]) -> list:
        """As `backward`, of a gradient in front of the layer's activation."""
        return self._run_backward(self.layer.backward_linear, dz, wanted)

    def _run_backward(self, backward, gradient: np.ndarray, wanted: list[bool]) -> list:
        if not (any(wanted) or self.layer.params):
            return [None] * len(wanted)
        self.node.give_caches_back()
        dx = backward(gradient)
        return dx if self.node.takes_list else [dx]


class FlattenStep(LayerStep):
    """A flatten layer: the same memory in another shape, not a copy."""

    def forward(self, inputs, training):
        self.x_shape = inputs[0].shape
        return inputs[0].reshape(len(inputs[0]), -1)

    def backward(self, dy, wanted):
        return [None if dy is None else dy.reshape(self.x_shape)]  # None: see JoinStep


class DropoutStep(LayerStep):
    """Dropout: outside training the same memory, not a copy."""

    def forward(self, inputs, training):
        self.drops = training
        return super().forward(inputs, training) if training else inputs[0]

    def backward(self, dy, wanted):
        return super().backward(dy, wanted) if self.drops else [dy]


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
        """Where all parts are written, (batch, values)."""
        return self.buffers.get("y", (batch, *self.output.sample_shape), dtype)

    def forward(self, inputs, training):
        kinds = {(len(x), x.dtype) for x in inputs}
        if len(kinds) != 1:
            found = ", ".join(f"{len(x)} samples of {x.dtype}" for x in inputs)
            raise ValueError(f"{self.layer.label}: expected inputs of one batch, got {found}")
        ((self.batch, self.dtype),) = kinds
        return self.array(self.batch, self.dtype)

    def backward(self, dy, wanted):
        if isinstance(dy, OuterProduct):
            self.dy, self.scales = dy.row, dy.scales
        else:
            shape = (self.batch, *self.output.sample_shape)
            self.dy = checks.gradient(self.layer, dy, shape, self.dtype)
            self.scales = np.ones(self.batch, self.dtype)
        if (len(self.scales), self.dy.dtype) != (self.batch, self.dtype):
            raise ValueError(
                f"{self.layer.label}: expected a gradient of the last batch, {self.batch} samples "
                f"of {self.dtype}, got {len(self.scales)} of {self.dy.dtype}"
            )
        return [None] * len(self.inputs)


class OuterProduct(NamedTuple):
    """A gradient (batch, values) whose rows differ by a factor only: scales[n] * row[0]."""

    scales: np.ndarray
    row: np.ndarray


class LinearStep(LayerStep):
    """A layer whose backward pass in front of its activation is a kernel of the step's own."""

    def backward(self, dy, wanted):
        self.node.give_caches_back()
        return self.gradients(self.layer.undo_activation(dy), wanted)

    def backward_linear(self, dz, wanted):
        self.node.give_caches_back()
        return self.gradients(checks.last_gradient(self.layer, dz), wanted)

    def gradients(self, dz: np.ndarray, wanted: list[bool]) -> list:
        """The step's kernel, for dz (batch, units)."""
        raise NotImplementedError


class UnitStep(LinearStep):
    """A dense layer of one unit behind a `JoinStep`: its dx is written down by its factors."""

    def gradients(self, dz, wanted):
        self.layer.compute_param_gradients(dz)
        # dz: (batch, 1) -> (batch,); kernel: (inputs, 1) -> (1, inputs)
        return [OuterProduct(dz[:, 0].copy(), self.layer.kernel.reshape(1, -1))]


class DenseStep(LinearStep):
    """A dense layer whose gradients are written into memory that is kept.

    Those of the kernel of `cnn`'s first one take 126 MB.
    """

    def __init__(self, node):
        super().__init__(node)
        self.buffers = Buffers()

    def gradients(self, dz, wanted):
        from minicnn.kernels.compiled import dense

        x, kernel = self.layer.cache.x, self.layer.kernel
        dkernel = self.buffers.get("dkernel", kernel.shape, dz.dtype)
        dense.grad_kernel_into(x, dz, dkernel)
        keep_grads(self.layer, dkernel, dense.grad_bias(dz))
        if not wanted[0]:
            return [None]
        dx = self.buffers.get("dx", x.shape, dz.dtype)
        dense.grad_input_into(dz, kernel, dx)
        return [dx]


class PoolStep(LayerStep):
    """Max-pooling of something that needs no gradient: the largest values are enough."""

    def forward(self, inputs, training):
        from minicnn.kernels.compiled import pooling

        layer = self.layer
        x = checks.input_arrays(layer, inputs[0])
        y = np.empty((len(x), *self.output.sample_shape), x.dtype)
        pads = window_pads(x.shape, layer.pool_size, layer.strides, layer.padding)
        pooling.maxpool2d_largest(x, layer.pool_size, layer.strides, pads, y)
        self.x = x
        return y

    def backward(self, dy, wanted):
        if wanted[0]:  # only by a gradient check: training does not ask for the input's gradient
            self.layer.forward(self.x)
            self.node.keep_caches()
        return super().backward(dy, wanted)
