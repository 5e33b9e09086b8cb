"""The same as `pooled.py`, and behind it a dense layer of few units: all of `tiny_cnn` but its end.

A dense layer reads its inputs in the order (row, column, filter). To write the outputs of the
convolution in that order, six filters side by side, and to take the gradients apart again takes
as long as the convolution. But a sum does not care in which order it is added up: here the dense
layer's *weights* are brought into the order of the planes (`pooled_planes.py`), once for a whole
batch, and the outputs stay where they are.
"""

import numpy as np

from minicnn.kernels.fused.pooled import scale_of, sum_of
from minicnn.kernels.fused.pooled_planes import (
    drop_out,
    indices_in_y,
    largest_sums,
    new_planes,
    pitch_of,
    sum_products,
    transform_pixels,
    transform_taps,
)
from minicnn.kernels.runtime.jit import kernel as compiled
from minicnn.kernels.runtime.jit import part, summing_kernel
from minicnn.kernels.runtime.thread_pool import share

ROWS = 8  # of outputs, whose dense weights' gradients are summed at a time


def conv_pool_dense_forward(x, kernel, bias, pads, relu, drop, weights, kept):
    """Sums of dense units over dropout(max-pooling(relu(convolution of x))).

    Parameters
    ----------
    x, kernel, bias, pads, relu, drop
        As in `pooled.conv_pool_forward`.
    weights : (units, filters, out_height, pitch), dtype of x
        Of the dense layer, as of `put_in_planes`.
    kept : (pooled, route) or None
        Gets what the backward pass needs: the dense layer's inputs (batch, filters,
        out_height * pitch), dtype of x, and the route of each, uint8 of the same shape.

    Returns
    -------
    z : (batch, units), dtype of x
        Without the dense layer's bias.
    """
    filters, out_height, pitch = weights.shape[1:]
    z = np.empty((len(x), len(weights)), dtype=x.dtype)
    if kept is None:
        pooled = np.empty((0, filters, out_height * pitch), dtype=x.dtype)
        route = np.empty(pooled.shape, dtype=np.uint8)
    else:
        pooled, route = kept
    out_width = _out_width(x, pads)
    arguments = (transform_taps(kernel), bias, pads, relu, drop or (0.0, 0, 0))
    images = x.reshape(x.shape[:3])  # (batch, height, width, 1) -> (batch, height, width)
    scale = scale_of(drop, x.dtype)
    share(_forward, len(x), images, *arguments, scale, out_width, weights, pooled, route, z)
    return z


def conv_pool_dense_backward(x, dz, pads, drop, weights, kept):
    """Gradients of all parameters but the dense layer's bias.

    Parameters
    ----------
    dz : (batch, units), dtype of x
    x, pads, drop, weights, kept
        As in `conv_pool_dense_forward`.

    Returns
    -------
    dkernel : (3, 3, 1, filters)
    dbias : (filters,)
    dweights : (out_height * out_width * filters, units)
        In the dense layer's own order.
    """
    filters, out_height, _ = weights.shape[1:]
    out_width = _out_width(x, pads)
    partial = np.empty((len(x), filters, 13), dtype=x.dtype)
    dweights = np.empty((out_height, out_width, filters, len(weights)), dtype=x.dtype)
    jobs = len(x) + -(-out_height // ROWS)
    share(_backward, jobs, x.reshape(x.shape[:3]), dz, pads, weights, *kept, partial, dweights)
    return *sum_of(partial, drop), dweights.reshape(-1, len(weights))


def _out_width(x, pads):
    """Pooling windows in a row."""
    return (x.shape[2] + sum(pads[1]) - 2) // 2


def new_weights(units, pooled_shape, dtype):
    """Memory for the dense weights in the order of the planes; 0 behind the last column.

    Parameters
    ----------
    units : int
    pooled_shape : (out_height, out_width, filters)
    dtype : float32 or float64

    Returns
    -------
    in_planes : (units, filters, out_height, pitch)
    """
    out_height, out_width, filters = pooled_shape
    return np.zeros((units, filters, out_height, pitch_of(out_width)), dtype=dtype)


def put_in_planes(weights, pooled_shape, in_planes):
    """Write dense weights (out_height * out_width * filters, units) into `in_planes`."""
    # (out_height * out_width * filters, units) -> (out_height, out_width, filters, units)
    _put_in_planes(weights.reshape(*pooled_shape, -1), in_planes)


@compiled
def _put_in_planes(weights, in_planes):
    out_height, out_width, filters, units = weights.shape
    for row in range(out_height):
        values = weights[row].reshape(-1)
        for f in range(filters):
            for u in range(units):
                line, first = in_planes[u, f, row], f * units + u
                for col in range(out_width):
                    line[col] = values[col * filters * units + first]


@summing_kernel
def _forward(
    images, taps, bias, pads, relu, drop, scale, out_width, weights, pooled, route, z, start, stop
):
    """Sample by sample. images: (batch, height, width); taps: (filters, 3, 4); z: (batch, units);
    pooled and route have no samples where nothing is to be kept."""
    units, filters, out_height, pitch = weights.shape
    pairs, planes = new_planes(out_height, out_width, images.dtype)
    indices = indices_in_y(out_height, out_width, filters)
    spare_best = np.empty(out_height * pitch, dtype=images.dtype)
    spare_ways = np.empty(out_height * pitch, dtype=np.uint8)
    for n in range(start, stop):
        transform_pixels(images[n], pads, out_width, pairs, planes)
        z[n] = 0
        for f in range(filters):
            best, ways = (pooled[n, f], route[n, f]) if len(pooled) else (spare_best, spare_ways)
            largest_sums(planes, pitch, taps[f], bias[f], relu, best, ways)
            if drop[0] > 0:
                first = n * out_height * out_width * filters + f
                drop_out(drop, scale, first, indices, best, ways)
            for u in range(units):
                z[n, u] += _dot(best, weights[u, f].reshape(-1))


@part
def _dot(left, right):
    total = left.dtype.type(0)
    for i in range(left.size):
        total += left[i] * right[i]
    return total


@summing_kernel
def _backward(images, dz, pads, weights, pooled, route, partial, dweights, start, stop):
    """The first jobs are samples' shares of the convolution's gradients, the others rows of the
    dense layer's: thus threads are woken once for both."""
    batch, (out_height, out_width) = len(images), dweights.shape[:2]
    pitch = weights.shape[3]
    pairs, planes = new_planes(out_height, out_width, images.dtype)
    dy = np.empty(out_height * pitch, dtype=images.dtype)
    for job in range(start, stop):
        if job < batch:
            transform_pixels(images[job], pads, out_width, pairs, planes)
            for f in range(weights.shape[1]):
                _dy_of_filter(dz[job], weights, f, dy)
                sum_products(planes, pitch, dy, route[job, f], partial[job, f])
        else:
            first = (job - batch) * ROWS
            _sum_rows(dz, pooled, pitch, first, dweights[first : first + ROWS])


@part
def _dy_of_filter(dz, weights, f, dy):
    """The gradient of one filter's pooled outputs of a sample; dz: (units,)."""
    slope, line = dz[0], weights[0, f].reshape(-1)
    for i in range(dy.size):
        dy[i] = slope * line[i]
    for u in range(1, len(dz)):
        slope, line = dz[u], weights[u, f].reshape(-1)
        for i in range(dy.size):
            dy[i] += slope * line[i]


@part
def _sum_rows(dz, pooled, pitch, first, dweights):
    """The gradient of the dense weights for some rows of pooled outputs, `first` and following."""
    rows, out_width, filters, units = dweights.shape
    totals = np.empty((units, rows * pitch), dtype=pooled.dtype)
    for f in range(filters):
        totals[:] = 0
        begin, end = first * pitch, (first + rows) * pitch
        fours = len(pooled) - len(pooled) % 4
        for n in range(0, fours, 4):
            l_0, l_1 = pooled[n, f, begin:end], pooled[n + 1, f, begin:end]
            l_2, l_3 = pooled[n + 2, f, begin:end], pooled[n + 3, f, begin:end]
            for u in range(units):
                total = totals[u]
                s_0, s_1, s_2, s_3 = dz[n, u], dz[n + 1, u], dz[n + 2, u], dz[n + 3, u]
                for i in range(total.size):
                    total[i] += (s_0 * l_0[i] + s_1 * l_1[i]) + (s_2 * l_2[i] + s_3 * l_3[i])
        for n in range(fours, len(pooled)):
            line = pooled[n, f, begin:end]
            for u in range(units):
                slope, total = dz[n, u], totals[u]
                for i in range(total.size):
                    total[i] += slope * line[i]
        for row in range(rows):
            for col in range(out_width):
                for u in range(units):
                    dweights[row, col, f, u] = totals[u, row * pitch + col]
