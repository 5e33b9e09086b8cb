"""`Layer`: what every layer is and does.

A layer is stepped through like this, outside of any model:

    layer = Conv2D(6, (3, 3))
    layer.build((150, 150, 1), np.random.default_rng(0))   # makes layer.params
    y = layer.forward(x)                                   # fills layer.cache
    dx = layer.backward(dy)                                # fills layer.grads

Shapes given to `build` and `output_shape` have no batch axis; arrays always have one.
"""

import itertools
import re
from collections.abc import Sequence

import numpy as np

from minicnn import arguments
from minicnn.arguments import shape_text
from minicnn.initializers import INITIALIZERS
from minicnn.layers.node import Node, Tensor, connect
from minicnn.numeric_checks import FLOATS

_creation_order = itertools.count()


class Layer:
    """Base of all layers: checks, parameters, and the contract of forward and backward.

    A subclass writes `output_shape`, `forward`, `backward`, and where it has parameters
    `param_shapes` and an initializer for each: `kernel_initializer` for "kernel".

    Parameters
    ----------
    name : str, optional
        How summaries and errors call the layer; made from the class when missing.
    input_shape : sequence of int, optional
        Shape of one sample, for the first layer of a `Sequential` model.

    Attributes
    ----------
    params, grads : dict of str to float array
        Parameters and the loss gradients with respect to them, under equal names with equal
        shapes. `backward` replaces `grads`, it never adds to them.
    cache : named tuple or None
        What the last `forward` kept for `backward`; each layer lists its fields.
    nodes : list of Node
        The layer's uses, one for each time it was connected to tensors.
    activation : Layer or None
        The activation layer that `activation="relu"` put behind this one.
    """

    # A compiled kernel reads and writes by these: changed later, it would reach beyond its arrays.
    fixed_by_build: frozenset[str] = frozenset({"input_shape"})

    def __init__(self, *, name: str | None = None, input_shape: Sequence[int] | None = None):
        if not isinstance(name, str | None):
            raise TypeError(
                f"{snake_case(type(self).__name__)}: expected name to be a str, got {name!r}"
            )
        self.name = name
        self.automatic_name: str | None = None  # the name a model gave, if it did
        self.serial = next(_creation_order)  # models name their layers in this order
        self.given_shape = None if input_shape is None else check_shape(input_shape, self.label)
        self.input_shape: tuple | None = None
        self.params: dict[str, np.ndarray] = {}
        self.built_shapes: dict[str, tuple] = {}  # of params, as `build` made them
        self.grads: dict[str, np.ndarray] = {}
        self.cache = None
        self.nodes: list[Node] = []
        self.activation: Layer | None = None
        self.built = False

    def __setattr__(self, name: str, value) -> None:
        """ValueError where a built layer's shape or a setting behind it would change."""
        if name in self.fixed_by_build and vars(self).get("built"):
            before = getattr(self, name)
            if value != before:
                raise ValueError(
                    f"{self.label}: expected {name} to stay {before!r} once the layer is built, "
                    f"got {value!r}; make a new layer"
                )
        super().__setattr__(name, value)

    @property
    def label(self) -> str:
        """The name if there is one, else one made from the class: MaxPooling2D, max_pooling2d."""
        return self.name or snake_case(type(self).__name__)

    @property
    def has_automatic_name(self) -> bool:
        """Whether a model named the layer, or still has to, and not the user."""
        return self.name == self.automatic_name  # both None before a model has it

    @property
    def output(self) -> Tensor:
        """The tensor that the layer gives out; ValueError unless it was connected just once.

        With it a model is looked into: Model(model.inputs, [model.layers[0].output]).
        """
        if not self.nodes:
            raise ValueError(
                f"{self.label}: the layer has no output yet, since it is not connected; "
                "put it in a model that knows its input's shape"
            )
        if len(self.nodes) > 1:
            raise ValueError(
                f"{self.label}: expected a layer that is used once to tell its output, found "
                f"{len(self.nodes)} uses; take the tensor from layer.nodes[...].output"
            )
        return self.nodes[0].output

    @property
    def trainable(self) -> bool:
        """Always True; ValueError where it is set to anything else."""
        return True

    @trainable.setter
    def trainable(self, value: bool) -> None:
        if not value:
            raise ValueError(
                f"{self.label}: freezing layers is not supported, expected trainable=True, "
                f"got {value!r}"
            )

    def build(self, input_shape: tuple, rng: np.random.Generator) -> None:
        """Fix the input shape (without batch axis) and make the parameters, in order, with `rng`."""
        self.output_shape(input_shape)  # raises where the shape does not fit
        self.built = False
        self.input_shape = input_shape
        self.built = True
        for name, shape in self.param_shapes(input_shape).items():
            self._new_param(name, getattr(self, f"{name}_initializer"), shape, rng)

    def param_shapes(self, input_shape: tuple) -> dict[str, tuple]:
        """Shapes of the parameters that `build` makes for inputs of that shape, by name.

        A model file is checked against them before there is memory for the parameters.
        """
        return {}

    def output_shape(self, input_shape: tuple) -> tuple:
        """Shape of one output sample; ValueError where `input_shape` does not fit."""
        raise NotImplementedError

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        """Compute the output for a batch `x` and replace `self.cache`."""
        raise NotImplementedError

    def backward(self, dy: np.ndarray, through_activation: bool = True) -> np.ndarray:
        """Compute the gradient with respect to the last input and replace `self.grads`.

        Parameters
        ----------
        dy : float array, shape and dtype of the last output
            Gradient of the loss with respect to that output; not changed.
        through_activation : bool
            False where `dy` is already the gradient in front of the layer's activation: a loss
            that works on the logits has taken the sigmoid into account itself.

        Returns
        -------
        dx : float array, shape and dtype of the last input

        Raises
        ------
        RuntimeError
            Before any `forward`.
        ValueError
            If the shape of `dy` is not that of the last output.
        """
        raise NotImplementedError

    def __call__(self, inputs):
        """Connect the layer to one tensor or a list of them; see `minicnn.layers.node`."""
        return connect(self, inputs)

    def config(self) -> dict:
        """The constructor's arguments, as JSON can hold them: saving a model needs them."""
        return {"name": self.name}

    def count_params(self) -> int:
        """How many numbers the parameters hold."""
        return sum(param.size for param in self.params.values())

    def get_weights(self) -> list[np.ndarray]:
        """Copies of the parameters in Keras' order: kernel, bias."""
        return [param.copy() for param in self.params.values()]

    def set_weights(self, weights: Sequence[np.ndarray]) -> None:
        """Replace the parameters; ValueError where number or shapes do not fit."""
        expected = [param.shape for param in self.params.values()]
        found = [np.shape(array) for array in weights]
        if expected != found:
            raise ValueError(f"{self.label}: expected weights of shapes {expected}, got {found}")
        for param, array in zip(self.params.values(), weights, strict=True):
            param[...] = array

    # What subclasses share

    def _check_input(self, x: np.ndarray) -> np.ndarray:
        """Return `x` C-contiguous if it fits; raise TypeError or ValueError if not."""
        self._check_ready(x)
        if x.shape[1:] != self.input_shape:
            expected = shape_text(("batch", *self.input_shape))
            raise ValueError(
                f"{self.label}: expected input of shape {expected}, got {shape_text(x.shape)}"
            )
        return ready_for_kernels(x)

    def _check_ready(self, x: np.ndarray) -> None:
        """RuntimeError before `build`, TypeError if `x` is no float array, ValueError if empty."""
        if not self.built:
            raise RuntimeError(
                f"{self.label}: not built yet; call build(input_shape, rng) or put it in a model"
            )
        self._check_floats(x, "a float32 or float64 array")
        if x.shape[:1] == (0,):
            raise ValueError(
                f"{self.label}: expected at least one sample, got a batch of shape "
                f"{shape_text(x.shape)}"
            )

    def _check_floats(self, array: np.ndarray, expected: str) -> None:
        """TypeError unless it is a float array that kernels are made for."""
        plain = isinstance(array, np.ndarray) and not hasattr(array, "mask")  # a mask would be lost
        if not plain or array.dtype not in FLOATS:
            found = array.dtype if plain else type(array).__name__
            raise TypeError(f"{self.label}: expected {expected}, got {found}")

    def _require_cache(self):
        """What the last forward kept; RuntimeError if there was none."""
        if self.cache is None:
            raise RuntimeError(f"{self.label}: backward needs a forward before it")
        return self.cache

    def _check_gradient(self, dy: np.ndarray, output_shape: tuple, dtype=None) -> np.ndarray:
        """Return `dy` C-contiguous if it is a gradient of the last output; raise if not.

        `dtype` is the last output's, where the layer has kept something of it.
        """
        self._check_floats(dy, "dy to be a float32 or float64 array")
        if dy.shape != output_shape:
            raise ValueError(
                f"{self.label}: expected dy of the output's shape {shape_text(output_shape)}, "
                f"got {shape_text(dy.shape)}"
            )
        if dtype is not None and dy.dtype != dtype:
            raise TypeError(
                f"{self.label}: expected dy of the output's dtype {dtype}, got {dy.dtype}"
            )
        return ready_for_kernels(dy)

    def _param(self, name: str, like: np.ndarray) -> np.ndarray:
        """A parameter in the dtype of the data: float32 trains, float64 checks gradients.

        `layer.params` is open to everybody, so what is in it is checked each time:

        Raises
        ------
        ValueError
            If it is missing, of another shape than `build` gave it, not C-contiguous, or read-only.
        TypeError
            If it is no float array.
        """
        param = self.params.get(name)
        if param is None:
            raise ValueError(f"{self.label}: expected params to have {name!r}, found none")
        self._check_floats(param, f"{name} to be a float32 or float64 array")
        shape = self.built_shapes.get(name, param.shape)
        if param.shape != shape or not param.flags.carray:
            layout = "" if param.flags.carray else " that is not C-contiguous, or read-only"
            raise ValueError(
                f"{self.label}: expected {name} to be an array of shape {shape_text(shape)}, "
                f"C-contiguous and writeable, got one of shape {shape_text(param.shape)}{layout}; "
                f"write into the one there is: params[{name!r}][...] = values"
            )
        return param.astype(like.dtype, copy=False)

    def _new_param(self, name: str, initializer, shape: tuple, rng: np.random.Generator) -> None:
        """Put a parameter's first values, float32, into `params`; ValueError if they misfit."""
        # In C order, because optimisers and gradient checks go through a parameter as through
        # one row of numbers; of another order, reshape(-1) would be a copy.
        param = np.array(initializer(shape, rng), dtype=np.float32, order="C")
        if param.shape != shape:
            raise ValueError(
                f"{self.label}: expected the initializer to give an array of shape {shape}, "
                f"got {param.shape}"
            )
        self.params[name], self.built_shapes[name] = param, shape

    def _set_activation(self, activation) -> None:
        """Understand `activation=`: None, a name, or an activation layer."""
        from minicnn.layers.activations import activation_layer

        self.activation = activation_layer(activation, self.label)

    def _activate(self, z: np.ndarray) -> np.ndarray:
        """y = activation(z), or z where there is none."""
        if self.activation is None:
            return z
        if self.activation.input_shape != z.shape[1:]:
            self.activation.build(z.shape[1:], rng=None)
        name = f"{self.label}/{self.activation.kind}"  # the layer's own may have changed
        if self.activation.name != name:
            self.activation.name = name
        return self.activation.forward(z)

    def _before_activation(self, dy: np.ndarray, through_activation: bool) -> np.ndarray:
        """dz, the gradient in front of the activation."""
        if self.activation is None or not through_activation:
            return dy
        return self.activation.backward(dy)


def ready_for_kernels(array: np.ndarray) -> np.ndarray:
    """The array itself, or a copy of it where it is not C-contiguous, aligned and writeable.

    Kernels work on other arrays, too, but for each kind they would be compiled once more.
    """
    plain = np.asarray(array)  # no memmap or other subclass
    return plain if plain.flags.carray else np.array(plain, order="C")


def check_shape(shape: Sequence[int], owner: str) -> tuple[int, ...]:
    """A sample's shape as a tuple of positive ints; ValueError if it is none."""
    try:
        sizes = tuple(int(size) for size in shape)
    except TypeError:
        sizes = ()
    if not sizes or min(sizes) < 1 or sizes != tuple(shape):
        raise ValueError(
            f"{owner}: expected a shape of positive integers without the batch axis, "
            f"such as (150, 150, 1), got {shape!r}"
        )
    return sizes


def image_shape(shape: tuple, owner: str) -> tuple[int, int, int]:
    """(height, width, channels) of one sample; ValueError if it is no image."""
    if len(shape) != 3:
        raise ValueError(
            f"{owner}: expected images of shape (height, width, channels), got {shape_text(shape)}"
        )
    return shape


def initializer(value, argument: str, owner: str):
    """Look an initialiser up by name, or take a function (shape, rng) -> array as it is."""
    if callable(value):
        return value
    return INITIALIZERS[arguments.choice(value, tuple(INITIALIZERS), argument, owner)]


def snake_case(class_name: str) -> str:
    """Keras' way of making a layer's name from its class: MaxPooling2D -> max_pooling2d."""
    with_breaks = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", class_name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", with_breaks).lower()
