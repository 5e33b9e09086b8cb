"""Convolution (3x3, one channel), relu, 2x2 max-pooling and dropout in a single pass.

Layer by layer, the values between convolution and pooling fill four times the memory of those
behind it, and are written and read again by each layer. Here they live in registers: the four
sums of a pooling window are computed side by side, and only the largest leaves. How that is done
along vectors is in `pooled_planes.py`.

For the backward pass a *route* is kept for each output, one byte: which of the four sums was the
largest, or CUT where no gradient flows because relu was at 0 or dropout dropped the output.
"""

import numpy as np

from minicnn.kernels.fused.pooled_planes import (
    drop_out,
    indices_in_y,
    largest_sums,
    new_planes,
    pitch_of,
    sum_products,
    transform_back,
    transform_pixels,
    transform_taps,
)
from minicnn.kernels.runtime.jit import summing_kernel
from minicnn.kernels.runtime.thread_pool import share


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
    dropped = drop or (0.0, 0, 0)
    scale = scale_of(drop, x.dtype)
    images = x.reshape(x.shape[:3])  # (batch, height, width, 1) -> (batch, height, width)
    taps = transform_taps(kernel)
    share(_forward, len(x), images, taps, bias, pads, relu, dropped, scale, y, route)


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
    partial = np.empty((len(x), dy.shape[3], 13), dtype=x.dtype)
    share(_backward, len(x), x.reshape(x.shape[:3]), dy, pads, route, partial)
    return sum_of(partial, drop)


def sum_of(partial, drop):
    """Gradients of kernel and bias from the samples' sums of products."""
    total = partial.sum(axis=0) * scale_of(drop, partial.dtype)  # batch goes, in fixed order
    # (filters, 12) -> (filters, 3, 4)
    return transform_back(total[:, :12].reshape(-1, 3, 4)), total[:, 12].copy()


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
    scale = scale_of(drop, dy.dtype)
    # (batch, filters, out_height * pitch) -> (batch, out_height, out_width, filters)
    ways = route.reshape(batch, filters, out_height, -1)[..., :out_width].transpose(0, 2, 3, 1)
    dz = np.zeros((batch, *z_shape), dtype=dy.dtype)
    for way in range(4):
        corner = dz[:, way // 2 : 2 * out_height : 2, way % 2 : 2 * out_width : 2]
        corner[ways == way] = dy[ways == way] * scale
    return dz


def scale_of(drop, dtype):
    """What dropout multiplies by: 1 / (1 - rate)."""
    rate = drop[0] if drop else 0.0
    return dtype.type(1 / (1 - rate) if rate < 1 else 0)


@summing_kernel
def _forward(images, taps, bias, pads, relu, drop, scale, y, route, start, stop):
    """Sample by sample. images: (batch, height, width); taps: (filters, 3, 4)."""
    _, out_height, out_width, filters = y.shape
    pitch = route.shape[2] // out_height
    pairs, planes = new_planes(out_height, out_width, images.dtype)
    best = np.empty((filters, out_height * pitch), dtype=images.dtype)
    indices = indices_in_y(out_height, out_width, filters)
    for n in range(start, stop):
        transform_pixels(images[n], pads, out_width, pairs, planes)
        for f in range(filters):
            largest_sums(planes, pitch, taps[f], bias[f], relu, best[f], route[n, f])
            if drop[0] > 0:
                first = n * out_height * out_width * filters + f
                drop_out(drop, scale, first, indices, best[f], route[n, f])
        for row in range(out_height):
            for f in range(filters):
                line = best[f, row * pitch : row * pitch + out_width]
                for col in range(out_width):
                    y[n, row, col, f] = line[col]


@summing_kernel
def _backward(images, dy, pads, route, partial, start, stop):
    """Sample by sample. images: (batch, height, width); partial: (batch, filters, 13)."""
    _, out_height, out_width, filters = dy.shape
    pitch = route.shape[2] // out_height
    pairs, planes = new_planes(out_height, out_width, images.dtype)
    dy_planes = np.zeros((filters, out_height * pitch), dtype=images.dtype)
    for n in range(start, stop):
        transform_pixels(images[n], pads, out_width, pairs, planes)
        for row in range(out_height):
            for f in range(filters):
                line = dy_planes[f, row * pitch : row * pitch + out_width]
                for col in range(out_width):
                    line[col] = dy[n, row, col, f]
        for f in range(filters):
            sum_products(planes, pitch, dy_planes[f], route[n, f], partial[n, f])
