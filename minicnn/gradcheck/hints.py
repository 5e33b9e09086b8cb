"""What usually makes a gradient wrong in the way in which one is: a hint for the report."""

import itertools

import numpy as np

from minicnn.gradcheck.compare import Comparison


def likely_cause(one: Comparison, tolerance: float) -> str:
    """What usually makes a gradient wrong in the way in which this one is."""
    fair = ~one.kinks
    analytic, numeric = one.analytic[fair], one.numeric[fair]
    if not np.isfinite(analytic).all():
        return "the gradient is not finite"
    if not np.isfinite(numeric).all():
        return "the output is not finite"
    if not analytic.any():
        return "it is zero everywhere: the gradient is not computed"
    wrong = (one.errors >= tolerance) & fair
    count = f"{wrong.sum()} of {fair.sum()} elements are wrong"
    factor = constant_factor(analytic, numeric)
    if factor is not None:
        if abs(factor - 1) < 1e-4:
            return f"{count}, but only by little"
        if abs(factor + 1) < 1e-4:
            return "the sign is flipped"
        return f"it is {factor:.4g} times what it should be everywhere: a factor is missing"
    complete = len(one.positions) == np.prod(one.shape)
    order = wrong_order(one) if complete else None
    if order is not None:
        return order
    if complete and is_image(one) and only_at_border(wrong.reshape(one.shape)):
        return "only pixels at the border are wrong: look at padding and window ranges"
    return count


def is_image(one: Comparison) -> bool:
    """Whether it is a batch of images; a kernel has four axes too, but another name."""
    return len(one.shape) == 4 and one.name.startswith("x")


def only_at_border(wrong: np.ndarray) -> bool:
    """Whether all wrong pixels, (batch, height, width, channels) bool, lie at the border."""
    inner = wrong[:, 1:-1, 1:-1]
    return wrong.sum() > 1 and inner.size > 0 and not inner.any()


def constant_factor(analytic: np.ndarray, numeric: np.ndarray) -> float | None:
    """c where analytic = c * numeric for all of several elements; None if there is no such c."""
    size = np.abs(numeric).max()
    if len(numeric) < 2 or size == 0:
        return None
    factor = float(analytic @ numeric / (numeric @ numeric))
    return factor if np.abs(analytic - factor * numeric).max() < 1e-4 * abs(factor) * size else None


def wrong_order(one: Comparison) -> str | None:
    """How the right values were put in a wrong order, if that is what happened."""
    analytic, numeric = one.analytic.reshape(one.shape), one.numeric.reshape(one.shape)
    kinks = one.kinks.reshape(one.shape)
    close = 1e-4 * np.abs(numeric[~kinks]).max()

    def same(changed, part=...):
        """Whether the rearranged analytic gradient fits, on that part of the array."""
        far = (np.abs(changed[part] - numeric[part]) > close) & ~kinks[part]
        return far.size > 0 and not far.any()

    axes = range(len(one.shape))
    for first, second in itertools.combinations(axes, 2):
        if same(np.flip(analytic, (first, second))):
            return f"axes {first} and {second} run backwards: are the taps flipped?"
        if one.shape[first] == one.shape[second] and same(analytic.swapaxes(first, second)):
            return f"axes {first} and {second} are swapped: a transpose too few or too many"
    for axis in axes:
        for shift in (1, -1):
            inner = [slice(None)] * len(one.shape)
            inner[axis] = slice(1, None) if shift == 1 else slice(None, -1)
            if one.shape[axis] > 2 and same(np.roll(analytic, shift, axis), tuple(inner)):
                return f"it is shifted by one along axis {axis}: an index is off by one"
    if np.abs(np.sort(analytic, axis=None) - np.sort(numeric, axis=None)).max() < close:
        return "the values are right but in wrong places: look at the order of axes"
    return None
