"""The two ways to look at an image that convolution and pooling share.

Forward, all windows at once: `windows_of`. Backward, all windows' pixels under one tap at once:
`each_tap`. Neither copies a pixel.
"""

from collections.abc import Iterator

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def windows_of(x: np.ndarray, size: tuple[int, int], strides: tuple[int, int]) -> np.ndarray:
    """All windows of an image, as a view: the pixels are not copied.

    windows[n, row, col, tap_row, tap_col, c] =
        x[n, row * stride_height + tap_row, col * stride_width + tap_col, c]

    Parameters
    ----------
    x : (batch, height, width, channels) float array
        Already padded.
    size, strides : (int, int)

    Returns
    -------
    windows : (batch, out_height, out_width, *size, channels) read-only view of x
    """
    # (batch, height, width, channels) -> (batch, rows, cols, channels, tap_rows, tap_cols),
    # a window at every pixel where one fits
    windows = sliding_window_view(x, size, axis=(1, 2))
    # (batch, rows, cols, ...) -> (batch, out_height, out_width, ...): every stride-th of them
    windows = windows[:, :: strides[0], :: strides[1]]
    # (..., channels, tap_rows, tap_cols) -> (..., tap_rows, tap_cols, channels), as in a kernel
    return np.moveaxis(windows, 3, 5)


def each_tap(
    size: tuple[int, int], strides: tuple[int, int], out_size: tuple[int, int]
) -> Iterator[tuple[int, int, tuple]]:
    """For each tap of a window, where it lies in an image for all output positions.

    Parameters
    ----------
    size, strides : (int, int)
    out_size : (int, int)
        Height and width of the output: how many windows there are, down and to the right.

    Yields
    ------
    tap_row, tap_col : int
    pixels : index of an image
        image[pixels] is a view (batch, out_height, out_width, channels): the pixel that each
        window has under this tap, image[:, row * stride_height + tap_row, ...].
    """
    for tap_row in range(size[0]):
        for tap_col in range(size[1]):
            rows = slice(tap_row, tap_row + out_size[0] * strides[0], strides[0])
            cols = slice(tap_col, tap_col + out_size[1] * strides[1], strides[1])
            yield tap_row, tap_col, (slice(None), rows, cols)
