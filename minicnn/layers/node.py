"""How layers are connected: what calling a layer on a tensor makes.

Calling a layer on a tensor, as in `y = Conv2D(6, 3)(x)`, computes nothing: it makes a `Node`
that remembers who feeds whom. `minicnn.graph` runs the nodes.
"""

from __future__ import annotations

from collections.abc import Sequence

from minicnn import arguments


class Tensor:
    """A placeholder for the output of a node: a shape, but no values yet.

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
        return f"<Tensor {arguments.shape_text(self.shape)} from {self.node.layer.label}>"


class Node:
    """One use of a layer: the tensors that go in and the one that comes out.

    Attributes
    ----------
    layer : Layer
    inputs : list of Tensor
    output : Tensor
    cache, last_output, activation_cache
        What the layer kept of this use, and the cache of its activation; here because a layer
        may be used more than once.
    """

    cache = None
    last_output = None
    activation_cache = None

    def __init__(self, layer, inputs: list[Tensor], takes_list: bool):
        self.layer = layer
        self.inputs = inputs
        self.takes_list = takes_list
        self.output = Tensor(layer.output_shape(self.pick([t.sample_shape for t in inputs])), self)
        layer.nodes.append(self)

    def keep_caches(self) -> None:
        """Take over what the layer's forward has just kept."""
        self.cache, self.last_output = self.layer.cache, self.layer.last_output
        if self.layer.activation is not None:
            self.activation_cache = self.layer.activation.cache

    def give_caches_back(self) -> None:
        """Make the layer ready for the backward of this use."""
        self.layer.cache, self.layer.last_output = self.cache, self.last_output
        if self.layer.activation is not None:
            self.layer.activation.cache = self.activation_cache

    def pick(self, values: list):
        """What the layer is given: the list itself, or its only item."""
        return values if self.takes_list else values[0]


def use_names(nodes: list[Node]) -> dict[Node, str]:
    """How each use of a layer is called: by the layer's name, then "name (use 2)" and so on."""
    names: dict[Node, str] = {}
    uses: dict = {}
    for node in nodes:
        use = uses[node.layer] = uses.get(node.layer, 0) + 1
        names[node] = node.layer.name if use == 1 else f"{node.layer.name} (use {use})"
    return names


def input_tensor(layer) -> Tensor:
    """The tensor that an input layer gives out."""
    node = Node.__new__(Node)
    node.layer, node.inputs, node.takes_list = layer, [], False
    node.output = Tensor(layer.given_shape, node)
    layer.nodes.append(node)
    return node.output


def connect(layer, inputs: Tensor | Sequence[Tensor]) -> Tensor:
    """The tensor that `layer` makes of `inputs`: what `layer(inputs)` returns.

    Raises
    ------
    TypeError
        If something else than tensors is given, or a list to a layer that takes one tensor.
    ValueError
        If their shapes do not fit the layer.
    """
    takes_list = isinstance(inputs, (list, tuple))
    if takes_list and not layer.takes_list:
        raise TypeError(
            f"{layer.label}: expected one tensor, got a {type(inputs).__name__} of them"
        )
    tensors = list(inputs) if takes_list else [inputs]
    for tensor in tensors:
        if not isinstance(tensor, Tensor):
            raise TypeError(
                f"{layer.label}: expected a tensor from Input(...) or another layer, got "
                f"{type(tensor).__name__}; for arrays use layer.forward(x) or model.predict(x)"
            )
    return Node(layer, tensors, takes_list).output
