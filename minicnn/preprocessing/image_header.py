"""What kind of image a file holds and how many pixels it has, before anything is decoded.

A file of a few kilobytes can claim pixels that fill the memory of any machine (a decompression
bomb). Pillow reads the header of a file when it opens it and the pixels later, so that the size is
checked in between. Its errors for damaged files are of many types and name no file: all become
ValueErrors, whose text is the reason without the file's name, which the caller knows.
"""

import os
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
# Tags of a tif (TIFF 6.0, sections 8 and 15)
WIDTH, LENGTH, BITS, TILE_WIDTH, TILE_LENGTH = 256, 257, 258, 322, 323
CODESTREAM = b"\xff\x4f\xff\x51"  # in a jp2 (ITU-T T.800, A.5.1)

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
    module, reader = FORMATS[kind][0].split(".")
    with damage_as_reason(kind):
        image = getattr(import_module(f"PIL.{module}"), reader)(BytesIO(data))
        width, height = image.size
        if kind == "tif":  # a tile is decoded whole, even where it is larger than the image
            width = max(width, image.tag_v2.get(TILE_WIDTH, 0))
            height = max(height, image.tag_v2.get(TILE_LENGTH, 0))
        bits = bit_depth(image, data)
    check_pixels(width, height)
    if image.mode == "P" and image.palette is None:
        raise ValueError(f"it is a damaged {kind}: its palette is missing")
    if bits > 8 and not (bits == 16 and image.mode in ("I", "I;16", "I;16B")):
        raise ValueError(
            f"its pixels have {bits} bits a channel; save it with 8 bits, or as 16-bit gray"
        )
    return image


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
