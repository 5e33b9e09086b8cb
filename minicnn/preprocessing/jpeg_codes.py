"""Steps over the code words of a jpg's compressed data, without working out a pixel.

A block of 8 x 8 pixels is 64 coefficients: the first (DC) and, in zigzag order, the other 63 (AC).
Each non-zero one is a Huffman code word followed by extra bits; the code word's symbol says how
many extra bits there are and, for AC, how many zeros come before (ITU-T T.81, F.1.2 and G.1.2).
A wrong byte mostly leads to code words that do not exist, to more than 64 coefficients, or to an
end of the data too soon or too late.

`bits` is always what `take_out` took out: the data between two markers, with `PADDING` bytes
behind. A lookup table gives for the next 16 bits ``length << 8 | symbol`` of the code word that
they begin with, or 0. The functions that step return how many bits were used, or `INVALID`.
"""

import numpy as np

from minicnn.kernels.jit import kernel

PADDING = 8  # bytes; code words may reach beyond the end before it is noticed
INVALID = -1
LAST = 63  # the number of a block's last coefficient
LONGEST_ZERO_RUN = 15
LARGEST_SIZE = 16  # extra bits of a coefficient


@kernel
def take_out(data, start, bits):
    """Copy the compressed data from `start` up to the next marker.

    In them, a byte FF is written as FF 00, so that it is no marker; the 00 is left out.

    Parameters
    ----------
    data : (bytes of the file,) uint8 array
    start : int
    bits : (enough,) uint8 array

    Returns
    -------
    length : int
        Bytes written to `bits`, without the `PADDING` zeros behind.
    end : int
        Where in `data` the marker is; ``len(data)`` if there is none.
    """
    length, position = 0, start
    while position < len(data):
        if data[position] == 0xFF and (position + 1 == len(data) or data[position + 1] != 0):
            break
        bits[length] = data[position]
        length += 1
        position += 2 if data[position] == 0xFF else 1
    bits[length : length + PADDING] = 0
    return length, position


@kernel
def next_16_bits(bits, position):
    """The 16 bits from bit number `position` on, as a number."""
    byte = position >> 3
    three = (np.int64(bits[byte]) << 16) | (np.int64(bits[byte + 1]) << 8) | bits[byte + 2]
    return (three >> (8 - (position & 7))) & 0xFFFF


@kernel
def step_over_blocks(bits, blocks, dc_tables, ac_tables, lookups, only_dc):
    """Whole blocks one after the other; of a progressive jpg's first scan only the DC parts.

    Parameters
    ----------
    bits : (bytes,) uint8 array
    blocks : int
        How many.
    dc_tables, ac_tables : (blocks in a unit,) int64 arrays
        Which of `lookups` each block of a unit uses; the units repeat.
    lookups : (tables, 65536) uint16 array
    only_dc : bool
    """
    end = 8 * (len(bits) - PADDING)
    position = 0
    for number in range(blocks):
        place = number % len(dc_tables)
        code = lookups[dc_tables[place], next_16_bits(bits, position)]
        if code == 0 or code & 0xFF > LARGEST_SIZE:
            return INVALID
        position += (code >> 8) + (code & 0xFF)
        k = LAST + 1 if only_dc else 1
        while k <= LAST:
            if position > end:
                return INVALID
            code = lookups[ac_tables[place], next_16_bits(bits, position)]
            if code == 0:
                return INVALID
            run, size = (code & 0xFF) >> 4, code & 0xF
            position += (code >> 8) + size
            if size == 0 and run < LONGEST_ZERO_RUN:
                break  # end of block
            k += run + 1
        if k > LAST + 1 or position > end:
            return INVALID
    return position


@kernel
def step_over_band(bits, first, blocks, nonzero, lookup, start, stop, refine):
    """Coefficients `start` to `stop` of a progressive jpg's blocks (ITU-T T.81, G.1.2.2 and G.1.2.3).

    Parameters
    ----------
    bits : (bytes,) uint8 array
    first, blocks : int
        The number of the first block, and how many.
    nonzero : (block rows, block columns, 64) bool array
        Which coefficients are not zero so far; is brought up to date.
    lookup : (65536,) uint16 array
    start, stop : int
    refine : bool
        Whether this scan adds a bit to coefficients that an earlier one began.
    """
    end = 8 * (len(bits) - PADDING)
    position, end_run, width = 0, 0, nonzero.shape[1]
    for number in range(first, first + blocks):
        known = nonzero[number // width, number % width]
        k = start
        while end_run == 0 and k <= stop:
            if position > end:
                return INVALID
            code = lookup[next_16_bits(bits, position)]
            run, size = (code & 0xFF) >> 4, code & 0xF
            position += code >> 8
            if code == 0 or (refine and size > 1):
                return INVALID
            if size == 0 and run < LONGEST_ZERO_RUN:
                # This and some following blocks have no more new coefficients.
                end_run = (1 << run) + (next_16_bits(bits, position) >> (16 - run))
                position += run
                break
            position += size
            while refine and k <= stop and (known[k] or run > 0):
                # Zeros are counted down; each one that is not zero has a correction bit.
                if known[k]:
                    position += 1
                else:
                    run -= 1
                k += 1
            k += 0 if refine else run
            if k > stop:
                return INVALID
            if size > 0:
                known[k] = True
            k += 1
        if end_run > 0:
            if refine:
                position += known[k : stop + 1].sum()
            end_run -= 1
        if position > end:
            return INVALID
    return INVALID if end_run > 0 else position
