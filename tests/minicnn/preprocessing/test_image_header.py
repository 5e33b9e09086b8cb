"""Files that are more, or less, than they say: refused by their header, without their memory."""

import struct
import tracemalloc
import zlib

import numpy as np
import pytest
from bad_images import PNG, SMOOTH, chunk, encoded, png, replaced, tagged_tif
from PIL import Image

from minicnn.preprocessing.image import load_img

LONG, SLONG8, BYTE, FLOAT = 4, 17, 1, 11
FAR = 80_000_000  # bytes
ROWS = zlib.compress(bytes(32 * 24))
SIZE = {256: (LONG, 9), 257: (LONG, 9)}


def refused(path, data, reason, length=None):
    """The file, filled with zeros up to `length`, is refused with a few MB of memory."""
    path.write_bytes(data)
    if length is not None:
        with open(path, "r+b") as file:
            file.truncate(length)
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=reason) as caught:
            load_img(path)
        assert tracemalloc.get_traced_memory()[1] < 30e6
    finally:
        tracemalloc.stop()
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("bits", [8, 16, 64])
@pytest.mark.parametrize("kind", [SLONG8, BYTE, FLOAT])
@pytest.mark.parametrize("tags", [(256, 257), (322, 323)])
def test_a_size_of_a_type_that_one_decoder_reads_and_another_does_not(tmp_path, tags, kind, bits):
    size = [(tag, LONG, 9) for tag in (256, 257) if tag not in tags]
    hidden = [(tag, kind, 200 if kind == BYTE else 30000) for tag in tags]
    data = tagged_tif([*size, *hidden, (258, 3, bits), (324, LONG, 8), (325, LONG, 99)])
    refused(tmp_path / "hidden.tif", data, "damaged tif: its size or bits are no numbers")


@pytest.mark.parametrize("values", [(9, 30000), (30000, 9)])
@pytest.mark.parametrize("tag", [256, 257, 258, 277, 322, 323])
def test_a_size_that_is_given_twice(tmp_path, tag, values):
    sizes = [(256, LONG, 9), (257, LONG, 9), (258, 3, 8), (277, 3, 1), (322, LONG, 16)]
    twice = [(tag, LONG, value) for value in values]
    data = tagged_tif([entry for entry in sizes if entry[0] != tag] + twice)
    refused(tmp_path / "twice.tif", data, "damaged tif: it gives its size or bits twice")


def test_more_strips_or_tags_than_any_tif_has(tmp_path):
    sizes = [(256, LONG, 9), (257, LONG, 9), (258, 3, 8)]
    strips = tagged_tif([*sizes, (273, LONG, [8] * 70_000), (279, LONG, [9] * 70_000)])
    refused(tmp_path / "strips.tif", strips, "tif of more than 65535 strips or tiles")
    # One megabyte, asked for by each of 300 tags.
    data = tagged_tif([*sizes, *((1000 + i, BYTE, 0) for i in range(300))])
    data = data.replace(struct.pack("<HI", BYTE, 1), struct.pack("<HI", BYTE, 1_000_000))
    refused(tmp_path / "tags.tif", data + bytes(1_000_000), "its tags are longer than the file")


def test_a_tif_for_large_files_and_one_without_tags(tmp_path):
    big = b"II+\0\x08\0\0\0" + struct.pack("<Q", 16) + bytes(300)
    refused(tmp_path / "big.tif", big, "not an image, or of another kind")
    for start in (8, 10_000):
        data = b"II*\0" + struct.pack("<I", start)
        refused(tmp_path / "none.tif", data, "damaged or cut-off tif: its directory is missing")


def test_several_pages_in_both_byte_orders_are_read(tmp_path):
    gray = Image.fromarray(SMOOTH[..., 0])
    gray.save(tmp_path / "pages.tif", save_all=True, append_images=[gray] * 3)
    np.testing.assert_array_equal(load_img(tmp_path / "pages.tif", "grayscale"), SMOOTH[..., 0])
    values = SMOOTH[..., 0].astype(">u2") * np.array(257, ">u2")
    deep = Image.frombytes("I;16B", values.shape[::-1], values.astype(">u2").tobytes())
    deep.save(tmp_path / "other order.tif", compression="tiff_lzw")
    read = load_img(tmp_path / "other order.tif", "grayscale")
    np.testing.assert_array_equal(read, SMOOTH[..., 0])


HEADER = struct.pack(">IIBBBBB", 31, 24, 8, 0, 0, 0, 0)
JPG, GIF, JP2 = (encoded(kind, SMOOTH) for kind in (".jpg", ".gif", ".jp2"))
BMP = encoded(".bmp")
IN_FRONT = "far more in front of its pixels than a [a-z0-9]+ needs; save it anew"
NOTHING_IN_IT = {
    "zeros behind the header.png": (PNG + chunk(b"IHDR", HEADER), IN_FRONT),
    "zeros.png": (PNG, IN_FRONT),
    "zeros behind the end.png": (png(31, 24, ROWS), "far more than a png of 31 x 24 pixels needs"),
    "text.png": (PNG + chunk(b"IHDR", HEADER) + struct.pack(">I", FAR) + b"tEXt", IN_FRONT),
    "exif.png": (PNG + chunk(b"IHDR", HEADER) + struct.pack(">I", FAR) + b"eXIf", IN_FRONT),
    "pixels.png": (
        PNG + chunk(b"IHDR", HEADER) + struct.pack(">I", FAR) + b"IDAT",
        "far more than a png of 31 x 24",
    ),
    "zeros.jpg": (JPG, "far more than a jpg of 93 x 72 pixels needs"),
    "comments.jpg": (JPG[:2] + (b"\xff\xfe\xff\xff" + bytes(65533)) * 17 + JPG[2:], IN_FRONT),
    "zeros.bmp": (BMP, "far more than a bmp of 31 x 24"),
    "far away.bmp": (replaced(BMP, 10, struct.pack("<I", FAR - 800)), "far more than a bmp"),
    "zeros.jp2": (JP2, "far more than a jp2"),
    "zeros.pgm": (encoded(".pgm"), "far more than a pnm"),
    "comment.pgm": (b"P5\n# no end", IN_FRONT),
    "zeros alone.png": (b"", "not an image"),
    "comments.gif": (GIF[:781] + b"!\xfe" + (b"\xff" + b"a" * 255) * 4200, IN_FRONT),
}


@pytest.mark.parametrize("name", NOTHING_IN_IT)
def test_a_long_file_of_few_pixels(tmp_path, name):
    data, reason = NOTHING_IN_IT[name]
    refused(tmp_path / name, data, reason, FAR)


@pytest.mark.parametrize(
    "loose", [b"\xff", b"\0", b"a", b"\xff\xd0", b"\xff\xf5\xff\xfd", b"\xff\0"]
)
@pytest.mark.parametrize("place", [20, JPG.index(b"\xff\xc4"), JPG.index(b"\xff\xda")])
def test_bytes_of_a_jpg_that_are_in_none_of_its_segments(tmp_path, place, loose):
    few, many = (JPG[:place] + loose * count + JPG[place:] for count in (50, 100_000))
    refused(tmp_path / "many.jpg", many, IN_FRONT)
    if loose == b"\xff":  # as the standard allows
        (tmp_path / "few.jpg").write_bytes(few)
        (tmp_path / "none.jpg").write_bytes(JPG)
        np.testing.assert_array_equal(
            load_img(tmp_path / "few.jpg"), load_img(tmp_path / "none.jpg")
        )


def test_large_segments_of_a_jpg_are_no_harm(tmp_path):
    comment = b"\xff\xfe\xff\xff" + b"\xff" * 65533
    (tmp_path / "picture.jpg").write_bytes(JPG[:2] + comment * 9 + JPG[2:])
    assert load_img(tmp_path / "picture.jpg").shape == (72, 93, 3)


def test_a_gif_of_many_frames_is_read_as_far_as_its_first(tmp_path):
    path = tmp_path / "long.gif"
    path.write_bytes(encoded(".gif", SMOOTH))
    first = load_img(path)
    with open(path, "r+b") as file:
        file.truncate(FAR)
    tracemalloc.start()
    np.testing.assert_array_equal(load_img(path), first)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 30e6


def test_frames_larger_than_their_gif_and_sizes_given_twice_in_a_jpg_or_png(tmp_path):
    gif = bytearray(encoded(".gif", SMOOTH))
    frame = gif.index(b",\0\0\0\0")
    gif[frame + 5 : frame + 9] = struct.pack("<HH", 30000, 30000)
    refused(tmp_path / "frame.gif", bytes(gif), "more than 100 million pixels|30000 x 30000")
    start = JPG.index(b"\xff\xc0")
    end = start + 2 + struct.unpack(">H", JPG[start + 2 : start + 4])[0]
    large = replaced(JPG[start:end], 5, struct.pack(">HH", 30000, 30000))
    refused(tmp_path / "twice.jpg", JPG[:end] + large + JPG[end:], "30000 x 30000")
    refused(tmp_path / "twice.jpg", JPG[:start] + large + JPG[start:], "damaged or cut-off jpg")
    second = chunk(b"IHDR", replaced(HEADER, 0, struct.pack(">II", 30000, 30000)))
    refused(tmp_path / "twice.png", png(31, 24, ROWS, before=second), "30000 x 30000")


def test_a_megabyte_beside_the_pixels_is_no_harm(tmp_path):
    text = chunk(b"tEXt", b"Comment\0" + b"a" * 900_000)
    (tmp_path / "text.png").write_bytes(png(31, 24, ROWS, before=text))
    assert load_img(tmp_path / "text.png").shape == (24, 31, 3)
