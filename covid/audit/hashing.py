"""Perceptual hash (255 bits, to find candidates) and fine detail (to decide) of an image.

Both come from a thumbnail of 80x80 pixels:

- the perceptual hash: signs of the lowest 16x16 frequencies of its cosine transform but for the
  very lowest, the mean (after E. Klinger and D. Starkweather's pHash; 64 bits, as are common
  there, do not distinguish the slices of different patients);
- the detail: the thumbnail minus its own blurred copy. Every chest has a bright wall around
  dark lungs, so thumbnails of different patients correlate at 0.9 and above. Vessels, ribs and
  outlines, which are what differs, remain in the detail.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

SIDE = 80  # pixels, height and width of a thumbnail
FREQUENCIES = 16  # of each direction
WORDS = FREQUENCIES * FREQUENCIES // 64  # 64-bit integers that hold the bits; the last bit is 0
BLUR = 1.5  # pixels of the thumbnail, standard deviation
UNIT = 16  # the detail's root mean square, as stored; 127 / 16 = 8 times as much still fits
LEAST_DETAIL = 0.25  # gray levels, root mean square; below, there is nothing to compare


class Look(NamedTuple):
    """What is compared of an image."""

    bits: np.ndarray  # (WORDS,), uint64
    detail: np.ndarray  # (SIDE, SIDE), int8, root mean square 16; all zeros if the image is flat


def look(gray: np.ndarray) -> Look:
    """Work out hash and detail of an image (height, width), uint8 gray, of any size."""
    small = cv2.resize(gray, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    return Look(perceptual_hash(small), fine_detail(small))


def perceptual_hash(small: np.ndarray) -> np.ndarray:
    """255 bits of a thumbnail (SIDE, SIDE), float32, as WORDS integers of 64 bits."""
    lowest = cv2.dct(small)[:FREQUENCIES, :FREQUENCIES].ravel()[1:]
    # (255,) bool -> (32,) uint8, the missing bit 0 -> (WORDS,) uint64
    return np.packbits(lowest > 0).view(np.uint64)


def fine_detail(small: np.ndarray) -> np.ndarray:
    """What blurring takes away from a thumbnail (SIDE, SIDE), float32; see `Look`."""
    detail = small - cv2.GaussianBlur(small, (0, 0), BLUR)
    detail -= detail.mean()
    strength = float(np.sqrt(np.mean(detail**2)))
    if strength < LEAST_DETAIL:
        return np.zeros((SIDE, SIDE), np.int8)
    return np.clip(np.round(detail * (UNIT / strength)), -127, 127).astype(np.int8)
