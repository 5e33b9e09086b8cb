"""How alike two images are: the correlation of their details, one shifted onto the other."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from covid.audit.hashing import SIDE
from covid.parallel import in_parallel

LARGEST_SHIFT = 4  # pixels of the thumbnail: 1/20 of the image's side
AT_ONCE = 200  # pairs
# Where the details lie on each other, shifting helps no more; where they have next to nothing in
# common, it does not help.
ALIGNED, HOPELESS = 0.9, 0.3
SHIFTS = np.arange(-LARGEST_SHIFT, LARGEST_SHIFT + 1)


class Alignment(NamedTuple):
    """Of every pair: the largest correlation, in [-1, 1], and the shift that it takes.

    Attributes
    ----------
    correlation : ndarray (pairs,), float32
    shift : ndarray (pairs, 2), int8
        Rows and columns, in pixels of the thumbnail, by which the second image is moved down
        and right to lie on the first.
    """

    correlation: np.ndarray
    shift: np.ndarray


def align(details: np.ndarray, pairs: np.ndarray, progress: bool = False) -> Alignment:
    """Correlate the images of all pairs.

    Parameters
    ----------
    details : ndarray (images, SIDE, SIDE), int8
    pairs : ndarray (pairs, 2), int
        Indices of images.
    """
    pieces = [pairs[first : first + AT_ONCE] for first in range(0, len(pairs), AT_ONCE)]
    if not pieces:
        return Alignment(np.zeros(0, np.float32), np.zeros((0, 2), np.int8))
    done = in_parallel(
        lambda piece: align_piece(details[piece[:, 0]], details[piece[:, 1]]),
        pieces,
        "correlating",
        "piece",
        progress,
    )
    return Alignment(*map(np.concatenate, zip(*done, strict=True)))


def align_piece(first: np.ndarray, second: np.ndarray) -> Alignment:
    """Correlate first[i] and second[i]; both (pairs, SIDE, SIDE), int8."""
    first, second = first.astype(np.float32), second.astype(np.float32)
    lengths = np.sqrt(dots(first, first) * dots(second, second))
    lengths[lengths == 0] = np.inf  # a flat image correlates with nothing
    correlation = (dots(first, second) / lengths).astype(np.float32)
    shift = np.zeros((len(first), 2), np.int8)
    unsure = np.flatnonzero((correlation > HOPELESS) & (correlation < ALIGNED))
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

    All shifts at once by the correlation theorem, ``F(correlation) = F(first) conj(F(second))``;
    what leaves the image on one side comes back on the other, a strip of at most four pixels.
    """
    spectrum = np.fft.rfft2(first) * np.conj(np.fft.rfft2(second))
    products = np.fft.irfft2(spectrum, s=(SIDE, SIDE))
    # (pairs, SIDE, SIDE) -> (pairs, 9, 9), the smallest shift first -> (pairs, 81)
    near = products[:, SHIFTS][:, :, SHIFTS].reshape(len(first), -1)
    best = near.argmax(axis=1)
    rows, columns = np.divmod(best, len(SHIFTS))
    shift = np.column_stack([SHIFTS[rows], SHIFTS[columns]]).astype(np.int8)
    return near[np.arange(len(first)), best], shift
