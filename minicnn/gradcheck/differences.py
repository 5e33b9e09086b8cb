"""Numeric gradients: moving the elements of arrays one by one and looking at what a loss does.

The inner part of `minicnn.gradcheck`, which prepares the arrays and the loss.
"""

from collections.abc import Callable

import numpy as np

from minicnn.gradcheck.report import TOLERANCE, Comparison, GradientError, Report

SMALL = 1e-4  # slopes below this part of the largest are judged on its scale: see relative_errors


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
) -> Report:
    """Move the elements of `arrays` one by one and put the slopes beside `analytic`.

    Parameters
    ----------
    arrays : dict of str to float64 array
        What `loss()` depends on; changed and set back again.
    analytic : dict of str to float array
        A name that is missing counts as a gradient of zeros: not computed.
    sampled : dict of str to int array
        Positions to check in each array.
    loss_size : float
        Of the numbers whose rounding limits what the differences can show.
    """
    here = loss()
    sides = {}  # name -> slopes to the left and to the right, (2, checked)
    for name, array in arrays.items():
        if name in analytic and analytic[name].shape != array.shape:
            raise GradientError(
                f"{title}: expected a gradient of shape {array.shape} for {name}, "
                f"got {analytic[name].shape}"
            )
        pairs = [slopes(loss, here, array, position, step) for position in sampled[name]]
        sides[name] = np.array(pairs).reshape(-1, 2).T
    numeric = {name: pair.mean(axis=0) for name, pair in sides.items()}
    largest = max(np.abs(one).max(initial=0.0) for one in numeric.values())
    floor = SMALL * max(largest, loss_size)

    comparisons = []
    for name, array in arrays.items():
        claimed = analytic.get(name, np.zeros_like(array)).reshape(-1)[sampled[name]]
        errors = relative_errors(claimed, numeric[name], floor)
        kinks = np.zeros(len(errors), dtype=bool)
        for place in np.flatnonzero(~(errors < TOLERANCE)):
            position, wide = sampled[name][place], sides[name][:, place]
            narrow = slopes(loss, here, array, position, step / 10)
            kinks[place] = is_kink(wide, narrow, claimed[place], floor)
        comparisons.append(
            Comparison(name, array.shape, sampled[name], claimed, numeric[name], errors, kinks)
        )
    return Report(title, comparisons)


def slopes(
    loss: Callable[[], float], here: float, array: np.ndarray, position: int, step: float
) -> tuple[float, float]:
    """Slope of the loss to the left and to the right of an element; their mean is the numeric
    gradient."""
    flat = array.reshape(-1)  # a view
    value = flat[position]
    flat[position] = value - step
    left = (here - loss()) / step
    flat[position] = value + step
    right = (loss() - here) / step
    flat[position] = value
    return left, right


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
