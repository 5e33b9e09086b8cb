"""Output sizes, padding, and the checks of arguments that several layers share."""

import math
import numbers
from collections.abc import Sequence

import numpy as np

PADDINGS = ("valid", "same")


def pair(value: int | Sequence[int], argument: str, owner: str) -> tuple[int, int]:
    """Turn `3` or `(3, 5)` into a (height, width) pair of positive integers.

    Raises
    ------
    ValueError
        If it is neither a positive integer nor two of them; the text names `owner`'s `argument`.
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
            f"{owner}: expected {argument} to be a positive integer or a pair of them, got {value!r}"
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


def image_shape(shape: tuple, owner: str) -> tuple[int, int, int]:
    """(height, width, channels) of one sample; ValueError if it is no image."""
    if len(shape) != 3:
        raise ValueError(
            f"{owner}: expected images of shape (height, width, channels), got {text(shape)}"
        )
    return shape


def positive_int(value: int, argument: str, owner: str) -> int:
    """Return `value` if it is a positive integer, else raise ValueError."""
    try:
        fits = not isinstance(value, bool) and int(value) == value and value >= 1
    except (TypeError, ValueError, OverflowError):
        fits = False
    if not fits:
        raise ValueError(f"{owner}: expected {argument} to be a positive integer, got {value!r}")
    return int(value)


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


def refuse_data_format(owner: str, data_format) -> None:
    """Raise ValueError unless channels come last, as everywhere here."""
    refuse_unsupported(owner, {"data_format": (data_format, None, "channels_last")})


def window_positions(size: int, window: int, stride: int, padding: str) -> int:
    """How many positions a sliding window takes along an axis of `size` pixels.

    valid: floor((size - window) / stride) + 1, nothing beyond the border is read;
    same:  ceil(size / stride), the border is padded as `padding_amounts` says.
    """
    if padding == "same":
        return math.ceil(size / stride)
    return (size - window) // stride + 1


def padding_amounts(size: int, window: int, stride: int, padding: str) -> tuple[int, int]:
    """Pixels to add (before, after) an axis of `size` pixels.

    For 'same', total = max((positions - 1) * stride + window - size, 0); where the total is
    odd the extra pixel goes after (bottom or right), as TensorFlow does.
    """
    if padding == "valid":
        return 0, 0
    positions = window_positions(size, window, stride, padding)
    total = max((positions - 1) * stride + window - size, 0)
    return total // 2, total - total // 2


def sliding_output(
    in_size: tuple[int, int],
    window: tuple[int, int],
    strides: tuple[int, int],
    padding: str,
    owner: str,
) -> tuple[int, int]:
    """(height, width) of what a window makes of an image of `in_size` (height, width).

    Raises
    ------
    ValueError
        If the window does not fit into the image ('valid' only).
    """
    out_height, out_width = (
        window_positions(size, span, stride, padding)
        for size, span, stride in zip(in_size, window, strides, strict=True)
    )
    if min(out_height, out_width) < 1:
        raise ValueError(
            f"{owner}: expected an input of at least {window[0]}x{window[1]} pixels "
            f"for its window, got {in_size[0]}x{in_size[1]}; use padding='same' or a smaller window"
        )
    return out_height, out_width


def text(shape: Sequence[int | str | None]) -> str:
    """A shape as it is written in messages: (batch, 64, 64, 1)."""
    return "(" + ", ".join(str(size) for size in shape) + ("," if len(shape) == 1 else "") + ")"
