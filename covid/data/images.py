"""Reads one image file as 8-bit gray, or says why it cannot be read; writes one as png.

The reading itself, and the one conversion to gray, are in `minicnn.preprocessing.decode`.
"""

from __future__ import annotations

import os
import struct
import warnings
import zlib
from pathlib import Path

import cv2
import numpy as np

from covid.common.errors import UserError, shown
from covid.common.made_files import write_new
from covid.data.window import WINDOW, GrayLevels
from minicnn.files import ordinary_file
from minicnn.preprocessing.decode import (
    UnknownRange,
    decode_gray,
    is_deep,
    read_file,
    to_8_bits,
    whole_image,
)
from minicnn.preprocessing.image_header import image_kind, open_image

# What is odd about an image is said in a sentence that names its file, or does no harm.
warnings.filterwarnings("ignore", module=r"PIL\.")

# Lossless like all png settings, and not compressed. The noise of CT slices can hardly be packed:
# the fastest packing takes ten times as long to write and to read again, for 40 % fewer bytes.
ENCODE_SETTINGS = (
    *(cv2.IMWRITE_PNG_COMPRESSION, 0),
    *(cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_NONE),
)


NEVER_DEEP = ("jpg", "gif", "bmp", "webp")  # kinds of 8 bits a channel


def png_chunk(kind: bytes, content: bytes) -> bytes:
    """A chunk of a png file, with its length and check sum."""
    check_sum = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + check_sum


# The end of a png, and the comment before it in one that was enhanced and cropped by this program.
END = png_chunk(b"IEND", b"")
PREPARED = png_chunk(b"tEXt", b"Comment\0covid: enhanced and cropped")


class UnreadableImage(UserError):
    """A file, `path`, that holds no readable image, and the `reason` as text, without the path.

    Behind a semicolon in the reason stands what to do, unless the file is damaged: then the error's
    text says it.
    """

    def __init__(self, path: str | Path, reason: str) -> None:
        remedy = "" if ";" in reason else "; save or copy it anew"
        super().__init__(f"{shown(path)} cannot be used as an image: {reason}{remedy}")
        self.path = Path(path)
        self.reason = reason


def read_gray(path: str | Path, levels: GrayLevels | None = None) -> np.ndarray:
    """Read an image file as 8-bit gray.

    Color becomes gray as in `minicnn.preprocessing.decode.decode`. An alpha channel is dropped,
    not composited on a background, as ``cv2.IMREAD_GRAYSCALE`` does in the article: a transparent
    pixel keeps the color stored under it. A rotation noted in EXIF is ignored. Gray
    of more than 8 bits becomes 8 as `levels` says; without, 16 bits by ``round(value / 257)``, so
    that 0 stays 0 and 65535 becomes 255. Color of 16 bits is refused; so are, but with levels by a
    window, floating-point and negative pixels: the file does not say what is black and white.

    Of several pages or frames, the first is read. An image of more pixels than the environment
    variable MAX_IMAGE_PIXELS says (64 million if it is not set) is refused before it is decoded.

    A jpg that is complete but has damaged bytes in the middle is not noticed: it has no check sums,
    and the decoder fills in what it can.

    Parameters
    ----------
    path : str or Path
        Its name may hold any characters, its extension does not matter.
    levels : GrayLevels, optional
        Those of the data set, see `covid.data.gray_levels`.

    Returns
    -------
    numpy.ndarray
        (height, width), uint8 gray, C-contiguous.

    Raises
    ------
    UnreadableImage
        The file is missing, empty, cut off, damaged, too large, no image, or of an unsupported
        pixel type.
    """
    return as_gray(read_values(path, levels), levels)


def read_values(path: str | Path, levels: GrayLevels | None = None) -> np.ndarray:
    """As `read_gray`, but gray of more than 8 bits keeps its values: uint16, int32 or float32."""
    try:
        return values_in(read_file(path), levels)
    except ValueError as error:
        raise UnreadableImage(path, str(error)) from error


def values_in(data: bytes, levels: GrayLevels | None) -> np.ndarray:
    """As `read_values`, of the bytes of a file; the text of its ValueError is the reason."""
    try:
        return decode_gray(data, any_range=levels is not None and levels.by == WINDOW)
    except UnknownRange as error:
        raise ValueError(
            f"{error}; or pass --window CENTER,WIDTH where images are prepared for a model, such as "
            "--window -600,1200 for lungs in HU"
        ) from None


def as_gray(values: np.ndarray, levels: GrayLevels | None) -> np.ndarray:
    """What `read_gray` gives for the values of `read_values`."""
    if values.dtype == np.uint8:
        return values
    black, white = (0, 65535) if levels is None else (levels.black, levels.white)
    return to_8_bits(values, black, white)


def highest_value(path: str | Path) -> int | None:
    """The highest value of gray of more than 8 bits; None for other files and unreadable ones.

    0 where the values do not say what is black and white, or are not to be had. Files of 8 bits are
    not decoded.
    """
    try:
        with open(ordinary_file(path), "rb") as file:
            start = file.read(32)
        kind = image_kind(start)
        if kind in NEVER_DEEP or (kind == "png" and start[24] <= 8):
            return None
        data = read_file(path)
        if not is_deep(open_image(data)):
            return None
    except (OSError, ValueError, IndexError):
        return None  # which is said where it is read
    try:
        return int(decode_gray(data).max())
    except ValueError:
        return 0  # likewise


def check_image(path: str | Path) -> None:
    """Raise UnreadableImage where `read_gray` would, without decoding the file if possible.

    A png whose check sums are right holds what its writer wrote: no need to decode it.
    """
    try:
        data = read_file(path)
        whole_image(data) if image_kind(data) == "png" else values_in(data, None)
    except ValueError as error:
        raise UnreadableImage(path, str(error)) from error


def write_png(path: str | Path, image: np.ndarray, prepared: bool = False) -> bytes:
    """Write `image` (height, width), uint8 gray, as a png into a folder that nobody reads yet.

    `prepared` is what `is_prepared` says of the file: it is known wherever the file goes.

    Returns what the file holds. OSError if it is there already or cannot be written.
    """
    # imencode instead of imwrite, which fails on non-Latin names on Windows.
    encoded = cv2.imencode(".png", image, ENCODE_SETTINGS)[1].tobytes()
    if prepared:
        encoded = encoded.removesuffix(END) + PREPARED + END
    write_new(Path(path), encoded)
    return encoded


def is_prepared(path: str | Path) -> bool:
    """Whether an image file was enhanced and cropped by this program."""
    marked = PREPARED + END
    with open(path, "rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - len(marked)))
        return file.read() == marked
