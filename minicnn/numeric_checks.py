"""Checks of arrays from outside: are they numeric, are they finite, and which sample is not?"""

from typing import NamedTuple

import numpy as np

from minicnn import kernels
from minicnn.kernels.runtime.step_lock import one_step_at_a_time

FLOATS = (np.dtype(np.float32), np.dtype(np.float64))  # what kernels are made for
PIECE = 1 << 18  # values checked together: the results stay in the processor's cache


class BadSample(ValueError):
    """A ValueError about one sample of a batch.

    Attributes
    ----------
    sample : int
        Its position in the batch, from 0, by which a caller can add its file name.
    """

    def __init__(self, sentence: str, sample: int):
        super().__init__(sentence)
        self.sample = sample


class NotFinite(NamedTuple):
    """What `find_not_finite` found: how many values, and the first one's index and value."""

    count: int
    index: tuple[int, ...]
    value: float


def as_numbers(value, what: str) -> np.ndarray:
    """An array of real numbers, of whatever dtype and layout, from all that NumPy makes one of.

    Parameters
    ----------
    value : array, nested lists of numbers, or anything that NumPy takes
    what : str
        What it is called in messages.

    Raises
    ------
    TypeError
        For texts, objects, complex numbers and dates.
    ValueError
        For lists of different lengths, and for arrays of which a part is masked.
    """
    if hasattr(value, "filled") and np.any(getattr(value, "mask", False)):
        raise ValueError(
            f"{what}: expected an array without masked numbers, got {np.sum(value.mask)} masked; "
            "replace them with array.filled(...)"
        )
    try:
        array = np.asarray(value)
    except ValueError:  # NumPy's own sentence speaks of its inside
        raise ValueError(
            f"{what}: expected an array of numbers, got lists of different lengths or depths"
        ) from None
    if array.dtype.kind not in "biuf":
        raise TypeError(
            f"{what}: expected an array of real numbers, got dtype {array.dtype}"
            + (f", such as {array.flat[0]!r}" if array.size else "")
        )
    return array


def find_not_finite(array: np.ndarray, dtype=np.float32) -> NotFinite | None:
    """Look for NaN, infinity, and values that become infinite in `dtype`; None if there is none.

    Looks at a few samples at a time, so that it needs no memory to speak of.
    """
    if array.dtype.kind != "f" or array.size == 0:
        return None  # the largest integer, 2**64, is finite in float32
    rows = array.reshape(1) if array.ndim == 0 else array
    step = max(1, PIECE * len(rows) // rows.size)
    count, first = 0, None
    for start in range(0, len(rows), step):
        finite = finite_in(rows[start : start + step], dtype)
        if finite.all():
            continue
        count += finite.size - np.count_nonzero(finite)
        if first is None:
            place = np.unravel_index(np.argmin(finite), finite.shape)
            first = (start + int(place[0]), *(int(i) for i in place[1:]))
    return None if first is None else NotFinite(count, first, float(rows[first]))


def finite_in(piece: np.ndarray, dtype) -> np.ndarray:
    """For each number whether it is finite in `dtype`, bool array of the same shape."""
    if piece.dtype.itemsize > np.dtype(dtype).itemsize:
        with np.errstate(over="ignore"):
            piece = piece.astype(dtype)
    return np.isfinite(piece)


def require_finite(array: np.ndarray, what: str, dtype=np.float32) -> None:
    """BadSample if there is a number that is not finite in `dtype`; the first axis is samples."""
    found = find_not_finite(array, dtype)
    if found is None:
        return
    value = f"{found.value:g}"
    if np.isfinite(found.value):
        value += f" (too large for {np.dtype(dtype)})"
    raise BadSample(
        f"{what}: expected finite numbers, got {value} in {sample_place(found.index)}"
        + and_more(found.count - 1),
        sample=found.index[0] if found.index else 0,
    )


def require_finite_batch(x, what: str, dtype=np.float32) -> None:
    """`require_finite` for the inputs of one batch: an array, or a list of one for each input."""
    arrays = input_list(x)
    for number, one in enumerate(arrays):
        name = what if len(arrays) == 1 else f"{what}[{number}]"
        array = as_numbers(one, name)
        if not is_surely_finite(array, dtype):
            require_finite(array, name, dtype)


def is_surely_finite(array: np.ndarray, dtype) -> bool:
    """Whether a look by a compiled kernel is enough to know, where such kernels are in use."""
    if array.dtype != dtype or not array.flags.carray or kernels.backend() != "numba":
        return False
    with one_step_at_a_time():  # it may have to be compiled, which no fork may interrupt
        from minicnn.kernels.compiled.elementwise import count_not_finite  # needs numba

        return count_not_finite(array.reshape(-1)) == 0


def write_values(targets: dict[str, np.ndarray], arrays: list) -> None:
    """Copy values into arrays of equal shapes: into all of them or, where one does not fit, none.

    ValueError or TypeError that names the target.
    """
    fitting = []
    for (name, target), array in zip(targets.items(), arrays, strict=True):
        values = as_numbers(array, name)
        if values.shape != target.shape:
            raise ValueError(f"{name}: expected shape {target.shape}, got {values.shape}")
        fitting.append(values.astype(target.dtype))
    for target, values in zip(targets.values(), fitting, strict=True):
        target[...] = values


def input_list(x) -> list:
    """The inputs of a batch as a list: what a list or dict of arrays holds; else `x` is the only."""
    if isinstance(x, dict):
        return list(x.values())
    # The numbers of list(array) have a shape, too: ().
    several = isinstance(x, (list, tuple)) and any(getattr(one, "shape", ()) for one in x)
    return list(x) if several else [x]


def only_or_all(values: list):
    """Undo `input_list`: the only value there is, or the list where there are several."""
    return values[0] if len(values) == 1 else values


def sample_place(index: tuple[int, ...]) -> str:
    """An index as text: sample 17 at (4, 5, 0), counted from 0."""
    return f"sample {index[0]}{place_inside(index)}" if index else "it"


def place_inside(index: tuple[int, ...]) -> str:
    """The part of an index that is behind the sample's number, as text: at (4, 5, 0)."""
    return f" at ({', '.join(map(str, index[1:]))})" if len(index) > 1 else ""


def and_more(count: int) -> str:
    """How a sentence about the first of several ends."""
    return f" and {count} more" if count else ""
