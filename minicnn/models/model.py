"""`Model`: layers put together to any directed graph, with Keras' methods.

A model owns its graph of layers, its seed, and after `compile` its optimizer. What the methods
do is written in `minicnn.training` (fit, evaluate, predict) and, for weights and files, in `stored`.
"""

from collections.abc import Sequence

import numpy as np

from minicnn import arguments, optimizers
from minicnn.graph import Graph
from minicnn.kernels.runtime.step_lock import one_step_at_a_time
from minicnn.layers.base import Layer
from minicnn.layers.checks import AlwaysTrainable
from minicnn.layers.node import Tensor
from minicnn.models.build import build_layers
from minicnn.models.stored import Stored
from minicnn.models.summary import summary_html, summary_text
from minicnn.models.training_methods import TrainingMethods
from minicnn.numeric_checks import input_list, only_or_all, require_finite_batch
from minicnn.printing import print_text
from minicnn.reprs import counted, titled
from minicnn.seeding import fresh_seed
from minicnn.training.step import forward


class Model(AlwaysTrainable, TrainingMethods, Stored):
    """The layers between given inputs and outputs, as one thing that can be trained.

    Parameters
    ----------
    inputs, outputs : Tensor or list of Tensor
        From `Input(...)`, and from calling layers on tensors.
    name : str, optional
    seed : int, optional
        All random numbers of the model follow from it: first weights, dropout masks, and the
        order of the samples in `fit`. Drawn at random when missing.
    trainable
        Keras' argument; accepted with its default only.

    Attributes
    ----------
    layers : list of Layer
    seed : int
    optimizer : Optimizer or None
        None before `compile`.
    history : History or None
        Of the last call of `fit`.
    epochs_done : int
        Epochs of training so far, over all calls of `fit`.
    metadata : dict
        Whatever JSON can hold; saved and loaded with the model.
    dtype : numpy dtype
        Of weights and computation: float32, unless `astype` changed it.
    """

    kind = "functional"
    built = True  # of a Sequential only when its input is known

    def __init__(
        self,
        inputs: Tensor | Sequence[Tensor],
        outputs: Tensor | Sequence[Tensor],
        name: str | None = None,
        seed: int | None = None,
        **others,
    ):
        self._set_up(name, seed, others)
        self.graph = Graph(tensor_list(inputs, "inputs"), tensor_list(outputs, "outputs"))
        build_layers(self.graph, self.seed)

    def _set_up(self, name: str | None, seed: int | None, others: dict) -> None:
        self.name = name or self.kind
        arguments.refuse_others(self.name, others, {"trainable": (True,)})
        self.seed = fresh_seed() if seed is None else int(seed)
        self.optimizer: optimizers.Optimizer | None = None
        self.losses: list = []
        self.loss_weights: list[float] = []
        self.metrics: list = []
        self.loss_keys: list[str] = []
        self.history = None
        self.epochs_done = 0
        self.stop_training = False
        self.metadata: dict = {}
        self.dtype = np.dtype(np.float32)

    # Looking at it

    @property
    def layers(self) -> list[Layer]:
        return list(self.graph.layers)

    @property
    def inputs(self) -> list[Tensor]:
        return list(self.graph.inputs)

    @property
    def outputs(self) -> list[Tensor]:
        return list(self.graph.outputs)

    @property
    def input(self):
        """The input's tensor; a list where there are several."""
        return only_or_all(self.inputs)

    @property
    def output(self):
        """The output's tensor; a list where there are several."""
        return only_or_all(self.outputs)

    @property
    def input_shape(self):
        """Shape of the input with None for the batch; a list where there are several."""
        return only_or_all([tensor.shape for tensor in self.graph.inputs])

    @property
    def output_shape(self):
        """Shape of the output with None for the batch; a list where there are several."""
        return only_or_all([tensor.shape for tensor in self.graph.outputs])

    @property
    def input_names(self) -> list[str]:
        """The names of the layers that the inputs come from."""
        return [tensor.node.layer.name for tensor in self.graph.inputs]

    @property
    def output_names(self) -> list[str]:
        """The names of the layers that the outputs come from."""
        return [tensor.node.layer.name for tensor in self.graph.outputs]

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """The layer of that name, or at that place of `layers`; ValueError if there is none."""
        if (name is None) == (index is None):
            raise ValueError(f"{self.name}: expected either the name of a layer or its index")
        if index is not None:
            places = range(-len(self.layers), len(self.layers))
            if index not in places:
                raise ValueError(f"{self.name}: expected an index in {places}, got {index!r}")
            return self.layers[index]
        for layer in self.graph.layers:
            if layer.name == name:
                return layer
        known = ", ".join(layer.name for layer in self.graph.layers)
        raise ValueError(f"{self.name}: expected the name of a layer ({known}), got {name!r}")

    @one_step_at_a_time()
    def __call__(self, inputs, training: bool = False):
        """The output for one batch of arrays; a list where there are several.

        With `training`, dropout drops. ValueError where the arrays do not fit; TypeError for a
        tensor, since there are no models inside of models.
        """
        if any(isinstance(one, Tensor) for one in input_list(inputs)):
            raise TypeError(
                f"{self.name}: expected arrays, got a tensor: a model cannot be a layer of another; "
                "call its layers on the tensor one by one"
            )
        require_finite_batch(inputs, f"{self.name}: inputs", self.dtype)
        values = forward(self, inputs, training)
        return only_or_all([values[tensor] for tensor in self.graph.outputs])

    def count_params(self) -> int:
        """How many values the layers' parameters hold."""
        return sum(layer.count_params() for layer in self.graph.layers)

    def summary(
        self,
        line_length: int | None = None,
        positions: Sequence[float] | None = None,
        print_fn=None,
        expand_nested: bool = False,
        show_trainable: bool = False,
        layer_range: Sequence[str] | None = None,
    ) -> None:
        """Print the table of layers, as Keras does.

        Where stdout cannot encode its characters, the rules are drawn in ASCII.

        Parameters
        ----------
        line_length, positions, show_trainable, layer_range
            See `summary_text`.
        print_fn : function (str) -> None, optional
            Gets the text instead of stdout.
        expand_nested : bool
            Has no effect: there are no models inside of models.
        """
        text = summary_text(self, line_length, positions, show_trainable, layer_range)
        (print_fn or print_text)(text)

    def one_line(self) -> str:
        """Name, layers, parameters, training; builds nothing, whenever a debugger asks."""
        layers = self.known_layers()
        built = all(layer.built for layer in layers) and len(layers) > 0
        count = sum(layer.count_params() for layer in layers)
        facts = [counted(len(layers), "layers")]
        facts.append(counted(count, "parameters") if built else "unbuilt")
        training = [type(self.optimizer).__name__, *(one.name for one in self.losses)]
        facts.append(f"compiled with {', '.join(training)}" if self.optimizer else "not compiled")
        return titled(f"{type(self).__name__} {self.name}", facts)

    def known_layers(self) -> list[Layer]:
        """`layers`, named or not; a Sequential may have some before it has a graph."""
        return self.graph.layers

    def _repr_html_(self) -> str:
        """The table that a notebook shows: `summary`."""
        return summary_html(self)


def tensor_list(tensors, argument: str) -> list[Tensor]:
    """One tensor or several as a list; TypeError for anything else."""
    found = list(tensors) if isinstance(tensors, (list, tuple)) else [tensors]
    for tensor in found:
        if not isinstance(tensor, Tensor):
            raise TypeError(
                f"Model: expected {argument} to be tensors from Input(...) or layers, "
                f"got {type(tensor).__name__}"
            )
    return found
