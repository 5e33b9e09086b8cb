"""Pixels around images: how convolution and pooling add them and take them away again."""

import numpy as np

from minicnn import shapes


def window_pads(x_shape: tuple, window: tuple, strides: tuple, padding: str) -> tuple:
    """((top, bottom), (left, right)) pixels to add around images of shape `x_shape`."""
    return tuple(
        shapes.padding_amounts(size, span, stride, padding)
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
