"""Activation functions, each a layer of its own."""

from typing import NamedTuple

import numpy as np

from minicnn import arguments, kernels
from minicnn.layers.base import Layer
from minicnn.layers.keras_arguments import OF_RELU


class Function(Layer):
    """What activation functions share: they work element by element.

    Attributes
    ----------
    kind : str
        The name that `activation=` takes.
    """

    kind: str

    def output_shape(self, input_shape):
        return input_shape

    def backward_linear(self, dz):
        return dz  # unchecked and as it is: what is in front of the function is its own input


class ReLU(Function):
    """y = max(x, 0), element by element; its derivative at 0 is taken as 0.

    Keras' max_value, negative_slope and threshold are accepted with their defaults only.

    Attributes
    ----------
    cache : Cache(y)
        y : the last output; where it is positive the gradient passes.
    """

    kind = "relu"
    of_keras = OF_RELU

    class Cache(NamedTuple):
        y: np.ndarray

    def compute(self, x, training):
        y = kernels.active().relu_forward(x.reshape(-1)).reshape(x.shape)
        self.cache = self.Cache(y)
        return y

    def compute_gradients(self, dy):
        y = self.cache.y
        return kernels.active().relu_grad_input(dy.reshape(-1), y.reshape(-1)).reshape(y.shape)


class Sigmoid(Function):
    """y = 1 / (1 + exp(-x)), element by element: turns a logit into a probability.

    Attributes
    ----------
    cache : Cache(x, y)
        x : the last input, the logits; y : the last output.
    """

    kind = "sigmoid"

    class Cache(NamedTuple):
        x: np.ndarray
        y: np.ndarray

    def compute(self, x, training):
        y = kernels.active().sigmoid_forward(x.reshape(-1)).reshape(x.shape)
        self.cache = self.Cache(x, y)
        return y

    def compute_gradients(self, dy):
        y = self.cache.y
        return kernels.active().sigmoid_grad_input(dy.reshape(-1), y.reshape(-1)).reshape(y.shape)


ACTIVATIONS = {"relu": ReLU, "sigmoid": Sigmoid}


class Activation(Layer):
    """The activation function of the given name as a layer: Activation("relu").

    Parameters
    ----------
    activation : str
        "relu", "sigmoid", or "linear" (which passes everything through).
    **common
        `name`, `input_shape` and so on; see `Layer`.

    The function's cache is in `layer.activation.cache`.
    """

    def __init__(self, activation, **common):
        super().__init__(**common)
        self.activation = activation_layer(activation, self.label)

    def output_shape(self, input_shape):
        return input_shape

    def compute(self, x, training):
        return x if self.activation else x.copy()  # the base class calls the function

    def compute_gradients(self, dz):
        return dz if self.activation else dz.copy()

    def config(self):
        return {**super().config(), "activation": activation_name(self.activation)}


def activation_layer(activation, owner: str) -> Layer | None:
    """Turn the argument `activation=` into a layer, or None for "linear" and None."""
    if activation is None or activation == "linear":
        return None
    if isinstance(activation, (ReLU, Sigmoid)):
        return type(activation)()
    allowed = ("linear", *ACTIVATIONS)
    return ACTIVATIONS[arguments.choice(activation, allowed, "activation", owner)]()


def activation_name(layer: Layer | None) -> str:
    """The name under which `activation_layer` finds this activation again."""
    return "linear" if layer is None else layer.kind
