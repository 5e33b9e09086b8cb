"""The transforms of Winograd's method: pixels to tiles and back, sums to outputs and back.

A transform multiplies by a matrix from both sides, B^T d B: once down the columns, once along the
rows. Down the columns the vectors are whole rows of the image. Along the rows they are one column
of all tiles, and so the pixels of a row are *split* first, by their place in a tile: pixel 4 t + k
of the padded row stands at [k, t]. A tile sees six pixels, [0, t] to [3, t], then [0, t + 1] and
[1, t + 1]. The matrices are written out: half of their entries are 0, 1 or -1.
"""

import numpy as np

from minicnn.kernels.runtime.jit import part, summing_kernel

TILE = 4  # outputs of a tile, in either direction; it sees 6 pixels
CUT = 4  # the route of an output to which no gradient flows


@part
def _times_bt(d_0, d_1, d_2, d_3, d_4, d_5, s_0, s_1, s_2, s_3, s_4, s_5):
    """s = B^T d, six vectors into six."""
    for i in range(s_0.size):
        s_0[i] = 4 * d_0[i] - 5 * d_2[i] + d_4[i]
        s_1[i] = -4 * d_1[i] - 4 * d_2[i] + d_3[i] + d_4[i]
        s_2[i] = 4 * d_1[i] - 4 * d_2[i] - d_3[i] + d_4[i]
        s_3[i] = -2 * d_1[i] - d_2[i] + 2 * d_3[i] + d_4[i]
        s_4[i] = 2 * d_1[i] - d_2[i] - 2 * d_3[i] + d_4[i]
        s_5[i] = 4 * d_1[i] - 5 * d_3[i] + d_5[i]


@part
def _add_b(s_0, s_1, s_2, s_3, s_4, s_5, d_0, d_1, d_2, d_3, d_4, d_5):
    """d = B s, six vectors into six; d_0 and d_1 have the sums of the tiles before already."""
    for i in range(s_0.size):
        d_0[i] += 4 * s_0[i]
        d_1[i] += -4 * s_1[i] + 4 * s_2[i] - 2 * s_3[i] + 2 * s_4[i] + 4 * s_5[i]
        d_2[i] = -5 * s_0[i] - 4 * s_1[i] - 4 * s_2[i] - s_3[i] - s_4[i]
        d_3[i] = s_1[i] - s_2[i] + 2 * s_3[i] - 2 * s_4[i] - 5 * s_5[i]
        d_4[i] = s_0[i] + s_1[i] + s_2[i] + s_3[i] + s_4[i]
        d_5[i] = s_5[i]


@part
def _times_at(m_0, m_1, m_2, m_3, m_4, m_5, y_0, y_1, y_2, y_3):
    """y = A^T m, six vectors into four."""
    for i in range(m_0.size):
        plus, minus = m_1[i] + m_2[i], m_1[i] - m_2[i]
        plus_2, minus_2 = m_3[i] + m_4[i], m_3[i] - m_4[i]
        y_0[i] = m_0[i] + plus + plus_2
        y_1[i] = minus + 2 * minus_2
        y_2[i] = plus + 4 * plus_2
        y_3[i] = minus + 8 * minus_2 + m_5[i]


@part
def _times_a(y_0, y_1, y_2, y_3, m_0, m_1, m_2, m_3, m_4, m_5):
    """m = A y, four vectors into six."""
    for i in range(y_0.size):
        even, odd = y_0[i] + y_2[i], y_1[i] + y_3[i]
        even_2, odd_2 = y_0[i] + 4 * y_2[i], 2 * y_1[i] + 8 * y_3[i]
        m_0[i] = y_0[i]
        m_1[i] = even + odd
        m_2[i] = even - odd
        m_3[i] = even_2 + odd_2
        m_4[i] = even_2 - odd_2
        m_5[i] = y_3[i]


@part
def _split_row(image, row, left, split):
    """A row of the padded image, 0 outside of the image; split: (4, tiles + 1, channels)."""
    split[:] = 0
    if 0 <= row < image.shape[0]:
        for col in range(image.shape[1]):
            place, tile = (left + col) % TILE, (left + col) // TILE
            for c in range(image.shape[2]):
                split[place, tile, c] = image[row, col, c]


@part
def _join_row(split, left, image, row):
    """The same backward: what lies in the image, into it."""
    if 0 <= row < image.shape[0]:
        for col in range(image.shape[1]):
            place, tile = (left + col) % TILE, (left + col) // TILE
            for c in range(image.shape[2]):
                image[row, col, c] = split[place, tile, c]


@summing_kernel
def transform_pixels(image, pads, first, rows, split, lines, v):
    """V = B^T d B of some rows of tiles; v: (36, rows * tiles, channels).

    split, lines: (6, 4, tiles + 1, channels), for what is between.
    """
    channels = image.shape[2]
    size = (split.shape[2] - 1) * channels  # of one column of all tiles in a row
    out = v.reshape(36, -1)
    d, s = split.reshape(6, -1), lines.reshape(6, -1)
    for row in range(rows):
        top = (first + row) * TILE - pads[0][0]
        if row > 0:  # rows of pixels that the tiles above saw, too
            split[:2] = split[4:]
        for i in range(2 if row > 0 else 0, 6):
            _split_row(image, top + i, pads[1][0], split[i])
        _times_bt(d[0], d[1], d[2], d[3], d[4], d[5], s[0], s[1], s[2], s[3], s[4], s[5])
        begin, stop = row * size, (row + 1) * size
        for i in range(6):
            t, w = lines[i].reshape(4, -1), out[6 * i : 6 * i + 6]
            d_0, d_1, d_2, d_3 = t[0, :size], t[1, :size], t[2, :size], t[3, :size]
            d_4, d_5 = t[0, channels:], t[1, channels:]
            w_0, w_1, w_2 = w[0, begin:stop], w[1, begin:stop], w[2, begin:stop]
            w_3, w_4, w_5 = w[3, begin:stop], w[4, begin:stop], w[5, begin:stop]
            _times_bt(d_0, d_1, d_2, d_3, d_4, d_5, w_0, w_1, w_2, w_3, w_4, w_5)


@summing_kernel
def transform_back(dv, pads, first, rows, split, lines, dimage):
    """dimage = B dV B^T of some rows of tiles, added up where tiles overlap.

    What falls on the padding is dropped. split, lines: as in `transform_pixels`.
    """
    height, _, channels = dimage.shape
    size = (split.shape[2] - 1) * channels
    if first == 0:
        for row in range(max(0, min(2 - pads[0][0], height))):
            dimage[row] = 0  # of all other rows, the first tiles that see them set the values
    next_0, next_1 = np.empty(size, dtype=dv.dtype), np.empty(size, dtype=dv.dtype)
    given = dv.reshape(36, -1)
    d, s = split.reshape(6, -1), lines.reshape(6, -1)
    for row in range(rows):
        begin, stop = row * size, (row + 1) * size
        for i in range(6):
            t, w = lines[i].reshape(4, -1), given[6 * i : 6 * i + 6]
            t[0, :] = 0
            t[1, :] = 0
            w_0, w_1, w_2 = w[0, begin:stop], w[1, begin:stop], w[2, begin:stop]
            w_3, w_4, w_5 = w[3, begin:stop], w[4, begin:stop], w[5, begin:stop]
            d_0, d_1, d_2, d_3 = t[0, :size], t[1, :size], t[2, :size], t[3, :size]
            _add_b(w_0, w_1, w_2, w_3, w_4, w_5, d_0, d_1, d_2, d_3, next_0, next_1)
            _add(next_0, t[0, channels:])
            _add(next_1, t[1, channels:])
        top = (first + row) * TILE - pads[0][0]
        if row > 0:  # rows of pixels that the tiles above saw, too
            split[:2] = split[4:]
        else:
            _split_row(dimage, top, pads[1][0], split[0])
            _split_row(dimage, top + 1, pads[1][0], split[1])
        _add_b(s[0], s[1], s[2], s[3], s[4], s[5], d[0], d[1], d[2], d[3], d[4], d[5])
        for i in range(6):
            _join_row(split[i], pads[1][0], dimage, top + i)


@part
def _add(values, total):
    """total += values."""
    for i in range(values.size):
        total[i] += values[i]


@part
def _find_black(image, pads, first_row, black):
    """black[row, col]: whether all pixels of this output's 3x3 window are 0 in all channels.

    Its sum is 0 then. Winograd's method makes of it a difference of larger values, and what
    rounding leaves of that would let gradients through relu, and decide who wins in pooling, all
    along the black border of a scan.
    """
    height, width, channels = image.shape
    lit = np.empty((black.shape[0] + 2, black.shape[1] + 2), dtype=np.bool_)
    for row in range(lit.shape[0]):
        in_row = first_row + row - pads[0][0]
        for col in range(lit.shape[1]):
            in_col = col - pads[1][0]
            lit[row, col] = False
            if 0 <= in_row < height and 0 <= in_col < width:
                for c in range(channels):
                    if image[in_row, in_col, c] != 0:
                        lit[row, col] = True
                        break
    for row in range(black.shape[0]):
        above, middle, below = lit[row], lit[row + 1], lit[row + 2]
        for col in range(black.shape[1]):
            left = above[col] | middle[col] | below[col]
            center = above[col + 1] | middle[col + 1] | below[col + 1]
            right = above[col + 2] | middle[col + 2] | below[col + 2]
            black[row, col] = not (left | center | right)


@summing_kernel
def transform_outputs(image, pads, m, bias, relu, pool, first, rows, buffers, y, route):
    """Y = A^T M A, bias, relu and pooling, of some rows of tiles, into their places in y.

    buffers: (2, 6, 6, rows * tiles * filters), for what is between.
    """
    out_height, out_width, filters = y.shape
    tiles = m.shape[1] // rows
    s = buffers[0, :4].reshape(4, -1)
    t = m.reshape(6, -1)
    _times_at(t[0], t[1], t[2], t[3], t[4], t[5], s[0], s[1], s[2], s[3])
    z = buffers[1]
    for a in range(TILE):
        t = buffers[0, a]
        _times_at(t[0], t[1], t[2], t[3], t[4], t[5], z[a, 0], z[a, 1], z[a, 2], z[a, 3])
    black = np.empty((rows * TILE, tiles * TILE), dtype=np.bool_)
    _find_black(image, pads, first * TILE, black)
    for row in range(black.shape[0]):
        for col in range(black.shape[1]):
            if black[row, col]:
                begin = (row // TILE * tiles + col // TILE) * filters
                z[row % TILE, col % TILE, begin : begin + filters] = 0
    if pool:
        _pool_tiles(z, bias, relu, first, rows, tiles, y, route)
        return
    zero = m.dtype.type(0)
    for row in range(rows):
        for a in range(min(TILE, out_height - (first + row) * TILE)):
            for col in range(out_width):
                begin = (row * tiles + col // TILE) * filters
                values = z[a, col % TILE, begin : begin + filters]
                out = y[(first + row) * TILE + a, col]
                for f in range(filters):
                    value = values[f] + bias[f]
                    out[f] = zero if relu and value < zero else value


@part
def _pool_tiles(z, bias, relu, first, rows, tiles, y, route):
    """The largest of each 2x2 of the tiles' outputs z: (4, 4, rows * tiles * filters)."""
    out_height, out_width, filters = y.shape
    zero = z.dtype.type(0)
    for row in range(rows):
        for a in range(min(2, out_height - (first + row) * 2)):
            for col in range(out_width):
                begin, b = (row * tiles + col // 2) * filters, col % 2
                z_0 = z[2 * a, 2 * b, begin : begin + filters]
                z_1 = z[2 * a, 2 * b + 1, begin : begin + filters]
                z_2 = z[2 * a + 1, 2 * b, begin : begin + filters]
                z_3 = z[2 * a + 1, 2 * b + 1, begin : begin + filters]
                out = y[(first + row) * 2 + a, col]
                way = route[(first + row) * 2 + a, col]
                for f in range(filters):
                    # The first of equal sums wins, and a NaN (not equal to itself) over all.
                    largest, winner = z_0[f], np.int32(0)
                    winner = np.int32(1) if z_1[f] > largest or z_1[f] != z_1[f] else winner
                    largest = z_1[f] if z_1[f] > largest or z_1[f] != z_1[f] else largest
                    winner = np.int32(2) if z_2[f] > largest or z_2[f] != z_2[f] else winner
                    largest = z_2[f] if z_2[f] > largest or z_2[f] != z_2[f] else largest
                    winner = np.int32(3) if z_3[f] > largest or z_3[f] != z_3[f] else winner
                    largest = z_3[f] if z_3[f] > largest or z_3[f] != z_3[f] else largest
                    largest += bias[f]
                    if relu:
                        winner = winner if largest > zero else np.int32(CUT)
                        largest = zero if largest < zero else largest
                    out[f] = largest
                    way[f] = winner


@summing_kernel
def transform_dy(dy, shown, relu, pool, first, rows, buffers, dm, dbias):
    """dM = A dY A^T of some rows of tiles, through pooling and relu; their sum is added to dbias.

    shown: with `pool` the routes, else y itself, which is 0 where relu cut. buffers: as in
    `transform_outputs`, 0 at first.
    """
    out_height, out_width, filters = dy.shape
    tiles = dm.shape[1] // rows
    z = buffers[1]
    step = 2 if pool else TILE
    if (first + rows) * step > out_height:
        z[:TILE, :TILE] = 0  # the last tiles reach over the end
    for row in range(rows):
        for a in range(min(step, out_height - (first + row) * step)):
            for col in range(out_width):
                begin, b = (row * tiles + col // step) * filters, col % step
                dy_pixel = dy[(first + row) * step + a, col]
                seen = shown[(first + row) * step + a, col]
                if pool:
                    upper, lower = z[2 * a], z[2 * a + 1]
                    _send(dy_pixel, seen, upper[2 * b, begin:], upper[2 * b + 1, begin:], 0)
                    _send(dy_pixel, seen, lower[2 * b, begin:], lower[2 * b + 1, begin:], 2)
                else:
                    _cut(dy_pixel, seen, relu, z[a, b, begin:])
    s = buffers[0]
    for a in range(TILE):
        t, m = z[a], s[a]
        _times_a(t[0], t[1], t[2], t[3], m[0], m[1], m[2], m[3], m[4], m[5])
    t, m = s.reshape(6, -1), dm.reshape(6, -1)
    _times_a(t[0], t[1], t[2], t[3], m[0], m[1], m[2], m[3], m[4], m[5])
    # Row 1 of A is all ones: at position (1, 1) dM is the sum of a tile's sixteen dY.
    sums = np.zeros_like(dbias)
    for tile in range(dm.shape[1]):
        _add(dm[7, tile], sums)
    _add(sums, dbias)


@part
def _send(dy, route, dz_left, dz_right, way):
    """dy to the left or the right of two neighboring sums, or to none of them."""
    zero = dy.dtype.type(0)
    for f in range(dy.size):
        taken = np.int32(route[f])
        dz_left[f] = dy[f] if taken == way else zero
        dz_right[f] = dy[f] if taken == way + 1 else zero


@part
def _cut(dy, y, relu, dz):
    """dy where relu let the sum through."""
    zero = dy.dtype.type(0)
    for f in range(dy.size):
        dz[f] = dy[f] if not relu or y[f] > zero else zero
