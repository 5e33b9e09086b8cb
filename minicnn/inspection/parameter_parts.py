"""The terms behind one number of a parameter's gradient: a function for each parameter."""

import numpy as np

from minicnn import layers
from minicnn.inspection.dissection import flattened_shape, of_class
from minicnn.inspection.gradient_sums import SummedGradient
from minicnn.inspection.passes import Passes
from minicnn.inspection.terms import Terms
from minicnn.inspection.text_tables import place
from minicnn.layers.node import Node
from minicnn.layers.windows import pad_images, window_pads


def parameter(passes: Passes, nodes: list[Node], of: str, index: tuple, about: dict):
    """The gradient of a parameter, which all uses of the layer add to."""
    terms = of_class(PARAMETERS, nodes[0].layer)[of]
    uses = [terms(passes, node, index) for node in nodes]
    sizes = [len(indices) for indices in uses[0].axes.values()]
    place_name = "position" if len(sizes) == 3 else "sample"
    plural = "s" if uses[0].count > 1 else ""
    count, factors = " x ".join(map(str, sizes)), " x ".join(uses[0].factors)
    rule = f"sum over {count} {place_name}{plural} of {factors}"
    term = "output position" if place_name == "position" else "sample"
    of_input = of == "kernel" and isinstance(nodes[0].layer, layers.Dense)
    note = pixel_note(nodes[0], index[0]) if of_input else ""
    return SummedGradient(**about, uses=uses, rule=rule, term=term, note=note)


def pixel_note(node: Node, number: int) -> str:
    """Which pixel the input of that number was, where a dense layer is behind an image."""
    shape = flattened_shape(node.inputs[0].node)
    if not shape:
        return ""
    pixel = tuple(int(i) for i in np.unravel_index(number, shape))
    return f"input {number} is {place(pixel)} of the flattened image"


def conv_kernel(passes: Passes, node: Node, index: tuple) -> Terms:
    tap_row, tap_col, channel, filter_number = index
    layer, x, dz = node.layer, passes.values[node.inputs[0]], passes.dz[node]
    pads = window_pads(x.shape, layer.kernel_size, layer.strides, layer.padding)
    padded = pad_images(x[..., channel : channel + 1], pads, value=0)
    rows, cols = (
        slice(tap, tap + size * stride, stride)
        for tap, size, stride in zip((tap_row, tap_col), dz.shape[1:3], layer.strides, strict=True)
    )
    # The pixel under this tap of the kernel, in every window: (batch, out_height, out_width)
    return positions(
        {"pixel": numbers(padded[:, rows, cols, 0]), "dz": numbers(dz[..., filter_number])}
    )


def conv_bias(passes: Passes, node: Node, index: tuple) -> Terms:
    return positions({"dz": numbers(passes.dz[node][..., index[0]])})


def dense_kernel(passes: Passes, node: Node, index: tuple) -> Terms:
    x = passes.values[node.inputs[0]][:, index[0]]
    return positions({"input": numbers(x), "dz": numbers(passes.dz[node][:, index[1]])})


def dense_bias(passes: Passes, node: Node, index: tuple) -> Terms:
    return positions({"dz": numbers(passes.dz[node][:, index[0]])})


def positions(factors: dict[str, np.ndarray]) -> Terms:
    """Terms over the samples, and the rows and columns of an output where it has them."""
    shape = next(iter(factors.values())).shape
    names = ("sample", "row", "col")
    axes = {name: np.arange(size) for name, size in zip(names, shape, strict=False)}
    return Terms(axes, factors)


def numbers(array) -> np.ndarray:
    return np.asarray(array, dtype=np.float64)


PARAMETERS = {
    layers.Conv2D: {"kernel": conv_kernel, "bias": conv_bias},
    layers.Dense: {"kernel": dense_kernel, "bias": dense_bias},
}
