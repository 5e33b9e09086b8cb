"""Folders as users have them: odd files, broken files, two patients; nothing lost in silence."""

import json
from collections import Counter
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngImageFile

from covid.common.choices import PARTS
from covid.common.errors import UserError
from covid.data import images as images_module
from covid.data import write_split as writing
from covid.data.class_folders import ImageFile, scan
from covid.data.groups import groups_by_pattern
from covid.data.images import UnreadableImage, read_gray
from covid.data.manifest import count_statuses, read_manifest
from covid.data.preprocess import enhance_and_crop
from covid.data.split import largest_remainder, parse_ratios, plan_split
from covid.data.split_folder import read_split
from covid.data.write_split import unique_names, write_folder, write_split
from minicnn.preprocessing import decode
from minicnn.preprocessing.image import load_img

PATIENT = "^[^_]+"  # what in the file names of these tests is the patient
GRAY = np.random.default_rng(0).integers(0, 256, (24, 31), dtype=np.uint8)


def encoded(extension, image=GRAY):
    return cv2.imencode(extension, image)[1].tobytes()


def put(path, content=None):
    """Write bytes to `path`, or an image of the kind its extension names."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encoded(path.suffix.lower()) if content is None else content)
    return path


def two_classes(folder, count=10, names=("Infected", "Not_Infected"), patients=5):
    """Class folders of small synthetic images called p<patient>_<slice>.png."""
    for offset, name in enumerate(names):
        for index in range(count):
            put(folder / name / f"p{offset}{index % patients}_{index:03d}.png")
    return folder


def listing(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


# Reading one file


@pytest.mark.parametrize("name", ["a.png", "with space.bmp", "폐_легкие_肺.png", "a.tif", "A.PGM"])
def test_lossless_formats_and_any_name(tmp_path, name):
    image = read_gray(put(tmp_path / name))
    np.testing.assert_array_equal(image, GRAY)
    assert image.dtype == np.uint8 and image.flags.c_contiguous


def test_jpg_is_what_opencv_reads(tmp_path):
    path = put(tmp_path / "a.jpg")
    np.testing.assert_array_equal(read_gray(path), cv2.imread(str(path), cv2.IMREAD_GRAYSCALE))


@pytest.mark.parametrize("extension", [".png", ".tif"])
def test_16_bit_is_divided_by_257_and_rounded(tmp_path, extension):
    deep = np.array([[0, 128, 129, 257, 65535, 32768]], np.uint16)
    path = put(tmp_path / f"deep{extension}", encoded(extension, deep))
    assert read_gray(path).tolist() == [[0, 0, 1, 1, 255, 128]]


@pytest.mark.parametrize("channels", [3, 4])
def test_colour_becomes_gray_and_alpha_is_dropped(tmp_path, channels):
    bgra = np.zeros((3, 4, 4), np.uint8)
    bgra[..., 2] = 200  # red, entirely transparent
    path = put(tmp_path / "red.png", encoded(".png", bgra[..., :channels]))
    assert np.abs(read_gray(path) - 0.299 * 200).max() < 1
    np.testing.assert_array_equal(read_gray(path), cv2.imread(str(path), cv2.IMREAD_GRAYSCALE))


KINDS = {
    "rgb.png": ("RGB", {}),
    "rgba.png": ("RGBA", {}),
    "palette.png": ("P", {"transparency": 3}),
    "gray alpha.png": ("LA", {}),
    "rgb.jpg": ("RGB", {"quality": 60}),
    "cmyk.jpg": ("CMYK", {}),
    "rgb.tif": ("RGB", {}),
    "palette.bmp": ("P", {}),
    "rgb.webp": ("RGB", {}),
    "palette.gif": ("P", {}),
    "16 bit.png": ("I;16", {}),
    "16 bit.tif": ("I;16", {}),
}


@pytest.mark.parametrize("name", KINDS)
def test_one_gray_for_training_and_prediction(tmp_path, name):
    """The file itself, as `covid predict` reads it, and what `covid split` makes of it."""
    mode, options = KINDS[name]
    picture = Image.fromarray(np.dstack([GRAY, 255 - GRAY, GRAY // 2])).convert("RGB")
    if mode == "I;16":
        picture = Image.fromarray(GRAY.astype(np.uint16) * 200)
    path = tmp_path / "in" / "Infected" / name
    two_classes(tmp_path / "in", 1)
    picture.convert(mode).save(path, **options)
    gray = read_gray(path)
    np.testing.assert_array_equal(load_img(path, "grayscale"), gray)
    write_folder(scan(tmp_path / "in"), tmp_path / "out", progress=False)
    prepared = tmp_path / "out" / "Infected" / f"{path.stem}.png"
    np.testing.assert_array_equal(load_img(prepared, "grayscale"), gray)


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


# Scanning


def test_scan_finds_classes_and_labels(tmp_path):
    dataset = scan(two_classes(tmp_path, 3))
    assert (dataset.positive, dataset.negative) == ("Infected", "Not_Infected")
    assert [image.label for image in dataset] == [1, 1, 1, 0, 0, 0] and len(dataset) == 6
    assert dataset.skipped == []
    assert dataset.images == sorted(dataset.images, key=lambda image: image.path.as_posix())


def test_scan_sees_nested_files_and_lists_what_is_no_image(tmp_path):
    two_classes(tmp_path, 2)
    put(tmp_path / "Infected" / "deep" / "deeper" / "肺 1.JPG", b"")
    for name in (".DS_Store", "Thumbs.db", "desktop.ini", ".cache/x.png", "notes.txt", "noend"):
        put(tmp_path / "Infected" / name, b"x")
    put(tmp_path / ".git" / "x.png", b"x")
    put(tmp_path / "__MACOSX" / "x.png", b"x")
    put(tmp_path / "slices.csv", b"x")
    dataset = scan(tmp_path)
    assert sum(image.label for image in dataset) == 3
    assert [(path.name, reason) for path, reason in dataset.skipped] == [
        (".DS_Store", "it is a hidden or system file"),
        (".cache", "it is a hidden or system folder"),
        ("Thumbs.db", "it is a hidden or system file"),
        ("desktop.ini", "it is a hidden or system file"),
        ("noend", "its extension (none) is not that of an image"),
        ("notes.txt", "its extension .txt is not that of an image"),
    ]


def test_the_positive_class(tmp_path):
    two_classes(tmp_path, 2, ("CT_COVID", "CT_NonCOVID"))
    with pytest.raises(UserError, match="CT_COVID and CT_NonCOVID.*--positive NAME"):
        scan(tmp_path)
    with pytest.raises(UserError, match="no 'Covid' among.*CT_COVID and CT_NonCOVID"):
        scan(tmp_path, "Covid")
    dataset = scan(tmp_path, "CT_NonCOVID")
    assert dataset.negative == "CT_COVID"
    assert {image.class_name for image in dataset if image.label} == {"CT_NonCOVID"}


def test_folders_that_cannot_be_scanned(tmp_path):
    with pytest.raises(UserError, match="no such folder"):
        scan(tmp_path / "gone")
    with pytest.raises(UserError, match="is a file"):
        scan(put(tmp_path / "file.png"))
    with pytest.raises(UserError, match="found none"):
        scan(tmp_path)
    two_classes(tmp_path, 1, ("one",))
    with pytest.raises(UserError, match=r"found 1 \(one\)"):
        scan(tmp_path)
    (tmp_path / "Infected").mkdir()
    put(tmp_path / "Infected" / "list.txt", b"x")
    with pytest.raises(UserError, match="Infected holds no images"):
        scan(tmp_path)
    two_classes(tmp_path, 1, ("three",))
    with pytest.raises(UserError, match=r"found 3 \(Infected, one, three\)"):
        scan(tmp_path)


# Splitting


def files(infected, healthy):
    """Image files that need not exist: lists of names for both classes."""
    return [ImageFile(Path("d/Infected", name), "Infected", 1) for name in infected] + [
        ImageFile(Path("d/Not_Infected", name), "Not_Infected", 0) for name in healthy
    ]


def patients(sizes, letter):
    return [f"{letter}{p}_{s}.png" for p, size in enumerate(sizes) for s in range(size)]


def classes_in(images):
    return Counter(image.class_name for image in images)


def groups_in(images):
    return {image.path.name.split("_")[0] for image in images}


@pytest.mark.parametrize(
    "given, expected",
    [
        ("50/10/40", (0.5, 0.1, 0.4)),
        ("0.7/0.1/0.2", (0.7, 0.1, 0.2)),
        ((70, 10, 20), (0.7, 0.1, 0.2)),
        (" 50 / 25 / 25 ", (0.5, 0.25, 0.25)),
    ],
)
def test_ratios(given, expected):
    assert parse_ratios(given) == pytest.approx(expected)


@pytest.mark.parametrize(
    "bad", ["", "50/50", "50/10/41", "60/-10/50", "50/0/50", "a/b/c", "nan/1/2", "inf/1/1", None]
)
def test_bad_ratios(bad):
    with pytest.raises(UserError, match="three positive numbers"):
        parse_ratios(bad)


def test_largest_remainder_by_hand():
    assert largest_remainder(501, (0.5, 0.1, 0.4)) == [251, 50, 200]  # 250.5, 50.1, 200.4
    assert largest_remainder(10, (0.7, 0.1, 0.2)) == [7, 1, 2]
    assert largest_remainder(100, (0.29, 0.57, 0.14)) == [29, 57, 14]
    assert largest_remainder(5, (1, 1, 1)) == [2, 2, 1]


def test_a_split_is_stratified_complete_and_disjoint():
    images = files([f"{i}.png" for i in range(501)], [f"{i}.png" for i in range(550)])
    split = plan_split(images)
    counts = {part: classes_in(found) for part, found in split.parts.items()}
    assert counts == {
        "train": {"Infected": 251, "Not_Infected": 275},
        "validate": {"Infected": 50, "Not_Infected": 55},
        "test": {"Infected": 200, "Not_Infected": 220},
    }
    assert tuple(split.parts) == PARTS
    together = [image for found in split.parts.values() for image in found]
    assert len(together) == len(set(together)) == 1051 and set(together) == set(images)


@pytest.mark.parametrize("regex", [None, PATIENT])
def test_the_seed_decides_and_the_order_of_the_images_does_not(regex):
    images = files(patients([3] * 20, "a"), patients([3] * 20, "b"))
    groups = regex and groups_by_pattern(images, regex)
    first = plan_split(images, seed=4, groups=groups).parts
    assert plan_split(images[::-1], seed=4, groups=groups).parts == first
    assert plan_split(images, seed=5, groups=groups).parts != first


def test_a_random_split_is_not_the_order_of_the_listing():
    images = files([f"{i:03d}.png" for i in range(100)], [f"{i:03d}.png" for i in range(100)])
    train = plan_split(images).parts["train"][:50]
    assert train != images[:50] and sorted(train, key=lambda i: i.path.name) != images[:50]


def test_too_few_images_for_three_parts():
    with pytest.raises(UserError, match="class Infected has 3 images.*too few"):
        plan_split(files(["1.png", "2.png", "3.png"], [f"{i}.png" for i in range(20)]))
    with pytest.raises(UserError, match="no images"):
        plan_split([])
    with pytest.raises(UserError, match="negative"):
        plan_split(files(["1.png"], ["2.png"]), seed=-1)


@pytest.mark.parametrize("seed", range(12))
def test_groups_stay_whole_and_every_part_has_both_classes(seed):
    sizes = np.random.default_rng(seed).integers(1, 40, 9)
    images = files(patients(sizes, "a"), patients(sizes[:3], "b"))
    split = plan_split(images, seed=seed, groups=groups_by_pattern(images, PATIENT))
    found = {part: groups_in(members) for part, members in split.parts.items()}
    assert sum(len(names) for names in found.values()) == 12  # no group is in two parts
    for members in split.parts.values():
        assert set(classes_in(members)) == {"Infected", "Not_Infected"}
    assert sum(len(members) for members in split.parts.values()) == len(images)
    assert split.notes == []


def test_many_small_groups_come_near_the_ratios():
    images = files(patients([4] * 50, "a"), patients([4] * 60, "b"))
    split = plan_split(images, groups=groups_by_pattern(images, PATIENT))
    counts = {part: classes_in(found) for part, found in split.parts.items()}
    for part, share in zip(PARTS, (0.5, 0.1, 0.4), strict=True):
        assert abs(counts[part]["Infected"] - 200 * share) <= 4
        assert abs(counts[part]["Not_Infected"] - 240 * share) <= 4


@pytest.mark.parametrize("seed", range(12))
def test_a_group_in_both_classes_stays_whole(seed):
    images = files(
        patients([5, 9, 4, 7], "m") + patients([6], "a"),
        patients([8, 2, 6, 3], "m") + patients([3, 9], "b"),
    )
    parts = plan_split(images, seed=seed, groups=groups_by_pattern(images, PATIENT)).parts
    found = [groups_in(members) for members in parts.values()]
    assert sum(map(len, found)) == len(set.union(*found)) == 7
    for members in parts.values():
        assert len(classes_in(members)) == 2


@pytest.mark.parametrize("seed", range(6))
def test_with_two_patients_validation_comes_out_of_train_and_says_so(seed):
    images = files(patients([266, 235], "P"), patients([270, 280], "normal"))
    split = plan_split(images, seed=seed, groups=groups_by_pattern(images, PATIENT))
    train, validate, test = (groups_in(split.parts[part]) for part in PARTS)
    assert train == validate and not train & test
    assert len(train) == len(test) == 2
    assert "validation shares patients with train" in split.notes[0]
    whole = classes_in(split.parts["train"] + split.parts["validate"])
    for name, count in classes_in(split.parts["validate"]).items():
        assert abs(count - whole[name] / 6) < 1


def test_group_expressions():
    images = files(["x-p1-1.png", "x-p2-1.png", "x-p2-2.png"], ["x-q1-1.png", "x-q2-1.png"] * 2)
    with pytest.raises(UserError, match="not a regular expression"):
        groups_by_pattern(images, "(")
    with pytest.raises(UserError, match=r"x-q1-1\.png: the group expression"):
        groups_by_pattern(images, "p[0-9]")
    with pytest.raises(UserError, match="class Infected has only the group x"):
        plan_split(images, groups=groups_by_pattern(images, "^x"))
    more = files(patients([3, 3, 3], "x-p"), patients([3, 3, 3], "x-q"))
    by_capture = plan_split(more, groups=groups_by_pattern(more, "^x-([pq][0-9])_"))
    by_match = plan_split(more, groups=groups_by_pattern(more, "[pq][0-9]"))
    assert by_capture.parts == by_match.parts


# Writing


def prepared(tmp_path, **options):
    """A data set with everything odd in it, scanned and split."""
    folder = two_classes(tmp_path / "data", 20)
    put(folder / "Infected" / "text.png", b"no image")
    put(folder / "Infected" / "cut.jpg", encoded(".jpg")[:-300])
    put(folder / "Infected" / "zero.png", b"")
    put(folder / "Infected" / "notes.txt", b"x")
    put(folder / "Infected" / ".DS_Store", b"x")
    put(folder / "Infected" / "black.png", encoded(".png", np.zeros((60, 50), np.uint8)))
    put(folder / "Infected" / "a b 폐.png")
    put(folder / "Infected" / "again" / "p00_000.bmp")
    put(folder / "Not_Infected" / "pixel.png", encoded(".png", np.zeros((1, 1), np.uint8)))
    dataset = scan(folder)
    return dataset, plan_split(dataset, "50/25/25", **options)


def test_every_file_is_accounted_for(tmp_path, capfd):
    dataset, split = prepared(tmp_path)
    rows = write_split(dataset, split, tmp_path / "out")
    there = [path for path in dataset.folder.rglob("*") if path.is_file()]
    assert sorted(row["source"] for row in rows) == sorted(map(str, there))
    counts = count_statuses(rows)
    assert counts == {"kept": 44, "unreadable": 3, "skipped": 2, "total": len(there)}
    for row in rows:
        assert bool(row["file"]) == (row["status"] == "kept") == (not row["reason"])
        if row["file"]:
            written = tmp_path / "out" / row["file"]
            np.testing.assert_array_equal(read_gray(written), read_gray(row["source"]))
            assert (row["height"], row["width"]) == read_gray(written).shape
            assert written.parent.parts[-2:] == (row["part"], row["class"])
    assert sum(bool(row["file"]) for row in rows) == len(list((tmp_path / "out").rglob("*.png")))
    assert read_manifest(tmp_path / "out") == rows
    assert "libpng" not in capfd.readouterr().err


def test_transform_boxes_and_images_without_contour(tmp_path):
    dataset, split = prepared(tmp_path)
    kept = write_split(dataset, split, tmp_path / "keep", enhance_and_crop, progress=False)
    drop = partial(enhance_and_crop, no_contour="drop")
    dropped = write_split(dataset, split, tmp_path / "drop", drop, progress=False)
    without = {Path(row["source"]).name for row in kept if row["status"] == "no_contour_kept"}
    assert without >= {"black.png", "pixel.png"}
    gone = {Path(row["source"]).name for row in dropped if row["status"] == "no_contour_dropped"}
    assert gone == without
    assert count_statuses(kept)["total"] == count_statuses(dropped)["total"]
    for row in dropped:
        assert bool(row["file"]) == (row["status"] == "kept")
    for row in kept:
        if row["status"] == "kept":
            expected = enhance_and_crop(read_gray(row["source"]))
            assert expected.box == tuple(row[side] for side in ("left", "top", "right", "bottom"))
            np.testing.assert_array_equal(
                read_gray(tmp_path / "keep" / row["file"]), expected.image
            )


def test_read_split_gives_back_what_was_planned(tmp_path):
    dataset = scan(two_classes(tmp_path / "data", 20, ("sick", "well")), positive="well")
    groups = groups_by_pattern(dataset, PATIENT)
    split = plan_split(dataset, "50/25/25", seed=3, groups=groups)
    write_split(dataset, split, tmp_path / "out", extra={"synthetic": True}, progress=False)
    back = read_split(tmp_path / "out")
    assert (back.positive, back.negative) == ("well", "sick")
    for part, images in split.parts.items():
        planned = {(image.path.name, image.label) for image in images}
        assert {(path.name, label) for path, label in back.parts[part]} == planned
        assert sum(back.info["counts"][part].values()) == len(images)
    assert back.info["synthetic"] and back.info["seed"] == 3
    assert back.info["group"] == "^[^_]+" and back.info["ratios"] == [0.5, 0.25, 0.25]
    assert back.info["files"] == {"kept": 40, "total": 40}
    for row in read_manifest(tmp_path / "out"):
        assert row["group"] == Path(row["source"]).name.split("_")[0]


def test_twice_the_same_bytes(tmp_path):
    dataset, split = prepared(tmp_path)
    for name in ("one", "two"):
        write_split(dataset, split, tmp_path / name, enhance_and_crop, progress=False)
    assert listing(tmp_path / "one") == listing(tmp_path / "two")
    for path in (tmp_path / "one").rglob("*.*"):
        assert (
            path.read_bytes()
            == (tmp_path / "two" / path.relative_to(tmp_path / "one")).read_bytes()
        )


def test_equal_stems_get_different_names_in_every_order():
    images = files(
        ["a/1.png", "b/1.jpg", "c/1.png", "d/1_2.png", "e/X.png", "e/x.jpg"], ["a/1.png"]
    )
    names = unique_names(images)
    assert unique_names(images[::-1]) == names
    assert [names[image] for image in images] == [
        "1.png", "1_3.png", "1_4.png", "1_2.png", "X.png", "x_2.png", "1.png",
    ]  # fmt: skip


def test_write_folder(tmp_path):
    dataset, _ = prepared(tmp_path)
    rows = write_folder(dataset, tmp_path / "flat", enhance_and_crop, progress=False)
    assert count_statuses(rows)["total"] == 49
    assert read_manifest(tmp_path / "flat") == rows
    again = scan(tmp_path / "flat")
    assert len(again) == 44 and {row["part"] for row in rows} == {""}
    with pytest.raises(UserError, match="split.json cannot be read"):
        read_split(tmp_path / "flat")


def test_an_empty_target_is_used_and_a_full_one_refused(tmp_path):
    dataset, split = prepared(tmp_path)
    target = tmp_path / "new" / "out"
    target.mkdir(parents=True)
    write_split(dataset, split, target, progress=False)
    before = listing(tmp_path)
    with pytest.raises(UserError, match="choose another --out"):
        write_split(dataset, split, target, progress=False)
    with pytest.raises(UserError, match="choose another --out"):
        write_folder(dataset, tmp_path / "data" / "Infected" / "zero.png", progress=False)
    assert listing(tmp_path) == before


def test_a_class_of_which_nothing_is_left(tmp_path):
    folder = two_classes(tmp_path / "data", 8)
    for path in (folder / "Infected").iterdir():
        path.write_bytes(b"no image")
    before = listing(tmp_path)
    dataset = scan(folder)
    with pytest.raises(UserError, match="no image of class Infected in test is left.*not an image"):
        write_split(dataset, plan_split(dataset, "50/25/25"), tmp_path / "out", progress=False)
    with pytest.raises(UserError, match="no image of class Infected is left"):
        write_folder(dataset, tmp_path / "out", progress=False)
    assert listing(tmp_path) == before


def full(*_):
    raise OSError(28, "No space left on device")


def full_without_number(*_):
    raise OSError("4096 requested and 12 written")  # what ndarray.tofile raises


def broken(*_):
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    "fail, expected, said",
    [
        (full, UserError, "No space left"),
        (full_without_number, UserError, "12 written"),
        (broken, KeyboardInterrupt, "^$"),
    ],
)
def test_nothing_is_left_when_writing_fails(tmp_path, monkeypatch, fail, expected, said):
    dataset, split = prepared(tmp_path)
    before = listing(tmp_path)
    monkeypatch.setattr(writing, "write_png", fail)
    with pytest.raises(expected, match=said):
        write_split(dataset, split, tmp_path / "out", progress=False)
    assert listing(tmp_path) == before


def test_opencvs_number_of_threads_is_as_before(tmp_path, monkeypatch):
    dataset, split = prepared(tmp_path)
    usual = cv2.getNumThreads()
    try:
        cv2.setNumThreads(2)
        write_split(dataset, split, tmp_path / "out", progress=False)
        assert cv2.getNumThreads() == 2
        monkeypatch.setattr(writing, "write_png", full)
        with pytest.raises(UserError):
            write_split(dataset, split, tmp_path / "again", progress=False)
        assert cv2.getNumThreads() == 2
    finally:
        cv2.setNumThreads(usual)


def test_progress_is_plain_lines_without_a_terminal(tmp_path, capsys):
    dataset, split = prepared(tmp_path)
    write_split(dataset, split, tmp_path / "loud")
    said = capsys.readouterr()
    assert said.out == "" and said.err == "preparing: 47 images ...\npreparing: done\n"
    write_split(dataset, split, tmp_path / "quiet", progress=False)
    assert capsys.readouterr() == ("", "")


def damage_json(folder):
    (folder / "split.json").write_text("{")


def shorten_json(folder):
    info = json.loads((folder / "split.json").read_text())
    del info["positive"]
    (folder / "split.json").write_text(json.dumps(info))


def lose_manifest(folder):
    (folder / "manifest.csv").unlink()


def rename_column(folder):
    text = (folder / "manifest.csv").read_text(encoding="utf-8")
    (folder / "manifest.csv").write_text(text.replace("status", "state", 1), encoding="utf-8")


def garble_number(folder):
    text = (folder / "manifest.csv").read_text(encoding="utf-8")
    (folder / "manifest.csv").write_text(text.replace("Infected,1,", "Infected,one,", 1))


def lose_image(folder):
    next((folder / "test" / "Infected").iterdir()).unlink()


@pytest.mark.parametrize(
    "harm, said",
    [
        (damage_json, "split.json is damaged"),
        (shorten_json, "positive missing"),
        (lose_manifest, "manifest.csv cannot be read"),
        (rename_column, "expected the columns"),
        (garble_number, "manifest.csv is damaged"),
        (lose_image, "not in the folder"),
    ],
)
def test_a_split_folder_that_was_tampered_with(tmp_path, harm, said):
    dataset = scan(two_classes(tmp_path / "data", 8))
    write_split(dataset, plan_split(dataset, "50/25/25"), tmp_path / "out", progress=False)
    harm(tmp_path / "out")
    with pytest.raises(UserError, match=said):
        read_split(tmp_path / "out")
