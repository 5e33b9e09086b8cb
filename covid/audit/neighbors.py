"""Nearest neighbors of every image, by the Hamming distance of the hashes.

All hashes are compared with all, in compiled code: to count the bits in which two differ takes
about a nanosecond, so that 100,000 images take seconds, nothing is missed, and nothing has to be
assumed of how hashes are distributed. (Tables of hashes cut into bands, the usual way to compare
fewer, must assume that few images share a band; slices of the chest all look alike.) Memory is
what is kept: a fixed number of neighbors an image, also where thousands of images are equal.
"""

from __future__ import annotations

import numpy as np
from tqdm import tqdm

from covid.common.parallel import bar_options
from minicnn.kernels.runtime.jit import kernel, part
from minicnn.kernels.runtime.thread_pool import share

AT_ONCE = 2000  # images between two checks for Ctrl-C and steps of the progress bar
# Masks of the count of ones: every other bit, every other two bits, every other four
ODD_BITS, ODD_PAIRS = np.uint64(0x5555555555555555), np.uint64(0x3333333333333333)
ODD_NIBBLES, ONE_EACH_BYTE = np.uint64(0x0F0F0F0F0F0F0F0F), np.uint64(0x0101010101010101)
ONE, TWO, FOUR, LAST_BYTE = np.uint64(1), np.uint64(2), np.uint64(4), np.uint64(56)


def nearest(
    hashes: np.ndarray,
    sides: np.ndarray,
    same_side: bool,
    most: int,
    farthest: int,
    progress: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """Find the nearest others of every image, among those of its own side or of the other sides.

    Parameters
    ----------
    hashes : ndarray (images, words), uint64
    sides : ndarray (images,), int64
    same_side : bool
    most : int
        Neighbors kept of each image.
    farthest : int
        Bits; what differs in more is no neighbor.
    progress : bool
        A bar on a terminal.

    Returns
    -------
    found : ndarray (images, most), int32
        Indices, the nearest first, of equally near ones the first; -1 where there are no more.
    bits : ndarray (images, most), int16
        In how many bits they differ.
    """
    count = len(hashes)
    found = np.full((count, most), -1, np.int32)
    bits = np.full((count, most), farthest + 1, np.int16)
    hashes, sides = np.ascontiguousarray(hashes), np.ascontiguousarray(sides, np.int64)
    with tqdm(total=count, **bar_options("  comparing", "image", progress)) as bar:
        for first in range(0, count, AT_ONCE):
            queries = min(AT_ONCE, count - first)
            share(_nearest, queries, hashes, sides, same_side, first, found, bits)
            bar.update(queries)
    return found, bits


@kernel
def _nearest(hashes, sides, same_side, first, found, bits, start, stop):
    images, words = hashes.shape
    most = found.shape[1]
    for query in range(first + start, first + stop):
        for other in range(images):
            if other == query or (sides[other] == sides[query]) != same_side:
                continue
            distance = 0
            for word in range(words):
                distance += np.int64(ones(hashes[query, word] ^ hashes[other, word]))
            # Empty places are farther than anything that counts; of equally near ones, the first
            # stays, so that the result depends on nothing but the order of the images.
            if distance >= bits[query, most - 1]:
                continue
            place = most - 1
            while place > 0 and bits[query, place - 1] > distance:
                bits[query, place] = bits[query, place - 1]
                found[query, place] = found[query, place - 1]
                place -= 1
            bits[query, place] = distance
            found[query, place] = other


@part
def ones(bits):
    """Count the ones in 64 bits: sums of neighboring bits, of pairs, of nibbles, of all bytes.

    H. S. Warren, Hacker's Delight, 2nd edition, section 5-1. The compiler knows it and takes the
    processor's own instruction where there is one.
    """
    bits = bits - ((bits >> ONE) & ODD_BITS)
    bits = (bits & ODD_PAIRS) + ((bits >> TWO) & ODD_PAIRS)
    bits = (bits + (bits >> FOUR)) & ODD_NIBBLES
    return (bits * ONE_EACH_BYTE) >> LAST_BYTE
