"""Image files and arrays: every kind of file, the resizing filters, the errors."""

import re
import warnings
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from places import GOLDEN_FILES

from minicnn.preprocessing.decode import to_gray
from minicnn.preprocessing.image import array_to_img, img_to_array, load_img
from minicnn.preprocessing.resizing import resize

GOLDEN = np.load(GOLDEN_FILES / "augmentation.npz")
FILTERS = ("bilinear", "bicubic", "hamming", "box", "lanczos")


@pytest.fixture
def colors() -> np.ndarray:
    """A smooth synthetic picture (jpg keeps it), red first, height != width."""
    rows, columns = np.mgrid[0:24, 0:36]
    planes = [rows * 10, columns * 7, (rows + columns) * 4]
    return np.stack(planes, axis=-1).astype(np.uint8)


def write(path: Path, image: np.ndarray, *options: int) -> Path:
    """Write an image, red first if it has colors, in the format of the name."""
    order = {2: ..., 3: (..., [2, 1, 0]), 4: (..., [2, 1, 0, 3])}
    pixels = image[order[2 if image.ndim == 2 else image.shape[2]]]
    encoded, data = cv2.imencode(path.suffix, np.ascontiguousarray(pixels), list(options))
    assert encoded
    data.tofile(path)
    return path


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tif", ".ppm", ".webp"])
def test_lossless_formats_come_back(tmp_path, colors, suffix):
    options = (cv2.IMWRITE_WEBP_QUALITY, 101) if suffix == ".webp" else ()
    path = write(tmp_path / f"picture{suffix}", colors, *options)
    image = load_img(path)
    assert image.dtype == np.uint8
    np.testing.assert_array_equal(image, colors)


def test_jpg_comes_back_nearly(tmp_path, colors):
    image = load_img(write(tmp_path / "picture.jpg", colors)).astype(int)
    assert np.abs(image - colors).mean() < 4


def test_gray_of_pure_colors(tmp_path):
    pure = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]]], dtype=np.uint8)
    # 0.299 * 255 = 76.2, 0.587 * 255 = 149.7, 0.114 * 255 = 29.1, cut off
    gray = load_img(write(tmp_path / "pure.png", pure), color_mode="grayscale")
    np.testing.assert_array_equal(gray, [[76, 149, 29, 255]])


def test_gray_is_the_articles_and_nearly_keras(tmp_path):
    path = write(tmp_path / "colors.png", GOLDEN["resize_image"][..., :3])
    gray = load_img(path, color_mode="grayscale")
    np.testing.assert_array_equal(gray, cv2.imread(str(path), cv2.IMREAD_GRAYSCALE))
    assert set(np.unique(GOLDEN["gray"].astype(int) - gray)) == {0, 1}


def test_gray_of_all_colors_is_the_articles():
    levels = np.arange(256, dtype=np.uint8)
    for red in range(0, 256, 17):
        blue, green = np.meshgrid(levels, levels)
        image = np.dstack([blue, green, np.full_like(blue, red)])
        png = cv2.imencode(".png", image, (cv2.IMWRITE_PNG_COMPRESSION, 1))[1]
        read = cv2.imdecode(png, cv2.IMREAD_GRAYSCALE)
        np.testing.assert_array_equal(to_gray(image[..., ::-1]), read)


def test_gray_of_a_jpg_is_the_brightness_it_stores(tmp_path, colors):
    path = write(tmp_path / "picture.jpg", colors)
    stored = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    np.testing.assert_array_equal(load_img(path, color_mode="grayscale"), stored)


def test_gray_file_in_all_color_modes(tmp_path, colors):
    gray = colors[..., 0]
    path = write(tmp_path / "gray.png", gray)
    np.testing.assert_array_equal(load_img(path, color_mode="grayscale"), gray)
    np.testing.assert_array_equal(load_img(path), np.stack([gray] * 3, axis=-1))
    opaque = np.full_like(gray, 255)
    np.testing.assert_array_equal(
        load_img(path, color_mode="rgba"), np.stack([gray, gray, gray, opaque], axis=-1)
    )


def test_opacity_is_dropped_unless_asked_for(tmp_path, colors):
    see_through = np.dstack([colors, colors[..., 1]])
    path = write(tmp_path / "see_through.png", see_through)
    np.testing.assert_array_equal(load_img(path), colors)
    opaque = load_img(write(tmp_path / "opaque.png", colors), color_mode="grayscale")
    np.testing.assert_array_equal(load_img(path, color_mode="grayscale"), opaque)
    np.testing.assert_array_equal(load_img(path, color_mode="rgba"), see_through)


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_16_bits_become_8(tmp_path, suffix):
    values = np.array([[0, 128, 129, 257, 32768, 65535]], dtype=np.uint16)
    path = write(tmp_path / f"deep{suffix}", values)
    # 128 / 257 = 0.498 and 129 / 257 = 0.502: rounded to the nearest
    np.testing.assert_array_equal(load_img(path, color_mode="grayscale"), [[0, 0, 1, 1, 128, 255]])


def test_16_bits_that_are_hardly_used_are_told(tmp_path):
    ramp = np.arange(4096, dtype=np.uint16).reshape(64, 64)
    path = write(tmp_path / "deep.png", ramp)
    with pytest.warns(
        UserWarning, match="of 16 bits is left with fewer than 64 gray levels"
    ) as told:
        assert load_img(path).max() == 16  # 4095 / 257 = 15.9
    assert told[0].filename == __file__
    for name, values in {"mask.png": ramp % 2, "signed.png": ramp + np.uint16(32768)}.items():
        with pytest.warns(UserWarning, match="save it with 8 bits"):
            load_img(write(tmp_path / name, values), "grayscale")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load_img(write(tmp_path / "black.png", 0 * ramp))
        load_img(write(tmp_path / "few.png", (ramp % 7) * np.uint16(257)))
        load_img(write(tmp_path / "all.png", ramp * np.uint16(16)))
        load_img(write(tmp_path / "enough.png", ramp * np.uint16(4)))  # 0 to 63.7


def test_exif_orientation_is_ignored(tmp_path, colors):
    plain = write(tmp_path / "plain.jpg", colors)
    # One EXIF entry: tag 0x0112 (orientation), type 3 (16 bit), count 1, value 6 (turn by 90).
    entry = bytes.fromhex("0112 0003 00000001 0006 0000".replace(" ", ""))
    exif = b"Exif\0\0MM\0*" + bytes.fromhex("00000008 0001") + entry + bytes(4)
    segment = b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif
    turned = tmp_path / "turned.jpg"
    data = plain.read_bytes()
    turned.write_bytes(data[:2] + segment + data[2:])
    # OpenCV by itself turns it, so the entry is valid.
    assert cv2.imread(str(turned)).shape == (36, 24, 3)
    np.testing.assert_array_equal(load_img(turned), load_img(plain))


def test_names_in_any_script(tmp_path, colors):
    folder = tmp_path / "폐 영상"
    folder.mkdir()
    path = write(folder / "снимок é.png", colors)
    np.testing.assert_array_equal(load_img(str(path)), colors)


def test_an_image_in_memory_is_read_like_a_file(tmp_path, colors):
    path = write(tmp_path / "picture.png", colors)
    data = BytesIO(path.read_bytes())
    data.seek(9)  # as in Keras, it is read from its beginning
    for _ in range(2):
        np.testing.assert_array_equal(load_img(data, "rgb", (5, 6)), load_img(path, "rgb", (5, 6)))
    np.testing.assert_array_equal(load_img(str(path).encode()), colors)
    with pytest.raises(ValueError, match="expected an image file .* but it is not an image"):
        load_img(BytesIO(b"no image"))
    with pytest.raises(ValueError, match="far more than a png of 36 x 24 pixels needs"):
        load_img(BytesIO(path.read_bytes() + bytes(2**21)))
    for other in (None, 3, colors, Image.fromarray(colors)):
        kind = type(other).__name__
        with pytest.raises(TypeError, match=f"expected a path or a BytesIO, got {kind}"):
            load_img(other)


@pytest.mark.parametrize("content", [b"", b"not an image at all"])
def test_unreadable_content_names_the_file(tmp_path, content):
    path = tmp_path / "broken.png"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="broken.png: expected an image file"):
        load_img(path)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".bmp"])
def test_a_file_cut_short_is_an_error(tmp_path, colors, suffix):
    path = write(tmp_path / f"cut{suffix}", colors)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(ValueError, match="cut-off"):
        load_img(path)


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(ValueError, match="nowhere.png: expected an image file"):
        load_img(tmp_path / "nowhere.png")
    with pytest.raises(ValueError, match="expected an image file"):
        load_img(tmp_path)


def test_float_files_are_refused(tmp_path):
    path = write(tmp_path / "float.tif", np.ones((4, 5), dtype=np.float32))
    told = "32 bits a channel; save it with 8 bits, or as 16-bit gray from 0 to 65535 instead of 1 to 1"
    with pytest.raises(ValueError, match=told):
        load_img(path)


@pytest.mark.parametrize("suffix", [".png", ".tif", ".jp2"])
def test_16_bits_of_a_color_are_refused(tmp_path, colors, suffix):
    deep = np.tile(colors.astype(np.uint16) * 257, (2, 2, 1))  # OpenCV writes no smaller jp2
    path = write(tmp_path / f"deep{suffix}", deep)
    with pytest.raises(ValueError, match="its pixels have 16 bits a channel"):
        load_img(path)


def test_tif_with_opacity(tmp_path, colors):
    see_through = np.dstack([colors, colors[..., 1]])
    path = write(tmp_path / "see_through.tif", see_through)
    np.testing.assert_array_equal(load_img(path, color_mode="rgba"), see_through)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".bmp", ".tif", ".jp2", ".ppm"])
def test_pillows_own_limit_is_not_asked(tmp_path, colors, monkeypatch, suffix):
    path = write(tmp_path / f"picture{suffix}", np.tile(colors, (2, 2, 1)))
    expected = load_img(path)
    for limit in (1, colors.size):  # it would be an error, a warning
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            np.testing.assert_array_equal(load_img(path), expected)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"color_mode": "gray"}, "color_mode to be one of grayscale, rgb, rgba, got 'gray'"),
        ({"target_size": (5, 0)}, "target_size"),
        ({"interpolation": "area"}, "interpolation .* got 'area'"),
    ],
)
def test_bad_arguments(tmp_path, colors, arguments, message):
    path = write(tmp_path / "picture.png", colors)
    with pytest.raises(ValueError, match=message):
        load_img(path, **arguments)


def test_keeping_the_aspect_ratio_by_hand(tmp_path):
    # 3 x 8 to 2 x 2: the middle 3 x 3, columns 2 to 4, of which nearest takes 0.75 and 2.25
    path = write(tmp_path / "wide.png", np.arange(24, dtype=np.uint8).reshape(3, 8))
    image = load_img(path, "grayscale", (2, 2), keep_aspect_ratio=True)
    np.testing.assert_array_equal(image, [[2, 4], [18, 20]])


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear", "lanczos"])
@pytest.mark.parametrize("color_mode", ["grayscale", "rgb", "rgba"])
def test_keeping_the_aspect_ratio_as_keras(tmp_path, colors, color_mode, interpolation):
    keras_load = pytest.importorskip("keras").utils.load_img
    gray = np.dstack([colors[..., :1]] * 3)  # whose brightness both give alike
    path = write(tmp_path / "picture.png", np.dstack([gray, colors[..., 1]]))
    for size in [(24, 36), (36, 24), (10, 11), (5, 20), (20, 5), (1, 1), (50, 50), (2, 300)]:
        arguments = (color_mode, size, interpolation, True)
        expected = np.asarray(keras_load(path, *arguments))
        np.testing.assert_array_equal(load_img(path, *arguments), expected)


@pytest.mark.parametrize(("in_size", "out_size"), [(512, 150), (500, 150), (7, 20), (97, 64)])
def test_nearest_is_the_formula(in_size, out_size):
    ramp = np.arange(in_size, dtype=np.uint16)
    image = np.stack([ramp // 256, ramp % 256, ramp % 7], axis=-1).astype(np.uint8)[np.newaxis]
    resized = resize(image, (1, out_size), "nearest")
    # (o + 0.5) * in_size / out_size in integers, so that a remainder of 0 is certain.
    source, remainder = np.divmod((2 * np.arange(out_size) + 1) * in_size, 2 * out_size)
    between = remainder != 0
    np.testing.assert_array_equal(resized[:, between], image[:, source[between]])
    # Pillow adds up in_size / out_size in float64, which also decides where the remainder is 0.
    step = in_size / out_size
    added_up = np.cumsum([step / 2] + [step] * (out_size - 1)).astype(int)
    np.testing.assert_array_equal(resized, image[:, added_up])


@pytest.mark.parametrize("size", [(11, 7), (31, 40)])
@pytest.mark.parametrize("interpolation", ["nearest", *FILTERS])
def test_resizing_gives_keras_numbers(interpolation, size):
    expected = GOLDEN[f"resize_{interpolation}_{size[0]}x{size[1]}"]
    resized = resize(GOLDEN["resize_image"][..., :3], size, interpolation)
    np.testing.assert_array_equal(resized, expected)


def test_invisible_colors_do_not_bleed_into_visible_ones():
    image = np.array([[[200, 0, 0, 255], [0, 255, 0, 0]]], dtype=np.uint8)
    np.testing.assert_array_equal(resize(image, (1, 1), "box"), [[[199, 0, 0, 128]]])


def test_filters_by_hand():
    row = np.array([[70, 140, 35, 0]], dtype=np.uint8)
    # Halving with a triangle two output pixels wide: 1 - 0.25, 1 - 0.25, 1 - 0.75, 0 over 1.75.
    by_hand = [(3 * 70 + 3 * 140 + 35) / 7, (140 + 3 * 35) / 7]
    np.testing.assert_array_equal(resize(row, (1, 2), "bilinear"), [np.round(by_hand)])
    np.testing.assert_array_equal(resize(row, (1, 2), "box"), [[105, 18]])


@pytest.mark.parametrize("interpolation", FILTERS)
def test_a_flat_gray_image_stays_flat(interpolation):
    flat = np.full((9, 14), 77, dtype=np.uint8)
    for size in [(4, 5), (20, 30)]:
        np.testing.assert_array_equal(resize(flat, size, interpolation), np.full(size, 77))


def test_target_size_is_height_then_width(tmp_path, colors):
    path = write(tmp_path / "picture.png", colors)
    assert load_img(path, target_size=(10, 15)).shape == (10, 15, 3)
    assert load_img(path, "grayscale", (10, 15), "bicubic").shape == (10, 15)


def test_img_to_array():
    gray = np.arange(6, dtype=np.uint8).reshape(2, 3)
    array = img_to_array(gray)
    assert array.dtype == np.float32
    np.testing.assert_array_equal(array, gray.reshape(2, 3, 1))
    array[:] = 0
    assert gray[1, 2] == 5  # a copy
    assert img_to_array(np.zeros((2, 3, 4), np.uint8), dtype="uint8").dtype == np.uint8
    with pytest.raises(ValueError, match=r"got \(2,\)"):
        img_to_array(np.zeros(2))
    with pytest.raises(ValueError, match="data_format is not supported"):
        img_to_array(gray, data_format="channels_first")


def test_array_to_img_scales():
    x = np.array([[[-1.0], [0.0], [1.0]]])
    image = array_to_img(x)
    assert image.dtype == np.uint8
    np.testing.assert_array_equal(image, [[0, 127, 255]])  # 127.5 is cut
    np.testing.assert_array_equal(array_to_img(np.full((2, 2, 3), 9.0)), np.zeros((2, 2, 3)))


def test_array_to_img_without_scaling():
    x = np.array([[[0.0, 10.9, 255.0]]])
    np.testing.assert_array_equal(array_to_img(x, scale=False), [[[0, 10, 255]]])
    with pytest.raises(ValueError, match="got 0 to 256"):
        array_to_img(np.array([[[0.0], [256.0]]]), scale=False)


def test_array_to_img_refuses():
    with pytest.raises(ValueError, match="got NaN|infinity or NaN"):
        array_to_img(np.full((2, 2, 1), np.nan))
    for shape in ((2, 2, 2), (0, 2, 3), (2, 2)):
        with pytest.raises(ValueError, match=f"got {re.escape(str(shape))}"):
            array_to_img(np.zeros(shape))


@pytest.mark.parametrize("color_mode", ["grayscale", "rgb", "rgba"])
def test_kinds_of_files_as_keras_reads_them(tmp_path, colors, color_mode):
    keras_utils = pytest.importorskip("keras").utils
    picture = Image.fromarray(colors)
    see_through = picture.convert("RGBA")
    see_through.putalpha(Image.fromarray(colors[..., 1]))
    files = {
        "picture.jpg": (picture, {}),
        "progressive.jpg": (picture, {"progressive": True, "quality": 60}),
        "gray.jpg": (picture.convert("L"), {}),
        "palette.png": (picture.quantize(17), {}),
        "palette_see_through.png": (picture.quantize(17), {"transparency": 3}),
        "palette.bmp": (picture.quantize(17), {}),
        "one_bit.png": (picture.convert("1"), {}),
        "one_bit.tif": (picture.convert("1"), {}),
        "gray_see_through.png": (see_through.convert("LA"), {}),
        "see_through.png": (see_through, {}),
        "picture.webp": (picture, {"quality": 80}),
        "picture.ppm": (picture, {}),
    }
    for name, (content, options) in files.items():
        path = tmp_path / name
        content.save(path, **options)
        for size in [None, (15, 20)]:
            loaded = keras_utils.load_img(path, color_mode=color_mode, target_size=size)
            expected = keras_utils.img_to_array(loaded)
            ours = img_to_array(load_img(path, color_mode=color_mode, target_size=size))
            assert ours.shape == expected.shape, name
            # Some decoders may differ in the last bit; those shipped together do not.
            assert np.abs(ours - expected).max() <= 1, name


def test_array_to_img_as_keras():
    keras_utils = pytest.importorskip("keras").utils
    x = np.random.default_rng(2).normal(size=(6, 7, 3)).astype(np.float32)
    np.testing.assert_array_equal(array_to_img(x), np.asarray(keras_utils.array_to_img(x)))
