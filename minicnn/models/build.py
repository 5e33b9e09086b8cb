"""What a model does with its layers first: it names them and makes their parameters."""

import itertools
from collections.abc import Sequence

from minicnn.arguments import shape_text, snake_case
from minicnn.graph import Graph
from minicnn.layers.base import Layer
from minicnn.seeding import stream

_names_of_all_models: set[str] = set()


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
            layer.build(layer.given_shape, None)  # it has nothing to draw
        elif not layer.built:
            layer.build(shape, stream(seed, "layer", place[layer]))
        elif layer.input_shape != shape:
            raise ValueError(
                f"{layer.label}: a shared layer expects the same input shape everywhere, "
                f"{shape_text(layer.input_shape)}, got {shape_text(shape)}"
            )


def name_layers(layers: Sequence[Layer]) -> None:
    """Give layers without a name of their own Keras' names: conv2d, conv2d_1, ...

    A layer that was named in another model keeps that name where it can. Where two layers come with
    the same automatic name, the one made later gets a new name, here and in its first model (whose
    optimizer then begins anew with it: its slots go by names). The new name is one that no model
    has used so far, so that it cannot meet itself in the first model either. ValueError if the user
    gave two layers the same name.
    """
    given = [layer.name for layer in layers if not layer.has_automatic_name]
    for name in given:
        if given.count(name) > 1:
            raise ValueError(f"expected layer names to be unique, got {name!r} more than once")
    taken = set(given)
    nameless = []
    for layer in layers:
        if layer.has_automatic_name:
            if layer.name is None or layer.name in taken:
                nameless.append(layer)
            else:
                taken.add(layer.name)
    for layer in nameless:
        used = taken if layer.name is None else taken | _names_of_all_models
        layer.name = layer.automatic_name = free_name(snake_case(type(layer).__name__), used)
        taken.add(layer.name)
    _names_of_all_models.update(taken)


def free_name(stem: str, taken: set[str]) -> str:
    """The first of stem, stem_1, stem_2, ... that is not taken."""
    candidates = itertools.chain([stem], (f"{stem}_{number}" for number in itertools.count(1)))
    return next(name for name in candidates if name not in taken)
