"""How similar two images are: the correlation of their details, one shifted onto the other."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from covid.audit.hashing import SIDE
from covid.common.parallel import in_parallel

LARGEST_SHIFT = 4  # pixels of the thumbnail: 1/20 of the image's side
AT_ONCE = 200  # pairs
ALIGNED = 0.9  # correlation; where the details lie on each other like this, no shift is tried
SHIFTS = np.arange(-LARGEST_SHIFT, LARGEST_SHIFT + 1)


class Alignment(NamedTuple):
    """Of every pair: the largest correlation, in [-1, 1], and the shift that it takes."""

    correlation: np.ndarray  # (pairs,), float32
    # (pairs, 2), float32: rows and columns, in pixels of the thumbnail, by which the second image
    # is moved down and right to lie on the first
    shift: np.ndarray


def align(
    details: np.ndarray, pairs: np.ndarray, shifting: np.ndarray, progress: bool = False
) -> Alignment:
    """Correlate the images of all pairs, (pairs, 2) indices into `details`.

    `details` is (images, SIDE, SIDE), int8; `shifting`, (pairs,) bool, says whether small shifts
    are tried.
    """
    pieces = [slice(first, first + AT_ONCE) for first in range(0, len(pairs), AT_ONCE)]
    if not pieces:
        return Alignment(np.zeros(0, np.float32), np.zeros((0, 2), np.float32))
    done = in_parallel(
        lambda piece: align_piece(*(details[side] for side in pairs[piece].T), shifting[piece]),
        pieces,
        "correlating",
        "piece",
        progress,
    )
    return Alignment(*map(np.concatenate, zip(*done, strict=True)))


def align_piece(first: np.ndarray, second: np.ndarray, shifting: np.ndarray) -> Alignment:
    """Correlate first[i] and second[i]; both (pairs, SIDE, SIDE), int8; shifting[i] as above."""
    first, second = first.astype(np.float32), second.astype(np.float32)
    lengths = np.sqrt(dots(first, first) * dots(second, second))
    lengths[lengths == 0] = np.inf  # a flat image correlates with nothing
    correlation = (dots(first, second) / lengths).astype(np.float32)
    shift = np.zeros((len(first), 2), np.float32)
    unsure = np.flatnonzero(shifting & (correlation < ALIGNED))
    if len(unsure):
        products, moved = best_shift(first[unsure], second[unsure])
        shifted = (products / lengths[unsure]).astype(np.float32)
        better = shifted > correlation[unsure]
        correlation[unsure[better]] = shifted[better]
        shift[unsure[better]] = moved[better]
    return Alignment(correlation, shift)


def dots(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Sums of the products of corresponding pixels: (pairs, SIDE, SIDE) -> (pairs,)."""
    return np.einsum("prc,prc->p", first, second)


def best_shift(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The largest sum of products over all small shifts of the second image, and the shift.

    All whole shifts at once by the correlation theorem, ``F(products) = F(first) conj(F(second))``;
    what leaves the image on one side comes back on the other, a strip of at most four pixels.
    Then the summit between the pixels, see `summit`. The sums are (pairs,), the shifts (pairs, 2),
    float32.
    """
    spectrum = np.fft.rfft2(first) * np.conj(np.fft.rfft2(second))
    products = np.fft.irfft2(spectrum, s=(SIDE, SIDE))
    # (pairs, SIDE, SIDE) -> (pairs, 9, 9), the smallest shift first -> (pairs, 81)
    near = products[:, SHIFTS][:, :, SHIFTS].reshape(len(first), -1)
    rows, columns = (SHIFTS[place] for place in np.divmod(near.argmax(axis=1), len(SHIFTS)))
    each = np.arange(len(first))
    highest = products[each, rows, columns]
    row_rise, row_part = summit(
        products[each, rows - 1, columns], highest, products[each, rows + 1, columns]
    )
    column_rise, column_part = summit(
        products[each, rows, columns - 1], highest, products[each, rows, columns + 1]
    )
    shift = np.column_stack([rows + row_part, columns + column_part]).astype(np.float32)
    return highest + row_rise + column_rise, shift


def summit(
    before: np.ndarray, highest: np.ndarray, after: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """How much higher than `highest`, and where, is the top of the parabola through three points.

    Images moved by half a pixel of the thumbnail would else look less alike than they are.
    Parabola through (-1, before), (0, highest), (1, after): its top lies at
    ``part = (before - after) / (2 (before - 2 highest + after))``, and
    ``(after - before) part / 4`` above `highest`. At the edge of the shifts that are looked at,
    where `highest` may be on a slope, the top is at most half a pixel away.
    """
    bend = before - 2 * highest + after
    bend = np.where(bend < 0, bend, -np.inf)
    part = np.clip((before - after) / (2 * bend), -0.5, 0.5)
    return (after - before) * part / 4, part
