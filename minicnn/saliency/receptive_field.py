"""How much of the image a unit inside a model can see, and where that window lies.

A unit of the first 3x3 convolution sees 3x3 pixels. Behind a pooling of 2 neighboring units
stand 2 pixels apart, so that a second 3x3 convolution sees 3 + 1 + 2 * 2 = 8. What lies outside of
its receptive field a unit cannot react to, however the model was trained.
"""

from typing import NamedTuple

from minicnn.layers import Conv2D
from minicnn.layers.node import Node, Tensor
from minicnn.layers.pooling import GlobalPooling2D
from minicnn.layers.windows import window_pads
from minicnn.saliency.passes import between, image_shape, logit_place


class Span(NamedTuple):
    """Along one axis: the pixels that the first unit sees, and how far on the next unit's begin.

    `first` and `last` are pixel numbers, both seen; `first` is negative where padding is seen.
    """

    first: int
    last: int
    step: int


class ReceptiveField(NamedTuple):
    """The windows of the image that the units of a tensor see, in pixels.

    Attributes
    ----------
    size : (height, width)
        Padding included, so it may exceed the image.
    step : (down, right)
        From the window of one unit to that of the next.
    start : (row, col)
        Center of the first unit's window; whole numbers are the centers of pixels.
    """

    size: tuple[int, int]
    step: tuple[int, int]
    start: tuple[float, float]


def receptive_field(model, layer) -> ReceptiveField:
    """The receptive field of a layer's units, or of a tensor's.

    Layer by layer, from the image on, with step = 1 and first = last = 0 at the beginning:

        first = first - pad_before * step
        last  = last + (window - 1 - pad_before) * step
        step  = step * stride

    for a layer with a window; others leave it as it is. Where several tensors go into a layer it
    sees all that they see. Source: Araujo, Norris and Sim 2019, "Computing receptive fields of
    convolutional neural networks", Distill, section "Arbitrary computation graphs".

    Parameters
    ----------
    model : Model
    layer : str, Layer or Tensor
        One whose output is an image: (rows, cols, channels). Of a layer that is used several
        times the last use.

    Raises
    ------
    ValueError
        If its output is no image; a flattened unit has no place.
    """
    image_shape(model)
    target = feature_map(model, layer)
    spans: dict[Tensor, tuple[Span, Span]] = {}
    for node in model.graph.nodes:
        if len(node.output.sample_shape) == 3:
            before = [spans[t] for t in node.inputs if t in spans]
            spans[node.output] = spans_behind(node, before)
    rows, cols = spans[target]
    return ReceptiveField(
        (rows.last - rows.first + 1, cols.last - cols.first + 1),
        (rows.step, cols.step),
        ((rows.first + rows.last) / 2, (cols.first + cols.last) / 2),
    )


def spans_behind(node: Node, before: list[tuple[Span, Span]]) -> tuple[Span, Span]:
    """The spans, down and to the right, of a node's output, from those of its inputs."""
    if not before:
        return Span(0, 0, 1), Span(0, 0, 1)  # the image itself: a pixel sees a pixel
    joined = [
        Span(min(s.first for s in axis), max(s.last for s in axis), max(s.step for s in axis))
        for axis in zip(*before, strict=True)
    ]
    layer = node.layer
    if isinstance(layer, GlobalPooling2D):  # one window, with keepdims an image of one pixel
        size = node.inputs[0].sample_shape[:2]
        return tuple(
            Span(span.first, span.last + (pixels - 1) * span.step, span.step * pixels)
            for span, pixels in zip(joined, size, strict=True)
        )
    window = getattr(layer, "kernel_size", None) or getattr(layer, "pool_size", None)
    if window is None:
        return tuple(joined)
    x_shape = (1, *node.inputs[0].sample_shape)
    pads = window_pads(x_shape, window, layer.strides, layer.padding)
    return tuple(
        Span(
            span.first - pad_before * span.step,
            span.last + (size - 1 - pad_before) * span.step,
            span.step * stride,
        )
        for span, size, stride, (pad_before, _) in zip(
            joined, window, layer.strides, pads, strict=True
        )
    )


def feature_map(model, layer) -> Tensor:
    """The output of a layer, or of its last use, if it is one of (rows, cols, channels).

    `layer` is its name, the layer itself, or the tensor. ValueError if there is no such output.
    """
    target = model.get_layer(layer) if isinstance(layer, str) else layer
    nodes = model.graph.nodes
    found = [node.output for node in nodes if target is node.layer or target is node.output]
    if not found or len(found[-1].sample_shape) != 3:
        images = [node.layer.name for node in nodes if len(node.output.sample_shape) == 3]
        name = layer if isinstance(layer, str) else getattr(layer, "label", repr(layer))
        raise ValueError(
            f"{model.name}: expected a layer with an output (rows, cols, channels) "
            f"({', '.join(images)}), got {name!r}"
        )
    return found[-1]


def last_feature_maps(model, output: int = 0) -> list[Tensor]:
    """What the last convolutions on the way to a logit give out.

    In a chain of layers that is one tensor. Where branches run side by side, as in an Inception
    block, each has a last convolution, behind which there is no other: their channels together are
    what is decided on. If the branches end in different sizes, only those are taken that are of the
    size of the last one. ValueError if no convolution leads to the logit.
    """
    logit, _ = logit_place(model, output)
    convolutions = [
        node.output for node in model.graph.nodes if isinstance(node.layer, Conv2D) and node.inputs
    ]
    reached = {tensor: between(model.graph, [tensor]) for tensor in convolutions}
    used = [t for t in convolutions if t is logit or reached[t][logit.node]]
    last = [t for t in used if not any(reached[t][other.node] for other in used)]
    if not last:
        raise ValueError(
            f"{model.name}: expected a model with a convolution in front of its output, found none"
        )
    size = last[-1].sample_shape[:2]
    return [tensor for tensor in last if tensor.sample_shape[:2] == size]
