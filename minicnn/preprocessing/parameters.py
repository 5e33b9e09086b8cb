"""What one augmentation is drawn from: checks of the ranges, and the draws themselves."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

# The parameters of a transform that changes nothing; their names are Keras'.
NEUTRAL: dict[str, float | bool] = {
    "theta": 0,
    "tx": 0,
    "ty": 0,
    "shear": 0,
    "zx": 1,
    "zy": 1,
    "flip_horizontal": False,
    "flip_vertical": False,
}


@dataclass(frozen=True)
class AugmentationRanges:
    """The checked ranges of an `ImageDataGenerator`; its docstring explains each."""

    rotation_range: float
    width_shift_range: float | tuple[float, ...]
    height_shift_range: float | tuple[float, ...]
    shear_range: float
    zoom_range: tuple[float, float]
    horizontal_flip: bool
    vertical_flip: bool

    def draw(self, height: int, width: int, rng: np.random.Generator) -> dict[str, float | bool]:
        """Draw the parameters of one transform, in Keras' order.

        A range that is 0 draws nothing, but both flips are always drawn, so switching a flip
        on or off does not change the other parameters.

        Parameters
        ----------
        height, width : int
            Of the image, pixels; shifts given as fractions are multiplied by them.
        rng : numpy.random.Generator
            Where the numbers come from.

        Returns
        -------
        dict
            theta, shear in degrees; tx, ty in pixels; zx, zy factors; two booleans.
        """
        drawn = dict(NEUTRAL)
        if self.rotation_range:
            drawn["theta"] = rng.uniform(-self.rotation_range, self.rotation_range)
        drawn["tx"] = draw_shift(self.height_shift_range, height, rng)
        drawn["ty"] = draw_shift(self.width_shift_range, width, rng)
        if self.shear_range:
            drawn["shear"] = rng.uniform(-self.shear_range, self.shear_range)
        if self.zoom_range != (1, 1):
            drawn["zx"], drawn["zy"] = rng.uniform(*self.zoom_range, 2)
        drawn["flip_horizontal"] = bool(rng.random() < 0.5) and self.horizontal_flip
        drawn["flip_vertical"] = bool(rng.random() < 0.5) and self.vertical_flip
        return drawn


def draw_shift(
    shift_range: float | tuple[float, ...], size: int, rng: np.random.Generator
) -> float:
    """A shift in pixels along an axis of `size` pixels, as Keras draws it.

    A float r: uniform in [-r, r]. An integer n: one of 0..n-1, with a random sign. Several
    numbers: one of them, with a random sign. If the largest is below 1, a fraction of `size`.
    """
    if shift_range == 0:
        return 0
    if isinstance(shift_range, tuple | int | np.integer):
        shift = rng.choice(shift_range) * rng.choice([-1, 1])
    else:
        shift = rng.uniform(-shift_range, shift_range)
    largest = max(shift_range) if isinstance(shift_range, tuple) else shift_range
    return float(shift * size if largest < 1 else shift)


def nonnegative(value: float, argument: str) -> float:
    """Return `value` if it is a finite number of at least 0, else raise ValueError."""
    if isinstance(value, bool) or np.ndim(value) != 0 or not _is_finite(value) or value < 0:
        raise ValueError(
            f"ImageDataGenerator: expected {argument} to be a number of at least 0, got {value!r}"
        )
    return value


def checked_shift_range(value: float | Sequence[float], argument: str) -> float | tuple[float, ...]:
    """Check a shift range: a number of at least 0, or a sequence of numbers.

    Raises
    ------
    ValueError
        If it is neither.
    """
    if np.ndim(value) == 0:
        return nonnegative(value, argument)
    if np.ndim(value) != 1 or len(value) == 0 or not _is_finite(value):
        raise ValueError(
            f"ImageDataGenerator: expected {argument} to be a number of at least 0 or "
            f"a sequence of numbers, got {value!r}"
        )
    return tuple(value)


def zoom_pair(zoom_range: float | Sequence[float]) -> tuple[float, float]:
    """Turn 0.2 into (0.8, 1.2); a pair (lower, upper) stays.

    Raises
    ------
    ValueError
        If it is neither, or a factor would not be above 0.
    """
    pair = (1 - zoom_range, 1 + zoom_range) if np.ndim(zoom_range) == 0 else tuple(zoom_range)
    if len(pair) != 2 or not _is_finite(pair) or min(pair) <= 0:
        raise ValueError(
            "ImageDataGenerator: expected zoom_range to be a number below 1 or a pair of "
            f"factors above 0, got {zoom_range!r}"
        )
    return pair


def _is_finite(value: float | Sequence[float]) -> bool:
    try:
        return bool(np.all(np.isfinite(value)))
    except TypeError:
        return False
