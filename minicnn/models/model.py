"""`Model`: layers put together to any directed graph, with Keras' methods.

A model owns its graph of layers, its seed, and after `compile` its optimizer. What the methods
do is written in `minicnn.training` (fit, evaluate, predict) and `minicnn.saving`.
"""

from collections.abc import Sequence

import numpy as np

from minicnn import optimizers
from minicnn.graph import Graph
from minicnn.kernels.runtime.step_lock import one_step_at_a_time
from minicnn.layers.base import Layer
from minicnn.layers.node import Tensor
from minicnn.models.build import build_layers
from minicnn.models.summary import summary_html, summary_text
from minicnn.models.trainable import Trainable
from minicnn.reprs import OneLine, counted, titled
from minicnn.saving.weights import load_weights, save_model, save_weights
from minicnn.seeding import fresh_seed


class Model(Trainable, OneLine):
    """The layers between given inputs and outputs, as one thing that can be trained.

    Parameters
    ----------
    inputs, outputs : Tensor or list of Tensor
        From `Input(...)`, and from calling layers on tensors.
    name : str, optional
    seed : int, optional
        All random numbers of the model follow from it: first weights, dropout masks, and the
        order of the samples in `fit`. Drawn at random when missing.

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

    def __init__(
        self,
        inputs: Tensor | Sequence[Tensor],
        outputs: Tensor | Sequence[Tensor],
        name: str | None = None,
        seed: int | None = None,
    ):
        self._set_up(name, seed)
        self.graph = Graph(tensor_list(inputs, "inputs"), tensor_list(outputs, "outputs"))
        build_layers(self.graph, self.seed)

    def _set_up(self, name: str | None, seed: int | None) -> None:
        self.name = name or self.kind
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

    def get_layer(self, name: str) -> Layer:
        """The layer of that name; ValueError with the names there are if it does not exist."""
        for layer in self.graph.layers:
            if layer.name == name:
                return layer
        known = ", ".join(layer.name for layer in self.graph.layers)
        raise ValueError(f"{self.name}: expected the name of a layer ({known}), got {name!r}")

    def count_params(self) -> int:
        """How many values the layers' parameters hold."""
        return sum(layer.count_params() for layer in self.graph.layers)

    def summary(self, line_length: int | None = None, print_fn=print) -> None:
        """Print the table of layers, as Keras does, `line_length` characters wide."""
        print_fn(summary_text(self, line_length))

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

    # Weights

    def named_weights(self) -> dict[str, np.ndarray]:
        """The parameters themselves, not copies, as "layer name/parameter name"."""
        return {
            f"{layer.name}/{name}": param
            for layer in self.graph.layers
            for name, param in layer.params.items()
        }

    def named_grads(self) -> dict[str, np.ndarray]:
        """The gradients of the last backward pass, under the names of `named_weights`.

        To keep them copy them: the next pass may use their memory again.
        """
        return {
            f"{layer.name}/{name}": grad
            for layer in self.graph.layers
            for name, grad in layer.grads.items()
        }

    @one_step_at_a_time()  # never half of one step's weights and half of the next one's
    def get_weights(self) -> list[np.ndarray]:
        """Copies of all parameters, layer by layer, in Keras' order."""
        return [param.copy() for param in self.named_weights().values()]

    @one_step_at_a_time()
    def set_weights(self, weights: Sequence[np.ndarray]) -> None:
        """Replace all parameters; ValueError where number or shapes do not fit."""
        params = self.named_weights()
        if len(weights) != len(params):
            raise ValueError(
                f"{self.name}: expected {len(params)} weight arrays, got {len(weights)}"
            )
        for (name, param), array in zip(params.items(), weights, strict=True):
            if np.shape(array) != param.shape:
                raise ValueError(f"{name}: expected shape {param.shape}, got {np.shape(array)}")
        for param, array in zip(params.values(), weights, strict=True):
            param[...] = array

    def astype(self, dtype) -> "Model":
        """Turn the model to float64 (for checking gradients) or back to float32."""
        self.dtype = np.dtype(dtype)
        for layer in self.graph.layers:
            layer.params = {
                name: param.astype(dtype, order="C") for name, param in layer.params.items()
            }
        if self.optimizer is not None:
            for slot in self.optimizer.slots.values():
                slot.update({name: array.astype(dtype, order="C") for name, array in slot.items()})
        return self

    @one_step_at_a_time()
    def save(self, path) -> None:
        """Write layers, weights, optimizer and metadata to one .npz file."""
        save_model(self, path)

    @one_step_at_a_time()
    def save_weights(self, path) -> None:
        """Write the weights alone to an .npz file."""
        save_weights(self, path)

    @one_step_at_a_time()
    def load_weights(self, path) -> None:
        """Read what `save_weights` or `save` wrote into this model's layers."""
        load_weights(self, path)

    def __reduce__(self) -> tuple:
        """TypeError: for subclasses; `minicnn.models.pickle` takes a Model or Sequential apart."""
        raise TypeError(
            f"{self.name}: expected a Model or Sequential to pickle, got the subclass "
            f"{type(self).__name__}; give it a __reduce__ of its own"
        )


def only_or_all(values: list):
    """The only value there is, or the list where there are several."""
    return values[0] if len(values) == 1 else values


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
