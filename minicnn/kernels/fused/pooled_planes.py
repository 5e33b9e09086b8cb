"""What a 3x3 convolution of one channel with 2x2 max-pooling computes, on vectors.

Of the padded image, the pooling window at (row, col) and its four 3x3 windows see the 4x4 pixels
from (2 row, 2 col) on. In each of the four pixel rows there are four pixels, p_0 to p_3, for two
outputs of a three-tap row each. Winograd's F(2, 3) makes the two from four products instead of
six (WINOGRAD.md begins with it):

    d_0 = p_0 - p_2    d_1 = p_1 + p_2    d_2 = p_2 - p_1    d_3 = p_1 - p_3    (pixels)
    u_0 = t_0    u_1 = (t_0 + t_1 + t_2) / 2    u_2 = (t_0 - t_1 + t_2) / 2    u_3 = t_2    (taps)
    m_k = d_k * u_k,    left output = m_0 + m_1 + m_2,    right output = m_1 - m_2 - m_3

A window has three such rows, whose m_k are added before they become outputs: 24 products for the
four outputs of a pooling window instead of 36.

The d_k of all pixels are *planes*: one for each k and for even and odd rows of pixels, a vector
with `pitch` values for each row, so that number row * pitch + col of a plane belongs to pooling
window (row, col). Everything here is a loop along such vectors. What stands behind the last
column of a row is computed, too, and not used.

An infinite pixel gives NaN here, because differences of pixels are taken; a NaN stays one.
"""

import numpy as np

from minicnn.kernels.compiled.elementwise import mix_bits
from minicnn.kernels.runtime.jit import part

CUT = 4

# From taps to u and, transposed, from the gradient of u to that of the taps.
TAPS_MATRIX = np.array([[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]])


def pitch_of(out_width):
    """Values in a row of a plane: one more than outputs, since windows overlap by a pixel pair.

    Rounded up to a multiple of 16, the values in the largest vector registers.
    """
    return (out_width + 16) // 16 * 16


_pitch_of = part(pitch_of)  # for the kernels


def transform_taps(kernel):
    """The u_k of each row of taps: (3, 3, 1, filters) -> (filters, 3, 4)."""
    matrix = TAPS_MATRIX.astype(kernel.dtype)
    # (3, 3, 1, filters) -> (filters, 3, 3) -> (filters * 3, 3), for a single product
    rows = kernel[:, :, 0].transpose(2, 0, 1).reshape(-1, 3)
    return (rows @ matrix.T).reshape(-1, 3, 4)


def transform_back(dtaps):
    """The kernel's gradient from that of the u_k: (filters, 3, 4) -> (3, 3, 1, filters)."""
    matrix = TAPS_MATRIX.astype(dtaps.dtype)
    # (filters, 3, 4) -> (filters * 3, 4), a single product, -> (filters, 3, 3)
    dkernel = (dtaps.reshape(-1, 4) @ matrix).reshape(-1, 3, 3)
    # (filters, 3, 3) -> (3, 3, filters) -> (3, 3, 1, filters)
    return np.ascontiguousarray(dkernel.transpose(1, 2, 0))[:, :, None]


@part
def new_planes(out_height, out_width, dtype):
    """Memory for one image: pairs of pixels (2, 2, values + 1), all 0, and planes (4, 2, values).

    The first axis of the pairs: even and odd columns; the second, as in the planes: even and odd
    rows. Both have a row more than outputs, since windows overlap.
    """
    values = (out_height + 1) * _pitch_of(out_width)
    return np.zeros((2, 2, values + 1), dtype), np.empty((4, 2, values), dtype)


@part
def transform_pixels(image, pads, out_width, pairs, planes):
    """The planes of an image (height, width)."""
    _split_columns(image, pads, out_width, pairs)
    for parity in range(2):
        even, odd = pairs[0, parity], pairs[1, parity]
        next_even, next_odd = even[1:], odd[1:]
        d_0, d_1 = planes[0, parity], planes[1, parity]
        d_2, d_3 = planes[2, parity], planes[3, parity]
        for i in range(np.uint64(d_0.size)):
            p_0, p_1, p_2, p_3 = even[i], odd[i], next_even[i], next_odd[i]
            d_0[i] = p_0 - p_2
            d_1[i] = p_1 + p_2
            d_2[i] = p_2 - p_1
            d_3[i] = p_1 - p_3


@part
def _split_columns(image, pads, out_width, pairs):
    """Even and odd columns of the padded image; what is outside the image stays 0."""
    height, width = image.shape
    top, left = pads[0][0], pads[1][0]
    pitch = _pitch_of(out_width)
    rows = pairs.shape[2] // pitch
    width = min(width, 2 * out_width + 2 - left)  # no window sees more
    for row in range(min(height, 2 * rows - top)):
        begin, parity = (top + row) // 2 * pitch, (top + row) % 2
        first = pairs[left % 2, parity, begin + left // 2 :]
        second = pairs[(left + 1) % 2, parity, begin + (left + 1) // 2 :]
        pixels = image[row]
        for i in range(width // 2):
            first[i] = pixels[2 * i]
            second[i] = pixels[2 * i + 1]
        if width % 2:
            first[width // 2] = pixels[width - 1]


@part
def largest_sums(planes, pitch, taps, bias, relu, best, route):
    """One filter at all pooling windows: the largest of four sums, and which one it was.

    Parameters
    ----------
    planes : (4, 2, (out_height + 1) * pitch)
    taps : (3, 4), the filter's u_k
    best : (out_height * pitch,)
        Gets the largest sums, through relu if `relu`.
    route : uint8, as best
        Gets the number of the window's largest sum, 0 to 3, or CUT where relu is at 0.
    """
    # a, b, c, d: the four rows of pixels that a pooling window sees
    a_0, a_1, a_2, a_3 = planes[0, 0], planes[1, 0], planes[2, 0], planes[3, 0]
    b_0, b_1, b_2, b_3 = planes[0, 1], planes[1, 1], planes[2, 1], planes[3, 1]
    c_0, c_1, c_2, c_3 = a_0[pitch:], a_1[pitch:], a_2[pitch:], a_3[pitch:]
    d_0, d_1, d_2, d_3 = b_0[pitch:], b_1[pitch:], b_2[pitch:], b_3[pitch:]
    u_00, u_01, u_02, u_03 = taps[0]
    u_10, u_11, u_12, u_13 = taps[1]
    u_20, u_21, u_22, u_23 = taps[2]
    zero = best.dtype.type(0)
    for i in range(np.uint64(best.size)):
        m_0 = u_00 * a_0[i] + u_10 * b_0[i] + u_20 * c_0[i]
        m_1 = u_01 * a_1[i] + u_11 * b_1[i] + u_21 * c_1[i] + bias
        m_2 = u_02 * a_2[i] + u_12 * b_2[i] + u_22 * c_2[i]
        m_3 = u_03 * a_3[i] + u_13 * b_3[i] + u_23 * c_3[i]
        z_0, z_1 = m_0 + (m_1 + m_2), (m_1 - m_2) - m_3
        m_0 = u_00 * b_0[i] + u_10 * c_0[i] + u_20 * d_0[i]
        m_1 = u_01 * b_1[i] + u_11 * c_1[i] + u_21 * d_1[i] + bias
        m_2 = u_02 * b_2[i] + u_12 * c_2[i] + u_22 * d_2[i]
        m_3 = u_03 * b_3[i] + u_13 * c_3[i] + u_23 * d_3[i]
        z_2, z_3 = m_0 + (m_1 + m_2), (m_1 - m_2) - m_3
        # The first of equal sums wins.
        upper, upper_winner = z_0, np.int32(0)
        upper_winner = np.int32(1) if z_1 > upper else upper_winner
        upper = z_1 if z_1 > upper else upper
        lower, winner = z_2, np.int32(2)
        winner = np.int32(3) if z_3 > lower else winner
        lower = z_3 if z_3 > lower else lower
        winner = winner if lower > upper else upper_winner
        largest = lower if lower > upper else upper
        # A NaN (which is not equal to itself) wins over all: it is in the total, too.
        total = (z_0 + z_1) + (z_2 + z_3)
        largest = largest if total == total else total
        if relu:
            winner = winner if largest > zero else np.int32(CUT)
            largest = zero if largest < zero else largest
        best[i] = largest
        route[i] = winner


@part
def indices_in_y(out_height, out_width, filters):
    """For each place in a filter's plane, how far its output is from the filter's first in y."""
    pitch = _pitch_of(out_width)
    indices = np.empty(out_height * pitch, dtype=np.uint32)
    for row in range(out_height):
        for col in range(pitch):
            indices[row * pitch + col] = (row * out_width + col) * filters
    return indices


@part
def drop_out(drop, scale, first, indices, best, route):
    """Dropout on one filter's outputs, with the bits that `dropout_keep` gives y's values.

    first: the number in y of the filter's first output; indices: as of `indices_in_y`.
    """
    # For a rate of 1 the scale is 0 anyway.
    threshold = np.uint32(min(np.int64(np.ceil(drop[0] * 2.0**32)), 2**32 - 1))
    seed, step_key = np.uint32(drop[1]), mix_bits(np.uint32(drop[2] ^ 0x9E3779B9))
    first = np.uint32(first)
    zero = best.dtype.type(0)
    for i in range(np.uint64(best.size)):
        bits = np.uint32(np.uint32(first + indices[i]) ^ seed)
        kept = mix_bits(np.uint32(mix_bits(bits) ^ step_key)) >= threshold
        best[i] = best[i] * scale if kept else zero
        route[i] = np.int32(route[i]) if kept else np.int32(CUT)


@part
def sum_products(planes, pitch, dy, route, sums):
    """The gradient of one filter's u_k, (3, 4), row by row, and of its bias, the thirteenth number.

    Only one of a window's four sums has a gradient g. If it is the left one of its row, that of
    m_0, m_1, m_2, m_3 is g, g, g, 0, and if it is the right one, 0, g, -g, -g.

    Parameters
    ----------
    planes : (4, 2, (out_height + 1) * pitch)
    dy : (out_height * pitch,)
        The gradient of the filter's outputs, 0 where there is none.
    route : uint8, as dy
    sums : (13,)
        Gets the sums over all windows.
    """
    # a, b, c, d: the four rows of pixels that a pooling window sees; aa, ...: their i-th values
    a_0, a_1, a_2, a_3 = planes[0, 0], planes[1, 0], planes[2, 0], planes[3, 0]
    b_0, b_1, b_2, b_3 = planes[0, 1], planes[1, 1], planes[2, 1], planes[3, 1]
    c_0, c_1, c_2, c_3 = a_0[pitch:], a_1[pitch:], a_2[pitch:], a_3[pitch:]
    d_0, d_1, d_2, d_3 = b_0[pitch:], b_1[pitch:], b_2[pitch:], b_3[pitch:]
    zero = dy.dtype.type(0)
    s_00 = s_01 = s_02 = s_03 = s_10 = s_11 = s_12 = s_13 = zero
    s_20 = s_21 = s_22 = s_23 = total = zero
    for i in range(np.uint64(dy.size)):
        way = np.int32(route[i])
        lower, right = way & np.int32(2) != 0, way & np.int32(1) != 0
        g = dy[i] if way < CUT else zero
        g_0 = zero if right else g
        g_2 = -g if right else g
        g_3 = -g if right else zero
        # All are loaded before one is chosen: a vector cannot take half of a load.
        aa_0, aa_1, aa_2, aa_3 = a_0[i], a_1[i], a_2[i], a_3[i]
        bb_0, bb_1, bb_2, bb_3 = b_0[i], b_1[i], b_2[i], b_3[i]
        cc_0, cc_1, cc_2, cc_3 = c_0[i], c_1[i], c_2[i], c_3[i]
        dd_0, dd_1, dd_2, dd_3 = d_0[i], d_1[i], d_2[i], d_3[i]
        s_00 += g_0 * (bb_0 if lower else aa_0)
        s_01 += g * (bb_1 if lower else aa_1)
        s_02 += g_2 * (bb_2 if lower else aa_2)
        s_03 += g_3 * (bb_3 if lower else aa_3)
        s_10 += g_0 * (cc_0 if lower else bb_0)
        s_11 += g * (cc_1 if lower else bb_1)
        s_12 += g_2 * (cc_2 if lower else bb_2)
        s_13 += g_3 * (cc_3 if lower else bb_3)
        s_20 += g_0 * (dd_0 if lower else cc_0)
        s_21 += g * (dd_1 if lower else cc_1)
        s_22 += g_2 * (dd_2 if lower else cc_2)
        s_23 += g_3 * (dd_3 if lower else cc_3)
        total += g
    sums[0], sums[1], sums[2], sums[3] = s_00, s_01, s_02, s_03
    sums[4], sums[5], sums[6], sums[7] = s_10, s_11, s_12, s_13
    sums[8], sums[9], sums[10], sums[11] = s_20, s_21, s_22, s_23
    sums[12] = total
