"""Kinks: places where a loss has no derivative, so that a numeric gradient says nothing."""

from collections.abc import Callable

import numpy as np

SMALL = 1e-4  # slopes below this part of the largest are judged on its scale


def slopes(
    loss: Callable[[], float], here: float, array: np.ndarray, position: int, step: float
) -> tuple[float, float]:
    """Slope of the loss to the left and to the right of an element; their mean is its numeric
    gradient.
    """
    flat = array.flat
    value = flat[position]
    flat[position] = value - step
    left = (here - loss()) / step
    flat[position] = value + step
    right = (loss() - here) / step
    flat[position] = value
    return left, right


def is_kink(wide: np.ndarray, narrow: tuple, claimed: float, floor: float) -> bool:
    """Whether the loss has a corner here, as relu has at 0 and max-pooling at a tie.

    The slopes on the two sides then differ. On a curve they differ too, but in proportion to
    the step: a tenth of the step leaves a tenth of the difference.

    A corner may lie where the loss is flat, so that only its curvature jumps: relu at z = 0
    in a model whose gradient happens to vanish there, as on black images. The numeric gradient
    is then wrong in proportion to the step, and a tenth of the step leaves a tenth of the error.
    (On a smooth curve a hundredth would be left, and of a mistake in `backward` all of it.)

    Parameters
    ----------
    wide, narrow : (left, right)
        Slopes found with the step, and with a tenth of it.
    claimed : float
        The analytic gradient.
    floor : float
        As in `relative_errors`.
    """
    error, narrow_error = abs(claimed - np.mean(wide)), abs(claimed - np.mean(narrow))
    if is_tenth(narrow_error, error):
        return True
    jump, narrow_jump = abs(wide[1] - wide[0]), abs(narrow[1] - narrow[0])
    return jump > min(0.5 * error, SMALL * floor) and not is_tenth(narrow_jump, jump)


def is_tenth(narrow: float, wide: float) -> bool:
    """Whether a tenth of the step left about a tenth of `wide`; rounding blurs the ratio."""
    return 0.05 * wide < narrow < 0.2 * wide
