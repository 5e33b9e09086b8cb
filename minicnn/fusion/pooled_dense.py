"""The step from a model's image to its first dense layer: `tiny_cnn` but for its last unit."""

import numpy as np

from minicnn import kernels
from minicnn.fusion.convolutions import PooledStep
from minicnn.fusion.steps import keep_grads
from minicnn.layers import checks


class PooledDenseStep(PooledStep):
    """3x3 convolution of one channel, relu, 2x2 max-pooling, dropout, flatten, dense of few units.

    See `kernels.fused.pooled_dense`. What only a backward pass needs is kept in
    training only; a backward pass after another forward pass computes it then.
    """

    weights: np.ndarray | None = None  # of the dense layer, in the order of the planes

    def __init__(self, nodes: list, is_output: bool):
        super().__init__(nodes, is_output)
        self.dense = nodes[-1].layer
        self.pooled_shape = nodes[1].output.sample_shape  # (out_height, out_width, filters)

    def run(self, x, kernel, bias, training):
        from minicnn.kernels.fused import pooled_dense

        weights = checks.param(self.dense, "kernel", x.dtype)
        if self.weights is None or self.weights.dtype != x.dtype:
            self.weights = pooled_dense.new_weights(self.dense.units, self.pooled_shape, x.dtype)
        pooled_dense.put_in_planes(weights, self.pooled_shape, self.weights)
        self.parameters = (kernel, bias)
        self.drop = self.next_drop() if training else None
        self.kept = self.new_kept() if training else None
        z = self.sums_of_units()
        if self.dense.use_bias:
            z += checks.param(self.dense, "bias", x.dtype)
        self.z_shape = z.shape
        y = z if self.dense.activation is None else self.dense.activation.forward(z)
        self.nodes[-1].keep_caches()
        return y

    def sums_of_units(self) -> np.ndarray:
        """The kernel's forward pass: (batch, units)."""
        from minicnn.kernels.fused import pooled_dense

        settings = (*self.parameters, self.pads, self.relu, self.drop)
        return pooled_dense.conv_pool_dense_forward(self.x, *settings, self.weights, self.kept)

    def new_kept(self) -> tuple[np.ndarray, np.ndarray]:
        """Where the pooled outputs and their routes go: (batch, filters, out_height * pitch)."""
        _, filters, out_height, pitch = self.weights.shape
        shape = (len(self.x), filters, out_height * pitch)
        outputs = self.buffers.get("outputs", shape, self.x.dtype)
        return outputs, self.buffers.get("route", shape, np.uint8)

    def backward(self, dy, wanted):
        dy = checks.gradient(self.dense, dy, self.z_shape, self.x.dtype)
        self.nodes[-1].give_caches_back()
        activation = self.dense.activation
        return self.gradients(dy if activation is None else activation.backward(dy), wanted)

    def backward_linear(self, dz, wanted):
        return self.gradients(checks.gradient(self.dense, dz, self.z_shape, self.x.dtype), wanted)

    def gradients(self, dz: np.ndarray, wanted: list[bool]) -> list:
        """The kernel's backward pass, for dz (batch, units)."""
        from minicnn.kernels.fused import pooled_dense

        if self.kept is None:
            self.kept = self.new_kept()
            self.sums_of_units()
        *found, dweights = pooled_dense.conv_pool_dense_backward(
            self.x, dz, self.pads, self.drop, self.weights, self.kept
        )
        keep_grads(self.layer, *found)
        keep_grads(self.dense, dweights, dz.sum(axis=0))
        return [self.gradient_through_all(dz) if wanted[0] else None]

    def gradient_through_all(self, dz: np.ndarray) -> np.ndarray:
        """Of the model's input, which training never asks for: layer by layer."""
        weights = checks.param(self.dense, "kernel", dz.dtype)
        flat = kernels.active().dense_grad_input(dz, weights)
        self.route = self.kept[1]
        # (batch, inputs of the dense layer) -> (batch, out_height, out_width, filters)
        return self.input_gradient(flat.reshape(-1, *self.pooled_shape))
