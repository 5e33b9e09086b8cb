"""Applies transforms to the images of a batch: moves, flips, changes of the gray values."""

import numpy as np

from minicnn.preprocessing.affine import flipped, resample, transform_matrix
from minicnn.preprocessing.intensity_shifts import brightness_shift, channel_shift
from minicnn.preprocessing.transform_parameters import NEUTRAL_MOVES


def transform_images(
    images: np.ndarray,
    chosen: np.ndarray,
    parameters: dict[str, np.ndarray],
    out: np.ndarray,
    fill_mode: str,
    cval: float,
) -> None:
    """Fill `out` with images moved, then flipped, then changed in their gray values.

    Parameters
    ----------
    images : ndarray, (n, height, width, channels)
        Left as they are.
    chosen : ndarray, (batch,), int
        Which of them.
    parameters : dict of str to (batch,) array
        See `AugmentationRanges.transforms`.
    out : ndarray, (batch, height, width, channels), float32
    fill_mode, cval
        As for `affine.resample`.
    """
    moves = {name: parameters[name] for name in NEUTRAL_MOVES}
    matrices = transform_matrix(*images.shape[1:3], **moves)
    names = ("flip_horizontal", "flip_vertical")
    flips = np.stack([parameters[name].astype(bool) for name in names], axis=1)
    moved = np.any([value != NEUTRAL_MOVES[name] for name, value in moves.items()], axis=0)
    if moved.any():
        resample(images, chosen, matrices, flips, out, fill_mode, cval)
    for position in np.flatnonzero(~moved):  # exactly as they are
        out[position] = flipped(images[chosen[position]], *flips[position])
    # Keras shifts the channels before it flips: the values are the same.
    for position, intensity in enumerate(parameters["channel_shift_intensity"]):
        if intensity is not None:
            out[position] = channel_shift(out[position], intensity)
    for position, factor in enumerate(parameters["brightness"]):
        if factor is not None:
            out[position] = brightness_shift(out[position], factor)
