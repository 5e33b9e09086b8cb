"""The dense (fully connected) layer: every unit sees every input."""

from typing import NamedTuple

import numpy as np

from minicnn import arguments, initializers, kernels
from minicnn.layers.activations import activation_layer, activation_name
from minicnn.layers.base import Layer
from minicnn.layers.keras_arguments import OF_DENSE


class Dense(Layer):
    """z = x @ kernel + bias; y = activation(z).

    The gradients, with dz the gradient in front of the activation:

        dbias = sum of dz over the batch,  dkernel = x.T @ dz,  dx = dz @ kernel.T

    Parameters
    ----------
    units : int
        Values in one output sample.
    activation : str, optional
        "relu", "sigmoid" or "linear".
    use_bias : bool
    kernel_initializer, bias_initializer : str or function (shape, rng) -> array
        Names: see `minicnn.initializers.INITIALIZERS`.
    **common
        `name`, `input_shape` and so on; see `Layer`.

    Attributes
    ----------
    params : {"kernel": (inputs, units), "bias": (units,)}
    cache : Cache(x)
        x : the last input, (batch, inputs).
    """

    class Cache(NamedTuple):
        x: np.ndarray

    of_keras = OF_DENSE
    fixed_by_build = Layer.fixed_by_build | {"units"}

    def __init__(
        self,
        units,
        activation=None,
        use_bias=True,
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        **common,
    ):
        super().__init__(**common)
        self.units = arguments.positive_int(units, "units", self.label)
        self.use_bias = bool(use_bias)
        get = initializers.get
        self.kernel_initializer = get(kernel_initializer, "kernel_initializer", self.label)
        self.bias_initializer = get(bias_initializer, "bias_initializer", self.label)
        self.activation = activation_layer(activation, self.label)

    def param_shapes(self, input_shape):
        found = {"kernel": (input_shape[0], self.units)}
        if self.use_bias:
            found["bias"] = (self.units,)
        return found

    def output_shape(self, input_shape):
        if len(input_shape) != 1:
            raise ValueError(
                f"{self.label}: expected vectors of shape (inputs,), got "
                f"{arguments.shape_text(input_shape)}; put a Flatten layer before it"
            )
        return (self.units,)

    def compute(self, x, training):
        bias = self.bias if self.use_bias else np.zeros(self.units, x.dtype)
        self.cache = self.Cache(x)
        # (batch, inputs) -> z: (batch, units)
        return kernels.active().dense_forward(x, self.kernel, bias)

    def compute_gradients(self, dz):
        self.compute_param_gradients(dz)
        return kernels.active().dense_grad_input(dz, self.kernel)

    def compute_param_gradients(self, dz):
        """The first half of `compute_gradients`: replace `self.grads`."""
        backend = kernels.active()
        self.grads = {"kernel": backend.dense_grad_kernel(self.cache.x, dz)}
        if self.use_bias:
            self.grads["bias"] = backend.grad_bias(dz)

    def config(self):
        return {
            **super().config(),
            "units": self.units,
            "activation": activation_name(self.activation),
            "use_bias": self.use_bias,
            "kernel_initializer": initializers.name_of(self.kernel_initializer),
            "bias_initializer": initializers.name_of(self.bias_initializer),
        }
