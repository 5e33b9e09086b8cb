"""The order in which connected layers run, and where gradients are added up.

A `Graph` sorts the nodes (see `minicnn.layers.node`) that lie between given inputs and
outputs. Forward, each node's layer is run once what it needs is there; backward, in the
reverse order, and where a tensor went to several layers their gradients are added up. That is
the whole chain rule: each layer knows its own derivative, the graph only decides who is next.
"""

from __future__ import annotations

import numpy as np

from minicnn import kernels
from minicnn.fusion import LayerStep, make_plan
from minicnn.layers.base import Layer
from minicnn.layers.node import Node, Tensor


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
    is_end : list of bool
        For each of `outputs`, whether no layer of the graph reads it.

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
        waiting = [(node, False)]  # with whether all that feed it were visited
        while waiting:
            node, all_fed = waiting.pop()
            if all_fed:
                finished.append(node)
            elif node not in met:
                if not node.inputs and node.output not in self.inputs:
                    raise ValueError(
                        f"{node.layer.label}: an output depends on this input, which is not among "
                        "the model's inputs"
                    )
                met.append(node)
                waiting.append((node, True))
                waiting += [(tensor.node, False) for tensor in reversed(node.inputs)]

    def steps(self, layer_by_layer: bool = False) -> list:
        """What is run one after the other: layers, some of them fused; see `minicnn.fusion`."""
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
            Run every layer by itself, so that there are values for every tensor.

        Returns
        -------
        values : dict of Tensor to array
            Every tensor's values, but for those inside of fused layers. Only the outputs' are
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
        of_logits: list[bool] | None = None,
        input_gradients: bool = False,
    ) -> list[np.ndarray | None]:
        """Run all layers backward, after `run`; leaves each layer's gradients in `layer.grads`.

        Parameters
        ----------
        output_gradients : list of float arrays
            Gradient of the loss with respect to each of `self.outputs`.
        of_logits : list of bool, optional
            True where that gradient is with respect to the logits, in front of the activation;
            see `Layer.backward_linear`. None is, when missing.
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
        gradients: dict[Tensor, np.ndarray] = {}
        for tensor, dy in zip(self.outputs, output_gradients, strict=True):
            accumulate(gradients, tensor, dy)
        flags = of_logits or [False] * len(self.outputs)
        linear = {tensor for tensor, flag in zip(self.outputs, flags, strict=True) if flag}

        param_gradients: dict[Layer, dict] = {}
        for step in reversed(self._last_run):
            if not needed[step.output]:
                continue
            backward = step.backward_linear if step.output in linear else step.backward
            wanted = [needed[tensor] for tensor in step.inputs]
            for tensor, dx in zip(
                step.inputs, backward(gradients.pop(step.output), wanted), strict=True
            ):
                if needed[tensor]:
                    accumulate(gradients, tensor, dx)
            earlier = param_gradients.get(step.layer, {})  # of a shared layer's other uses
            for name, gradient in earlier.items():
                step.layer.grads[name] = gradient + step.layer.grads[name]
            param_gradients[step.layer] = step.layer.grads

        # Copies: a step may have written them into memory that it keeps.
        found = [gradients.get(tensor) for tensor in self.inputs]
        return [None if gradient is None else gradient.copy() for gradient in found]


def accumulate(gradients: dict[Tensor, np.ndarray], tensor: Tensor, gradient: np.ndarray) -> None:
    """Add one more path's gradient: a tensor that fans out gets the sum over its uses."""
    gradients[tensor] = gradients[tensor] + gradient if tensor in gradients else gradient
