"""Convolution with few channels and filters whose windows move by one pixel; with relu in it.

One channel of a padded image is a *plane*: its rows one behind the other in a single vector of
`pitch` numbers each. The window of output number i = row * pitch + col then begins at number i
of the plane, and its pixel (tap_row, tap_col) is number i + tap_row * pitch + tap_col. So a tap
meets all its pixels in one long walk along a vector, over the ends of the rows: what is summed up
there, in the last columns, is not used.

Outputs and their gradients are rows of a matrix `out` (batch, numbers) in which this layer's
begin at number `at`: a layer behind which others are concatenated writes where they belong.
"""

import numpy as np

from minicnn.kernels.compiled.jit import summing_kernel
from minicnn.kernels.threads import share

STRIP = 2048  # about so many numbers of a plane are worked on at a time: they stay in the cache


def conv_forward(x, kernel, bias, pads, relu, out, at):
    """y = convolution of x, through relu if `relu`, into `out`.

    Parameters
    ----------
    x : (batch, height, width, channels) float array
    kernel : (kernel_height, kernel_width, channels, filters), dtype of x
    bias : (filters,), dtype of x
    pads : ((top, bottom), (left, right))
        Rows and columns of zeros around the image.
    relu : bool
    out : (batch, numbers), dtype of x
    at : int
        out[n, at:] gets sample n's (out_height, out_width, filters) numbers.
    """
    # (kernel_height, kernel_width, channels, filters) -> (filters, height, channels, width)
    taps = np.ascontiguousarray(kernel.transpose(3, 0, 2, 1))
    share(_forward, len(x), x, taps, bias, pads, relu, out, at)


def conv_backward(x, kernel, pads, dy, y, at, relu, dx):
    """All gradients in one sweep over the samples.

    Parameters
    ----------
    x, kernel, pads, at, relu
        As in `conv_forward`.
    dy, y : (batch, numbers), dtype of x
        Gradient of the outputs, and with `relu` the outputs themselves: where y is 0 (or
        below), dy is cut off.
    dx : (batch, height, width, channels) or None
        Gets the gradient of x, if it is wanted.

    Returns
    -------
    dkernel : as kernel
    dbias : (filters,)
    """
    partial = np.zeros((len(x), *kernel.shape), dtype=x.dtype)
    partial_bias = np.zeros((len(x), kernel.shape[3]), dtype=x.dtype)
    wanted = (True, dx is not None)
    dx = np.empty((0, *x.shape[1:]), x.dtype) if dx is None else dx
    arguments = (x, _reversed_taps(kernel), pads, dy, y, at, relu)
    share(_backward, len(x), *arguments, wanted, partial, partial_bias, dx)
    return partial.sum(axis=0), partial_bias.sum(axis=0)  # the batch axis goes, in fixed order


def conv_grad_kernel(x, dy, at, pads, partial):
    """Each sample's share of the kernel's gradient, into `partial` (batch, *kernel.shape)."""
    partial_bias = np.zeros((len(x), partial.shape[4]), dtype=x.dtype)
    no_taps = np.zeros((1, 1, 1, 1), dtype=x.dtype)
    no_dx = np.empty((0, *x.shape[1:]), x.dtype)
    wanted = (True, False)
    arguments = (x, no_taps, pads, dy, dy, at, False)
    share(_backward, len(x), *arguments, wanted, partial, partial_bias, no_dx)


def conv_grad_input(dy, at, kernel, pads, dx):
    """The gradient of the input, into `dx` (batch, height, width, channels)."""
    partial = np.empty((0, *kernel.shape), dtype=dx.dtype)
    partial_bias = np.zeros((len(dx), kernel.shape[3]), dtype=dx.dtype)
    wanted = (False, True)
    arguments = (dx, _reversed_taps(kernel), pads, dy, dy, at, False)
    share(_backward, len(dx), *arguments, wanted, partial, partial_bias, dx)


def _reversed_taps(kernel):
    """The taps as the input's gradient meets them: every row from right to left."""
    # (kernel_height, kernel_width, channels, filters) -> (filters, height, channels, width)
    return np.ascontiguousarray(kernel[:, ::-1].transpose(3, 0, 2, 1))


@summing_kernel
def _add_taps(total, pixels, taps):
    """total[i] += sum over b of taps[b] * pixels[i + b]; four taps in one walk."""
    size, width = total.size, taps.size
    for b in range(0, width - 3, 4):
        pixels_0, pixels_1 = pixels[b : b + size], pixels[b + 1 : b + 1 + size]
        pixels_2, pixels_3 = pixels[b + 2 : b + 2 + size], pixels[b + 3 : b + 3 + size]
        tap_0, tap_1, tap_2, tap_3 = taps[b], taps[b + 1], taps[b + 2], taps[b + 3]
        for i in range(size):
            pair = tap_0 * pixels_0[i] + tap_1 * pixels_1[i]
            total[i] += pair + (tap_2 * pixels_2[i] + tap_3 * pixels_3[i])
    b = width - width % 4
    if width % 4 == 3:
        pixels_0, pixels_1 = pixels[b : b + size], pixels[b + 1 : b + 1 + size]
        pixels_2 = pixels[b + 2 : b + 2 + size]
        tap_0, tap_1, tap_2 = taps[b], taps[b + 1], taps[b + 2]
        for i in range(size):
            total[i] += tap_0 * pixels_0[i] + tap_1 * pixels_1[i] + tap_2 * pixels_2[i]
    elif width % 4 > 0:
        for b in range(width - width % 4, width):
            pixels_0, tap_0 = pixels[b : b + size], taps[b]
            for i in range(size):
                total[i] += tap_0 * pixels_0[i]


@summing_kernel
def _add_products(sums, pixels, flow):
    """sums[b] += sum over i of flow[i] * pixels[i + b]; four sums in one walk."""
    size, width = flow.size, sums.size
    zero = flow.dtype.type(0)
    for b in range(0, width - 3, 4):
        pixels_0, pixels_1 = pixels[b : b + size], pixels[b + 1 : b + 1 + size]
        pixels_2, pixels_3 = pixels[b + 2 : b + 2 + size], pixels[b + 3 : b + 3 + size]
        sum_0 = sum_1 = sum_2 = sum_3 = zero
        for i in range(size):
            sum_0 += flow[i] * pixels_0[i]
            sum_1 += flow[i] * pixels_1[i]
            sum_2 += flow[i] * pixels_2[i]
            sum_3 += flow[i] * pixels_3[i]
        sums[b] += sum_0
        sums[b + 1] += sum_1
        sums[b + 2] += sum_2
        sums[b + 3] += sum_3
    b = width - width % 4
    if width % 4 == 3:
        pixels_0, pixels_1 = pixels[b : b + size], pixels[b + 1 : b + 1 + size]
        pixels_2 = pixels[b + 2 : b + 2 + size]
        sum_0 = sum_1 = sum_2 = zero
        for i in range(size):
            sum_0 += flow[i] * pixels_0[i]
            sum_1 += flow[i] * pixels_1[i]
            sum_2 += flow[i] * pixels_2[i]
        sums[b] += sum_0
        sums[b + 1] += sum_1
        sums[b + 2] += sum_2
    elif width % 4 > 0:
        for b in range(width - width % 4, width):
            pixels_0 = pixels[b : b + size]
            sum_0 = zero
            for i in range(size):
                sum_0 += flow[i] * pixels_0[i]
            sums[b] += sum_0


@summing_kernel
def _fill_planes(planes, image, pads, pitch):
    """(height, width, channels) -> (channels, plane); the padding is there and stays 0."""
    height, width, channels = image.shape
    top, left = pads[0][0], pads[1][0]
    for c in range(channels):
        for row in range(height):
            begin = (top + row) * pitch + left
            pixels = planes[c, begin : begin + width]
            for col in range(width):
                pixels[col] = image[row, col, c]


@summing_kernel
def _forward(x, taps, bias, pads, relu, out, at, start, stop):
    _, height, width, channels = x.shape
    filters, kernel_height, _, kernel_width = taps.shape
    padded_height = height + pads[0][0] + pads[0][1]
    pitch = width + pads[1][0] + pads[1][1]
    out_height, out_width = padded_height - kernel_height + 1, pitch - kernel_width + 1
    planes = np.zeros((channels, padded_height * pitch + kernel_width), dtype=x.dtype)
    strip_height = max(1, STRIP // pitch)
    strip = np.empty(strip_height * pitch, dtype=x.dtype)
    zero = x.dtype.type(0)
    for n in range(start, stop):
        _fill_planes(planes, x[n], pads, pitch)
        for first in range(0, out_height, strip_height):
            rows = min(strip_height, out_height - first)
            total = strip[: rows * pitch]
            for f in range(filters):
                total[:] = bias[f]
                for tap_row in range(kernel_height):
                    for c in range(channels):
                        pixels = planes[c, (first + tap_row) * pitch :]
                        _add_taps(total, pixels, taps[f, tap_row, c])
                for row in range(rows):
                    line = total[row * pitch : row * pitch + out_width]
                    begin = at + (first + row) * out_width * filters
                    y = out[n, begin : begin + out_width * filters]
                    if relu:
                        for col in range(out_width):
                            line[col] = zero if line[col] < zero else line[col]
                    if filters == 1:
                        y[:] = line
                    else:
                        for col in range(out_width):
                            y[col * filters + f] = line[col]


@summing_kernel
def _flow_plane(plane, dy, y, relu, f, filters, out_width, pitch):
    """One filter's dz as a plane of output numbers, 0 in the unused columns; returns its sum."""
    zero = plane.dtype.type(0)
    total = zero
    for row in range(dy.size // (out_width * filters)):
        begin = row * out_width * filters
        flow = dy[begin : begin + out_width * filters]
        shown = y[begin : begin + out_width * filters]
        line = plane[row * pitch : row * pitch + out_width]
        if filters == 1:
            for col in range(out_width):
                value = flow[col] if not relu or shown[col] > zero else zero
                line[col] = value
                total += value
        else:
            for col in range(out_width):
                i = col * filters + f
                value = flow[i] if not relu or shown[i] > zero else zero
                line[col] = value
                total += value
    return total


@summing_kernel
def _backward(x, taps, pads, dy, y, at, relu, wanted, partial, partial_bias, dx, start, stop):
    """taps: as of `_reversed_taps`; wanted: whether the kernel's and the input's gradient are."""
    _, height, width, channels = x.shape
    want_kernel, want_input = wanted
    filters = partial_bias.shape[1]
    kernel_height, kernel_width = partial.shape[1:3]
    padded_height = height + pads[0][0] + pads[0][1]
    pitch = width + pads[1][0] + pads[1][1]
    out_height, out_width = padded_height - kernel_height + 1, pitch - kernel_width + 1
    planes = np.zeros((channels, padded_height * pitch + kernel_width), dtype=x.dtype)
    dplanes = np.zeros((channels, padded_height * pitch), dtype=x.dtype)
    # Zeros in front of the output numbers: the input's gradient looks back that far.
    margin = (kernel_height - 1) * pitch + kernel_width - 1
    flows = np.zeros(margin + padded_height * pitch, dtype=x.dtype)
    flow = flows[margin:]
    sums = np.zeros(kernel_width, dtype=x.dtype)
    strip_height = max(1, STRIP // pitch)
    numbers = out_height * out_width * filters
    for n in range(start, stop):
        if want_kernel:
            _fill_planes(planes, x[n], pads, pitch)
        if want_input:
            dplanes[:] = 0
        dy_n, y_n = dy[n, at : at + numbers], y[n, at : at + numbers]
        for f in range(filters):
            partial_bias[n, f] = _flow_plane(flow, dy_n, y_n, relu, f, filters, out_width, pitch)
            if want_kernel:
                for first in range(0, out_height, strip_height):
                    rows = min(strip_height, out_height - first)
                    strip = flow[first * pitch : (first + rows) * pitch]
                    for tap_row in range(kernel_height):
                        for c in range(channels):
                            sums[:] = 0
                            _add_products(sums, planes[c, (first + tap_row) * pitch :], strip)
                            for tap_col in range(kernel_width):
                                partial[n, tap_row, tap_col, c, f] += sums[tap_col]
            if want_input:
                for first in range(0, padded_height, strip_height):
                    rows = min(strip_height, padded_height - first)
                    for tap_row in range(kernel_height):
                        back = flows[margin + (first - tap_row) * pitch - kernel_width + 1 :]
                        for c in range(channels):
                            strip = dplanes[c, first * pitch : (first + rows) * pitch]
                            _add_taps(strip, back, taps[f, tap_row, c])
        if want_input:
            for c in range(channels):
                for row in range(height):
                    begin = (pads[0][0] + row) * pitch + pads[1][0]
                    line = dplanes[c, begin : begin + width]
                    for col in range(width):
                        dx[n, row, col, c] = line[col]
