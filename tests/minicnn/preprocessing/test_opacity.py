"""Opacity and orientation: every kind of pixel that a file can have, in every color mode."""

import io
import struct
import zlib

import numpy as np
import pytest
from bad_images import chunk, png
from PIL import Image

from minicnn.preprocessing.decode import decode

INDEX = np.array([[0, 1, 2, 3], [3, 2, 1, 0]], np.uint8)
COLORS = np.array([[10, 20, 30], [200, 50, 60], [70, 180, 90], [240, 250, 130]], np.uint8)
GRAYS = np.array([0, 85, 170, 255], np.uint8)
OPACITY = np.array([255, 175, 0, 15], np.uint8)  # of the four levels
ONE_CLEAR = np.array([255, 255, 0, 255], np.uint8)
OPAQUE = np.full(4, 255, np.uint8)


def saved(picture: Image.Image, kind: str, **options) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def palette(mode: str = "P") -> Image.Image:
    picture = Image.fromarray(INDEX)
    picture.putpalette(COLORS.tobytes())
    return picture.convert(mode) if mode != "P" else picture


def with_opacity(levels: np.ndarray) -> Image.Image:
    return Image.fromarray(np.dstack([levels[INDEX], OPACITY[INDEX]]))


def gray_png(depth: int, rows: list[bytes], clear: int) -> bytes:
    stream = zlib.compress(b"".join(b"\0" + row for row in rows))
    return png(4, 2, stream, depth, before=chunk(b"tRNS", struct.pack(">H", clear)))


def palette_tif() -> bytes:
    """A tif of palette entries, each pixel with an opacity of its own."""
    data = bytearray(saved(palette("PA"), "TIFF"))
    place = data.index(bytes((0, 255, 1, 255, 2, 255, 3, 255)))
    data[place + 1 : place + 16 : 2] = OPACITY[INDEX].tobytes()
    return bytes(data)


DEEP = [(INDEX.astype(">u2") * 21845)[row].tobytes() for row in range(2)]
KINDS = {  # content, what the four levels are, their opacity
    "gif": (saved(palette(), "GIF"), COLORS, OPAQUE),
    "gif, one entry": (saved(palette(), "GIF", transparency=2), COLORS, ONE_CLEAR),
    "gif, the first entry": (
        saved(palette(), "GIF", transparency=0),
        *(COLORS, np.array([0, 255, 255, 255])),
    ),
    "gif of frames": (
        saved(
            palette(), "GIF", save_all=True, append_images=[palette().rotate(180)], transparency=2
        ),
        *(COLORS, ONE_CLEAR),
    ),
    "palette png": (saved(palette(), "PNG"), COLORS, OPAQUE),
    "palette png, one entry": (saved(palette(), "PNG", transparency=2), COLORS, ONE_CLEAR),
    "palette png, bytes": (
        saved(palette(), "PNG", transparency=OPACITY.tobytes()),
        *(COLORS, OPACITY),
    ),
    "palette png, 8 bits, bytes": (
        saved(palette(), "PNG", transparency=OPACITY.tobytes(), bits=8),
        *(COLORS, OPACITY),
    ),
    "palette tif": (saved(palette(), "TIFF"), COLORS, OPAQUE),
    "palette tif, PA": (palette_tif(), COLORS, OPACITY),
    "gray png, 2 bits": (gray_png(2, [b"\x1b", b"\xe4"], 2), GRAYS, ONE_CLEAR),
    "gray png, 4 bits": (gray_png(4, [b"\x05\xaf", b"\xfa\x50"], 10), GRAYS, ONE_CLEAR),
    "gray png, 8 bits": (
        gray_png(8, [GRAYS[row].tobytes() for row in INDEX], 170),
        *(GRAYS, ONE_CLEAR),
    ),
    "gray png, 16 bits": (gray_png(16, DEEP, 2 * 21845), GRAYS, ONE_CLEAR),
    "gray png, 16 bits, a level of 8": (gray_png(16, DEEP, 170), GRAYS, OPAQUE),
    "gray png, 16 bits, opaque": (
        png(4, 2, zlib.compress(b"".join(b"\0" + row for row in DEEP)), 16),
        *(GRAYS, OPAQUE),
    ),
    "RGB png": (
        saved(palette("RGB"), "PNG", transparency=tuple(COLORS[2].tolist())),
        *(COLORS, ONE_CLEAR),
    ),
    "RGBA png": (saved(with_opacity(COLORS), "PNG"), COLORS, OPACITY),
    "LA png": (saved(with_opacity(GRAYS), "PNG"), GRAYS, OPACITY),
    "RGBA tif": (saved(with_opacity(COLORS), "TIFF"), COLORS, OPACITY),
    "LA tif": (saved(with_opacity(GRAYS), "TIFF"), GRAYS, OPACITY),
    "RGBA webp": (
        saved(with_opacity(COLORS), "WEBP", lossless=True, exact=True),
        *(COLORS, OPACITY),
    ),
}


@pytest.mark.parametrize("name", KINDS)
def test_opacity_is_kept_or_dropped_and_colors_stay(name):
    data, levels, opacity = KINDS[name]
    colors = levels if levels.ndim == 2 else np.repeat(levels[:, None], 3, axis=1)
    np.testing.assert_array_equal(decode(data, "rgb"), colors[INDEX])
    expected = np.dstack([colors[INDEX], opacity[INDEX]])
    np.testing.assert_array_equal(decode(data, "rgba"), expected)
    gray = np.floor(colors @ [0.299, 0.587, 0.114] + 1e-9)  # 0.299 * 170 + ... is 169.99...
    assert np.abs(decode(data, "grayscale") - gray[INDEX]).max() <= (levels.ndim == 2)


def test_one_bit_of_gray_that_is_transparent():
    data = gray_png(1, [b"\x30", b"\xc0"], 0)
    assert decode(data, "rgba")[..., 3].tolist() == [[0, 0, 255, 255], [255, 255, 0, 0]]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_no_format_is_turned_by_its_orientation(kind, orientation):
    gray = Image.fromarray(np.kron(INDEX * 80, np.ones((8, 8), np.uint8)))
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"lossless": True} if kind == "WEBP" else {}
    turned = decode(saved(gray, kind, exif=exif, **options), "grayscale")
    np.testing.assert_array_equal(turned, decode(saved(gray, kind, **options), "grayscale"))
    if kind == "TIFF":
        packed = saved(gray, kind, exif=exif, compression="tiff_lzw")
        np.testing.assert_array_equal(decode(packed, "grayscale"), turned)
