"""Hashes of images, and the nearest of each among all others."""

import numpy as np
import pytest
from textures import texture

from covid.audit.hashing import SIDE, look
from covid.audit.neighbors import nearest
from minicnn.kernels.runtime.thread_count import get_threads, set_threads


def brute_force(hashes, sides, same_side, most, farthest):
    """The nearest of every image from the whole table of distances."""
    bits = np.unpackbits(hashes.view(np.uint8), axis=1).astype(int)
    table = (bits[:, None] != bits[None]).sum(axis=2)
    allowed = (sides[:, None] == sides[None]) == same_side
    np.fill_diagonal(allowed, False)
    found = []
    for query in range(len(hashes)):
        others = [
            (table[query, other], other)
            for other in range(len(hashes))
            if allowed[query, other] and table[query, other] <= farthest
        ]
        found.append(sorted(others)[:most])
    return found


def some_hashes(count=250):
    """Random, with near copies, and forty equal ones."""
    rng = np.random.default_rng(3)
    hashes = rng.integers(0, 2**64, (count, 4), dtype=np.uint64)
    for copy in range(0, 100, 2):
        hashes[copy + 1] = hashes[copy]
        hashes[copy + 1, copy % 4] ^= np.uint64(2**copy % (2**60) + 1)
    hashes[150:190] = hashes[150]
    return hashes, rng.integers(0, 2, count)


@pytest.mark.parametrize("same_side", [True, False])
def test_neighbors_are_those_of_the_whole_table(same_side):
    hashes, sides = some_hashes()
    found, bits = nearest(hashes, sides, same_side, 5, 110)
    expected = brute_force(hashes, sides, same_side, 5, 110)
    assert sum(map(len, expected)) > 300
    for query, neighbors in enumerate(expected):
        kept = found[query] >= 0
        assert list(zip(bits[query][kept], found[query][kept], strict=True)) == neighbors


def test_neighbors_on_any_number_of_threads():
    hashes, sides = some_hashes()
    before, results = get_threads(), []
    try:
        for threads in (1, 3):
            set_threads(threads)
            results.append(nearest(hashes, sides, True, 5, 110))
    finally:
        set_threads(before)
    assert all(np.array_equal(*both) for both in zip(*results, strict=True))


def test_equal_hashes_do_not_blow_up():
    """Two thousand equal hashes: sixteen neighbors each, not two million pairs."""
    hashes = np.zeros((2000, 4), np.uint64)
    found, bits = nearest(hashes, np.zeros(2000, np.int64), True, 16, 51)
    assert found.shape == (2000, 16) and (bits == 0).all()
    assert found[5].tolist() == [0, 1, 2, 3, 4, *range(6, 17)]


def test_the_hash_is_that_of_the_signs_by_hand():
    """Only the gray wave across the columns is there: its sign is the only bit that can be set."""
    wave = np.cos(np.pi * 3 * (np.arange(SIDE) + 0.5) / SIDE)
    image = np.tile(128 + 100 * wave, (SIDE, 1)).round().astype(np.uint8)
    bits = np.unpackbits(look(image).bits.view(np.uint8))
    assert bits[2] == 1  # frequency 3 across, 0 down; frequency (0, 0) has no bit
    assert np.unpackbits(look(255 - image).bits.view(np.uint8))[2] == 0
    assert bits[255] == 0


def test_flat_images_have_no_detail():
    assert not look(np.full((30, 50), 77, np.uint8)).detail.any()
    assert np.sqrt(np.mean(np.square(look(texture(0)).detail, dtype=float))) == pytest.approx(
        16, 0.02
    )
