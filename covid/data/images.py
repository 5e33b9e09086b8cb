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
from minicnn.preprocessing.decode import check, decode, read_file

# What is odd about an image is said in a sentence that names its file, or does no harm.
warnings.filterwarnings("ignore", module=r"PIL\.")

# Lossless like all png settings, and not compressed. The noise of CT slices can hardly be packed:
# the fastest packing takes ten times as long to write and to read again, for 40 % fewer bytes.
ENCODE_SETTINGS = (
    *(cv2.IMWRITE_PNG_COMPRESSION, 0),
    *(cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_NONE),
)


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


def read_gray(path: str | Path) -> np.ndarray:
    """Read an image file as 8-bit gray.

    Color becomes gray as in `minicnn.preprocessing.decode.decode`. An alpha channel is dropped,
    not composited on a background, as ``cv2.IMREAD_GRAYSCALE`` does in the article: a transparent
    pixel keeps the color stored under it. A rotation noted in EXIF is ignored. 16-bit gray becomes
    8 bit by ``round(value / 257)``, so that 0 stays 0 and 65535 becomes 255. Floating-point
    pixels are refused: the file does not say which range is black to white. So is color of 16 bits.

    Of several pages or frames, the first is read. An image of more pixels than the environment
    variable MAX_IMAGE_PIXELS says (64 million if it is not set) is refused before it is decoded.

    A jpg that is complete but has damaged bytes in the middle is not noticed: it has no check sums,
    and the decoder fills in what it can.

    Parameters
    ----------
    path : str or Path
        Its name may hold any characters, its extension does not matter.

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
    try:
        return decode(read_file(path), "grayscale")
    except ValueError as error:
        raise UnreadableImage(path, str(error)) from error


def check_image(path: str | Path) -> None:
    """Raise UnreadableImage where `read_gray` would, without decoding the file if possible.

    A png whose check sums are right holds what its writer wrote: no need to decode it.
    """
    try:
        check(read_file(path))
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
