"""Reads one image file as 8-bit gray, or says in words why it cannot be read; writes one as png.

OpenCV returns ``None`` for everything it cannot decode, prints its own warnings on stderr, and
fills the missing half of a cut-off jpg with gray. So what is cheap to see in the bytes is
checked here first: the decoder then only gets files that it decodes without a word.
"""

from __future__ import annotations

import os
import zlib
from pathlib import Path

import cv2
import numpy as np

from covid.errors import UserError
from minicnn.files import whole_file

# The decoder's messages name neither the file nor a remedy; UnreadableImage does. Whoever sets
# the environment variable asked to see them.
if "OPENCV_LOG_LEVEL" not in os.environ:
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
JPEG_START = b"\xff\xd8"
JPEG_END = b"\xff\xd9"
JPEG_SCAN = 0xDA
JPEG_RESTARTS = range(0xD0, 0xD8)

# GRAYSCALE drops alpha as the article does; ANYDEPTH keeps 16 bit for our own rounding.
DECODE_FLAGS = cv2.IMREAD_GRAYSCALE | cv2.IMREAD_ANYDEPTH | cv2.IMREAD_IGNORE_ORIENTATION

# Lossless like all png settings, and not compressed. The noise of CT slices can hardly be packed:
# the fastest packing takes ten times as long to write and to read again, for 40 % fewer bytes.
ENCODE_SETTINGS = (
    *(cv2.IMWRITE_PNG_COMPRESSION, 0),
    *(cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_NONE),
)


class UnreadableImage(UserError):
    """A file that holds no readable image.

    Attributes
    ----------
    path : Path
        The file.
    reason : str
        Why, in words, without the path.
    """

    def __init__(self, path: str | Path, reason: str) -> None:
        super().__init__(f"{path} cannot be used as an image: {reason}")
        self.path = Path(path)
        self.reason = reason


def read_gray(path: str | Path) -> np.ndarray:
    """Read an image file as 8-bit gray.

    Colour becomes gray by 0.299 R + 0.587 G + 0.114 B. An alpha channel is dropped, not
    composited on a background, as ``cv2.IMREAD_GRAYSCALE`` does in the article: a transparent
    pixel keeps the colour stored under it. A rotation noted in EXIF is ignored. 16 bit becomes
    8 bit by ``round(value / 257)``, so that 0 stays 0 and 65535 becomes 255. Floating-point
    pixels are refused: the file does not say which range is black to white.

    A jpg that is complete but has damaged bytes in the middle is not noticed: the decoder fills
    in what it can and prints a warning of its own on stderr.

    Parameters
    ----------
    path : str or Path
        The file; its name may hold any characters, its extension does not matter.

    Returns
    -------
    numpy.ndarray
        (height, width), uint8 gray, C-contiguous.

    Raises
    ------
    UnreadableImage
        The file is missing, empty, cut off, no image, or of an unsupported pixel type.
    """
    data = _read_bytes(Path(path))
    reason = _damage(data)
    if reason is not None:
        raise UnreadableImage(path, reason)
    if data.startswith(PNG_SIGNATURE):
        data = _critical_png_chunks(data)
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), DECODE_FLAGS)
    except (cv2.error, MemoryError) as error:
        raise UnreadableImage(path, "the decoder gave up; it may be too large") from error
    if image is None:
        raise UnreadableImage(path, "not an image, or a damaged or cut-off one")
    if image.dtype == np.uint16:
        # In 32 bits, because 65535 + 128 does not fit into 16.
        image = ((image.astype(np.uint32) + 128) // 257).astype(np.uint8)
    if image.dtype != np.uint8:
        raise UnreadableImage(
            path, f"its pixels are {image.dtype}; save it as 8 or 16 bit unsigned gray"
        )
    return np.ascontiguousarray(image)


def check_image(path: str | Path) -> None:
    """Look whether `read_gray` can read a file, without decoding it where that can be told so.

    A png whose check sums are right holds what its writer wrote: no need to decode it.

    Raises
    ------
    UnreadableImage
        As `read_gray`.
    """
    data = _read_bytes(Path(path))
    if not data.startswith(PNG_SIGNATURE) or _damage(data) is not None:
        read_gray(path)


def write_png(path: str | Path, image: np.ndarray) -> None:
    """Write `image` (height, width), uint8 gray, as a png.

    Raises
    ------
    OSError
        The file cannot be written.
    """
    # imencode instead of imwrite, which fails on non-Latin names on Windows.
    encoded = cv2.imencode(".png", image, ENCODE_SETTINGS)[1]
    with whole_file(Path(path), to_disk=False) as temporary:
        temporary.write_bytes(encoded)


def _read_bytes(path: Path) -> bytes:
    """Return the whole file, or raise UnreadableImage with the system's reason in words."""
    try:
        if path.exists() and not path.is_file():
            raise UnreadableImage(path, "it is a folder or a device, not a file")
        return path.read_bytes()
    except FileNotFoundError as error:
        raise UnreadableImage(path, "there is no such file") from error
    except PermissionError as error:
        raise UnreadableImage(path, "permission to read it is denied") from error
    except (OSError, MemoryError) as error:
        reason = getattr(error, "strerror", None) or "out of memory"
        raise UnreadableImage(path, f"the system cannot read it ({reason})") from error


def _damage(data: bytes) -> str | None:
    """Return what is visibly wrong with the bytes of an image file, or None."""
    if not data:
        return "the file is empty"
    if data.startswith(PNG_SIGNATURE):
        return _png_damage(data)
    if data.startswith(JPEG_START):
        return _jpeg_damage(data)
    if data[128:132] == b"DICM":
        return "it is a DICOM file; export the slice as png first"
    return None


def _png_chunks(data: bytes):
    """Yield (type, first byte, one past the last byte) of the complete chunks of a png file.

    A chunk is 4 bytes of length, 4 of type, the content, 4 of check sum (PNG specification,
    section 5.3).
    """
    start = len(PNG_SIGNATURE)
    while start + 12 <= len(data):
        end = start + 12 + int.from_bytes(data[start : start + 4], "big")
        if end > len(data):
            return
        kind = data[start + 4 : start + 8]
        yield kind, start, end
        if kind == b"IEND":
            return
        start = end


def _is_critical(kind: bytes) -> bool:
    """Whether a decoder needs this chunk: an upper-case first letter (PNG specification, 5.4)."""
    return kind[:1].isupper()


def _png_damage(data: bytes) -> str | None:
    kind = b""
    for number, (kind, start, end) in enumerate(_png_chunks(data)):
        if number == 0 and kind != b"IHDR":
            return "it is a damaged png: the header is missing"
        stored = int.from_bytes(data[end - 4 : end], "big")
        if _is_critical(kind) and zlib.crc32(data[start + 4 : end - 4]) != stored:
            return f"it is a damaged png: the check sum of its {kind!r} part is wrong"
    if kind != b"IEND":
        return "it is a cut-off png: the end is missing"
    return None


def _critical_png_chunks(data: bytes) -> bytes:
    """Return the png without its optional chunks.

    Colour profiles, texts and dates change no gray value here, but libpng prints a warning on
    stderr about each one that it does not like.
    """
    parts = [data[start:end] for kind, start, end in _png_chunks(data) if _is_critical(kind)]
    return PNG_SIGNATURE + b"".join(parts)


def _jpeg_damage(data: bytes) -> str | None:
    """Look for the end marker behind the first scan.

    Markers before the scan are stepped over by their lengths, because a thumbnail inside them
    has an end marker of its own (ITU-T T.81, annex B).
    """
    position = len(JPEG_START)
    while position + 4 <= len(data):
        if data[position] != 0xFF:
            return "it is a damaged jpg: a marker is missing"
        marker = data[position + 1]
        if marker == JPEG_SCAN:
            complete = data.find(JPEG_END, position) >= 0
            return None if complete else "it is a cut-off jpg: the end is missing"
        if marker == 0xFF:  # fill byte
            position += 1
        elif marker in JPEG_RESTARTS:  # markers without a length
            position += 2
        else:
            position += 2 + int.from_bytes(data[position + 2 : position + 4], "big")
    return "it is a cut-off jpg: there is no picture in it"
