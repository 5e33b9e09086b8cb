"""Convolution (3x3, many channels) by Winograd's method, with bias, relu and 2x2 max-pooling.

Sixteen outputs of a 3x3 convolution (a 4x4 *tile*) take 144 products. Winograd's F(4x4, 3x3)
takes 36, on numbers that are transformed first: what it is, where the matrices come from and
why the backward pass is the same thing transposed is told in WINOGRAD.md beside this file.

    U = G g G^T        the kernel g, 3x3 -> 6x6, for each channel and filter
    V = B^T d B        the pixels d of a tile, 6x6 -> 6x6, for each channel
    M = V U            at each of the 36 positions a matrix product over the channels
    Y = A^T M A        the tile's outputs, 6x6 -> 4x4, for each filter

    dM = A dY A^T,  dV = dM U^T,  dd = B dV B^T,  dU = V^T dM,  dg = G^T dU G

The work goes sample by sample in groups of tile rows, small enough for all of it to stay in the
processor's cache. The transforms are applied to vectors: first to the rows that a row of tiles
sees, whole image rows at a time, then to the columns, all channels of a tile at a time.
"""

import numpy as np

from minicnn.kernels.jit import summing_kernel
from minicnn.kernels.threads import share

TILE = 4  # outputs of a tile, in either direction; it sees 6 pixels
CUT = 4  # the route of an output to which no gradient flows
TILES = 54  # about so many tiles are transformed at a time
NO_ROUTE = np.empty((0, 0, 0), dtype=np.uint8)

# G, 6 x 3; the other matrices are written out in the functions that apply them.
KERNEL_MATRIX = np.array(
    [
        [1 / 4, 0, 0],
        [-1 / 6, -1 / 6, -1 / 6],
        [-1 / 6, 1 / 6, -1 / 6],
        [1 / 24, 1 / 12, 1 / 6],
        [1 / 24, -1 / 12, 1 / 6],
        [0, 0, 1],
    ]
)


def conv_forward(x, kernel, bias, pads, relu, pool, y, route):
    """y = max-pooling(relu(convolution of x)).

    Parameters
    ----------
    x : (batch, height, width, channels) float array
    kernel : (3, 3, channels, filters), bias : (filters,), dtype of x
    pads : ((top, bottom), (left, right))
        Rows and columns of zeros around the image.
    relu, pool : bool
        `pool`: 2x2 windows, side by side.
    y : (batch, out_height, out_width, filters), dtype of x
    route : uint8, shape of y with `pool`, else unused
        Gets which of its window's four sums each output is, or CUT where relu cut it off.
    """
    tile_rows, tiles = _tiles(x, pads)
    rows = max(1, TILES // tiles)  # of tiles in a group
    groups = -(-tile_rows // rows)
    arguments = (x, transform_kernel(kernel), bias, pads, relu, pool, y, route)
    share(_forward_groups, len(x) * groups, *arguments, (tile_rows, tiles, rows))


def conv_backward(x, kernel, pads, relu, pool, y, route, dy, dx):
    """Gradients of kernel and bias; that of x goes into `dx`, if it is not None.

    Parameters as in `conv_forward`; dy as y, dx as x.

    Returns
    -------
    dkernel : as kernel
    dbias : (filters,)
    """
    tile_rows, tiles = _tiles(x, pads)
    sizes = (tile_rows, tiles, max(1, TILES // tiles))
    channels, filters = kernel.shape[2:]
    partial = np.empty((len(x), 36, channels, filters), dtype=x.dtype)
    partial_bias = np.empty((len(x), filters), dtype=x.dtype)
    # (36, channels, filters) -> (36, filters, channels)
    turned = np.ascontiguousarray(transform_kernel(kernel).swapaxes(1, 2))
    arguments = (x, turned, pads, relu, pool, y, route, dy, dx)
    share(_backward_samples, len(x), *arguments, sizes, partial, partial_bias)
    # the batch axis goes, in fixed order; then 6x6 -> 3x3
    dtransformed = partial.sum(axis=0).reshape(6, 6, -1)
    matrix = KERNEL_MATRIX.astype(x.dtype)
    halfway = np.tensordot(matrix, dtransformed, axes=(0, 0))  # (3, 6, channels * filters)
    dkernel = np.matmul(matrix.T, halfway)  # (3, 3, channels * filters)
    return dkernel.reshape(kernel.shape), partial_bias.sum(axis=0)


def transform_kernel(kernel):
    """U = G g G^T: (3, 3, channels, filters) -> (36, channels, filters)."""
    matrix = KERNEL_MATRIX.astype(kernel.dtype)
    halfway = np.tensordot(matrix, kernel, axes=(1, 0)).reshape(6, 3, -1)
    return np.matmul(matrix, halfway).reshape(36, *kernel.shape[2:])


def _tiles(x, pads):
    """Rows of tiles, and tiles in a row, that cover all outputs."""
    return tuple(
        -(-(size + before + after - 2) // TILE)
        for size, (before, after) in zip(x.shape[1:3], pads, strict=True)
    )


def _forward_groups(x, u, bias, pads, relu, pool, y, route, sizes, start, stop):
    """One thread's share of the forward pass, group by group of tile rows."""
    tile_rows, tiles, rows = sizes
    groups = -(-tile_rows // rows)
    channels, filters = u.shape[1:]
    lines = np.zeros((6, (TILE * tiles + 2) * channels), dtype=x.dtype)
    v = np.empty((36, rows * tiles, channels), dtype=x.dtype)
    m = np.empty((36, rows * tiles, filters), dtype=x.dtype)
    z = np.empty((2, 6, 6, rows * tiles * filters), dtype=x.dtype)
    black = np.empty((rows * TILE, tiles * TILE), dtype=np.bool_)
    lit = np.empty((rows * TILE + 2, tiles * TILE + 2), dtype=np.bool_)
    for job in range(start, stop):
        n, first = job // groups, job % groups * rows
        _transform_pixels(x[n], pads, first, rows, lines, v)
        np.matmul(v, u, out=m)
        _find_black(x[n], pads, first * TILE, lit, black)
        ways = route[n] if pool else NO_ROUTE
        _transform_outputs(m, bias, relu, pool, first, rows, black, z, y[n], ways)


def _backward_samples(
    x, u_turned, pads, relu, pool, y, route, dy, dx, sizes, partial, partial_bias, start, stop
):
    """One thread's share of the backward pass: sample by sample, because tiles overlap in dx."""
    tile_rows, tiles, rows = sizes
    filters, channels = u_turned.shape[1:]
    lines = np.zeros((6, (TILE * tiles + 2) * channels), dtype=x.dtype)
    dlines = np.empty_like(lines)  # of its own: what falls on the padding is written there
    v = np.empty((36, rows * tiles, channels), dtype=x.dtype)
    dv = np.empty_like(v)
    dm = np.empty((36, rows * tiles, filters), dtype=x.dtype)
    du = np.empty((36, channels, filters), dtype=x.dtype)
    z = np.zeros((2, 6, 6, rows * tiles * filters), dtype=x.dtype)
    for n in range(start, stop):
        partial[n] = 0
        partial_bias[n] = 0
        for first in range(0, tile_rows, rows):
            shown = route[n] if pool else y[n]
            _transform_flow(dy[n], shown, relu, pool, first, rows, z, dm)
            # Row 1 of A is all ones: at position (1, 1) dM is the sum of a tile's sixteen dY.
            partial_bias[n] += dm[7].sum(axis=0)
            _transform_pixels(x[n], pads, first, rows, lines, v)
            np.matmul(v.transpose(0, 2, 1), dm, out=du)
            partial[n] += du
            if dx is not None:
                np.matmul(dm, u_turned, out=dv)
                _transform_back(dv, pads, first, rows, dlines, dx[n])


@summing_kernel
def _times_bt(d_0, d_1, d_2, d_3, d_4, d_5, s_0, s_1, s_2, s_3, s_4, s_5):
    """s = B^T d, six vectors into six."""
    for i in range(s_0.size):
        s_0[i] = 4 * d_0[i] - 5 * d_2[i] + d_4[i]
        s_1[i] = -4 * d_1[i] - 4 * d_2[i] + d_3[i] + d_4[i]
        s_2[i] = 4 * d_1[i] - 4 * d_2[i] - d_3[i] + d_4[i]
        s_3[i] = -2 * d_1[i] - d_2[i] + 2 * d_3[i] + d_4[i]
        s_4[i] = 2 * d_1[i] - d_2[i] - 2 * d_3[i] + d_4[i]
        s_5[i] = 4 * d_1[i] - 5 * d_3[i] + d_5[i]


@summing_kernel
def _add_b(s_0, s_1, s_2, s_3, s_4, s_5, d_0, d_1, d_2, d_3, d_4, d_5):
    """d = B s, six vectors into six; d_0 and d_1 have the sums of the tiles before already."""
    for i in range(s_0.size):
        d_0[i] += 4 * s_0[i]
        d_1[i] += -4 * s_1[i] + 4 * s_2[i] - 2 * s_3[i] + 2 * s_4[i] + 4 * s_5[i]
        d_2[i] = -5 * s_0[i] - 4 * s_1[i] - 4 * s_2[i] - s_3[i] - s_4[i]
        d_3[i] = s_1[i] - s_2[i] + 2 * s_3[i] - 2 * s_4[i] - 5 * s_5[i]
        d_4[i] = s_0[i] + s_1[i] + s_2[i] + s_3[i] + s_4[i]
        d_5[i] = s_5[i]


@summing_kernel
def _times_at(m_0, m_1, m_2, m_3, m_4, m_5, y_0, y_1, y_2, y_3):
    """y = A^T m, six vectors into four."""
    for i in range(m_0.size):
        plus, minus = m_1[i] + m_2[i], m_1[i] - m_2[i]
        plus_2, minus_2 = m_3[i] + m_4[i], m_3[i] - m_4[i]
        y_0[i] = m_0[i] + plus + plus_2
        y_1[i] = minus + 2 * minus_2
        y_2[i] = plus + 4 * plus_2
        y_3[i] = minus + 8 * minus_2 + m_5[i]


@summing_kernel
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


@summing_kernel
def _transform_pixels(image, pads, first, rows, lines, v):
    """V = B^T d B of some rows of tiles; v: (36, rows * tiles, channels).

    lines: (6, padded width * channels), 0 in the padding.
    """
    height, width, channels = image.shape
    tiles = v.shape[1] // rows
    begin, stop = pads[1][0] * channels, (pads[1][0] + width) * channels
    black = np.zeros(width * channels, dtype=image.dtype)
    s = lines[:, begin:stop]
    for row in range(rows):
        top = (first + row) * TILE - pads[0][0]
        d_0, d_1 = _row_or(image, top, black), _row_or(image, top + 1, black)
        d_2, d_3 = _row_or(image, top + 2, black), _row_or(image, top + 3, black)
        d_4, d_5 = _row_or(image, top + 4, black), _row_or(image, top + 5, black)
        _times_bt(d_0, d_1, d_2, d_3, d_4, d_5, s[0], s[1], s[2], s[3], s[4], s[5])
        for i in range(6):
            _across_bt(lines[i], v[6 * i : 6 * i + 6], row * tiles, tiles)


@summing_kernel
def _across_bt(line, v, first, tiles):
    """B^T along a row of tiles, whose columns overlap: line -> v[:, first : first + tiles]."""
    one = np.uintp(v.shape[2])  # a column; of unsigned numbers the compiler knows: never below 0
    two, four = one + one, one + one + one + one
    three, five = two + one, four + one
    for tile in range(tiles):
        d, n = line[TILE * tile * v.shape[2] :], first + tile
        for c in range(one):
            d_0, d_1, d_2 = d[c], d[one + c], d[two + c]
            d_3, d_4, d_5 = d[three + c], d[four + c], d[five + c]
            v[0, n, c] = 4 * d_0 - 5 * d_2 + d_4
            v[1, n, c] = -4 * d_1 - 4 * d_2 + d_3 + d_4
            v[2, n, c] = 4 * d_1 - 4 * d_2 - d_3 + d_4
            v[3, n, c] = -2 * d_1 - d_2 + 2 * d_3 + d_4
            v[4, n, c] = 2 * d_1 - d_2 - 2 * d_3 + d_4
            v[5, n, c] = 4 * d_1 - 5 * d_3 + d_5


@summing_kernel
def _across_b(v, first, tiles, line):
    """B along a row of tiles, added up where their columns overlap: undoes what _across_bt does."""
    one = np.uintp(v.shape[2])
    two, four = one + one, one + one + one + one
    three, five = two + one, four + one
    line[: 2 * v.shape[2]] = 0
    for tile in range(tiles):
        d, n = line[TILE * tile * v.shape[2] :], first + tile
        for c in range(one):
            s_0, s_1, s_2 = v[0, n, c], v[1, n, c], v[2, n, c]
            s_3, s_4, s_5 = v[3, n, c], v[4, n, c], v[5, n, c]
            d[c] += 4 * s_0
            d[one + c] += -4 * s_1 + 4 * s_2 - 2 * s_3 + 2 * s_4 + 4 * s_5
            d[two + c] = -5 * s_0 - 4 * s_1 - 4 * s_2 - s_3 - s_4
            d[three + c] = s_1 - s_2 + 2 * s_3 - 2 * s_4 - 5 * s_5
            d[four + c] = s_0 + s_1 + s_2 + s_3 + s_4
            d[five + c] = s_5


@summing_kernel
def _row_or(image, row, otherwise):
    """The numbers of an image's row, or `otherwise` where there is no such row."""
    return image[row].reshape(-1) if 0 <= row < image.shape[0] else otherwise


@summing_kernel
def _transform_back(dv, pads, first, rows, lines, dimage):
    """dimage = B dV B^T of some rows of tiles, added up where tiles overlap.

    What falls on the padding is dropped.
    """
    height, width, channels = dimage.shape
    tiles = dv.shape[1] // rows
    begin, stop = pads[1][0] * channels, (pads[1][0] + width) * channels
    dropped = np.zeros(width * channels, dtype=dv.dtype)
    if first == 0:
        for row in range(max(0, min(2 - pads[0][0], height))):
            dimage[row] = 0  # of all other rows, the first tiles that see them set the numbers
    s = lines[:, begin:stop]
    for row in range(rows):
        for i in range(6):
            _across_b(dv[6 * i : 6 * i + 6], row * tiles, tiles, lines[i])
        top = (first + row) * TILE - pads[0][0]
        d_0, d_1 = _row_or(dimage, top, dropped), _row_or(dimage, top + 1, dropped)
        d_2, d_3 = _row_or(dimage, top + 2, dropped), _row_or(dimage, top + 3, dropped)
        d_4, d_5 = _row_or(dimage, top + 4, dropped), _row_or(dimage, top + 5, dropped)
        _add_b(s[0], s[1], s[2], s[3], s[4], s[5], d_0, d_1, d_2, d_3, d_4, d_5)


@summing_kernel
def _find_black(image, pads, first_row, lit, black):
    """black[row, col]: whether all pixels of this output's 3x3 window are 0 in all channels.

    Its sum is 0 then. Winograd's method makes of it a difference of larger numbers, and what
    rounding leaves of that would let gradients through relu, and decide who wins in pooling, all
    along the black border of a scan.
    """
    height, width, channels = image.shape
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
        for col in range(black.shape[1]):
            black[row, col] = not lit[row : row + 3, col : col + 3].any()


@summing_kernel
def _transform_outputs(m, bias, relu, pool, first, rows, black, buffers, y, route):
    """Y = A^T M A, bias, relu and pooling, of some rows of tiles, into their places in y."""
    out_height, out_width, filters = y.shape
    tiles = m.shape[1] // rows
    s = buffers[0, :4].reshape(4, -1)
    t = m.reshape(6, -1)
    _times_at(t[0], t[1], t[2], t[3], t[4], t[5], s[0], s[1], s[2], s[3])
    z = buffers[1]
    for a in range(TILE):
        t = buffers[0, a]
        _times_at(t[0], t[1], t[2], t[3], t[4], t[5], z[a, 0], z[a, 1], z[a, 2], z[a, 3])
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


@summing_kernel
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
def _transform_flow(dy, shown, relu, pool, first, rows, buffers, dm):
    """dM = A dY A^T of some rows of tiles, through pooling and relu.

    shown: with `pool` the routes, else y itself, which is 0 where relu cut.
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
                flow = dy[(first + row) * step + a, col]
                seen = shown[(first + row) * step + a, col]
                if pool:
                    upper, lower = z[2 * a], z[2 * a + 1]
                    _send(flow, seen, upper[2 * b, begin:], upper[2 * b + 1, begin:], 0)
                    _send(flow, seen, lower[2 * b, begin:], lower[2 * b + 1, begin:], 2)
                else:
                    _cut(flow, seen, relu, z[a, b, begin:])
    s = buffers[0]
    for a in range(TILE):
        t, m = z[a], s[a]
        _times_a(t[0], t[1], t[2], t[3], m[0], m[1], m[2], m[3], m[4], m[5])
    t, m = s.reshape(6, -1), dm.reshape(6, -1)
    _times_a(t[0], t[1], t[2], t[3], m[0], m[1], m[2], m[3], m[4], m[5])


@summing_kernel
def _send(dy, route, dz_left, dz_right, way):
    """dy to the left or the right of two neighbouring sums, or to none of them."""
    zero = dy.dtype.type(0)
    for f in range(dy.size):
        taken = np.int32(route[f])
        dz_left[f] = dy[f] if taken == way else zero
        dz_right[f] = dy[f] if taken == way + 1 else zero


@summing_kernel
def _cut(dy, y, relu, dz):
    """dy where relu let the sum through."""
    zero = dy.dtype.type(0)
    for f in range(dy.size):
        dz[f] = dy[f] if not relu or y[f] > zero else zero
