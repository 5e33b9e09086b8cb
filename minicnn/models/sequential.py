"""`Sequential`: a model whose layers form a chain."""

from collections.abc import Sequence

from minicnn.arguments import sample_shape, shape_text
from minicnn.graph import Graph
from minicnn.layers.base import Layer
from minicnn.layers.input import InputLayer
from minicnn.layers.node import Tensor, input_tensor
from minicnn.models.build import build_layers
from minicnn.models.model import Model


class Sequential(Model):
    """A chain of layers.

    Parameters
    ----------
    layers : list of Layer, optional
        The first has an `input_shape`, or is an `Input(...)`; otherwise the model is built by
        `build(input_shape)` or by the first data it sees.
    name, seed, trainable
        See `Model`.
    """

    kind = "sequential"

    def __init__(self, layers=None, name: str | None = None, seed: int | None = None, **others):
        self._set_up(name, seed, others)
        self._chain: list[Layer] = []
        self._input: Tensor | None = None
        self._output: Tensor | None = None
        self._graph: Graph | None = None
        for layer in layers or []:
            self.add(layer)

    def add(self, layer: Layer | Tensor, rebuild: bool = True) -> None:
        """Put a layer at the end of the chain; ValueError where its input does not fit.

        `rebuild` has no effect: parameters are made when they are first looked at.
        """
        if isinstance(layer, Tensor):
            layer = layer.node.layer  # Input(...) gives a tensor; the chain wants its layer
        if not isinstance(layer, Layer):
            raise TypeError(f"{self.name}: expected a layer, got {type(layer).__name__}")
        if layer in self._chain:
            raise ValueError(f"{self.name}: layer {layer.label} is in this model already")
        if self._input is None and layer.given_shape is not None:
            source = layer if isinstance(layer, InputLayer) else InputLayer(layer.given_shape)
            self._input = self._output = input_tensor(source)
        if not isinstance(layer, InputLayer):
            if self._input is not None:
                self._output = layer(self._output)
            self._chain.append(layer)
        self._graph = None

    def pop(self, rebuild: bool = True) -> Layer:
        """Take the last layer off the chain and return it; ValueError if there is none.

        `rebuild` has no effect, as in `add`.
        """
        if not self._chain:
            raise ValueError(f"{self.name}: expected a layer to take off, the model has none")
        layer = self._chain.pop()
        if self._input is not None:
            node = self._output.node
            layer.nodes.remove(node)
            self._output = node.inputs[0]
            if not self._chain and layer.given_shape is not None:
                self._input = self._output = None  # the input's shape was this layer's
        self._graph = None
        return layer

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Fix the input's shape, (None, height, width, channels), and make all parameters.

        Once fixed, the shape stays: ValueError for another one.
        """
        shape = tuple(input_shape)[1:] if tuple(input_shape)[0] is None else tuple(input_shape)
        shape = sample_shape(shape, self.name)
        if self._input is not None and self._input.sample_shape != shape:
            raise ValueError(
                f"{self.name}: expected samples of shape {shape_text(self._input.sample_shape)}, "
                f"for which this model is built, got {shape_text(shape)}; make a new model for it"
            )
        if self._input is None:
            self._input = self._output = input_tensor(InputLayer(shape))
            for layer in self._chain:
                self._output = layer(self._output)
            self._graph = None
        self.graph  # noqa: B018 (looking at it makes it)

    @property
    def built(self) -> bool:
        return self._input is not None and bool(self._chain)

    @property
    def graph(self) -> Graph:
        """The chain as a graph, made when first looked at."""
        if not self.built:
            raise RuntimeError(
                f"{self.name}: not built yet; add layers and give the first one input_shape, "
                "or call build((None, height, width, channels))"
            )
        if self._graph is None:
            self._graph = Graph([self._input], [self._output])
            build_layers(self._graph, self.seed)
        return self._graph

    @property
    def layers(self) -> list[Layer]:
        if self.built:
            self.graph  # noqa: B018 (looking at it names the layers and makes their parameters)
        return list(self._chain)

    def known_layers(self) -> list[Layer]:
        return self._chain
