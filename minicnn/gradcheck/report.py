"""What a gradient check found: the numbers side by side, the worst of them, and a likely cause.

`minicnn.gradcheck` fills these in; nothing here computes a gradient.
"""

import itertools
from dataclasses import dataclass

import numpy as np

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
        Row-major positions in it that were looked at.
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


@dataclass
class Report:
    """The result of `check_layer` or `check_model`.

    Attributes
    ----------
    title : str
        What was checked, and on which backend.
    comparisons : list of Comparison
        One for the input (or each input) and one for each parameter.
    """

    title: str
    comparisons: list[Comparison]

    @property
    def checked(self) -> int:
        """Elements that were compared; kinks are not among them."""
        return sum(int((~one.kinks).sum()) for one in self.comparisons)

    @property
    def kinks(self) -> int:
        """Elements that were skipped because the slopes on their two sides differ."""
        return sum(int(one.kinks.sum()) for one in self.comparisons)

    @property
    def worst(self) -> Comparison | None:
        """The array with the largest error; None where nothing could be compared."""
        compared = [one for one in self.comparisons if one.worst is not None]
        return max(compared, key=lambda one: one.errors[one.worst], default=None)

    @property
    def max_error(self) -> float:
        """Largest relative error; infinite where nothing could be compared."""
        return np.inf if self.worst is None else float(self.worst.errors[self.worst.worst])

    @property
    def worst_name(self) -> str | None:
        return None if self.worst is None else self.worst.name

    @property
    def worst_index(self) -> tuple[int, ...] | None:
        return None if self.worst is None else self.worst.index(self.worst.worst)

    @property
    def analytic(self) -> float | None:
        """What `backward` says at the worst place."""
        return None if self.worst is None else float(self.worst.analytic[self.worst.worst])

    @property
    def numeric(self) -> float | None:
        """What the differences say there."""
        return None if self.worst is None else float(self.worst.numeric[self.worst.worst])

    @property
    def ok(self) -> bool:
        """Whether something was compared and all of it agrees."""
        return self.max_error < TOLERANCE

    def message(self, tolerance: float = TOLERANCE) -> str:
        """One or two lines: how much was checked, and what is wrong and where."""
        counts = f"{self.checked} checked"
        if self.kinks:
            counts += f", {self.kinks} skipped: kink"
        if self.worst is None:
            return f"{self.title}: nothing could be compared ({counts}); use another input"
        verdict = "ok" if self.max_error < tolerance else "WRONG"
        line = f"{self.title}: {verdict}, largest relative error {self.max_error:.1e} ({counts})"
        if verdict == "ok":
            return line
        where = ", ".join(str(i) for i in self.worst_index)
        return (
            f"{line}\n    at {self.worst_name}[{where}]: backward says {self.analytic:.6g}, "
            f"differences say {self.numeric:.6g}; {likely_cause(self.worst, tolerance)}"
        )

    def __str__(self) -> str:
        return self.message()

    def raise_if_wrong(self, tolerance: float = TOLERANCE) -> None:
        """Raise GradientError, with `message`, unless every error is below `tolerance`."""
        if not self.max_error < tolerance:
            raise GradientError(self.message(tolerance))


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
    """How the right numbers were put in a wrong order, if that is what happened."""
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
        return "the numbers are right but stand in wrong places: look at the order of axes"
    return None
