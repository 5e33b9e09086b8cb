"""Smooth fields on a frame's pixels: blur, enlargement, random fields fixed to the body."""

from __future__ import annotations

import cv2
import numpy as np

from covid.phantom.geometry import SCAN_LENGTH_MM, Frame


def blur(image: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian blur; `sigma` in pixels, nothing done below 0.2.

    A wide blur leaves nothing fine, so it is done on a quarter of the resolution.
    """
    if sigma < 0.2:
        return image
    if sigma < 6:
        return cv2.GaussianBlur(image, (0, 0), sigma)
    small = cv2.resize(image, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    return enlarged(cv2.GaussianBlur(small, (0, 0), sigma / 4), image.shape[0])


def enlarged(image: np.ndarray, size: int) -> np.ndarray:
    """A coarse square field as (size, size), interpolated linearly."""
    return cv2.resize(image, (size, size), interpolation=cv2.INTER_LINEAR)


def smooth_noise(key: tuple[int, ...], z: float, frame: Frame, cell: float) -> np.ndarray:
    """Random field, continuous in x, y and z, that belongs to the body, not to the image.

    Value noise: independent normal values on a lattice `cell` mm apart along all three axes,
    interpolated. Two lattice planes are drawn per call, from generators that depend only on
    `key` and the plane's number, so any slice can be made on its own. The field is (size, size),
    float32, with a mean of about 0 and a standard deviation a little below 1.
    """
    # A field without fine detail is made on a coarser grid, fine enough to keep
    # at least three of its pixels to a lattice cell.
    factor = 4 if cell / frame.spacing > 12 else 2 if cell / frame.spacing > 8 else 1
    if factor > 1:
        return enlarged(smooth_noise(key, z, frame.coarser(factor), cell), frame.size)
    reach = 270.0  # the lattice covers -reach..reach mm
    count = int(2 * reach / cell) + 3
    depth = z * SCAN_LENGTH_MM / cell
    lower = int(np.floor(depth))
    above, below = (
        np.random.default_rng((*key, number)).standard_normal((count, count), dtype=np.float32)
        for number in (lower, lower + 1)
    )
    weight = depth - lower
    plane = (1 - weight) * above + weight * below
    plane /= np.hypot(weight, 1 - weight)  # the mixture keeps a standard deviation of 1
    # Pixel -> standard mm -> lattice cell.
    to_lattice = cv2.invertAffineTransform(frame.matrix()) / cell
    to_lattice[:, 2] += reach / cell
    flags, size = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP, (frame.size, frame.size)
    return cv2.warpAffine(plane, to_lattice, size, flags=flags, borderMode=cv2.BORDER_REFLECT)
