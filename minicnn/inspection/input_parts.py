"""What is behind one number that a layer hands back to its input: a function for each kind."""

import numpy as np

from minicnn import layers
from minicnn.arguments import shape_text
from minicnn.inspection.activation_parts import through_activation
from minicnn.inspection.flipped_kernel import ConvolutionInputGradient
from minicnn.inspection.gradient_sums import SummedGradient
from minicnn.inspection.nudge import branch_of
from minicnn.inspection.parameter_parts import numbers, pixel_note
from minicnn.inspection.passed_back import PassedBack
from minicnn.inspection.passes import Passes
from minicnn.inspection.pooled_pixel import PoolingInputGradient
from minicnn.inspection.terms import Terms
from minicnn.layers.node import Node
from minicnn.layers.windows import window_pads

EVEN = "every pixel of a window gets dy / the number of its pixels (padding is none):"
FIRST = "the largest pixel of a window gets its dy, of several the first; the others 0:"
LARGEST = "the largest pixel gets dy, the others 0:"


def conv_input(passes: Passes, node: Node, index: tuple, about: dict):
    sample, row, col, channel = index
    layer, shape = node.layer, passes.values[node.inputs[0]].shape
    dz = numbers(passes.dz[node][sample])
    pads = window_pads(shape, layer.kernel_size, layer.strides, layer.padding)
    (out_rows, tap_rows, rows_real), (out_cols, tap_cols, cols_real) = (
        windows_over(pixel + pads[axis][0], layer.kernel_size[axis], layer.strides[axis], size)
        for axis, (pixel, size) in enumerate(zip((row, col), dz.shape[:2], strict=True))
    )
    real = np.outer(rows_real, cols_real)
    found = dz[np.ix_(out_rows.clip(0, len(dz) - 1), out_cols.clip(0, dz.shape[1] - 1))]
    kernel = layer.params["kernel"][np.ix_(tap_rows, tap_cols)][:, :, channel]
    return ConvolutionInputGradient(
        **about,
        dz=np.where(real[..., None], found, 0),
        kernel=numbers(kernel),
        real=real,
        out_rows=out_rows,
        out_cols=out_cols,
        tap_rows=tap_rows,
        tap_cols=tap_cols,
        stride_one=layer.strides == (1, 1),
    )


def dense_input(passes: Passes, node: Node, index: tuple, about: dict):
    weights = numbers(node.layer.params["kernel"][index[1]])
    factors = {"weight": weights, "dz": numbers(passes.dz[node][index[0]])}
    terms = Terms({"unit": np.arange(len(weights))}, factors)
    rule = f"sum over {len(weights)} unit{'s' if len(weights) > 1 else ''} of weight x dz"
    note = pixel_note(node, index[1])
    return SummedGradient(**about, uses=[terms], rule=rule, term="unit", note=note)


def pooling_input(passes: Passes, node: Node, index: tuple, about: dict):
    sample, row, col, channel = index
    layer, dy, cache = node.layer, passes.dz[node], passes.caches[node]
    (out_rows, taps, in_rows), (out_cols, col_taps, in_cols) = (
        windows_over(pixel + cache.pads[axis][0], layer.pool_size[axis], layer.strides[axis], size)
        for axis, (pixel, size) in enumerate(zip((row, col), dy.shape[1:3], strict=True))
    )
    out_rows, taps = out_rows[in_rows], taps[in_rows]
    out_cols, col_taps = out_cols[in_cols], col_taps[in_cols]
    inside = np.ix_([sample], out_rows, out_cols, [channel])
    gradients = numbers(dy[inside][0, :, :, 0])
    axes = {"row": out_rows, "col": out_cols}
    if isinstance(layer, layers.AveragePooling2D):
        pixels = cache.counts[np.ix_(out_rows, out_cols)].astype(int)
        windows = Terms(axes, {"dy": gradients, "share": 1 / pixels})
        return PoolingInputGradient(**about, windows=windows, rule=EVEN, pixels=pixels)
    winners = cache.argmax[inside][0, :, :, 0]  # counted through the window
    own = np.add.outer(taps * layer.pool_size[1], col_taps)
    windows = Terms(axes, {"dy": gradients, "share": numbers(winners == own)})
    rows = out_rows[:, None] * layer.strides[0] - cache.pads[0][0] + winners // layer.pool_size[1]
    cols = out_cols * layer.strides[1] - cache.pads[1][0] + winners % layer.pool_size[1]
    places = np.stack([rows, cols], axis=-1)
    return PoolingInputGradient(**about, windows=windows, rule=FIRST, winners=places)


def global_pooling_input(passes: Passes, node: Node, index: tuple, about: dict):
    sample, row, col, channel = index
    dy = numbers(passes.dz[node][sample].reshape(-1)[channel : channel + 1])
    axes = {"unit": np.array([channel])}
    if isinstance(node.layer, layers.GlobalAveragePooling2D):
        pixels = np.array([np.prod(passes.caches[node].x_shape[1:3])])
        windows = Terms(axes, {"dy": dy, "share": 1 / pixels})
        return PoolingInputGradient(**about, windows=windows, rule=EVEN, pixels=pixels)
    largest = passes.caches[node].largest[sample, :, :, channel]
    ties = int(largest.sum())
    share = np.array([largest[row, col] / ties])
    winners = np.array([(row, col) if share[0] else np.argwhere(largest)[0]])
    windows = Terms(axes, {"dy": dy, "share": share})
    rule = f"the largest pixel gets dy; here {ties} are, and share it:" if ties > 1 else LARGEST
    return PoolingInputGradient(**about, windows=windows, rule=rule, winners=winners, ties=ties)


def windows_over(pixel: int, span: int, stride: int, size: int) -> tuple:
    """The windows along one axis that a padded image's pixel is in, and the tap it is under.

    Returns
    -------
    windows, taps : int arrays
        From the kernel's last tap, under which the first window has the pixel, to its first.
    real : bool array
        False where the window lies outside of the `size` that there are.
    """
    taps = np.array([t for t in range(span - 1, -1, -1) if (pixel - t) % stride == 0], dtype=int)
    windows = (pixel - taps) // stride
    return windows, taps, (windows >= 0) & (windows < size)


def flatten_input(passes: Passes, node: Node, index: tuple, about: dict):
    shape = passes.values[node.inputs[0]].shape[1:]
    number = int(np.ravel_multi_index(index[1:], shape))
    note = f"handed back unchanged: number {number} of {shape_text(shape)}, read row by row"
    return passed_back(passes, node, (index[0], number), about, 1.0, note)


def dropout_input(passes: Passes, node: Node, index: tuple, about: dict):
    keep, scale = passes.caches[node]
    if keep is None:
        why = "in training only" if node.layer.rate else "nothing at rate 0"
        return passed_back(passes, node, index, about, 1.0, f"unchanged: dropout drops {why}")
    shape = passes.values[node.inputs[0]].shape
    if not keep[np.ravel_multi_index(index, shape)]:
        return passed_back(passes, node, index, about, 0.0, "dropped in this step: dx = 0")
    note = f"kept in this step: dx = dy / (1 - rate), rate = {node.layer.rate:g}"
    return passed_back(passes, node, index, about, scale, note)


def concatenate_input(passes: Passes, node: Node, index: tuple, about: dict):
    inputs = [passes.values[tensor] for tensor in node.inputs]
    branch, inside = branch_of(inputs, index)
    name = node.inputs[branch].node.layer.name
    note = (
        f"handed back unchanged to input {branch} of {len(inputs)}, {name}: number {inside[-1]} of "
        "its last axis"
    )
    return passed_back(passes, node, index, about, 1.0, note)


def passed_back(passes, node, at: tuple, about: dict, factor: float, note: str) -> PassedBack:
    dy = float(passes.dz[node][at])
    return PassedBack(**about, dy_position=at[1:], dy=dy, factor=factor, note=note)


def activation_input(passes: Passes, node: Node, index: tuple, about: dict):
    """Of a layer that is an activation, the input is what is in front of it."""
    return through_activation(passes, node, passes.values[node.inputs[0]], index, about)


INPUTS = {
    layers.Conv2D: conv_input,
    layers.Dense: dense_input,
    layers.MaxPooling2D: pooling_input,
    layers.AveragePooling2D: pooling_input,
    layers.GlobalMaxPooling2D: global_pooling_input,
    layers.GlobalAveragePooling2D: global_pooling_input,
    layers.Activation: activation_input,
    layers.ReLU: activation_input,
    layers.Sigmoid: activation_input,
    layers.Dropout: dropout_input,
    layers.Flatten: flatten_input,
    layers.Concatenate: concatenate_input,
}
