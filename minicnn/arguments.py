"""The checks of arguments that many constructors and functions share, and shapes as text."""

import numbers
import re
from collections.abc import Sequence

import numpy as np


def pair(value: int | Sequence[int], argument: str, owner: str) -> tuple[int, int]:
    """Turn `3` or `(3, 5)` into a (height, width) pair of positive integers.

    ValueError, naming `owner`'s `argument`, if it is neither.
    """
    values = (value, value) if isinstance(value, numbers.Integral) else value
    try:
        if any(isinstance(size, bool | np.bool_) for size in values):
            raise TypeError
        height, width = (int(size) for size in values)
        fits = min(height, width) >= 1 and (height, width) == tuple(values)
    except (TypeError, ValueError):
        fits = False
    if not fits:
        raise ValueError(
            f"{owner}: expected {argument} to be a positive integer or a pair of them, "
            f"got {value!r}"
        )
    return height, width


def sample_shape(shape: Sequence[int], owner: str) -> tuple[int, ...]:
    """A sample's shape as a tuple of positive ints; ValueError if it is none."""
    try:
        sizes = tuple(int(size) for size in shape)
    except TypeError:
        sizes = ()
    if not sizes or min(sizes) < 1 or sizes != tuple(shape):
        raise ValueError(
            f"{owner}: expected a shape of positive integers without the batch axis, "
            f"such as (150, 150, 1), got {shape!r}"
        )
    return sizes


def positive_int(value: int, argument: str, owner: str) -> int:
    """Return `value` if it is a positive integer, else raise ValueError."""
    return int_from(1, value, argument, owner, "a positive integer")


def int_from(least: int, value: int, argument: str, owner: str, expected: str = "") -> int:
    """Return `value` if it is an integer of at least `least`, else raise ValueError."""
    try:
        fits = not isinstance(value, bool) and int(value) == value and value >= least
    except (TypeError, ValueError, OverflowError):
        fits = False
    if not fits:
        expected = expected or f"an integer of at least {least}"
        raise ValueError(f"{owner}: expected {argument} to be {expected}, got {value!r}")
    return int(value)


def real(value: float, argument: str, owner: str, low: float, high: float) -> float:
    """Return `value` as Python's float, which JSON can hold; ValueError outside [low, high]."""
    number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if not number or not low <= value <= high:
        raise ValueError(f"{owner}: expected {argument} to be in [{low}, {high}], got {value!r}")
    return float(value)


def seed_or_none(value: int | None, argument: str, owner: str) -> int | None:
    """Return `value` as Python's int, which JSON can hold, or None; ValueError outside [0, 2**32)."""
    integer = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    if value is not None and not (integer and 0 <= value < 2**32):
        expected = f"expected {argument} to be an integer in [0, 2**32)"
        raise ValueError(f"{owner}: {expected}, got {value!r}")
    return None if value is None else int(value)


def choice(value: str, allowed: Sequence[str], argument: str, owner: str) -> str:
    """Return `value` if it is one of `allowed`, else raise ValueError."""
    if value not in allowed:
        raise ValueError(
            f"{owner}: expected {argument} to be one of {', '.join(allowed)}, got {value!r}"
        )
    return value


def refuse_unsupported(owner: str, given: dict[str, tuple]) -> None:
    """Raise ValueError if an argument that Keras has and minicnn has not is set.

    Parameters
    ----------
    owner : str
        Who refuses, for the message.
    given : dict
        Argument name to (value, default), or to (value, default, others that mean the same).
    """
    for argument, (value, *harmless) in given.items():
        if not any(np.array_equal(value, one) for one in harmless):  # takes arrays and texts alike
            raise ValueError(
                f"{owner}: {argument} is not supported, expected it to be left at "
                f"{harmless[0]!r}, got {value!r}"
            )


def refuse_others(owner: str, others: dict, of_keras: dict[str, tuple]) -> None:
    """Raise for keyword arguments that `owner` does not have.

    Parameters
    ----------
    owner : str
        Who refuses, for the message.
    others : dict
        The keyword arguments that are left, with their values.
    of_keras : dict
        Those that Keras has, with the values that change nothing: others are a ValueError. Any
        other argument is a TypeError.
    """
    unknown = [name for name in others if name not in of_keras]
    if unknown:
        raise TypeError(f"{owner}: got an unexpected keyword argument {unknown[0]!r}")
    refuse_unsupported(owner, {name: (value, *of_keras[name]) for name, value in others.items()})


def refuse_methods(kind: type, methods: tuple[str, ...], instead: str) -> None:
    """TypeError for a subclass with methods that Keras calls, and nobody would call here.

    Parameters
    ----------
    kind : type
        The subclass.
    methods : tuple of str
        The methods' names.
    instead : str
        What to write in their place.
    """
    for name in methods:
        if name in vars(kind):
            raise TypeError(
                f"{kind.__name__}: expected no method {name}, which Keras calls and minicnn does "
                f"not; {instead}"
            )


def refuse_data_format(owner: str, data_format) -> None:
    """Raise ValueError unless channels come last, as everywhere here."""
    refuse_unsupported(owner, {"data_format": (data_format, None, "channels_last")})


def shape_text(shape: Sequence[int | str | None]) -> str:
    """A shape as it is written in messages: (batch, 64, 64, 1)."""
    return "(" + ", ".join(str(size) for size in shape) + ("," if len(shape) == 1 else "") + ")"


def snake_case(class_name: str) -> str:
    """Keras' way of making a layer's name from its class: MaxPooling2D -> max_pooling2d."""
    with_breaks = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", class_name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", with_breaks).lower()
