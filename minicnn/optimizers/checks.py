"""What optimizers and schedules check: their arguments, and arrays before kernels get them."""

import math
import re

import numpy as np

from minicnn.numeric_checks import FLOATS


def check_arrays(arrays: list, name: str) -> None:
    """ValueError unless a weight, its gradient and its slots can be handed to a kernel.

    A compiled kernel would read and write beyond the end of a shorter array; and what it wrote to
    an array of another layout would go to a copy, since `reshape(-1)` has to make one.
    """
    shape = arrays[0].shape
    for number, array in enumerate(arrays):
        if array is None:
            raise ValueError(f"{name}: expected a gradient for it, got none; no loss depends on it")
        if array.shape != shape or array.dtype not in FLOATS or not array.flags.carray:
            role = ("weights", "gradient")[number] if number < 2 else "slot"
            layout = "" if array.flags.carray else ", not contiguous or not writeable"
            raise ValueError(
                f"{name}: expected its {role} to be a float32 or float64 array of shape {shape}, "
                f"C-contiguous and writeable, got {array.dtype} of shape {array.shape}{layout}"
            )


def above_zero(value: float, argument: str, owner) -> float:
    """`value` as a float, if it is above 0 and finite; else ValueError that names the owner's class."""
    fits = is_number(value) and 0 < value < math.inf
    return checked(value, fits, "above 0 and finite", argument, owner)


def at_least_zero(value: float, argument: str, owner) -> float:
    """`value` as a float, if it is at least 0 and finite; else ValueError."""
    fits = is_number(value) and 0 <= value < math.inf
    return checked(value, fits, "at least 0 and finite", argument, owner)


def fraction(value: float, argument: str, owner) -> float:
    """`value` as a float, if it is in [0, 1); else ValueError."""
    return checked(value, is_number(value) and 0 <= value < 1, "in [0, 1)", argument, owner)


def or_none(check, value: float | None, argument: str, owner) -> float | None:
    """None as it is; what `check`, one of the functions above, makes of anything else."""
    return None if value is None else check(value, argument, owner)


def checked(value, fits: bool, expected: str, argument: str, owner) -> float:
    if not fits:
        raise ValueError(
            f"{type(owner).__name__}: expected {argument} to be {expected}, got {value!r}"
        )
    return float(value)


def is_number(value) -> bool:
    """Whether `value` is a real number, Python's or NumPy's, or an array of no axes."""
    return np.ndim(value) == 0 and np.asarray(value).dtype.kind in "iuf"


def is_plain(value) -> bool:
    """Whether `value` is a text that is found where it stands, as a regular expression, too."""
    return isinstance(value, str) and re.escape(value) == value
