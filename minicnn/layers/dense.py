"""The dense (fully connected) layer: every unit sees every input."""

from typing import NamedTuple

import numpy as np

from minicnn import arguments, kernels
from minicnn.arguments import shape_text
from minicnn.layers.activations import activation_name
from minicnn.layers.base import Layer, initializer


class Dense(Layer):
    """z = x @ kernel + bias; y = activation(z).

    The gradients, with dz the gradient in front of the activation:

        dbias = sum of dz over the batch,  dkernel = x.T @ dz,  dx = dz @ kernel.T

    Parameters
    ----------
    units : int
        Numbers in one output sample.
    activation : str, optional
        "relu", "sigmoid" or "linear".
    use_bias : bool
    kernel_initializer, bias_initializer : str or function (shape, rng) -> array
        Names: see `minicnn.initializers.INITIALIZERS`.
    name, input_shape
        See `Layer`.

    Attributes
    ----------
    params : {"kernel": (inputs, units), "bias": (units,)}
    cache : Cache(x)
        x : the last input, (batch, inputs).
    """

    class Cache(NamedTuple):
        x: np.ndarray

    fixed_by_build = Layer.fixed_by_build | {"units"}

    def __init__(
        self,
        units,
        activation=None,
        use_bias=True,
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        *,
        name=None,
        input_shape=None,
    ):
        super().__init__(name=name, input_shape=input_shape)
        self.units = arguments.positive_int(units, "units", self.label)
        self.use_bias = bool(use_bias)
        self.kernel_initializer = initializer(kernel_initializer, "kernel_initializer", self.label)
        self.bias_initializer = initializer(bias_initializer, "bias_initializer", self.label)
        self._set_activation(activation)

    def param_shapes(self, input_shape):
        found = {"kernel": (input_shape[0], self.units)}
        if self.use_bias:
            found["bias"] = (self.units,)
        return found

    def output_shape(self, input_shape):
        if len(input_shape) != 1:
            raise ValueError(
                f"{self.label}: expected vectors of shape (inputs,), got "
                f"{shape_text(input_shape)}; put a Flatten layer before it"
            )
        return (self.units,)

    def forward(self, x, training=False):
        x = self._check_input(x)
        kernel = self._param("kernel", like=x)
        bias = self._param("bias", like=x) if self.use_bias else np.zeros(self.units, x.dtype)

        z = kernels.active().dense_forward(x, kernel, bias)

        self.cache = self.Cache(x)
        return self._activate(z)

    def backward(self, dy, through_activation=True):
        dz = self.backward_to_params(dy, through_activation)
        return kernels.active().dense_grad_input(dz, self._param("kernel", like=dz))

    def backward_to_params(self, dy, through_activation=True):
        """The first half of `backward`: replace `self.grads`; returns dz, (batch, units)."""
        (x,) = self._require_cache()
        # dy is the gradient of y, dz the one in front of the activation; both (batch, units)
        dy = self._check_gradient(dy, (len(x), self.units), x.dtype)
        dz = self._before_activation(dy, through_activation)

        self.grads = {"kernel": kernels.active().dense_grad_kernel(x, dz)}
        if self.use_bias:
            self.grads["bias"] = kernels.active().grad_bias(dz)
        return dz

    def config(self):
        return {
            **super().config(),
            "units": self.units,
            "activation": activation_name(self.activation),
            "use_bias": self.use_bias,
        }
