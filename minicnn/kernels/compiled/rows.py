"""Convolution with few channels and filters whose windows move by one pixel; with relu in it.

One channel of a padded image is a pair of *planes*: one has its even rows, one behind the other in
a single vector of `pitch` numbers each, the other its odd rows. For the even rows of outputs and
for the odd ones, pixel (row + a, col + b) of all windows is then a vector, too: a plane moved on
by so many numbers. A row of pixels is loaded once for two rows of outputs, and four taps are
applied in one walk, because what limits these loops is how often memory is read, not the
arithmetic. (The last columns of a row belong to windows that reach over its end; they are
computed and not used.)

Outputs and their gradients are rows of a matrix `out` (batch, numbers) in which this layer's
begin at number `at`: a layer behind which others are concatenated writes where they belong.
"""

import numpy as np

from minicnn.kernels.jit import part, summing_kernel
from minicnn.kernels.threads import share

STRIP = 2048  # numbers of a plane that are worked on at a time: they stay in the cache


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
    if kernel.size == 1:
        share(_scale_forward, len(x), x.reshape(len(x), -1), kernel.flat[0], bias[0], relu, out, at)
        return
    # (kernel_height, kernel_width, channels, filters) -> (filters, channels, height, width)
    taps = np.ascontiguousarray(kernel.transpose(3, 2, 0, 1))
    share(_forward, len(x), x, taps, bias, pads, relu, out, at)


def conv_backward(x, kernel, pads, dy, scales, y, at, relu, dx):
    """All gradients of a convolution and its relu.

    Parameters
    ----------
    x, kernel, pads, at, relu
        As in `conv_forward`.
    dy : (batch or 1, numbers), dtype of x
    scales : (batch,), dtype of x
        The gradient of sample n's outputs is scales[n] * dy[n]. Behind a dense layer of one unit
        the samples' gradients differ by a factor only; then dy is a single row.
    y : (batch, numbers), dtype of x
        With `relu`, the outputs: where y is 0 (or below), dy is cut off.
    dx : (batch, height, width, channels) or None
        Gets the gradient of x, if it is wanted.

    Returns
    -------
    dkernel : as kernel
    dbias : (filters,)
    """
    partial = np.empty((len(x), *kernel.shape), dtype=x.dtype)
    partial_bias = np.empty((len(x), kernel.shape[3]), dtype=x.dtype)
    if kernel.size == 1:
        numbers = x.reshape(len(x), -1)
        dnumbers = numbers[:0] if dx is None else dx.reshape(numbers.shape)
        arguments = (numbers, kernel.flat[0], dy, scales, y, at, relu, dx is not None)
        share(_scale_backward, len(x), *arguments, partial, partial_bias, dnumbers)
    else:
        arguments = (x, _turned_taps(kernel), pads, dy, scales, y, at, relu)
        wanted, dx = (True, dx is not None), x[:0] if dx is None else dx
        share(_backward, len(x), *arguments, wanted, partial, partial_bias, dx)
    return partial.sum(axis=0), partial_bias.sum(axis=0)  # the batch axis goes, in fixed order


def conv_grad_kernel(x, dy, pads, partial):
    """Each sample's share of the kernel's gradient, into `partial` (batch, *kernel.shape)."""
    partial_bias = np.empty((len(x), partial.shape[4]), dtype=x.dtype)
    scales = np.ones(len(x), dtype=x.dtype)
    taps = np.zeros(partial.shape[1:], dtype=x.dtype).transpose(3, 2, 0, 1).copy()
    arguments = (x, taps, pads, dy, scales, dy, 0, False, (True, False))
    share(_backward, len(x), *arguments, partial, partial_bias, x[:0])


def conv_grad_input(dy, kernel, pads, dx):
    """The gradient of the input, into `dx` (batch, height, width, channels)."""
    partial = np.empty((0, *kernel.shape), dtype=dx.dtype)
    partial_bias = np.empty((len(dx), kernel.shape[3]), dtype=dx.dtype)
    scales = np.ones(len(dx), dtype=dx.dtype)
    arguments = (dx, _turned_taps(kernel), pads, dy, scales, dy, 0, False, (False, True))
    share(_backward, len(dx), *arguments, partial, partial_bias, dx)


def _turned_taps(kernel):
    """The taps as the input's gradient meets them: turned by 180 degrees."""
    # (kernel_height, kernel_width, channels, filters) -> (filters, channels, height, width)
    return np.ascontiguousarray(kernel[::-1, ::-1].transpose(3, 2, 0, 1))


@summing_kernel
def _scale_forward(x, tap, bias, relu, out, at, start, stop):
    """A 1x1 kernel on one channel: all numbers times the tap."""
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
        flow, shown = dy[n % len(dy), at : at + pixels.size], y[n, at : at + pixels.size]
        dtap, dbias = zero, zero
        for i in range(pixels.size):
            dz = scale * flow[i] if not relu or shown[i] > zero else zero
            dtap += dz * pixels[i]
            dbias += dz
        partial[n, 0, 0, 0, 0], partial_bias[n, 0] = dtap, dbias
        if want_input:
            dpixels = dx[n]
            for i in range(pixels.size):
                dz = scale * flow[i] if not relu or shown[i] > zero else zero
                dpixels[i] = tap * dz


@part
def _correlate(totals, planes, taps, pitch):
    """totals += correlation of an image with taps, both images as pairs of planes."""
    height = taps.shape[0]
    for begin in range(0, totals.shape[1], STRIP):
        even, odd = totals[0, begin : begin + STRIP], totals[1, begin : begin + STRIP]
        # Row q below an even row of outputs is row q - 1 below the odd one that follows it.
        _add_taps(even, planes[0, begin:], taps[0])
        for q in range(1, height):
            pixels = planes[q % 2, begin + q // 2 * pitch :]
            _add_taps_twice(even, odd, pixels, taps[q], taps[q - 1])
        pixels = planes[height % 2, begin + height // 2 * pitch :]
        _add_taps(odd, pixels, taps[height - 1])


@part
def _add_products(sums, planes, evens, odds, pitch):
    """sums[a, b] += sum over all outputs of their flow times their pixel (a, b).

    evens, odds: the flows of the even and of the odd rows of outputs.
    """
    height = sums.shape[0]
    for begin in range(0, evens.size, STRIP):
        even, odd = evens[begin : begin + STRIP], odds[begin : begin + STRIP]
        _products(sums[0], planes[0, begin:], even)
        for q in range(1, height):
            pixels = planes[q % 2, begin + q // 2 * pitch :]
            _products_twice(sums[q], sums[q - 1], pixels, even, odd)
        pixels = planes[height % 2, begin + height // 2 * pitch :]
        _products(sums[height - 1], pixels, odd)


@part
def _add_taps(total, pixels, taps):
    """total[i] += sum over b of taps[b] * pixels[i + b]."""
    size = total.size
    for b in range(0, taps.size - 2, 4):
        p_0, p_1, p_2 = pixels[b:], pixels[b + 1 :], pixels[b + 2 :]
        t_0, t_1, t_2 = taps[b], taps[b + 1], taps[b + 2]
        if b + 3 < taps.size:
            p_3, t_3 = pixels[b + 3 :], taps[b + 3]
            for i in range(size):
                total[i] += t_0 * p_0[i] + t_1 * p_1[i] + t_2 * p_2[i] + t_3 * p_3[i]
        else:
            for i in range(size):
                total[i] += t_0 * p_0[i] + t_1 * p_1[i] + t_2 * p_2[i]
    if taps.size % 4 < 3:
        for b in range(taps.size - taps.size % 4, taps.size):
            p_0, t_0 = pixels[b:], taps[b]
            for i in range(size):
                total[i] += t_0 * p_0[i]


@part
def _add_taps_twice(even, odd, pixels, taps, odd_taps):
    """The same for two rows of outputs that see these pixels through different taps."""
    size = even.size
    for b in range(0, taps.size - 2, 4):
        p_0, p_1, p_2 = pixels[b:], pixels[b + 1 :], pixels[b + 2 :]
        t_0, t_1, t_2 = taps[b], taps[b + 1], taps[b + 2]
        s_0, s_1, s_2 = odd_taps[b], odd_taps[b + 1], odd_taps[b + 2]
        if b + 3 < taps.size:
            p_3, t_3, s_3 = pixels[b + 3 :], taps[b + 3], odd_taps[b + 3]
            for i in range(size):
                even[i] += t_0 * p_0[i] + t_1 * p_1[i] + t_2 * p_2[i] + t_3 * p_3[i]
                odd[i] += s_0 * p_0[i] + s_1 * p_1[i] + s_2 * p_2[i] + s_3 * p_3[i]
        else:
            for i in range(size):
                even[i] += t_0 * p_0[i] + t_1 * p_1[i] + t_2 * p_2[i]
                odd[i] += s_0 * p_0[i] + s_1 * p_1[i] + s_2 * p_2[i]
    if taps.size % 4 < 3:
        for b in range(taps.size - taps.size % 4, taps.size):
            p_0, t_0, s_0 = pixels[b:], taps[b], odd_taps[b]
            for i in range(size):
                even[i] += t_0 * p_0[i]
                odd[i] += s_0 * p_0[i]


@part
def _products(sums, pixels, flow):
    """sums[b] += sum over i of flow[i] * pixels[i + b]."""
    for b in range(sums.size):
        p_0 = pixels[b:]
        s_0 = flow.dtype.type(0)
        for i in range(flow.size):
            s_0 += flow[i] * p_0[i]
        sums[b] += s_0


@part
def _products_twice(sums, odd_sums, pixels, even, odd):
    """The same for two rows of taps, which meet these pixels with different flows."""
    size, zero = even.size, even.dtype.type(0)
    for b in range(0, sums.size - 2, 4):
        p_0, p_1, p_2 = pixels[b:], pixels[b + 1 :], pixels[b + 2 :]
        s_0 = s_1 = s_2 = s_3 = r_0 = r_1 = r_2 = r_3 = zero
        if b + 3 < sums.size:
            p_3 = pixels[b + 3 :]
            for i in range(size):
                s_0 += even[i] * p_0[i]
                s_1 += even[i] * p_1[i]
                s_2 += even[i] * p_2[i]
                s_3 += even[i] * p_3[i]
                r_0 += odd[i] * p_0[i]
                r_1 += odd[i] * p_1[i]
                r_2 += odd[i] * p_2[i]
                r_3 += odd[i] * p_3[i]
            sums[b + 3] += s_3
            odd_sums[b + 3] += r_3
        else:
            for i in range(size):
                s_0 += even[i] * p_0[i]
                s_1 += even[i] * p_1[i]
                s_2 += even[i] * p_2[i]
                r_0 += odd[i] * p_0[i]
                r_1 += odd[i] * p_1[i]
                r_2 += odd[i] * p_2[i]
        sums[b] += s_0
        sums[b + 1] += s_1
        sums[b + 2] += s_2
        odd_sums[b] += r_0
        odd_sums[b + 1] += r_1
        odd_sums[b + 2] += r_2
    if sums.size % 4 < 3:
        for b in range(sums.size - sums.size % 4, sums.size):
            p_0 = pixels[b:]
            s_0 = r_0 = zero
            for i in range(size):
                s_0 += even[i] * p_0[i]
                r_0 += odd[i] * p_0[i]
            sums[b] += s_0
            odd_sums[b] += r_0


@part
def _fill_planes(planes, image, top, left, pitch):
    """(height, width, channels) -> (channels, 2, numbers); the padding is there and stays 0."""
    height, width, channels = image.shape
    for row in range(height):
        begin = (top + row) // 2 * pitch + left
        numbers = image[row].reshape(-1)
        for c in range(channels):
            pixels = planes[c, (top + row) % 2, begin : begin + width]
            if channels == 1:
                for col in range(width):
                    pixels[col] = numbers[col]
            else:
                for col in range(width):
                    pixels[col] = numbers[col * channels + c]


@part
def _new_planes(count, height, pitch, like):
    """Pairs of planes for images of `height` rows, with room for windows over the end; all 0."""
    return np.zeros((count, 2, (height // 2 + 2) * pitch), dtype=like.dtype)


@summing_kernel
def _forward(x, taps, bias, pads, relu, out, at, start, stop):
    _, height, width, channels = x.shape
    filters, _, kernel_height, kernel_width = taps.shape
    padded_height, padded_width = height + sum(pads[0]), width + sum(pads[1])
    out_height, out_width = padded_height - kernel_height + 1, padded_width - kernel_width + 1
    pitch = (padded_width + 15) // 16 * 16  # whole vector registers
    planes = _new_planes(channels, padded_height, pitch, x)
    totals = np.empty((2, (out_height + 1) // 2 * pitch), dtype=x.dtype)
    numbers = out_height * out_width * filters
    for n in range(start, stop):
        _fill_planes(planes, x[n], pads[0][0], pads[1][0], pitch)
        for f in range(filters):
            totals[:] = bias[f]
            for c in range(channels):
                _correlate(totals, planes[c], taps[f, c], pitch)
            _put_filter(totals, pitch, relu, out[n, at : at + numbers], f, filters, out_width)


@part
def _put_filter(totals, pitch, relu, y, f, filters, out_width):
    """One filter's numbers, through relu, to their places in y."""
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
def _fill_flow(flows, top, left, pitch, dy, scale, y, relu, f, filters, out_width):
    """One filter's dz into a pair of planes whose other numbers are 0; returns the sum."""
    zero = flows.dtype.type(0)
    total = zero
    for row in range(dy.size // (out_width * filters)):
        slopes = dy[row * out_width * filters : (row + 1) * out_width * filters]
        shown = y[row * out_width * filters : (row + 1) * out_width * filters]
        begin = (top + row) // 2 * pitch + left
        line = flows[(top + row) % 2, begin : begin + out_width]
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
    x, taps, pads, dy, scales, y, at, relu, wanted, partial, partial_bias, dx, start, stop
):
    """Each sample's share of the gradients of kernel and bias, and the input's gradient.

    The input's gradient is dz, with as many zeros around it as the kernel reaches, correlated
    with the kernel turned by 180 degrees.

    taps: as of `_turned_taps`; wanted: whether the kernel's and the input's gradient are.
    """
    _, height, width, channels = x.shape
    filters, _, kernel_height, kernel_width = taps.shape
    padded_height, padded_width = height + sum(pads[0]), width + sum(pads[1])
    out_height, out_width = padded_height - kernel_height + 1, padded_width - kernel_width + 1
    pitch = (padded_width + kernel_width + 14) // 16 * 16
    planes = _new_planes(channels, padded_height, pitch, x)
    # dz begins `top` rows down and `left` columns to the right.
    top, left = kernel_height - 1, kernel_width - 1
    flows = _new_planes(1, padded_height + kernel_height, pitch, x)[0]
    size = (out_height + 1) // 2 * pitch
    evens = flows[top % 2, top // 2 * pitch + left :][:size]
    odds = flows[(top + 1) % 2, (top + 1) // 2 * pitch + left :][:size]
    totals = np.empty((channels, 2, (padded_height + 1) // 2 * pitch), dtype=x.dtype)
    sums = np.empty((kernel_height, kernel_width), dtype=x.dtype)
    numbers = out_height * out_width * filters
    for n in range(start, stop):
        dy_n, y_n = dy[n % len(dy), at : at + numbers], y[n, at : at + numbers]
        if wanted[0]:
            _fill_planes(planes, x[n], pads[0][0], pads[1][0], pitch)
        totals[:] = 0
        for f in range(filters):
            partial_bias[n, f] = _fill_flow(
                flows, top, left, pitch, dy_n, scales[n], y_n, relu, f, filters, out_width
            )
            for c in range(channels):
                if wanted[0]:
                    sums[:] = 0
                    _add_products(sums, planes[c], evens, odds, pitch)
                    partial[n, :, :, c, f] = sums
                if wanted[1]:
                    _correlate(totals[c], flows, taps[f, c], pitch)
        if wanted[1]:
            _put_image(totals, pads[0][0], pads[1][0], pitch, dx[n])


@part
def _put_image(planes, top, left, pitch, image):
    """Undo `_fill_planes`."""
    height, width, channels = image.shape
    for row in range(height):
        begin = (top + row) // 2 * pitch + left
        numbers = image[row].reshape(-1)
        for c in range(channels):
            line = planes[c, (top + row) % 2, begin : begin + width]
            if channels == 1:
                for col in range(width):
                    numbers[col] = line[col]
            else:
                for col in range(width):
                    numbers[col * channels + c] = line[col]
