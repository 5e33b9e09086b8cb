"""The loops over a kernel's taps that `rows.py` runs along its planes.

What limits them is how often memory is read, not the arithmetic. Windows that begin one number
further on lie across two lines of the cache, and both have to be read. So a row of pixels is
loaded once for two rows of outputs, and as many taps as fit into the processor's registers are
applied while a value is in one.

For kernels of the usual sizes the compiler writes out all taps of a loop. It does so only where it
knows their number, and it knows the lengths of tuples: `written_out` gives tuples of the right
lengths, whose contents are not used. For other sizes there are loops that take four taps of a
row at a time.
"""

import numpy as np

from minicnn.kernels.runtime.jit import part

STRIP = 2048  # values of a plane that are processed at a time: they stay in the cache

# kernel size -> (height, columns of the first pass, columns of the second pass)
SIZES = {(3, 3): (3, 3, 0), (5, 5): (5, 5, 0), (7, 7): (7, 4, 3)}


def written_out(kernel_size):
    """Three tuples whose lengths are the numbers of SIZES; empty for all other sizes."""
    return tuple((0,) * number for number in SIZES.get(kernel_size, (0, 0, 0)))


@part
def correlate(totals, planes, taps, pitch, sizes):
    """totals += correlation of an image with taps, both images as pairs of planes.

    totals: (2, values); planes: (2, more values, for what windows see beyond them);
    taps: (kernel_height, kernel_width); sizes: as of `written_out`.
    """
    rows, columns, others = sizes
    if len(rows) == 0:
        _correlate_any(totals, planes, taps, pitch)
        return
    _add_all_taps(totals, planes, taps, 0, pitch, rows, columns)
    if len(others) > 0:
        _add_all_taps(totals, planes, taps, len(columns), pitch, rows, others)


@part
def _add_all_taps(totals, planes, taps, first, pitch, rows, columns):
    """The same with len(rows) rows and, from column `first` on, len(columns) columns of taps."""
    evens, odds = totals[0], totals[1]
    pixels, plane, step = planes.reshape(-1), np.uint64(planes.shape[1]), np.uint64(pitch)
    begin = np.uint64(first)
    for i in range(np.uint64(evens.size)):
        even, odd = evens[i], odds[i]
        for q in range(len(rows) + 1):
            # Row q below an even row of outputs is row q - 1 below the odd one that follows it.
            row = i + np.uint64(q % 2) * plane + np.uint64(q // 2) * step + begin
            for b in range(len(columns)):
                pixel = pixels[row + np.uint64(b)]
                if q < len(rows):
                    even += taps[q, first + b] * pixel
                if q > 0:
                    odd += taps[q - 1, first + b] * pixel
        evens[i], odds[i] = even, odd


@part
def _correlate_any(totals, planes, taps, pitch):
    """`correlate` for any number of taps."""
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
def add_products(sums, planes, evens, odds, pitch):
    """sums[a, b] += sum over all outputs of their dy times their pixel (a, b).

    sums: (kernel_height, kernel_width); planes: (2, more values); evens, odds: (values,), the
    dy of the even and of the odd rows of outputs.
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
def _products(sums, pixels, dy):
    """sums[b] += sum over i of dy[i] * pixels[i + b]."""
    for b in range(sums.size):
        p_0 = pixels[b:]
        s_0 = dy.dtype.type(0)
        for i in range(dy.size):
            s_0 += dy[i] * p_0[i]
        sums[b] += s_0


@part
def _products_twice(sums, odd_sums, pixels, even, odd):
    """The same for two rows of taps, which see these pixels with different dy."""
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
