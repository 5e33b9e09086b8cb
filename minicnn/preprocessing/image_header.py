"""What kind of image a file holds and how many pixels it has, before anything is decoded.

A file of a few kilobytes can claim pixels that fill the memory of any machine (a decompression
bomb), and a large one can hold hardly any. Pillow reads the header of a file when it opens it and
the pixels later, so that the size is checked in between. Its errors for damaged files are of many
types and name no file: all become ValueErrors, whose text is the reason without the file's name,
which the caller knows.
"""

import os
import re
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

LIMIT_VARIABLE = "MAX_IMAGE_PIXELS"
DEFAULT_LIMIT = 64_000_000  # pixels; a CT slice has a quarter of a million
LONGEST_SIDE = 65_535  # pixels, as in a jpg; what resizes images takes memory by their sides
BYTES_PER_PIXEL = 16  # more than any format takes
EXTRA_BYTES = 2**20  # of text, color profiles and thumbnails; no file may have more than its pixels
READ_WHOLE = ("tif", "webp")  # a file may hold many images, and no reader does with a part of it
# Tags of a tif (TIFF 6.0, sections 8 and 15), and the types that a number may have (section 2)
WIDTH, LENGTH, BITS, SAMPLES, TILE_WIDTH, TILE_LENGTH = 256, 257, 258, 277, 322, 323
ORIENTATION, SAMPLE_FORMAT = 274, 339
SIZE_TAGS = {WIDTH, LENGTH, BITS, SAMPLES, TILE_WIDTH, TILE_LENGTH, SAMPLE_FORMAT}
PIECES = (273, 324)  # where strips and tiles begin
SHORT, LONG = 3, 4
CODESTREAM = b"\xff\x4f\xff\x51"  # in a jp2 (ITU-T T.800, A.5.1)
# Markers of a jpg (ITU-T T.81, B.1.1.3): behind those of segments, Pillow skips what belongs to them.
SEGMENT = re.compile(rb"\xff[\xc0-\xc7\xc9-\xcf\xda-\xef\xfe]")
START_OF_SCAN, END_OF_JPG = b"\xff\xda", b"\xff\xd9"
MOST_LOOSE = 2**16  # bytes in no segment; a writer may put some 0xFF in front of a marker

# Pillow's reader and how a file begins. The readers are called themselves, because `PIL.Image.open`
# warns of large images by a limit of its own, and so that no other parser gets to see a file.
FORMATS = {
    "png": ("PngImagePlugin.PngImageFile", b"\x89PNG\r\n\x1a\n"),
    "jpg": ("JpegImagePlugin.JpegImageFile", b"\xff\xd8\xff"),
    "gif": ("GifImagePlugin.GifImageFile", b"GIF87a", b"GIF89a"),
    "bmp": ("BmpImagePlugin.BmpImageFile", b"BM"),
    "tif": ("TiffImagePlugin.TiffImageFile", b"II*\x00", b"MM\x00*"),
    "webp": ("WebPImagePlugin.WebPImageFile", b"RIFF"),
    "jp2": ("Jpeg2KImagePlugin.Jpeg2KImageFile", b"\0\0\0\x0cjP  \r\n\x87\n", CODESTREAM),
    "pnm": ("PpmImagePlugin.PpmImageFile", *(f"P{digit}".encode() for digit in range(1, 7))),
}
KNOWN_KINDS = "png, jpg, tif, bmp, gif, webp, jp2 or pnm"


def image_kind(data: bytes) -> str:
    """The format of a file by its first bytes; its name does not matter.

    ValueError if it is empty, or none of the formats that are read.
    """
    if not data:
        raise ValueError("the file is empty")
    for kind, (_, *beginnings) in FORMATS.items():
        if data.startswith(tuple(beginnings)) and (kind != "webp" or data[8:12] == b"WEBP"):
            return kind
    if data[128:132] == b"DICM":
        raise ValueError("it is a DICOM file; export the slice as png first")
    raise ValueError(
        f"it is not an image, or of another kind than {KNOWN_KINDS}; save it as one of these"
    )


def open_image(data: bytes) -> "ImageFile":
    """A Pillow image of which the header has been read and checked, and the pixels have not.

    ValueError if it is empty, no image, too large, of an unsupported pixel type, or its header is
    damaged or cut off.
    """
    kind = image_kind(data)
    if kind == "tif":
        data = unambiguous_tif(data)
    with damage_as_reason(kind):
        image = read_header(data, kind)
        width, height = image.size
        if kind == "tif":  # a tile is decoded whole, even where it is larger than the image
            width = max(width, image.tag_v2.get(TILE_WIDTH, 0))
            height = max(height, image.tag_v2.get(TILE_LENGTH, 0))
        bits = bit_depth(image, data)
    check_pixels(width, height)
    if image.mode == "P" and image.palette is None:
        raise ValueError(f"it is a damaged {kind}: its palette is missing")
    if bits > 8 and not (bits in (16, 32) and image.mode[0] in "IF"):
        raise ValueError(
            f"its pixels have {bits} bits a channel; save it with 8 bits, or as 16-bit gray"
        )
    if kind == "tif" and bits <= 8 and 2 in image.tag_v2.get(SAMPLE_FORMAT, ()):
        raise ValueError("its pixels have a sign; save it with 8 bits from 0 to 255")
    return image


def read_header(data: bytes, kind: str) -> "ImageFile":
    """A Pillow image of which nothing has been checked; errors are Pillow's."""
    module, reader = FORMATS[kind][0].split(".")
    return getattr(import_module(f"PIL.{module}"), reader)(BytesIO(data))


def unambiguous_tif(data: bytes) -> bytes:
    """A tif of which Pillow and libtiff, which decodes it, read the same; without orientation.

    Each passes over tags that it cannot read, and over one of two that are the same: a size that
    was checked might not be the one that is decoded. And a tif would be turned as its orientation
    says, which in other formats is ignored. ValueError where they might disagree.
    """
    order = "<" if data.startswith(b"II") else ">"
    try:
        (start,) = struct.unpack_from(f"{order}I", data, 4)
        (count,) = struct.unpack_from(f"{order}H", data, start)
        places = range(start + 2, start + 2 + 12 * count, 12)
        entries = [struct.unpack_from(f"{order}HHI", data, place) for place in places]
    except struct.error:
        raise ValueError("it is a damaged or cut-off tif: its directory is missing") from None
    sizes = [(tag, kind) for tag, kind, _ in entries if tag in SIZE_TAGS]
    if len({tag for tag, _ in sizes}) < len(sizes):
        raise ValueError("it is a damaged tif: it gives its size or bits twice; save it anew")
    if any(kind not in (SHORT, LONG) for _, kind in sizes):
        raise ValueError("it is a damaged tif: its size or bits are no numbers; save it anew")
    if any(tag in PIECES and number > LONGEST_SIDE for tag, _, number in entries):
        raise ValueError(
            f"it is a tif of more than {LONGEST_SIDE} strips or tiles; save it with fewer"
        )
    if sum(number for _, _, number in entries) > len(data):
        raise ValueError("it is a damaged tif: its tags are longer than the file; save it anew")
    for place, (tag, _, _) in zip(places, entries, strict=True):
        if tag == ORIENTATION:
            upright = struct.pack(f"{order}HHIHH", ORIENTATION, SHORT, 1, 1, 0)
            data = data[:place] + upright + data[place + 12 :]
    return data


def bytes_to_read(start: bytes, length: int) -> int:
    """How much of a file of `length` bytes has to be read, of which `start` are the first.

    ValueError if most of it is no image: Pillow would go through it, partly byte by byte. Of a gif
    the first frames are enough.
    """
    kind = image_kind(start)
    too_far = (
        f"it is a damaged {kind}, or has far more in front of its pixels than a {kind} needs; "
        "save it anew"
    )
    if kind == "jpg" and loose_bytes(start) > MOST_LOOSE:
        raise ValueError(too_far)
    if kind in READ_WHOLE or length <= EXTRA_BYTES:
        return length
    try:
        with damage_as_reason(kind):
            # The header of a pnm is a few words, and Pillow reads it byte by byte.
            width, height = read_header(start[:4096] if kind == "pnm" else start, kind).size
    except ValueError:
        raise ValueError(too_far) from None
    largest = BYTES_PER_PIXEL * width * height + EXTRA_BYTES
    if length > largest and kind != "gif":
        raise ValueError(
            f"it has {length} bytes, far more than a {kind} of {width} x {height} pixels needs; save "
            "it anew"
        )
    return min(length, largest)


def loose_bytes(jpg: bytes) -> int:
    """How many bytes in front of the pixels of a jpg are in no segment: Pillow reads them singly."""
    place = loose = 0
    while (marker := SEGMENT.search(jpg, place)) and marker[0] != START_OF_SCAN:
        loose += marker.start() - place
        place = marker.end() + int.from_bytes(jpg[marker.end() : marker.end() + 2], "big")
    return loose + (marker.start() if marker else len(jpg)) - place


def bit_depth(image: "ImageFile", data: bytes) -> int:
    """Bits of a channel in the file; Pillow itself keeps 8 of them, but for gray."""
    if image.format == "PNG":
        return data[24]
    if image.format == "TIFF":
        return max(image.tag_v2.get(BITS, (1,)))
    if image.format == "JPEG2000":
        return (data[data.find(CODESTREAM) + 42] & 0x7F) + 1
    return {"1": 1, "I": 16}.get(image.mode, 8)


@contextmanager
def damage_as_reason(kind: str) -> Iterator[None]:
    """Turn whatever Pillow raises for a file of this kind into a ValueError with the reason."""
    from PIL.Image import DecompressionBombError

    try:
        yield
    except DecompressionBombError as error:  # Pillow's own limit, of a webp or gif
        raise ValueError(
            f"it is more than 100 million pixels, too many for a {kind}; save it smaller"
        ) from error
    except MemoryError as error:
        raise ValueError(
            f"it is a {kind} for which there is too little memory; save it smaller"
        ) from error
    except Exception as error:  # which types there are is not documented
        text = str(error).lower()
        reason = f"a damaged or cut-off {kind}, or a kind of {kind} that is not read"
        if "checksum" in text:
            reason = f"a damaged {kind}: a check sum is wrong"
        elif "truncated" in text:
            reason = f"a cut-off {kind}: the end is missing"
        raise ValueError(f"it is {reason}") from error


def check_pixels(width: int, height: int) -> None:
    """ValueError if an image of this size is not to be decoded."""
    if max(width, height) > LONGEST_SIDE:
        raise ValueError(
            f"it is {width} x {height} pixels, and no side may be longer than {LONGEST_SIDE}; save "
            "it smaller"
        )
    limit = pixel_limit()
    if width * height > limit:
        raise ValueError(
            f"it is {width} x {height} pixels, more than the limit of {limit / 1e6:g} million; to "
            f"read it all the same, set the environment variable {LIMIT_VARIABLE} to "
            f"{width * height}"
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
