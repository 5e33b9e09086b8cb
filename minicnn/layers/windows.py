"""Windows that slide over images: output sizes, and the pixels added around the images."""

import math

import numpy as np

from minicnn.arguments import shape_text

PADDINGS = ("valid", "same")


def image_shape(shape: tuple, owner: str) -> tuple[int, int, int]:
    """(height, width, channels) of one sample; ValueError if it is no image."""
    if len(shape) != 3:
        raise ValueError(
            f"{owner}: expected images of shape (height, width, channels), got {shape_text(shape)}"
        )
    return shape


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


def window_pads(x_shape: tuple, window: tuple, strides: tuple, padding: str) -> tuple:
    """((top, bottom), (left, right)) pixels to add around images of shape `x_shape`."""
    return tuple(
        padding_amounts(size, span, stride, padding)
        for size, span, stride in zip(x_shape[1:3], window, strides, strict=True)
    )


def pad_images(x: np.ndarray, pads: tuple, value: float) -> np.ndarray:
    """Copy images into the middle of larger ones filled with `value`; `x` itself if no pads."""
    (top, bottom), (left, right) = pads
    if top == bottom == left == right == 0:
        return x
    batch, height, width, channels = x.shape
    padded = np.full(
        (batch, top + height + bottom, left + width + right, channels), value, dtype=x.dtype
    )
    padded[:, top : top + height, left : left + width] = x
    return padded


def crop_images(x_padded: np.ndarray, pads: tuple) -> np.ndarray:
    """Undo `pad_images`."""
    (top, bottom), (left, right) = pads
    height, width = x_padded.shape[1:3]
    return np.ascontiguousarray(x_padded[:, top : height - bottom, left : width - right])
