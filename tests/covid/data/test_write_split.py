"""Writing a split: every file of the data set is written, left out with a reason, or skipped by name."""

from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest
from class_folders import GRAY, encoded, files, listing, put, two_classes
from PIL import Image

from covid.common.errors import UserError
from covid.data import write_split as writing
from covid.data.class_folders import scan
from covid.data.groups import groups_by_pattern
from covid.data.images import read_gray
from covid.data.manifest import count_statuses, read_manifest
from covid.data.prepare_split import prepare_split
from covid.data.preprocess import enhance_and_crop
from covid.data.split import plan_split
from covid.data.split_folder import read_split
from covid.data.write_split import unique_names, write_folder, write_split
from covid.phantom import write_dataset
from minicnn.preprocessing.image import load_img

# Whether the images are enhanced, what they are to be cropped to, and are.
CROPPED = [(True, "lungs", "lungs"), (True, "contours", "contours"), (False, "lungs", None)]
PATIENT = "^[^_]+"  # what in the file names of these tests is the patient


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
        assert row["crop"] == ("contours" if row["status"] == "kept" else "")
        if row["status"] == "kept":
            expected = enhance_and_crop(read_gray(row["source"]))
            assert expected.box == tuple(row[side] for side in ("left", "top", "right", "bottom"))
            np.testing.assert_array_equal(
                read_gray(tmp_path / "keep" / row["file"]), expected.image
            )


@pytest.mark.parametrize(("enhance", "rule", "crop"), CROPPED)
def test_a_split_records_what_its_images_are_cropped_to(tmp_path, enhance, rule, crop):
    write_dataset(tmp_path / "data", 4, 2, progress=False)
    split = prepare_split(
        scan(tmp_path / "data"), tmp_path / "out", (0.5, 0.25, 0.25), 0, enhance=enhance, rule=rule
    )
    assert (split.info["enhanced"], split.info["crop"]) == (enhance, crop)
    for row in read_manifest(tmp_path / "out"):
        if row["file"]:
            expected = read_gray(row["source"])
            if enhance:
                expected = enhance_and_crop(expected, rule=rule).image
            np.testing.assert_array_equal(read_gray(tmp_path / "out" / row["file"]), expected)
            assert row["crop"] == (crop or "")


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
