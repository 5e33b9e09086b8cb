"""Analytic and numeric gradients side by side: relative errors, kinks set aside."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from minicnn.gradcheck.kinks import SMALL, is_kink, slopes
from minicnn.gradcheck.numeric import numeric_gradient

TOLERANCE = 1e-6  # relative error that float64 central differences stay well below


class GradientError(ValueError):
    """An analytic gradient disagrees with the numeric one."""


@dataclass
class Comparison:
    """Analytic against numeric gradient of one array.

    Attributes
    ----------
    name : str
        "x", "kernel", "conv2d_1/bias".
    shape : tuple of int
        Of the whole array.
    positions : (checked,) int array
        Row-major positions in it that were checked.
    analytic, numeric, errors : (checked,) float64 arrays
        The two gradients there, and the relative error.
    kinks : (checked,) bool array
        Where the loss has no derivative: not compared.
    """

    name: str
    shape: tuple
    positions: np.ndarray
    analytic: np.ndarray
    numeric: np.ndarray
    errors: np.ndarray
    kinks: np.ndarray

    @property
    def worst(self) -> int | None:
        """Place of the largest error in `positions`; None where all were kinks."""
        if self.kinks.all():
            return None
        return int(np.argmax(np.where(self.kinks, -1.0, self.errors)))

    def index(self, place: int) -> tuple[int, ...]:
        """Index into the array of the element at `place` in `positions`."""
        return tuple(int(i) for i in np.unravel_index(self.positions[place], self.shape))


def sample_positions(
    arrays: dict[str, np.ndarray], most: int | None, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Row-major positions to check in each array: all, or `most` of them drawn with `rng`."""
    return {
        name: np.arange(array.size)
        if most is None or array.size <= most
        else np.sort(rng.choice(array.size, most, replace=False))
        for name, array in arrays.items()
    }


def compare(
    title: str,
    arrays: dict[str, np.ndarray],
    analytic: dict[str, np.ndarray],
    sampled: dict[str, np.ndarray],
    loss: Callable[[], float],
    loss_size: float,
    step: float,
) -> list[Comparison]:
    """Put the numeric gradient of each of `arrays` beside the analytic one.

    `arrays` (float64) are what `loss()` depends on; they are changed and restored. A gradient
    missing from `analytic` counts as zeros: not computed. `sampled` has the positions to check in
    each array. `loss_size` is the size of the terms, whose rounding limits the differences.
    """
    numeric = {}
    for name, array in arrays.items():
        if name in analytic and analytic[name].shape != array.shape:
            raise GradientError(
                f"{title}: expected a gradient of shape {array.shape} for {name}, "
                f"got {analytic[name].shape}"
            )
        numeric[name] = numeric_gradient(lambda _: loss(), array, step, sampled[name])
    largest = max(np.abs(one).max(initial=0.0) for one in numeric.values())
    floor = SMALL * max(largest, loss_size)

    here, comparisons = loss(), []
    for name, array in arrays.items():
        claimed = analytic.get(name, np.zeros_like(array)).reshape(-1)[sampled[name]]
        errors = relative_errors(claimed, numeric[name], floor)
        kinks = np.zeros(len(errors), dtype=bool)
        for place in np.flatnonzero(~(errors < TOLERANCE)):
            position = sampled[name][place]
            wide, narrow = (slopes(loss, here, array, position, one) for one in (step, step / 10))
            kinks[place] = is_kink(wide, narrow, claimed[place], floor)
        comparisons.append(
            Comparison(name, array.shape, sampled[name], claimed, numeric[name], errors, kinks)
        )
    return comparisons


def relative_errors(analytic: np.ndarray, numeric: np.ndarray, floor: float) -> np.ndarray:
    """|analytic - numeric| / max(|analytic|, |numeric|, floor); infinite where not finite.

    The floor is a small part of the largest slope (and of the loss), because the rounding of
    the loss is spread over all slopes alike: of one that is nearly 0 it leaves no digit.
    """
    scale = np.maximum(np.maximum(np.abs(analytic), np.abs(numeric)), floor)
    scale = np.maximum(scale, np.finfo(np.float64).tiny)  # all may be exactly 0
    with np.errstate(invalid="ignore"):
        errors = np.abs(analytic - numeric) / scale
    return np.where(np.isfinite(errors), errors, np.inf)
