"""A folder full of odd and broken synthetic images, and what must become of each of them.

    python tests/support/bad_images.py FOLDER

makes it to look at. Every file has its expectation: "read", or a regular expression that the
reason for leaving it out matches.
"""

import struct
import sys
import zlib
from functools import cache
from pathlib import Path

import cv2
import numpy as np

READ = "read"
GRAY = np.random.default_rng(0).integers(0, 256, (24, 31), dtype=np.uint8)
COLOR = np.dstack([GRAY, 255 - GRAY, GRAY // 2])
SMOOTH = cv2.GaussianBlur(np.tile(COLOR, (3, 3, 1)), (0, 0), 2)
PNG = b"\x89PNG\r\n\x1a\n"


def encoded(extension: str, image: np.ndarray = GRAY, *options: int) -> bytes:
    return cv2.imencode(extension, image, options)[1].tobytes()


def chunk(kind: bytes, content: bytes) -> bytes:
    check_sum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check_sum)


def png(width, height, stream, depth=8, color=0, interlace=0, before=b"") -> bytes:
    """A png with right check sums, whatever is in it."""
    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, interlace)
    return PNG + chunk(b"IHDR", header) + before + chunk(b"IDAT", stream) + chunk(b"IEND", b"")


def cmyk_jpg(precision: int = 8, start_of_frame: int = 0xC0) -> bytes:
    """8 x 8 pixels of four components: one Huffman code, a single zero bit, does for everything."""

    def segment(marker: int, content: bytes) -> bytes:
        return bytes((0xFF, marker)) + struct.pack(">H", len(content) + 2) + content

    components = bytes((1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0, 4, 0x11, 0))
    one_code = bytes((1, *[0] * 15, 0))
    parts = [
        segment(0xEE, b"Adobe\0\x64\0\0\0\0\0"),
        segment(0xDB, bytes((0, *[1] * 64))),
        segment(start_of_frame, struct.pack(">BHHB", precision, 8, 8, 4) + components),
        segment(0xC4, b"\0" + one_code + b"\x10" + one_code),
        segment(0xDA, bytes((4, 1, 0, 2, 0, 3, 0, 4, 0, 0, 63, 0))),
    ]
    return b"\xff\xd8" + b"".join(parts) + b"\0" + b"\xff\xd9"


def tif(size: dict[int, int]) -> bytes:
    """A tif of 8-bit gray, packed with LZW, without its pixels; `size` has 32-bit values by tag."""
    entries = dict(sorted({**size, 258: 8, 259: 5, 262: 1, 277: 1}.items()))
    packed = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in entries.items())
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + packed + bytes(4)


def tagged_tif(entries: list[tuple]) -> bytes:
    """A tif of tags alone: (tag, type, value or list of values), as they are given."""
    formats = {1: "B", 3: "H", 4: "I", 11: "f", 17: "q"}
    behind, packed = b"", b""
    for tag, kind, value in sorted(entries, key=lambda entry: entry[0]):
        values = value if isinstance(value, list) else [value]
        content = struct.pack(f"<{len(values)}{formats[kind]}", *values)
        if len(content) > 4:
            place = struct.pack("<I", 8 + 2 + 12 * len(entries) + 4 + len(behind))
            content, behind = place, behind + content
        packed += struct.pack("<HHI4s", tag, kind, len(values), content)
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + packed + bytes(4) + behind


def animation() -> bytes:
    frames = cv2.Animation()
    frames.frames = [np.dstack([COLOR, np.full_like(GRAY, 255)])] * 3
    frames.durations = [100, 100, 100]
    return cv2.imencodeanimation(".gif", frames)[1].tobytes()


def replaced(data: bytes, start: int, new: bytes) -> bytes:
    return data[:start] + new + data[start + len(new) :]


def good_formats() -> dict[str, tuple[bytes, str]]:
    """Odd, but images."""
    ramp = zlib.compress(bytes(25 * 32))
    deep, see_through = GRAY.astype(np.uint16) * 257, np.dstack([COLOR, GRAY])
    jpg = encoded(".jpg", SMOOTH)
    files = {
        "gray.png": encoded(".png"),
        "16 bit.png": encoded(".png", deep),
        "16 bit.tif": encoded(".tif", deep),
        "alpha.png": encoded(".png", see_through),
        "gray alpha.png": png(4, 3, zlib.compress(bytes(27)), color=4),
        "palette.png": png(
            *(4, 3, zlib.compress(b"\0\0\1\2\3" * 3), 8, 3),
            before=chunk(b"PLTE", bytes(range(12))) + chunk(b"tRNS", b"\0\x80"),
        ),
        "palette too short.png": png(
            4, 3, zlib.compress(b"\0\0\1\2\xff" * 3), 8, 3, before=chunk(b"PLTE", bytes(range(9)))
        ),
        "one bit.png": png(31, 24, zlib.compress(b"\0\xaa\xaa\xaa\xaa" * 24), 1),
        "two bits.png": png(4, 4, zlib.compress(b"\0\x1b" * 4), 2),
        "interlaced.png": png(8, 8, zlib.compress(bytes(79)), interlace=1),
        "odd text.png": png(31, 24, zlib.compress(bytes(32 * 24)), before=chunk(b"tEXt", b"\xff")),
        "profile.png": png(31, 24, zlib.compress(bytes(32 * 24)), before=chunk(b"iCCP", b"x\0\0x")),
        "more data than rows.png": png(31, 24, ramp),
        "behind the end.png": encoded(".png") + b"something else",
        "cmyk.jpg": cmyk_jpg(),
        "progressive.jpg": encoded(".jpg", SMOOTH, cv2.IMWRITE_JPEG_PROGRESSIVE, 1),
        "restart markers.jpg": encoded(".jpg", SMOOTH, cv2.IMWRITE_JPEG_RST_INTERVAL, 3),
        "behind the end.jpg": jpg + b"something else",
        "fill bytes.jpg": jpg[:-2] + b"\xff\xff\xff\xd9",
        "unknown version.jpg": replaced(jpg, 11, b"\x09"),
        "color.bmp": encoded(".bmp", COLOR),
        "animated.gif": animation(),
        "three pages.tif": cv2.imencodemulti(".tif", [GRAY] * 3)[1].tobytes(),
        "lossy.webp": encoded(".webp", SMOOTH, cv2.IMWRITE_WEBP_QUALITY, 70),
        "lossless.webp": encoded(".webp", COLOR, cv2.IMWRITE_WEBP_QUALITY, 101),
        "wavelets.jp2": encoded(".jp2", SMOOTH),
        "text.pgm": b"P2 # a comment\n3 2\n# another\n255\n0 1 2 3 4 255\n",
        "one pixel.png": encoded(".png", GRAY[:1, :1]),
        "one pixel.jpg": encoded(".jpg", GRAY[:1, :1]),
        "one row.png": encoded(".png", np.tile(GRAY[:1], (1, 300))),
        "one column.jpg": encoded(".jpg", np.tile(GRAY[:, :1], (300, 1))),
        "black.png": encoded(".png", np.zeros_like(GRAY)),
        # The name says something else than the content.
        "a jpg.png": jpg,
        "a png.jpg": encoded(".png", COLOR),
        "a bmp.tif": encoded(".bmp", GRAY),
        "a png.PNG": encoded(".png", 255 - GRAY),
    }
    return {name: (content, READ) for name, content in files.items()}


def cut_off() -> dict[str, tuple[bytes, str]]:
    """Whole files whose first or whose larger part is there."""
    files = {}
    for extension in (".png", ".jpg", ".bmp", ".tif", ".gif", ".webp", ".jp2", ".pgm"):
        data = encoded(extension, GRAY if extension == ".pgm" else SMOOTH)
        files[f"half{extension}"] = (data[: len(data) // 2], "cut-off|damaged")
        files[f"first bytes{extension}"] = (data[:12], "cut-off|not an image")
    png_data, jpg_data = encoded(".png"), encoded(".jpg", SMOOTH)
    progressive = encoded(".jpg", SMOOTH, cv2.IMWRITE_JPEG_PROGRESSIVE, 1)
    return {
        **files,
        "last byte.png": (png_data[:-1], "cut-off png"),
        "last bytes.jpg": (jpg_data[:-2], "cut-off jpg"),
        "one byte.jpg": (jpg_data[:1], "not an image"),
        "cut progressive.jpg": (progressive[:-200], "cut-off jpg"),
    }


def damaged() -> dict[str, tuple[bytes, str]]:
    """Complete, but wrong inside."""
    data = encoded(".png")
    rows = bytes(32 * 24)
    deep = np.dstack([COLOR, GRAY]).astype(np.uint16) * 257
    return {
        "alpha 16 bit.png": (encoded(".png", deep), "16 bits a channel"),
        "color 16 bit.tif": (encoded(".tif", deep[..., :3]), "16 bits a channel"),
        "changed byte.png": (replaced(data, 200, b"\0\1\2"), "check sum"),
        "no rows.png": (png(31, 24, b""), "cut-off png"),
        "not packed.png": (png(31, 24, b"hello world"), "damaged or cut-off png"),
        "too few rows.png": (png(31, 24, zlib.compress(rows[:-40])), "cut-off png"),
        "no such filter.png": (
            png(31, 24, zlib.compress(b"\7" + rows[1:])),
            "damaged or cut-off png",
        ),
        "other check sum.png": (
            png(31, 24, zlib.compress(rows)[:-1] + b"x"),
            "damaged or cut-off png",
        ),
        "no palette.png": (png(31, 24, zlib.compress(rows), 8, 3), "palette is missing"),
        "three bits.png": (png(31, 24, zlib.compress(rows), 3), "damaged or cut-off png"),
        "no width.png": (png(0, 24, zlib.compress(rows)), "damaged or cut-off png"),
        "no header.png": (PNG + data[33:], "damaged or cut-off png"),
        "12 bits.jpg": (cmyk_jpg(12), "a kind of jpg that is not read"),
        "garbled.jpg": (b"\xff\xd8\xff\xe0hello hello hello\xff\xd9", "jpg"),
        "float.tif": (encoded(".tif", GRAY.astype(np.float32)), "32 bits a channel"),
        "negative.bmp": (
            replaced(encoded(".bmp"), 18, struct.pack("<i", -31)),
            "no side may be longer",
        ),
        "letters.pgm": (b"P5\nwide high\n255\n" + bytes(90), "damaged or cut-off pnm"),
    }


def no_images() -> dict[str, tuple[bytes, str]]:
    return {
        "empty.png": (b"", "empty"),
        "empty.jpg": (b"", "empty"),
        "text.png": (b"these are notes, not an image\n" * 9, "not an image"),
        "page.jpg": (b"<!DOCTYPE html><title>404 Not Found</title>", "not an image"),
        "document.png": (b"%PDF-1.7\n" + bytes(99), "not an image"),
        "archive.jpg": (b"PK\3\4" + bytes(99), "not an image"),
        "sound.webp": (b"RIFF\x40\0\0\0WAVEfmt " + bytes(60), "not an image"),
        "zeros.bmp": (bytes(5000), "not an image"),
        "slice.png": (bytes(128) + b"DICM" + bytes(40), "DICOM"),
        "notes.txt": (b"x", "extension .txt"),
        "no extension": (encoded(".png"), r"extension \(none\)"),
        "gray.png.bak": (encoded(".png"), "extension .bak"),
    }


@cache
def bombs() -> dict[str, tuple[bytes, str]]:
    """Small files that claim pixels for all memory there is; the first one even has them."""
    packed = zlib.compress(bytes(30000 * (1 + 30000 // 8)), 9)
    jpg, bmp = encoded(".jpg", SMOOTH), bytearray(encoded(".bmp"))
    size = jpg.index(b"\xff\xc0") + 5
    bmp[18:26] = struct.pack("<ii", 30000, -30000)
    webp = (
        b"RIFF\x40\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0" + (29999).to_bytes(3, "little") * 2 + bytes(50)
    )
    jp2 = encoded(".jp2", SMOOTH)
    jp2 = replaced(jp2, jp2.index(b"ihdr") + 4, struct.pack(">II", 30000, 30000))
    codestream = jp2.index(b"\xff\x4f\xff\x51") + 8
    files = {
        "bomb.png": png(30000, 30000, packed, 1),
        "bomb.jpg": replaced(jpg, size, struct.pack(">HH", 30000, 30000)),
        "bomb.bmp": bytes(bmp),
        "bomb.gif": replaced(encoded(".gif", SMOOTH), 6, struct.pack("<HH", 30000, 30000)),
        "bomb.tif": tif({256: 30000, 257: 30000, 273: 8, 278: 30000, 279: 99}),
        "tile bomb.tif": tif({256: 9, 257: 9, 322: 30000, 323: 30000, 324: 8, 325: 99}),
        "bomb.webp": webp,
        "bomb.jp2": replaced(jp2, codestream, struct.pack(">II", 30000, 30000)),
        "bomb.pgm": b"P5\n30000 30000\n255\n",
    }
    long = png(2_000_000, 1, zlib.compress(bytes(2_000_001)))
    return {
        **{
            # Pillow itself refuses a webp of this size.
            name: (data, "30000 x 30000 pixels.*limit of 64 million|more than 100 million pixels")
            for name, data in files.items()
        },
        "very long.png": (long, "2000000 x 1 pixels"),
    }


@cache
def contents() -> dict[str, tuple[bytes, str]]:
    """File name to content and expectation, all of the above."""
    return {**good_formats(), **cut_off(), **damaged(), **no_images(), **bombs()}


if __name__ == "__main__":
    from bad_places import make

    for path, expected in make(Path(sys.argv[1])).items():
        print(f"{ascii(str(path))}: {expected}")
