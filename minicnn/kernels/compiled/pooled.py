"""Convolution (3x3, one channel), relu, 2x2 max-pooling and dropout in a single pass.

Layer by layer, the numbers between convolution and pooling fill four times the memory of those
behind it, and are written and read again by each layer. Here they live in registers: the four
sums of a pooling window are computed side by side, and only the largest leaves.

What makes this one walk along vectors: the padded image is taken apart into four *phases*, even
or odd rows times even or odd columns. The pooling window at (row, col) and its four 3x3 windows
see the 4x4 pixels from (2 row, 2 col) on; pixel (i, j) of these is number row * pitch + col of
phase (i % 2, j % 2), moved on by i // 2 rows and j // 2 columns. So for all windows at once each
of the sixteen pixels is a vector, and each filter a loop over all of them.

For the backward pass a *route* is kept for each output, one byte: which of the four sums was the
largest, or CUT where no gradient flows because relu was at 0 or dropout dropped the output.
"""

import numpy as np

from minicnn.kernels.jit import part, summing_kernel
from minicnn.kernels.threads import share

CUT = 4


def pitch_of(out_width):
    """Numbers in a row of a phase: one more than outputs, since windows overlap by one.

    Rounded up to a multiple of 16, the numbers in the largest vector registers.
    """
    return (out_width + 16) // 16 * 16


def route_shape(y_shape):
    """Shape of an array for the routes: (batch, filters, out_height * pitch)."""
    batch, out_height, out_width, filters = y_shape
    return batch, filters, out_height * pitch_of(out_width)


def conv_pool_forward(x, kernel, bias, pads, relu, drop, y, route):
    """y = dropout(max-pooling(relu(convolution of x))), and the route of each output.

    Parameters
    ----------
    x : (batch, height, width, 1) float array
    kernel : (3, 3, 1, filters), bias : (filters,), dtype of x
    pads : ((top, bottom), (left, right))
        Rows and columns of zeros around the image.
    relu : bool
    drop : (rate, seed, step) or None
        Of `dropout_keep`; None where nothing is dropped.
    y : (batch, out_height, out_width, filters), dtype of x
    route : uint8, shape as of `route_shape`
    """
    # (3, 3, 1, filters) -> (filters, 3, 3)
    taps = np.ascontiguousarray(kernel[:, :, 0].transpose(2, 0, 1))
    dropped = drop or (0.0, 0, 0)
    scale = _scale(drop, x.dtype)
    share(_forward, len(x), x, taps, bias, pads, relu, dropped, scale, y, route)


def conv_pool_backward(x, dy, pads, drop, route):
    """Gradients of the kernel and the bias; of the input there is none, it is the model's.

    Parameters
    ----------
    dy : (batch, out_height, out_width, filters), dtype of x
    x, pads, drop, route
        As in `conv_pool_forward`.

    Returns
    -------
    dkernel : (3, 3, 1, filters)
    dbias : (filters,)
    """
    partial = np.empty((len(x), dy.shape[3], 10), dtype=x.dtype)
    share(_backward, len(x), x, dy, pads, route, partial)
    total = partial.sum(axis=0) * _scale(drop, x.dtype)  # the batch axis goes, in fixed order
    # (filters, 9) -> (3, 3, 1, filters)
    return np.ascontiguousarray(total[:, :9].T).reshape(3, 3, 1, -1), total[:, 9].copy()


def undo_pooling(dy, drop, route, z_shape):
    """The gradient of the convolution's own output: dy, each number where its route leads.

    Parameters
    ----------
    dy, drop, route
        As in `conv_pool_backward`.
    z_shape : (height, width, filters)
        Of one sample of the convolution's output.

    Returns
    -------
    dz : (batch, *z_shape), dtype of dy
    """
    batch, out_height, out_width, filters = dy.shape
    scale = _scale(drop, dy.dtype)
    # (batch, filters, out_height * pitch) -> (batch, out_height, out_width, filters)
    ways = route.reshape(batch, filters, out_height, -1)[..., :out_width].transpose(0, 2, 3, 1)
    dz = np.zeros((batch, *z_shape), dtype=dy.dtype)
    for way in range(4):
        corner = dz[:, way // 2 : 2 * out_height : 2, way % 2 : 2 * out_width : 2]
        corner[ways == way] = dy[ways == way] * scale
    return dz


def _scale(drop, dtype):
    """What dropout multiplies by: 1 / (1 - rate)."""
    rate = drop[0] if drop else 0.0
    return dtype.type(1 / (1 - rate) if rate < 1 else 0)


@part
def _split(image, pads, phases, pitch):
    """Image (height, width) -> phases (2, 2, numbers); what is outside the image stays 0."""
    height, width = image.shape
    top, left = pads[0][0], pads[1][0]
    rows = phases.shape[2] // pitch - 1
    for row in range(min(height, 2 * rows - top)):
        begin = (top + row) // 2 * pitch
        for first in range(2):  # the columns of one phase: first, first + 2, first + 4, ...
            col = (first + left) % 2
            line = phases[(top + row) % 2, first, begin + (left + col) // 2 :]
            pixels = image[row, col:]
            for i in range(min((pixels.size + 1) // 2, pitch - (left + col) // 2)):
                line[i] = pixels[2 * i]


@summing_kernel
def _forward(x, taps, bias, pads, relu, drop, scale, y, route, start, stop):
    filters, out_height, out_width = y.shape[3], y.shape[1], y.shape[2]
    pitch = route.shape[2] // out_height
    phases = np.zeros((2, 2, (out_height + 2) * pitch), dtype=x.dtype)
    best = np.empty((filters, out_height * pitch), dtype=x.dtype)
    numbers = _numbers_in_y(y.shape, pitch)
    for n in range(start, stop):
        _split(x[n, :, :, 0], pads, phases, pitch)
        for f in range(filters):
            _largest(phases, pitch, taps[f], bias[f], relu, best[f], route[n, f])
            if drop[0] > 0:
                first = n * out_height * out_width * filters + f
                _drop(drop, scale, first, numbers, best[f], route[n, f])
        for row in range(out_height):
            for f in range(filters):
                line = best[f, row * pitch : row * pitch + out_width]
                for col in range(out_width):
                    y[n, row, col, f] = line[col]


@part
def _largest(phases, pitch, taps, bias, relu, best, route):
    """One filter at all pooling windows: the largest of four sums, and which one it was."""
    # p_ij: pixel (i, j) of the 4x4 that a pooling window sees
    p_00, p_01, p_10, p_11 = phases[0, 0], phases[0, 1], phases[1, 0], phases[1, 1]
    p_02, p_03, p_12, p_13 = p_00[1:], p_01[1:], p_10[1:], p_11[1:]
    p_20, p_21, p_30, p_31 = p_00[pitch:], p_01[pitch:], p_10[pitch:], p_11[pitch:]
    p_22, p_23, p_32, p_33 = p_20[1:], p_21[1:], p_30[1:], p_31[1:]
    t_00, t_01, t_02 = taps[0]
    t_10, t_11, t_12 = taps[1]
    t_20, t_21, t_22 = taps[2]
    zero = best.dtype.type(0)
    # fmt: off
    for i in range(best.size):
        z_0 = (bias + t_00 * p_00[i] + t_01 * p_01[i] + t_02 * p_02[i]
                    + t_10 * p_10[i] + t_11 * p_11[i] + t_12 * p_12[i]
                    + t_20 * p_20[i] + t_21 * p_21[i] + t_22 * p_22[i])
        z_1 = (bias + t_00 * p_01[i] + t_01 * p_02[i] + t_02 * p_03[i]
                    + t_10 * p_11[i] + t_11 * p_12[i] + t_12 * p_13[i]
                    + t_20 * p_21[i] + t_21 * p_22[i] + t_22 * p_23[i])
        z_2 = (bias + t_00 * p_10[i] + t_01 * p_11[i] + t_02 * p_12[i]
                    + t_10 * p_20[i] + t_11 * p_21[i] + t_12 * p_22[i]
                    + t_20 * p_30[i] + t_21 * p_31[i] + t_22 * p_32[i])
        z_3 = (bias + t_00 * p_11[i] + t_01 * p_12[i] + t_02 * p_13[i]
                    + t_10 * p_21[i] + t_11 * p_22[i] + t_12 * p_23[i]
                    + t_20 * p_31[i] + t_21 * p_32[i] + t_22 * p_33[i])
        # The first of equal sums wins, and a NaN (which is not equal to itself) over all.
        largest, winner = z_0, np.int32(0)
        winner = np.int32(1) if z_1 > largest or z_1 != z_1 else winner
        largest = z_1 if z_1 > largest or z_1 != z_1 else largest
        winner = np.int32(2) if z_2 > largest or z_2 != z_2 else winner
        largest = z_2 if z_2 > largest or z_2 != z_2 else largest
        winner = np.int32(3) if z_3 > largest or z_3 != z_3 else winner
        largest = z_3 if z_3 > largest or z_3 != z_3 else largest
        if relu:
            winner = winner if largest > zero else np.int32(CUT)
            largest = zero if largest < zero else largest
        best[i] = largest
        route[i] = winner
    # fmt: on


@part
def _numbers_in_y(y_shape, pitch):
    """For each place in a filter's plane, how far its output is from the filter's first in y."""
    _, out_height, out_width, filters = y_shape
    numbers = np.empty(out_height * pitch, dtype=np.uint32)
    for row in range(out_height):
        for col in range(pitch):
            numbers[row * pitch + col] = (row * out_width + col) * filters
    return numbers


@part
def _drop(drop, scale, first, numbers, best, route):
    """Dropout on one filter's outputs, with the bits that `dropout_keep` gives y's numbers."""
    # For a rate of 1 the scale is 0 anyway.
    threshold = np.uint32(min(np.int64(np.ceil(drop[0] * 2.0**32)), 2**32 - 1))
    seed, step_key = np.uint32(drop[1]), _mix_bits(np.uint32(drop[2] ^ 0x9E3779B9))
    first = np.uint32(first)
    zero = best.dtype.type(0)
    for i in range(best.size):
        bits = np.uint32(np.uint32(first + numbers[i]) ^ seed)
        kept = _mix_bits(np.uint32(_mix_bits(bits) ^ step_key)) >= threshold
        best[i] = best[i] * scale if kept else zero
        route[i] = np.int32(route[i]) if kept else np.int32(CUT)


@part
def _mix_bits(bits):
    # As in elementwise.py; a compiled function calls those of its own file only.
    bits = np.uint32(bits ^ (bits >> np.uint32(16)))
    bits = np.uint32(bits * np.uint32(0x7FEB352D))
    bits = np.uint32(bits ^ (bits >> np.uint32(15)))
    bits = np.uint32(bits * np.uint32(0x846CA68B))
    return np.uint32(bits ^ (bits >> np.uint32(16)))


@summing_kernel
def _backward(x, dy, pads, route, partial, start, stop):
    _, out_height, out_width, filters = dy.shape
    pitch = route.shape[2] // out_height
    phases = np.zeros((2, 2, (out_height + 2) * pitch), dtype=x.dtype)
    flows = np.zeros((filters, out_height * pitch), dtype=x.dtype)
    for n in range(start, stop):
        _split(x[n, :, :, 0], pads, phases, pitch)
        for row in range(out_height):
            for f in range(filters):
                line = flows[f, row * pitch : row * pitch + out_width]
                for col in range(out_width):
                    line[col] = dy[n, row, col, f]
        for f in range(filters):
            _products(phases, pitch, flows[f], route[n, f], partial[n, f])


@part
def _products(phases, pitch, flow, route, sums):
    """Each tap's pixels times the gradient that came their way; last, the gradient's sum."""
    p_00, p_01, p_10, p_11 = phases[0, 0], phases[0, 1], phases[1, 0], phases[1, 1]
    p_02, p_03, p_12, p_13 = p_00[1:], p_01[1:], p_10[1:], p_11[1:]
    p_20, p_21, p_30, p_31 = p_00[pitch:], p_01[pitch:], p_10[pitch:], p_11[pitch:]
    p_22, p_23, p_32, p_33 = p_20[1:], p_21[1:], p_30[1:], p_31[1:]
    zero = flow.dtype.type(0)
    s_00 = s_01 = s_02 = s_10 = s_11 = s_12 = s_20 = s_21 = s_22 = total = zero
    # fmt: off
    for i in range(flow.size):
        dy, way = flow[i], np.int32(route[i])
        # dz_k: the gradient of the k-th of the four sums; at most one of them is not 0
        dz_0 = dy if way == 0 else zero
        dz_1 = dy if way == 1 else zero
        dz_2 = dy if way == 2 else zero
        dz_3 = dy if way == 3 else zero
        total += (dz_0 + dz_1) + (dz_2 + dz_3)
        s_00 += dz_0 * p_00[i] + dz_1 * p_01[i] + dz_2 * p_10[i] + dz_3 * p_11[i]
        s_01 += dz_0 * p_01[i] + dz_1 * p_02[i] + dz_2 * p_11[i] + dz_3 * p_12[i]
        s_02 += dz_0 * p_02[i] + dz_1 * p_03[i] + dz_2 * p_12[i] + dz_3 * p_13[i]
        s_10 += dz_0 * p_10[i] + dz_1 * p_11[i] + dz_2 * p_20[i] + dz_3 * p_21[i]
        s_11 += dz_0 * p_11[i] + dz_1 * p_12[i] + dz_2 * p_21[i] + dz_3 * p_22[i]
        s_12 += dz_0 * p_12[i] + dz_1 * p_13[i] + dz_2 * p_22[i] + dz_3 * p_23[i]
        s_20 += dz_0 * p_20[i] + dz_1 * p_21[i] + dz_2 * p_30[i] + dz_3 * p_31[i]
        s_21 += dz_0 * p_21[i] + dz_1 * p_22[i] + dz_2 * p_31[i] + dz_3 * p_32[i]
        s_22 += dz_0 * p_22[i] + dz_1 * p_23[i] + dz_2 * p_32[i] + dz_3 * p_33[i]
    # fmt: on
    sums[0], sums[1], sums[2] = s_00, s_01, s_02
    sums[3], sums[4], sums[5] = s_10, s_11, s_12
    sums[6], sums[7], sums[8] = s_20, s_21, s_22
    sums[9] = total
