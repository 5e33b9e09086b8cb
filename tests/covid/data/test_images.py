"""Reading one image file: every format as gray, broken files with a reason."""

import cv2
import numpy as np
import pytest
from class_folders import GRAY, encoded, put
from PIL import Image
from PIL.PngImagePlugin import PngImageFile

from covid.common.errors import UserError
from covid.data import images as images_module
from covid.data.images import (
    UnreadableImage,
    check_image,
    is_prepared,
    read_gray,
    write_png,
)
from minicnn.preprocessing import decode


@pytest.mark.parametrize("name", ["a.png", "with space.bmp", "폐_легкие_肺.png", "a.tif", "A.PGM"])
def test_lossless_formats_and_any_name(tmp_path, name):
    image = read_gray(put(tmp_path / name))
    np.testing.assert_array_equal(image, GRAY)
    assert image.dtype == np.uint8 and image.flags.c_contiguous


def test_jpg_is_what_opencv_reads(tmp_path):
    path = put(tmp_path / "a.jpg")
    np.testing.assert_array_equal(read_gray(path), cv2.imread(str(path), cv2.IMREAD_GRAYSCALE))


def test_a_prepared_image_is_known_by_its_end_and_nothing_else_changes(tmp_path):
    for prepared in (False, True):
        path = tmp_path / f"{prepared}.png"
        write_png(path, GRAY, prepared)
        assert is_prepared(path) is prepared
        np.testing.assert_array_equal(read_gray(path), GRAY)
        check_image(path)
    assert is_prepared(put(tmp_path / "tiny.txt", b"x")) is False


@pytest.mark.parametrize("extension", [".png", ".tif"])
def test_16_bit_is_divided_by_257_and_rounded(tmp_path, extension):
    deep = np.array([[0, 128, 129, 257, 65535, 32768]], np.uint16)
    path = put(tmp_path / f"deep{extension}", encoded(extension, deep))
    assert read_gray(path).tolist() == [[0, 0, 1, 1, 255, 128]]


@pytest.mark.parametrize("channels", [3, 4])
def test_color_becomes_gray_and_alpha_is_dropped(tmp_path, channels):
    bgra = np.zeros((3, 4, 4), np.uint8)
    bgra[..., 2] = 200  # red, entirely transparent
    path = put(tmp_path / "red.png", encoded(".png", bgra[..., :channels]))
    assert np.abs(read_gray(path) - 0.299 * 200).max() < 1
    np.testing.assert_array_equal(read_gray(path), cv2.imread(str(path), cv2.IMREAD_GRAYSCALE))


def test_palette_profile_and_orientation(tmp_path, capfd):
    picture = Image.fromarray(GRAY)
    picture.convert("P").save(tmp_path / "palette.png", transparency=3)
    picture.save(tmp_path / "profile.png", icc_profile=b"no profile at all")
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees
    picture.save(tmp_path / "turned.jpg", exif=exif)
    np.testing.assert_array_equal(read_gray(tmp_path / "palette.png"), GRAY)
    np.testing.assert_array_equal(read_gray(tmp_path / "profile.png"), GRAY)
    assert read_gray(tmp_path / "turned.jpg").shape == GRAY.shape
    assert capfd.readouterr().err == ""


def jpg_with_thumbnail():
    """A jpg with a whole small jpg inside its header, as cameras write it."""
    whole, small = encoded(".jpg"), encoded(".jpg", GRAY[:8, :8])
    segment = b"\xff\xe1" + (len(small) + 2).to_bytes(2, "big") + small
    return whole[:2] + segment + whole[2:]


BROKEN = {
    "empty.png": (b"", "empty"),
    "text.png": (b"these are notes, not an image\n" * 9, "not an image"),
    "cut.png": (encoded(".png")[:-30], "cut-off png"),
    "cut early.png": (encoded(".png")[:20], "cut-off png"),
    "flipped.png": (encoded(".png")[:200] + b"\0\0\0\0" + encoded(".png")[204:], "check sum"),
    "headless.png": (encoded(".png")[:8] + encoded(".png")[33:], "damaged or cut-off png"),
    "cut.jpg": (encoded(".jpg")[: len(encoded(".jpg")) * 2 // 3], "cut-off jpg"),
    "cut early.jpg": (encoded(".jpg")[:100], "cut-off jpg"),
    "cut thumbnail.jpg": (jpg_with_thumbnail()[:-40], "cut-off jpg"),
    "garbled.jpg": (b"\xff\xd8\xff\xe0hello hello hello\xff\xd9", "jpg"),
    "cut.bmp": (encoded(".bmp")[:-50], "cut-off bmp"),
    "cut.tif": (encoded(".tif")[:300], "damaged or cut-off tif"),
    "float.tif": (encoded(".tif", GRAY.astype(np.float32)), "32 bits a channel"),
    "scan.dcm": (bytes(128) + b"DICM" + bytes(40), "DICOM"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_files_give_a_reason_and_no_other_noise(tmp_path, capfd, name):
    content, reason = BROKEN[name]
    path = put(tmp_path / name, content)
    with pytest.raises(UnreadableImage, match=reason) as caught:
        read_gray(path)
    assert isinstance(caught.value, UserError) and name in str(caught.value)
    assert caught.value.path == path
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", BROKEN)
def test_checking_finds_what_reading_finds(tmp_path, name):
    path = put(tmp_path / name, BROKEN[name][0])
    with pytest.raises(UnreadableImage) as read:
        read_gray(path)
    with pytest.raises(UnreadableImage) as checked:
        images_module.check_image(path)
    assert checked.value.reason == read.value.reason


def test_checking_does_not_decode_a_whole_png(tmp_path, monkeypatch):
    path = put(tmp_path / "a.png")
    monkeypatch.setattr(PngImageFile, "load", None)
    images_module.check_image(path)


def test_a_thumbnail_in_the_header_does_no_harm(tmp_path):
    path = put(tmp_path / "whole.jpg", jpg_with_thumbnail())
    np.testing.assert_array_equal(read_gray(path), read_gray(put(tmp_path / "plain.jpg")))


def test_missing_folder_and_forbidden(tmp_path, monkeypatch):
    with pytest.raises(UnreadableImage, match="no such file"):
        read_gray(tmp_path / "gone.png")
    with pytest.raises(UnreadableImage, match="folder"):
        read_gray(tmp_path)

    def forbid(*_):
        raise PermissionError(13, "Permission denied")

    path = put(tmp_path / "a.png")
    monkeypatch.setattr(decode, "open", forbid, raising=False)  # root may read everything
    with pytest.raises(UnreadableImage, match="permission"):
        read_gray(path)
