"""Convolution with few filters whose windows move by one pixel; with relu in it.

One channel of a padded image is a pair of *planes*: one has its even rows, one behind the other in
a single vector of `pitch` values each, the other its odd rows. For the even rows of outputs and
for the odd ones, pixel (row + a, col + b) of all windows is then a vector, too: a plane moved on
by so many values. A row of pixels is loaded once for two rows of outputs, and several taps are
applied in one walk (see `row_taps.py`), because what limits these loops is how often memory is read, not the
arithmetic. (The last columns of a row belong to windows that reach over its end; they are
computed and not used.)

Outputs and their gradients are rows of a matrix `out` (batch, values) in which this layer's
begin at number `at`: a layer behind which others are concatenated writes where they belong.

In front of a convolution of one channel there may be another one, of one tap: it does no more than
multiply, and is done where the planes are filled.
"""

import numpy as np

from minicnn.kernels.compiled.row_taps import add_products, correlate, written_out
from minicnn.kernels.runtime.jit import part, summing_kernel
from minicnn.kernels.runtime.thread_pool import share

NO_FRONT = None  # nothing in front of the convolution


def conv_forward(x, kernel, bias, pads, relu, out, at, front=NO_FRONT):
    """y = convolution of x, through relu if `relu`, into `out`.

    Parameters
    ----------
    x : (batch, height, width, channels) float array
    kernel : (kernel_height, kernel_width, channels, filters), dtype of x
    bias : (filters,), dtype of x
    pads : ((top, bottom), (left, right))
        Rows and columns of zeros around the image.
    relu : bool
    out : (batch, values), dtype of x
    at : int
        out[n, at:] gets sample n's (out_height, out_width, filters) values.
    front : (tap, bias, relu), optional
        With one channel: instead of x, tap * x + bias, through relu if `relu`, is convolved.
    """
    if kernel.size == 1 and front is NO_FRONT:
        share(_scale_forward, len(x), x.reshape(len(x), -1), kernel.flat[0], bias[0], relu, out, at)
        return
    # (kernel_height, kernel_width, channels, filters) -> (filters, channels, height, width)
    taps = np.ascontiguousarray(kernel.transpose(3, 2, 0, 1))
    sizes = written_out(kernel.shape[:2])
    share(_forward, len(x), x, front or _nothing(x), taps, bias, pads, relu, out, at, sizes)


def _nothing(x):
    """A front that changes nothing."""
    return x.dtype.type(1), x.dtype.type(0), False


def conv_backward(x, kernel, pads, dy, scales, y, at, relu, dx, front=NO_FRONT):
    """All gradients of a convolution and its relu.

    Parameters
    ----------
    x, kernel, pads, at, relu, front
        As in `conv_forward`.
    dy : (batch or 1, values), dtype of x
    scales : (batch,), dtype of x
        The gradient of sample n's outputs is scales[n] * dy[n]. Behind a dense layer of one unit
        the samples' gradients differ by a factor only; then dy is a single row.
    y : (batch, values), dtype of x
        With `relu`, the outputs: where y is 0 (or below), dy is cut off.
    dx : (batch, height, width, channels) or None
        Gets the gradient of x, if it is wanted.

    Returns
    -------
    dkernel : as kernel
    dbias : (filters,)
    dfront : (2,)
        Of the front's tap and bias; 0 without a front.
    """
    partial = np.empty((len(x), *kernel.shape), dtype=x.dtype)
    partial_bias = np.empty((len(x), kernel.shape[3]), dtype=x.dtype)
    partial_front = np.zeros((len(x), 2), dtype=x.dtype)
    if kernel.size == 1 and front is NO_FRONT:
        values = x.reshape(len(x), -1)
        dvalues = values[:0] if dx is None else dx.reshape(values.shape)
        arguments = (values, kernel.flat[0], dy, scales, y, at, relu, dx is not None)
        share(_scale_backward, len(x), *arguments, partial, partial_bias, dvalues)
    else:
        wanted = (True, dx is not None, front is not NO_FRONT)
        partials = (partial, partial_bias, partial_front)
        outer = {"front": front, "scales": scales, "y": y, "at": at, "relu": relu}
        _share_backward(x, _turned_taps(kernel), pads, dy, wanted, partials, dx, **outer)
    # the batch axis goes, in fixed order
    return partial.sum(axis=0), partial_bias.sum(axis=0), partial_front.sum(axis=0)


def conv_grad_kernel(x, dy, pads, partial):
    """Each sample's share of the kernel's gradient, into `partial` (batch, *kernel.shape)."""
    partial_bias = np.empty((len(x), partial.shape[4]), dtype=x.dtype)
    taps = np.zeros(partial.shape[1:], dtype=x.dtype).transpose(3, 2, 0, 1).copy()
    partials = (partial, partial_bias, np.empty((0, 2), dtype=x.dtype))
    _share_backward(x, taps, pads, dy, wanted=(True, False, False), partials=partials)


def conv_grad_input(dy, kernel, pads, dx):
    """The gradient of the input, into `dx` (batch, height, width, channels)."""
    partial = np.empty((0, *kernel.shape), dtype=dx.dtype)
    partial_bias = np.empty((len(dx), kernel.shape[3]), dtype=dx.dtype)
    partials = (partial, partial_bias, np.empty((0, 2), dtype=dx.dtype))
    wanted = (False, True, False)
    _share_backward(dx, _turned_taps(kernel), pads, dy, wanted=wanted, partials=partials, dx=dx)


def _share_backward(
    x, taps, pads, dy, wanted, partials, dx=None, front=None, scales=None, y=None, at=0, relu=False
):
    """Run `_backward`, whose arguments these are; without `scales`, `y` and `relu`, dy is dz."""
    scales = np.ones(len(x), dtype=x.dtype) if scales is None else scales
    arguments = (x, front or _nothing(x), taps, pads, dy, scales, dy if y is None else y, at, relu)
    dx = x[:0] if dx is None else dx
    share(_backward, len(x), *arguments, wanted, written_out(taps.shape[2:]), *partials, dx)


def _turned_taps(kernel):
    """The taps as the input's gradient meets them: turned by 180 degrees."""
    # (kernel_height, kernel_width, channels, filters) -> (filters, channels, height, width)
    return np.ascontiguousarray(kernel[::-1, ::-1].transpose(3, 2, 0, 1))


@summing_kernel
def _scale_forward(x, tap, bias, relu, out, at, start, stop):
    """A 1x1 kernel on one channel: all values times the tap."""
    zero = x.dtype.type(0)
    for n in range(start, stop):
        pixels, y = x[n], out[n, at : at + x.shape[1]]
        for i in range(pixels.size):
            value = tap * pixels[i] + bias
            y[i] = zero if relu and value < zero else value


@summing_kernel
def _scale_backward(
    x, tap, dy, scales, y, at, relu, want_input, partial, partial_bias, dx, start, stop
):
    zero = x.dtype.type(0)
    for n in range(start, stop):
        pixels, scale = x[n], scales[n]
        dy_n, shown = dy[n % len(dy), at : at + pixels.size], y[n, at : at + pixels.size]
        dtap, dbias = zero, zero
        for i in range(pixels.size):
            dz = scale * dy_n[i] if not relu or shown[i] > zero else zero
            dtap += dz * pixels[i]
            dbias += dz
        partial[n, 0, 0, 0, 0], partial_bias[n, 0] = dtap, dbias
        if want_input:
            dpixels = dx[n]
            for i in range(pixels.size):
                dz = scale * dy_n[i] if not relu or shown[i] > zero else zero
                dpixels[i] = tap * dz


@part
def _fill_planes(planes, image, front, top, left, pitch):
    """(height, width, channels) -> (channels, 2, values); the padding is there and stays 0."""
    height, width, channels = image.shape
    tap, bias, relu = front
    zero = planes.dtype.type(0)
    for row in range(height):
        begin = (top + row) // 2 * pitch + left
        values = image[row].reshape(-1)
        for c in range(channels):
            pixels = planes[c, (top + row) % 2, begin : begin + width]
            if channels == 1:
                for col in range(width):
                    value = tap * values[col] + bias
                    pixels[col] = zero if relu and value < zero else value
            else:
                for col in range(width):
                    pixels[col] = values[col * channels + c]


@part
def _new_planes(count, height, pitch, like):
    """Pairs of planes for images of `height` rows, with room for windows over the end; all 0."""
    return np.zeros((count, 2, (height // 2 + 2) * pitch), dtype=like.dtype)


@summing_kernel
def _forward(x, front, taps, bias, pads, relu, out, at, sizes, start, stop):
    _, height, width, channels = x.shape
    filters, _, kernel_height, kernel_width = taps.shape
    padded_height, padded_width = height + sum(pads[0]), width + sum(pads[1])
    out_height, out_width = padded_height - kernel_height + 1, padded_width - kernel_width + 1
    pitch = (padded_width + 15) // 16 * 16  # whole vector registers
    planes = _new_planes(channels, padded_height, pitch, x)
    totals = np.empty((2, (out_height + 1) // 2 * pitch), dtype=x.dtype)
    values = out_height * out_width * filters
    for n in range(start, stop):
        _fill_planes(planes, x[n], front, pads[0][0], pads[1][0], pitch)
        for f in range(filters):
            totals[:] = bias[f]
            for c in range(channels):
                correlate(totals, planes[c], taps[f, c], pitch, sizes)
            _put_filter(totals, pitch, relu, out[n, at : at + values], f, filters, out_width)


@part
def _put_filter(totals, pitch, relu, y, f, filters, out_width):
    """One filter's values, through relu, to their places in y."""
    zero = totals.dtype.type(0)
    for row in range(y.size // (out_width * filters)):
        line = totals[row % 2, row // 2 * pitch : row // 2 * pitch + out_width]
        target = y[row * out_width * filters : (row + 1) * out_width * filters]
        if filters == 1:
            for col in range(out_width):
                target[col] = zero if relu and line[col] < zero else line[col]
        else:
            for col in range(out_width):
                target[col * filters + f] = zero if relu and line[col] < zero else line[col]


@part
def _fill_dz(dz_planes, top, left, pitch, dy, scale, y, relu, f, filters, out_width):
    """One filter's dz into a pair of planes whose other values are 0; returns the sum."""
    zero = dz_planes.dtype.type(0)
    total = zero
    for row in range(dy.size // (out_width * filters)):
        slopes = dy[row * out_width * filters : (row + 1) * out_width * filters]
        shown = y[row * out_width * filters : (row + 1) * out_width * filters]
        begin = (top + row) // 2 * pitch + left
        line = dz_planes[(top + row) % 2, begin : begin + out_width]
        if filters == 1:
            for col in range(out_width):
                dz = scale * slopes[col] if not relu or shown[col] > zero else zero
                line[col] = dz
                total += dz
        else:
            for col in range(out_width):
                i = col * filters + f
                dz = scale * slopes[i] if not relu or shown[i] > zero else zero
                line[col] = dz
                total += dz
    return total


@summing_kernel
def _backward(
    x,
    front,
    taps,
    pads,
    dy,
    scales,
    y,
    at,
    relu,
    wanted,
    sizes,
    partial,
    partial_bias,
    partial_front,
    dx,
    start,
    stop,
):
    """Each sample's share of the gradients of kernel and bias, and the input's gradient.

    The input's gradient is dz, with as many zeros around it as the kernel reaches, correlated
    with the kernel turned by 180 degrees.

    taps: as of `_turned_taps`; wanted: whether the gradients of kernel, input and front are.
    """
    _, height, width, channels = x.shape
    filters, _, kernel_height, kernel_width = taps.shape
    padded_height, padded_width = height + sum(pads[0]), width + sum(pads[1])
    out_height, out_width = padded_height - kernel_height + 1, padded_width - kernel_width + 1
    pitch = (padded_width + kernel_width + 14) // 16 * 16
    planes = _new_planes(channels, padded_height, pitch, x)
    # dz begins `top` rows down and `left` columns to the right.
    top, left = kernel_height - 1, kernel_width - 1
    dz_planes = _new_planes(1, padded_height + kernel_height, pitch, x)[0]
    size = (out_height + 1) // 2 * pitch
    evens = dz_planes[top % 2, top // 2 * pitch + left :][:size]
    odds = dz_planes[(top + 1) % 2, (top + 1) // 2 * pitch + left :][:size]
    totals = np.empty((channels, 2, (padded_height + 1) // 2 * pitch), dtype=x.dtype)
    sums = np.empty((kernel_height, kernel_width), dtype=x.dtype)
    values = out_height * out_width * filters
    for n in range(start, stop):
        dy_n, y_n = dy[n % len(dy), at : at + values], y[n, at : at + values]
        if wanted[0]:
            _fill_planes(planes, x[n], front, pads[0][0], pads[1][0], pitch)
        totals[:] = 0
        for f in range(filters):
            partial_bias[n, f] = _fill_dz(
                dz_planes, top, left, pitch, dy_n, scales[n], y_n, relu, f, filters, out_width
            )
            for c in range(channels):
                if wanted[0]:
                    sums[:] = 0
                    add_products(sums, planes[c], evens, odds, pitch)
                    # Not partial[n, :, :, c, f] = sums: numba takes 3 s to compile what would be
                    # said if their shapes did not match.
                    for a in range(kernel_height):
                        for b in range(kernel_width):
                            partial[n, a, b, c, f] = sums[a, b]
                if wanted[1] or wanted[2]:
                    correlate(totals[c], dz_planes, taps[f, c], pitch, sizes)
        if wanted[2]:
            image, top_left = x[n].reshape(height, width), (pads[0][0], pads[1][0])
            _undo_front(totals[0], planes[0], image, front, top_left, pitch, partial_front[n])
        if wanted[1]:
            _put_image(totals, pads[0][0], pads[1][0], pitch, dx[n])


@part
def _put_image(planes, top, left, pitch, image):
    """Undo `_fill_planes`."""
    height, width, channels = image.shape
    for row in range(height):
        begin = (top + row) // 2 * pitch + left
        values = image[row].reshape(-1)
        for c in range(channels):
            line = planes[c, (top + row) % 2, begin : begin + width]
            if channels == 1:
                for col in range(width):
                    values[col] = line[col]
            else:
                for col in range(width):
                    values[col * channels + c] = line[col]


@part
def _undo_front(dy_planes, planes, image, front, top_left, pitch, sums):
    """Turn the gradient of the front's outputs into that of its inputs.

    sums: gets the gradients of the front's tap and bias.
    """
    height, width = image.shape
    top, left = top_left
    tap, _, relu = front
    zero = planes.dtype.type(0)
    dtap = dbias = zero
    for row in range(height):
        begin = (top + row) // 2 * pitch + left
        dy_row = dy_planes[(top + row) % 2, begin : begin + width]
        shown = planes[(top + row) % 2, begin : begin + width]
        pixels = image[row]
        for col in range(width):
            dz = dy_row[col] if not relu or shown[col] > zero else zero
            dtap += dz * pixels[col]
            dbias += dz
            dy_row[col] = tap * dz
    sums[0], sums[1] = dtap, dbias
