"""What one augmentation is drawn from: checks of the ranges, and the draws themselves."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

# The parameters of a transform that changes nothing; their names are Keras'.
NEUTRAL_MOVES: dict[str, float] = {"theta": 0, "tx": 0, "ty": 0, "shear": 0, "zx": 1, "zy": 1}
NEUTRAL: dict[str, float | bool | None] = {
    **NEUTRAL_MOVES,
    "flip_horizontal": False,
    "flip_vertical": False,
    "channel_shift_intensity": None,
    "brightness": None,
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
    channel_shift_range: float = 0.0
    brightness_range: tuple[float, float] | None = None

    @property
    def changes_nothing(self) -> bool:
        """Whether every transform that can be drawn leaves the image as it is."""
        return self == AugmentationRanges(0, 0.0, 0.0, 0, (1, 1), False, False)

    @property
    def numbers(self) -> int:
        """How many random numbers one transform takes."""
        shifts = (self.height_shift_range, self.width_shift_range)
        return (
            int(self.rotation_range != 0)
            + sum(0 if shift == 0 else 1 + is_choice(shift) for shift in shifts)
            + int(self.shear_range != 0)
            + 2 * int(self.zoom_range != (1, 1))
            + 2  # the flips
            + int(self.channel_shift_range != 0)
            + int(self.brightness_range is not None)
        )

    def transforms(self, height: int, width: int, uniform: np.ndarray) -> dict[str, np.ndarray]:
        """Make the parameters of transforms out of random numbers, which are used in Keras' order.

        A range that is 0 uses none, but both flips always do, so switching a flip on or off
        does not change the other parameters.

        Parameters
        ----------
        height, width : int
            Of the image, pixels; shifts given as fractions are multiplied by them.
        uniform : ndarray, (..., numbers), float64
            Uniform in [0, 1).

        Returns
        -------
        dict of str to (...) array
            theta, shear in degrees; tx, ty in pixels; zx, zy factors; two booleans; gray values
            and a factor, or None where their range is not set.
        """
        # (..., numbers) -> (numbers, ...)
        following = iter(np.moveaxis(uniform, -1, 0))
        made = {name: np.full(uniform.shape[:-1], value) for name, value in NEUTRAL.items()}
        if self.rotation_range:
            made["theta"] = between(-self.rotation_range, self.rotation_range, next(following))
        made["tx"] = shift_of(self.height_shift_range, height, following, made["tx"])
        made["ty"] = shift_of(self.width_shift_range, width, following, made["ty"])
        if self.shear_range:
            made["shear"] = between(-self.shear_range, self.shear_range, next(following))
        if self.zoom_range != (1, 1):
            made["zx"] = between(*self.zoom_range, next(following))
            made["zy"] = between(*self.zoom_range, next(following))
        made["flip_horizontal"] = (next(following) < 0.5) & self.horizontal_flip
        made["flip_vertical"] = (next(following) < 0.5) & self.vertical_flip
        if self.channel_shift_range:
            limits = -self.channel_shift_range, self.channel_shift_range
            made["channel_shift_intensity"] = between(*limits, next(following))
        if self.brightness_range is not None:
            made["brightness"] = between(*self.brightness_range, next(following))
        return made


def between(low: float, high: float, uniform: np.ndarray) -> np.ndarray:
    """Bring values from [0, 1) to [low, high), as `Generator.uniform` does."""
    return low + (high - low) * uniform


def is_choice(shift_range: float | tuple[float, ...]) -> bool:
    """Whether a shift is one of some values, not anywhere in an interval."""
    return isinstance(shift_range, tuple | int | np.integer)


def shift_of(
    shift_range: float | tuple[float, ...], size: int, following: Iterator, none: np.ndarray
) -> np.ndarray:
    """Shifts in pixels along an axis of `size` pixels, as Keras draws them.

    A float r: uniform in [-r, r). An integer n: one of 0..n-1, with a random sign. Several
    numbers: one of them, with a random sign. If the largest is below 1, a fraction of `size`.
    `none` is what a range of 0 gives.
    """
    if shift_range == 0:
        return none
    if is_choice(shift_range):
        among = np.array(shift_range if isinstance(shift_range, tuple) else range(shift_range))
        chosen = among[(next(following) * len(among)).astype(int)]
        shift = np.where(next(following) < 0.5, -1.0, 1.0) * chosen
    else:
        shift = between(-shift_range, shift_range, next(following))
    largest = max(shift_range) if isinstance(shift_range, tuple) else shift_range
    return shift * size if largest < 1 else shift


def nonnegative(value: float, argument: str) -> float:
    """Return `value` if it is a finite number of at least 0, else raise ValueError."""
    if isinstance(value, bool) or np.ndim(value) != 0 or not _is_finite(value) or value < 0:
        raise ValueError(
            f"ImageDataGenerator: expected {argument} to be a number of at least 0, got {value!r}"
        )
    return value


def finite_number(value: float, argument: str) -> float:
    """Return `value` if it is a finite number, else raise ValueError."""
    if np.ndim(value) != 0 or not _is_finite(value):
        raise ValueError(
            f"ImageDataGenerator: expected {argument} to be a finite number, got {value!r}"
        )
    return value


def checked_shift_range(value: float | Sequence[float], argument: str) -> float | tuple[float, ...]:
    """The range, if it is a number of at least 0 or a sequence of numbers; else ValueError."""
    if np.ndim(value) == 0:
        return nonnegative(value, argument)
    if np.ndim(value) != 1 or len(value) == 0 or not _is_finite(value):
        raise ValueError(
            f"ImageDataGenerator: expected {argument} to be a number of at least 0 or "
            f"a sequence of numbers, got {value!r}"
        )
    return tuple(value)


def checked_brightness_range(value: Sequence[float] | None) -> tuple[float, float] | None:
    """The range, if it is None or a pair of finite numbers of at least 0; else ValueError."""
    if value is None:
        return None
    if np.shape(value) != (2,) or not _is_finite(value) or min(value) < 0:
        raise ValueError(
            "ImageDataGenerator: expected brightness_range to be a pair of factors of at least 0, "
            f"such as (0.8, 1.2), got {value!r}"
        )
    low, high = value
    return float(low), float(high)


def checked_split(value: float) -> float:
    """`validation_split`, if it is a number in [0, 1); else ValueError."""
    split = nonnegative(value, "validation_split")
    if split >= 1:
        raise ValueError(
            "ImageDataGenerator: expected validation_split to be a fraction below 1, such as 0.2, "
            f"got {value!r}"
        )
    return float(split)


def zoom_pair(zoom_range: float | Sequence[float]) -> tuple[float, float]:
    """Turn 0.2 into (0.8, 1.2); a pair (lower, upper) stays.

    ValueError if it is neither, or a factor would not be above 0.
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
