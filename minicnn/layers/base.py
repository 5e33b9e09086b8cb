"""`Layer`: what every layer is and does.

A layer is stepped through like this, outside of any model:

    layer = Conv2D(6, (3, 3))
    layer.build((150, 150, 1), np.random.default_rng(0))   # makes layer.params
    y = layer.forward(x)                                   # fills layer.cache
    dx = layer.backward(dy)                                # fills layer.grads

Shapes given to `build` and `output_shape` have no batch axis; arrays always have one.
"""

import itertools
from collections.abc import Sequence

import numpy as np

from minicnn.arguments import refuse_others, sample_shape
from minicnn.layers import checks, one_line
from minicnn.layers.keras_arguments import OF_ALL
from minicnn.layers.node import Node, Tensor, connect
from minicnn.layers.stored import StoredLayer
from minicnn.seeding import fresh_seed

_creation_order = itertools.count()


class Layer(checks.FixedOnceBuilt, StoredLayer, one_line.OneLineLayer):
    """Base of all layers. It checks what comes in, and calls the subclass to compute.

    A subclass writes `output_shape`, `compute`, `compute_gradients`; where it has arguments
    `config`; where it has parameters `param_shapes` and for each an initializer, such as
    `kernel_initializer` for "kernel". While it computes, parameters are its attributes:
    `self.kernel` is `self.params["kernel"]` in the dtype of x. With `activation=` it computes z, in
    front of the activation; this class makes y = activation(z), and dz of dy. With
    `takes_list = True` x, dx and `input_shape` are lists. Worked out in CONTRIBUTING.md.

    Parameters
    ----------
    name : str, optional
        How summaries and errors call the layer; made from the class when missing.
    input_shape : sequence of int, optional
        Shape of one sample, for the first layer of a `Sequential` model.
    input_dim : int, optional
        The same as `input_shape=(input_dim,)`.
    **others
        Keras' arguments in `minicnn.layers.keras_arguments`; accepted with their defaults only.

    Attributes
    ----------
    params, grads : dict of str to float array
        Parameters and the loss gradients with respect to them, under equal names with equal
        shapes. `backward` replaces `grads`, it never adds to them.
    cache : named tuple or None
        What the last `forward` kept for `backward`; each layer lists its fields.
    last_output : (shape, dtype)
        Of the last z; gradients are like it. None before a `forward`.
    nodes : list of Node
        The layer's uses, one for each time it was connected to tensors.
    activation : Layer or None
        The activation layer that `activation="relu"` put behind this one.
    """

    name: str | None = None
    takes_list = False
    of_keras = OF_ALL  # arguments that are accepted with Keras' defaults only

    def __init__(
        self,
        *,
        name: str | None = None,
        input_shape: Sequence[int] | None = None,
        input_dim: int | None = None,
        **others,
    ):
        if not isinstance(name, str | None):
            raise TypeError(f"{self.label}: expected name to be a str, got {name!r}")
        self.name = name
        refuse_others(self.label, others, self.of_keras)
        if input_dim is not None:
            input_shape = (input_dim,)
        self.automatic_name: str | None = None  # the name a model gave, if it did
        self.serial = next(_creation_order)  # models name their layers in this order
        self.given_shape = None if input_shape is None else sample_shape(input_shape, self.label)
        self.input_shape: tuple | None = None
        self.params: dict[str, np.ndarray] = {}
        self.built_shapes: dict[str, tuple] = {}  # of params, as `build` made them
        self.grads: dict[str, np.ndarray] = {}
        self.cache = self.last_output = None
        self.nodes: list[Node] = []
        self.activation: Layer | None = None
        self.built = False

    # What a subclass writes

    def output_shape(self, input_shape: tuple) -> tuple:
        """Shape of one output sample; ValueError where `input_shape` does not fit."""
        raise NotImplementedError

    def param_shapes(self, input_shape: tuple) -> dict[str, tuple]:
        """Shapes of the parameters that `build` makes for inputs of that shape, by name.

        A model file is checked against them before there is memory for the parameters.
        """
        return {}

    def compute(self, x: np.ndarray, training: bool) -> np.ndarray:
        """z for a batch `x`, which is not changed; replaces `self.cache`."""
        raise NotImplementedError

    def compute_gradients(self, dz: np.ndarray) -> np.ndarray:
        """dx for the gradient of the last z, which is not changed; replaces `self.grads`."""
        raise NotImplementedError

    def config(self) -> dict:
        """The constructor's arguments, as JSON can hold them: saving a model needs them."""
        return {"name": self.name}

    # What everybody calls

    def build(self, input_shape: tuple, rng: np.random.Generator) -> None:
        """Fix the input shape (without batch axis) and make the parameters, in order, with `rng`."""
        shape = self.output_shape(input_shape)  # raises where the shape does not fit
        self.built = False
        self.input_shape = input_shape
        self.built_shapes = self.param_shapes(input_shape)
        for name, wanted in self.built_shapes.items():
            values = getattr(self, f"{name}_initializer")(wanted, rng)
            self.params[name] = checks.first_values(self, values, wanted)
        self.built = True
        if self.activation is not None:
            self.activation.name = f"{self.label}/{self.activation.kind}"
            self.activation.build(shape, rng)

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        """Compute the output for a batch `x` and replace `self.cache`.

        RuntimeError before `build`; TypeError or ValueError where `x` or a parameter is no float
        array of the expected shape.
        """
        x = checks.input_arrays(self, x)
        checks.bind_params(self, x[0].dtype)  # of the first input, or of the first sample
        z = self.compute(x, training)
        self.last_output = z.shape, z.dtype
        return z if self.activation is None else self.activation.forward(z)

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """Compute the gradient with respect to the last input and replace `self.grads`.

        Parameters
        ----------
        dy : float array, shape and dtype of the last output
            Gradient of the loss with respect to that output; not changed.

        Returns
        -------
        dx : float array, shape and dtype of the last input

        RuntimeError before any `forward`; TypeError or ValueError where `dy` does not fit.
        """
        return self.compute_gradients(self.undo_activation(dy))

    def undo_activation(self, dy: np.ndarray) -> np.ndarray:
        """dz, the gradient in front of the activation; raises as `backward`."""
        dy = checks.last_gradient(self, dy)
        return dy if self.activation is None else self.activation.backward(dy)

    def backward_linear(self, dz: np.ndarray) -> np.ndarray:
        """As `backward`, of a gradient in front of the activation.

        For a loss that is computed from the logits: it has taken the sigmoid into account itself.
        """
        return self.compute_gradients(checks.last_gradient(self, dz))

    def __call__(self, inputs, training: bool = False):
        """Connect the layer to tensors (see `minicnn.layers.node`); or give `forward` of arrays.

        A layer that is not built yet is built for them first, with a fresh seed.
        """
        if not checks.are_arrays(inputs if self.takes_list else [inputs]):
            return connect(self, inputs)
        if not self.built:
            shape = [one.shape[1:] for one in inputs] if self.takes_list else inputs.shape[1:]
            self.build(shape, np.random.default_rng(fresh_seed()))
        return self.forward(inputs, training)

    @property
    def output(self) -> Tensor:
        """The tensor that the layer gives out; ValueError unless it was connected just once.

        With it a model is looked into: Model(model.inputs, [model.layers[0].output]).
        """
        if len(self.nodes) != 1:
            raise ValueError(
                f"{self.label}: expected a layer that is connected once to have one output, found "
                f"{len(self.nodes)} uses; put it in a model, or take layer.nodes[...].output"
            )
        return self.nodes[0].output
