"""How layers are connected, and the order in which they run.

Calling a layer on a tensor, as in `y = Conv2D(6, 3)(x)`, computes nothing: it makes a `Node`
that remembers who feeds whom. A `Graph` sorts the nodes that lie between given inputs and
outputs. Forward, each node's layer is run once what it needs is there; backward, in the
reverse order, and where a tensor went to several layers their gradients are added up. That is
the whole chain rule: each layer knows its own derivative, the graph only decides who is next.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from minicnn import kernels, shapes
from minicnn.naming import name_layers

if TYPE_CHECKING:  # the layers import this file, not the other way round
    from minicnn.layers.base import Layer
    from minicnn.layers.input import InputLayer


class Tensor:
    """A placeholder for the output of a node: a shape, but no numbers yet.

    Attributes
    ----------
    sample_shape : tuple of int
        Shape without batch axis; `shape` has it, as None.
    node : Node
        Where it comes from.
    """

    def __init__(self, sample_shape: tuple, node: Node):
        self.sample_shape = sample_shape
        self.node = node

    @property
    def shape(self) -> tuple:
        return (None, *self.sample_shape)

    def __repr__(self) -> str:
        return f"<Tensor {shapes.text(self.shape)} from {self.node.layer.label}>"


class Node:
    """One use of a layer: the tensors that go in and the one that comes out.

    Attributes
    ----------
    layer : Layer
    inputs : list of Tensor
    output : Tensor
    cache, activation_cache
        The layer's cache of this use, and that of its activation; kept here because a layer may
        be used more than once.
    """

    cache = None
    activation_cache = None

    def __init__(self, layer: Layer, inputs: list[Tensor], takes_list: bool):
        self.layer = layer
        self.inputs = inputs
        self.takes_list = takes_list
        self.output = Tensor(layer.output_shape(self.pick([t.sample_shape for t in inputs])), self)
        layer.nodes.append(self)

    def keep_caches(self) -> None:
        """Take over what the layer's forward has just kept."""
        self.cache = self.layer.cache
        if self.layer.activation is not None:
            self.activation_cache = self.layer.activation.cache

    def give_caches_back(self) -> None:
        """Make the layer ready for the backward of this use."""
        self.layer.cache = self.cache
        if self.layer.activation is not None:
            self.layer.activation.cache = self.activation_cache

    def pick(self, values: list):
        """What the layer is given: the list itself, or its only item."""
        return values if self.takes_list else values[0]


def input_tensor(layer: InputLayer) -> Tensor:
    """The tensor that an input layer gives out."""
    node = Node.__new__(Node)
    node.layer, node.inputs, node.takes_list = layer, [], False
    node.output = Tensor(layer.given_shape, node)
    layer.nodes.append(node)
    return node.output


def connect(layer: Layer, inputs: Tensor | Sequence[Tensor]) -> Tensor:
    """The tensor that `layer` makes of `inputs`: what `layer(inputs)` returns.

    Raises
    ------
    TypeError
        If something else than tensors is given.
    ValueError
        If their shapes do not fit the layer.
    """
    takes_list = isinstance(inputs, (list, tuple))
    tensors = list(inputs) if takes_list else [inputs]
    for tensor in tensors:
        if not isinstance(tensor, Tensor):
            raise TypeError(
                f"{layer.label}: expected a tensor from Input(...) or another layer, got "
                f"{type(tensor).__name__}; for arrays use layer.forward(x) or model.predict(x)"
            )
    return Node(layer, tensors, takes_list).output


class Graph:
    """The nodes between some inputs and some outputs, in an order in which they can run.

    The order is Keras': by distance from the outputs, farthest first; at equal distance as
    they are met on a walk back from the outputs.

    Parameters
    ----------
    inputs, outputs : list of Tensor

    Attributes
    ----------
    nodes : list of Node
        Each after the nodes that feed it.
    layers : list of Layer
        Each once, in the order of its first node.

    Raises
    ------
    ValueError
        If an output cannot be computed from the inputs.
    """

    def __init__(self, inputs: list[Tensor], outputs: list[Tensor]):
        self.inputs = inputs
        self.outputs = outputs
        met: list[Node] = []  # in the order of the walk back from the outputs
        finished: list[Node] = []  # each node after all that feed it
        for tensor in outputs:
            self._walk_back(tensor.node, met, finished)
        for tensor in inputs:
            if tensor.node.inputs:
                raise ValueError(
                    f"{tensor.node.layer.label}: expected a model's inputs to come from "
                    "Input(...), got the output of a layer"
                )
            if tensor.node not in met:
                raise ValueError(f"{tensor.node.layer.label}: this input leads to no output")
        distance = dict.fromkeys(met, 0)
        for node in reversed(finished):  # consumers come first, so distance[node] is final
            for tensor in node.inputs:
                distance[tensor.node] = max(distance[tensor.node], distance[node] + 1)
        # sorted() keeps the order in which the walk met nodes of equal distance
        self.nodes = sorted(distance, key=lambda node: -distance[node])
        self.layers = list(dict.fromkeys(node.layer for node in self.nodes))
        consumed = {tensor for node in self.nodes for tensor in node.inputs}
        self.is_end = [tensor not in consumed for tensor in outputs]
        self._plan: list | None = None
        self._last_run: list | None = None

    def _walk_back(self, node: Node, met: list[Node], finished: list[Node]) -> None:
        """Visit `node` and all that feed it, each once."""
        if node in met:
            return
        if not node.inputs and node.output not in self.inputs:
            raise ValueError(
                f"{node.layer.label}: an output depends on this input, which is not among "
                "the model's inputs"
            )
        met.append(node)
        for tensor in node.inputs:
            self._walk_back(tensor.node, met, finished)
        finished.append(node)

    def steps(self, layer_by_layer: bool = False) -> list:
        """What is run one after the other: layers, some of them fused; see `minicnn.fusion`."""
        from minicnn.fusion import LayerStep, make_plan  # needs the layers, which need this file

        if layer_by_layer or kernels.backend() != "numba":
            return [LayerStep(node) for node in self.nodes if node.inputs]
        if self._plan is None:
            self._plan = make_plan(self, self.needs_gradient())
        return self._plan

    def needs_gradient(self) -> dict[Tensor, bool]:
        """For each tensor, whether there are parameters behind it that its gradient is for."""
        needed: dict[Tensor, bool] = {}
        for node in self.nodes:
            behind = any(needed[tensor] for tensor in node.inputs)
            needed[node.output] = behind or bool(node.layer.params)
        return needed

    def run(
        self, inputs: list[np.ndarray], training: bool = False, layer_by_layer: bool = False
    ) -> dict[Tensor, np.ndarray]:
        """Run all layers forward.

        Parameters
        ----------
        inputs : list of float arrays
            One batch for each of `self.inputs`.
        training : bool
            Whether dropout drops.
        layer_by_layer : bool
            Run every layer by itself, so that there are numbers for every tensor.

        Returns
        -------
        values : dict of Tensor to array
            Every tensor's numbers, but for those inside of fused layers. Only the outputs' are
            the caller's to keep: the others' memory is used again by the next run.
        """
        values = dict(zip(self.inputs, inputs, strict=True))
        self._last_run = self.steps(layer_by_layer)
        for step in self._last_run:
            values[step.output] = step.forward([values[t] for t in step.inputs], training)
        return values

    def backward(
        self,
        output_gradients: list[np.ndarray],
        through_activation: list[bool],
        input_gradients: bool = False,
    ) -> list[np.ndarray | None]:
        """Run all layers backward, after `run`; leaves each layer's gradients in `layer.grads`.

        Parameters
        ----------
        output_gradients : list of float arrays
            Gradient of the loss with respect to each of `self.outputs`.
        through_activation : list of bool
            False where that gradient is with respect to the logits; see `Layer.backward`.
        input_gradients : bool
            Whether those of the model's inputs are wanted; training does not need them.

        Returns
        -------
        input_gradients : list of float arrays
            For each of `self.inputs`; None where they are not wanted.

        Raises
        ------
        RuntimeError
            Before any `run`.
        """
        if self._last_run is None:
            raise RuntimeError("graph: backward needs a run before it")
        needed = self.needs_gradient()
        if input_gradients:
            needed = dict.fromkeys(needed, True)
        flows: dict[Tensor, np.ndarray] = {}
        skips = set()
        for tensor, dy, through in zip(
            self.outputs, output_gradients, through_activation, strict=True
        ):
            flows[tensor] = flows[tensor] + dy if tensor in flows else dy
            if not through:
                skips.add(tensor)
        used_before: set[Layer] = set()
        for step in reversed(self._last_run):
            if not needed[step.output]:
                continue
            layer, earlier = step.layer, step.layer.grads
            wanted = [needed[tensor] for tensor in step.inputs]
            parts = step.backward(flows.pop(step.output), step.output not in skips, wanted)
            if layer in used_before:  # a shared layer: its uses' gradients add up
                layer.grads = {name: earlier[name] + layer.grads[name] for name in layer.grads}
            used_before.add(layer)
            for tensor, part, is_wanted in zip(step.inputs, parts, wanted, strict=True):
                if is_wanted:
                    flows[tensor] = flows[tensor] + part if tensor in flows else part
        # Copies: a step may have written them into memory that it keeps.
        found = [flows.get(tensor) for tensor in self.inputs]
        return [None if flow is None else flow.copy() for flow in found]


def build_layers(graph: Graph, seed: int) -> None:
    """Name the graph's layers and make their parameters.

    Each layer draws from a generator of its own, keyed by the model's seed and the layer's
    place in the order of creation, so that no layer's first weights depend on another's.
    """
    in_order = sorted(graph.layers, key=lambda layer: layer.serial)
    name_layers(in_order)
    # Input layers draw nothing; without them a chain is the same however its input was given.
    entrances = {node.layer for node in graph.nodes if not node.inputs}
    drawing = [layer for layer in in_order if layer not in entrances]
    place = {layer: index for index, layer in enumerate(drawing)}
    for node in graph.nodes:
        layer = node.layer
        shape = node.pick([t.sample_shape for t in node.inputs]) if node.inputs else None
        if not node.inputs:
            layer.built = True
        elif not layer.built:
            key = np.random.SeedSequence(seed, spawn_key=(place[layer],))
            layer.build(shape, np.random.default_rng(key))
        elif layer.input_shape != shape:
            raise ValueError(
                f"{layer.label}: a shared layer expects the same input shape everywhere, "
                f"{shapes.text(layer.input_shape)}, got {shapes.text(shape)}"
            )
