"""Image files and arrays: `load_img`, `img_to_array`, `array_to_img`.

Keras' functions of these names hand out Pillow images. Here an *image* is a uint8 array of
shape (height, width) for gray or (height, width, channels) for color, red first.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO

import numpy as np

from minicnn.arguments import choice, pair, refuse_data_format
from minicnn.preprocessing.decode import decode, read_file
from minicnn.preprocessing.resizing import INTERPOLATIONS, resize

CHANNELS = {"grayscale": 1, "rgb": 3, "rgba": 4}


class ImageFileError(ValueError):
    """An image file, or a folder of them, that is not there or cannot be read."""


class UnreadableFile(ImageFileError):
    """A file that cannot be read as an image.

    Attributes
    ----------
    path : str, path or BytesIO
    reason : str
        Why, as text, without the path.
    """

    def __init__(self, path: str | os.PathLike | BytesIO, reason: str) -> None:
        super().__init__(f"{path}: expected an image file that can be read, but {reason}")
        self.path, self.reason = path, reason


def file_bytes(path: str | os.PathLike) -> bytes:
    """What an image file holds; `UnreadableFile` if it cannot be read."""
    with naming(path):
        return read_file(path)


@contextmanager
def naming(path: str | os.PathLike | BytesIO) -> Iterator[None]:
    """Turn the reason why a file cannot be read into an `UnreadableFile` of this path."""
    try:
        yield
    except ValueError as error:
        raise UnreadableFile(path, str(error)) from error


def load_img(
    path: str | os.PathLike | BytesIO,
    color_mode: str = "rgb",
    target_size: tuple[int, int] | None = None,
    interpolation: str = "nearest",
    keep_aspect_ratio: bool = False,
) -> np.ndarray:
    """Read an image file: png, jpg, tif, bmp, gif, webp, jp2 or pnm; the first page of several.

    Pillow reads it, as in Keras: a palette becomes colors, opacity is dropped unless asked for, the
    orientation noted by a camera (EXIF) is ignored, also of a tif, which Keras turns. Unlike Keras,
    which hands 16-bit gray on as 0..65535, it is brought to 8 bits: round(value / 257), so that
    65535 becomes 255, with a warning where that leaves few gray levels. And gray is made of colors
    as in `minicnn.preprocessing.decode.decode`: Keras' gray is 1 higher for half of all colors, and
    it works the gray of a jpg out from the colors.

    Parameters
    ----------
    path : str, path or BytesIO
        The file; its name may hold any characters.
    color_mode : str
        "grayscale", "rgb" or "rgba".
    target_size : (int, int), optional
        Height and width to resize to, pixels; the file's own size if None.
    interpolation : str
        "nearest", "bilinear", "bicubic", "hamming", "box" or "lanczos".
    keep_aspect_ratio : bool
        Cut off what `target_size` has no room for, on both sides alike, instead of distorting.

    Returns
    -------
    ndarray, (height, width) for "grayscale", else (height, width, 3 or 4), uint8

    Raises
    ------
    ValueError
        If the file cannot be read as 8-bit image or 16-bit gray, has more pixels than the variable
        MAX_IMAGE_PIXELS (environment; default 64 million), or an argument is not supported.
    TypeError
        If `path` is something else.
    """
    if not isinstance(path, str | bytes | os.PathLike | BytesIO):
        raise TypeError(f"load_img: expected a path or a BytesIO, got {type(path).__name__}")
    choice(color_mode, tuple(CHANNELS), "color_mode", "load_img")
    choice(interpolation, INTERPOLATIONS, "interpolation", "load_img")
    size = None if target_size is None else pair(target_size, "target_size", "load_img")
    with naming(path):
        image = decode(read_file(path), color_mode)
    return image if size is None else resize(image, size, interpolation, keep_aspect_ratio)


def img_to_array(
    img: np.ndarray, data_format: str | None = None, dtype: str | None = None
) -> np.ndarray:
    """An image as the array that a model takes.

    Parameters
    ----------
    img : ndarray, (height, width) or (height, width, channels)
        As from `load_img`.
    data_format : str, optional
        Only "channels_last".
    dtype : str, optional
        float32 if None.

    Returns
    -------
    ndarray, (height, width, channels)
        A copy with the values of `img`, 0..255 for an image.

    Raises
    ------
    ValueError
        If `img` has another number of axes.
    """
    refuse_data_format("img_to_array", data_format)
    array = np.array(img, dtype=dtype or "float32")
    if array.ndim == 2:
        # (height, width) -> (height, width, 1)
        array = array[..., np.newaxis]
    if array.ndim != 3:
        raise ValueError(
            "img_to_array: expected an image of shape (height, width) or "
            f"(height, width, channels), got {array.shape}"
        )
    return array


def array_to_img(
    x: np.ndarray, data_format: str | None = None, scale: bool = True, dtype: str | None = None
) -> np.ndarray:
    """An array as an image to look at, for example with `plt.imshow`.

    Parameters
    ----------
    x : ndarray, (height, width, channels)
        1, 3 or 4 channels.
    data_format : str, optional
        Only "channels_last".
    scale : bool
        True: 255 * (x - min) / (max - min), the smallest value black and the largest white.
        False: the values are taken as they are and must be in [0, 255]. Fractions are cut.
    dtype : str, optional
        Of the arithmetic; float32 if None.

    Returns
    -------
    ndarray, (height, width) for one channel, else (height, width, 3 or 4), uint8

    Raises
    ------
    ValueError
        If the shape is another, a value is not finite, or `scale` is False and a value is
        outside [0, 255].
    """
    refuse_data_format("array_to_img", data_format)
    x = np.asarray(x, dtype=dtype or "float32")
    if x.ndim != 3 or x.shape[2] not in (1, 3, 4) or x.size == 0:
        raise ValueError(f"array_to_img: expected shape (height, width, 1, 3 or 4), got {x.shape}")
    lowest, highest = x.min(), x.max()
    if not (np.isfinite(lowest) and np.isfinite(highest)):
        raise ValueError("array_to_img: expected finite values, got infinity or NaN")
    if scale:
        x = x - lowest
        spread = x.max()
        x = (x / spread if spread != 0 else x) * 255
    elif lowest < 0 or highest > 255:
        raise ValueError(
            f"array_to_img: expected values in [0, 255] with scale=False, "
            f"got {lowest:g} to {highest:g}; use scale=True"
        )
    image = x.astype(np.uint8)
    # (height, width, 1) -> (height, width)
    return image[..., 0] if image.shape[2] == 1 else image
