"""`HeatMap`: a value for every place of an image, and its interpolation to the pixels."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class HeatMap:
    """What Grad-CAM and occlusion give.

    Attributes
    ----------
    method : str
        "Grad-CAM" or "occlusion".
    source : str
        What it was computed from: names of layers, or size and distance of the patches.
    values : (rows, cols) float64 array
        As computed, at the resolution of the layer or of the patches.
    on_image : (height, width) float64 array
        The same on every pixel of the image.
    logit : float
        The model's answer for the whole image, in front of the sigmoid.
    """

    method: str
    source: str
    values: np.ndarray
    on_image: np.ndarray
    logit: float


def upsample(values: np.ndarray, size: tuple, start: tuple, step: tuple) -> np.ndarray:
    """Interpolate values on a coarse grid to all pixels, bilinearly.

    Value (i, j) stands on pixel (start[0] + i * step[0], start[1] + j * step[1]); in between
    the weights fall linearly, along rows and along columns; beyond the outermost values they fall
    to 0 over one more step, so that an edge that no value stands on is not painted over:

        pixels = weights_down @ values @ weights_right.T

    Parameters
    ----------
    values : (rows, cols) float array
    size : (height, width) of the result, pixels
    start, step : (down, right) in pixels
        Place of the first value, and distance of neighbors; not necessarily whole numbers.

    Returns
    -------
    pixels : (height, width) float64 array
    """
    weights = []
    for pixels, count, first, distance in zip(size, values.shape, start, step, strict=True):
        places = first + distance * np.arange(count)
        # How much value k counts at every pixel: a triangle. (pixels, 1) - (count,)
        away = np.abs(np.arange(pixels)[:, np.newaxis] - places) / distance
        weights.append(np.maximum(1 - away, 0))  # (pixels, count)
    down, right = weights
    return down @ values @ right.T


def share_inside(heat: np.ndarray, mask: np.ndarray) -> float:
    """sum(|heat| inside the mask) / sum(|heat|): how much of a heat map lies where it should.

    A map that is spread evenly has the mask's share of the area: compare with `mask.mean()`.
    ValueError if the shapes differ.

    Parameters
    ----------
    heat : (height, width) float array
    mask : (height, width) bool array

    Returns
    -------
    share : float in [0, 1]; NaN for a map that is zero everywhere.
    """
    mass, mask = np.abs(np.asarray(heat, dtype=np.float64)), np.asarray(mask, dtype=bool)
    if mass.shape != mask.shape:
        raise ValueError(
            f"share_inside: expected a mask of the heat map's shape {mass.shape}, got {mask.shape}"
        )
    total = float(mass.sum())
    return float(mass[mask].sum()) / total if total else float("nan")
