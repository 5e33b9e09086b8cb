"""What kind of image a file holds and how many pixels it has, before anything is decoded.

A file of a few kilobytes can claim pixels that fill the memory of any machine (a decompression
bomb). Width and height stand in the first bytes of every format, so they are looked at first.
Formats that are not in `SIGNATURES` are refused: what cannot be measured is not decoded.
"""

import os
import struct
from collections.abc import Iterator

from minicnn.preprocessing.png import SIGNATURE as PNG_SIGNATURE

LIMIT_VARIABLE = "MAX_IMAGE_PIXELS"
DEFAULT_LIMIT = 64_000_000  # pixels; a CT slice has a quarter of a million
START_OF_SCAN, END_OF_IMAGE = 0xDA, 0xD9  # markers of a jpg
LONGEST_SIDE = 65_535  # pixels, as in a jpg; what resizes images takes memory by their sides

SIGNATURES = {
    PNG_SIGNATURE: "png",
    b"\xff\xd8\xff": "jpg",
    b"GIF87a": "gif",
    b"GIF89a": "gif",
    b"BM": "bmp",
    b"II*\x00": "tif",
    b"MM\x00*": "tif",
    b"RIFF": "webp",
    b"\x00\x00\x00\x0cjP  \r\n\x87\n": "jp2",
    b"\xff\x4f\xff\x51": "jp2",  # the bare codestream
    **{f"P{digit}".encode(): "pnm" for digit in range(1, 7)},
}
KNOWN_KINDS = "png, jpg, tif, bmp, gif, webp, jp2 or pnm"


def image_kind(data: bytes) -> str:
    """The format of a file by its first bytes; its name does not matter.

    Raises
    ------
    ValueError
        It is empty, or none of the formats that are read. Like all errors of this module and of
        `decode`, the text is the reason without the file's name, which the caller knows.
    """
    if not data:
        raise ValueError("the file is empty")
    for signature, kind in SIGNATURES.items():
        if data.startswith(signature) and (kind != "webp" or data[8:12] == b"WEBP"):
            return kind
    if data[128:132] == b"DICM":
        raise ValueError("it is a DICOM file; export the slice as png first")
    raise ValueError(
        f"it is not an image, or of another kind than {KNOWN_KINDS}; save it as one of these"
    )


def check_size(data: bytes, kind: str) -> tuple[int, int]:
    """Width and height in pixels; ValueError if they are absurd or more than the limit."""
    try:
        width, height = SIZES[kind](data)
    except (struct.error, ValueError) as error:
        raise ValueError(f"it is a damaged or cut-off {kind}: its header is incomplete") from error
    if width < 1 or height < 1:
        raise ValueError(f"it is a damaged {kind}: its header says {width} x {height} pixels")
    check_pixels(width, height)
    return width, height


def check_pixels(width: int, height: int) -> None:
    """ValueError if an image of this size is not to be decoded."""
    limit = pixel_limit()
    if width * height > limit:
        raise ValueError(
            f"it is {width} x {height} pixels, more than the limit of {limit / 1e6:g} million; to "
            f"read it all the same, set the environment variable {LIMIT_VARIABLE} to "
            f"{width * height}"
        )
    if max(width, height) > LONGEST_SIDE:
        raise ValueError(
            f"it is {width} x {height} pixels, and no side may be longer than {LONGEST_SIDE}; save "
            "it smaller"
        )


def pixel_limit() -> int:
    """How many pixels an image may have: `LIMIT_VARIABLE` if that is set, or 64 million."""
    text = os.environ.get(LIMIT_VARIABLE, "")
    if not text:
        return DEFAULT_LIMIT
    if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text) > 0):
        raise ValueError(
            f"the environment variable {LIMIT_VARIABLE} must be a number of pixels, such as "
            f"{DEFAULT_LIMIT}, not {text[:60]!r}; correct it or unset it"
        )
    return int(text)


def _png_size(data: bytes) -> tuple[int, int]:
    """IHDR must be the first chunk (PNG specification, 11.2.1)."""
    if data[12:16] != b"IHDR":
        raise ValueError("no header")
    return struct.unpack_from(">II", data, 16)


def jpeg_segments(data: bytes, position: int = 2) -> Iterator[tuple[int, int, int]]:
    """Yield (marker, first byte, one past the last byte) of a jpg's segments up to the next scan.

    A segment is FF, the marker, two bytes of length, the content; segments are stepped over by
    their lengths, because a thumbnail in one of them has markers of its own (ITU-T T.81, annex B).
    """
    marker = 0
    while position + 2 <= len(data) and marker not in (START_OF_SCAN, END_OF_IMAGE):
        if data[position] != 0xFF:
            raise ValueError("it is a damaged jpg: a marker is missing")
        marker = data[position + 1]
        if marker == 0xFF:  # a fill byte
            position += 1
            continue
        length = 0
        if marker != END_OF_IMAGE:
            length = int.from_bytes(data[position + 2 : position + 4], "big")
            if length < 2:
                raise ValueError("it is a damaged jpg: a segment has no length")
        yield marker, position, position + 2 + length
        position += 2 + length


def _jpeg_size(data: bytes) -> tuple[int, int]:
    """The start of frame: C0 to CF but for C4, C8 and CC (ITU-T T.81, B.2.2)."""
    for marker, start, _ in jpeg_segments(data):
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", data, start + 5)
            return width, height
    raise ValueError("no start of frame")


def _gif_size(data: bytes) -> tuple[int, int]:
    return struct.unpack_from("<HH", data, 6)


def _bmp_size(data: bytes) -> tuple[int, int]:
    if struct.unpack_from("<I", data, 14)[0] == 12:  # the oldest header, OS/2 1.x
        return struct.unpack_from("<HH", data, 18)
    width, height = struct.unpack_from("<ii", data, 18)
    return width, abs(height)  # negative: the first row is the top one


def _tiff_size(data: bytes) -> tuple[int, int]:
    """From the first page's directory (TIFF 6.0, section 2)."""
    order = "<" if data[:2] == b"II" else ">"
    (start,) = struct.unpack_from(f"{order}I", data, 4)
    (count,) = struct.unpack_from(f"{order}H", data, start)
    values = {}
    for number in range(count):
        entry = start + 2 + 12 * number
        tag, kind, _ = struct.unpack_from(f"{order}HHI", data, entry)
        if kind in (3, 4):  # 16 and 32 bits, left-justified
            values[tag] = struct.unpack_from(order + "HI"[kind - 3], data, entry + 8)[0]
    # A tile is decoded whole, even where it is larger than the image.
    return max(values.get(256, 0), values.get(322, 0)), max(values.get(257, 0), values.get(323, 0))


def _webp_size(data: bytes) -> tuple[int, int]:
    """WebP container specification: VP8X (RFC 9649, 2.7), VP8L (3.4), VP8 (RFC 6386, 9.1)."""
    chunk = data[12:16]
    if chunk == b"VP8X":
        width, height = data[24:27], data[27:30]
        return 1 + int.from_bytes(width, "little"), 1 + int.from_bytes(height, "little")
    if chunk == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    width, height = struct.unpack_from("<HH", data, 26)
    return width & 0x3FFF, height & 0x3FFF


def _jp2_size(data: bytes) -> tuple[int, int]:
    """SIZ follows the start of the codestream (ITU-T T.800, A.5.1), which is in a box (I.4)."""
    start = 0
    while data[start : start + 4] != b"\xff\x4f\xff\x51":
        length, kind = struct.unpack_from(">I4s", data, start)
        header = 8
        if length == 1:
            (length,) = struct.unpack_from(">Q", data, start + 8)
            header = 16
        if kind != b"jp2c" and length < header:
            raise ValueError("a box without an end")
        start += header if kind == b"jp2c" else length
    right, bottom, left, top = struct.unpack_from(">IIII", data, start + 8)
    return right - left, bottom - top


def _pnm_size(data: bytes) -> tuple[int, int]:
    """The first two numbers behind P1 to P6; a comment goes from # to the end of its line."""
    lines = [line.partition(b"#")[0] for line in data[2:4096].splitlines()]
    width, height = b" ".join(lines).split()[:2]
    return int(width), int(height)


SIZES = {
    "png": _png_size,
    "jpg": _jpeg_size,
    "gif": _gif_size,
    "bmp": _bmp_size,
    "tif": _tiff_size,
    "webp": _webp_size,
    "jp2": _jp2_size,
    "pnm": _pnm_size,
}
