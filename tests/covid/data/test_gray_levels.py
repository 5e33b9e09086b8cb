"""Files of more than 8 bits: one rule for a data set, by content or by --window, kept with the model."""

import json
from argparse import Namespace

import cv2
import numpy as np
import pytest
from class_folders import put, two_classes
from PIL import Image

from covid.cli.commands.evaluate import evaluate_split
from covid.cli.commands.model_inputs import levels_for, prepare_gray
from covid.common.errors import UserError
from covid.data.class_folders import scan
from covid.data.gray_levels import find_levels, levels_of
from covid.data.images import UnreadableImage, read_gray
from covid.data.manifest import COLUMNS, LEVEL_COLUMNS, read_manifest
from covid.data.prepare_split import prepare_split
from covid.data.preprocess import enhance_and_crop
from covid.data.window import BITS, WINDOW, GrayLevels, parse_window
from covid.data.write_split import write_folder

RATIOS = (0.5, 0.1, 0.4)
LUNGS = "-600,1200"


def deep_classes(folder, count, values):
    """Class folders of tif files; `values` gives the pixels of the number of an image."""
    for name in ("Infected", "Not_Infected"):
        for index in range(count):
            save(folder / name / f"p{index}_{name}.tif", values(index))
    return folder


def save(path, values):
    """A tif or png of these values; int16 keeps its sign."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if values.dtype == np.int16:
        picture = Image.frombytes("I;16", values.shape[::-1], values.tobytes())
        picture.save(path, tiffinfo={339: 2})
    else:
        Image.fromarray(values).save(path)
    return path


def ramp(highest, dtype=np.uint16):
    """Every value from 0 to `highest` once, and the highest again to the end."""
    side = int(np.ceil(np.sqrt(highest + 1)))
    return np.minimum(np.arange(side * side), highest).reshape(side, side).astype(dtype)


def body(rng):
    """An 8-bit slice with a body, two lungs and noise."""
    image = np.zeros((256, 256), np.float64)
    cv2.ellipse(image, (128, 128), (110, 90), 0, 0, 360, 150, -1)
    for x in (80, 176):
        cv2.ellipse(image, (x, 128), (32, 55), 0, 0, 360, 30, -1)
    return (image + rng.uniform(0, 20, image.shape)).astype(np.uint8)


@pytest.mark.parametrize(
    ("highest", "white"),
    [(1, 255), (255, 255), (256, 511), (1023, 1023), (1556, 2047), (4095, 4095), (65535, 65535)],
)
def test_the_highest_value_says_how_many_bits_are_used(tmp_path, highest, white):
    paths = [save(tmp_path / "a.tif", ramp(1)), save(tmp_path / "b.png", ramp(highest))]
    levels = levels_of(paths)
    assert levels == GrayLevels(BITS, 0.0, white)
    values = ramp(highest).astype(int)
    expected = (2 * 255 * values + white) // (2 * white)  # rounded
    np.testing.assert_array_equal(read_gray(paths[1], levels), expected)


def test_12_bits_keep_all_256_levels_and_65536_are_as_before(tmp_path):
    path = save(tmp_path / "a.tif", ramp(4095))
    assert len(np.unique(read_gray(path))) == 17  # without the rule
    assert len(np.unique(read_gray(path, levels_of([path])))) == 256
    full = save(tmp_path / "b.tif", ramp(65535))
    np.testing.assert_array_equal(read_gray(full, levels_of([full, path])), read_gray(full))


@pytest.mark.parametrize("extension", [".png", ".jpg", ".tif", ".bmp", ".gif", ".webp", ".pgm"])
def test_8_bits_stay_and_have_no_rule(tmp_path, extension):
    image = np.full((9, 9), 3, np.uint8)  # a tiny range is no reason to stretch it
    image[0] = 5
    path = tmp_path / f"a{extension}"
    Image.fromarray(image).save(path)
    assert levels_of([path]) is None
    assert levels_of([path, put(tmp_path / "broken.tif", b"no image")]) is None
    deep = save(tmp_path / "deep.tif", ramp(4095))
    levels = levels_of([path, deep])
    np.testing.assert_array_equal(read_gray(path, levels), read_gray(path))
    with pytest.raises(UserError, match="--window -600,1200: expected files of more than 8 bits"):
        levels_of([path], LUNGS)


HU = np.array([[-3000, -1201, -1200, -1190, -600, -5, 0, 3071]])
SEEN = [[0, 0, 0, 2, 128, 254, 255, 255]]  # 255 * (HU + 1200) / 1200: 2.1, 127.5, 253.9


@pytest.mark.parametrize("dtype", [np.int16, np.int32, np.float32])
def test_a_window_reads_hounsfield_units(tmp_path, dtype):
    path = save(tmp_path / "hu.tif", HU.astype(dtype))
    assert read_gray(path, parse_window(LUNGS)).tolist() == SEEN
    bits = 16 if dtype == np.int16 else 32
    for levels in (None, levels_of([path])):  # negative, or of no known range
        with pytest.raises(UnreadableImage, match=f"{bits} bits a channel.*--window -600,1200"):
            read_gray(path, levels)


def test_a_window_is_in_the_unit_of_the_file(tmp_path):
    path = save(tmp_path / "shifted.tif", (HU + 3000).astype(np.uint16))
    assert read_gray(path, parse_window("2400,1200")).tolist() == SEEN
    positive = save(tmp_path / "positive.tif", ramp(4095).astype(np.int16))
    assert levels_of([positive]) == GrayLevels(BITS, 0.0, 4095.0)


def test_the_other_byte_order_16_bit_png_and_pgm(tmp_path):
    values = ramp(4095)
    expected = read_gray(save(tmp_path / "a.tif", values), GrayLevels(BITS, 0.0, 4095.0))
    data = values.astype(">u2").tobytes()
    Image.frombytes("I;16B", values.shape[::-1], data).save(tmp_path / "b.tif")
    save(tmp_path / "c.png", values)
    for name in ("b.tif", "c.png"):
        levels = levels_of([tmp_path / name])
        np.testing.assert_array_equal(read_gray(tmp_path / name, levels), expected)
    # A pgm says itself what is white, and values in the upper bits fill all 16.
    header = b"P5\n%d %d\n4095\n" % values.shape[::-1]
    pgm = put(tmp_path / "d.pgm", header + data)
    upper = save(tmp_path / "e.tif", values * 16)
    for path in (pgm, upper):
        assert levels_of([path]).white == 65535
        close = read_gray(path, levels_of([path])).astype(int) - expected
        assert np.abs(close).max() <= 1


def test_infinite_values_are_refused(tmp_path):
    path = save(tmp_path / "a.tif", np.array([[np.nan, 1.0]], np.float32))
    with pytest.raises(UnreadableImage, match="infinite or not a number"):
        read_gray(path, parse_window(LUNGS))
    assert levels_of([path], LUNGS) == parse_window(LUNGS)  # it is not said to have 8 bits
    assert levels_of([path]) is None


@pytest.mark.parametrize(
    "text", ["", "5", "1,2,3", "a,b", "40,0", "40,-80", "nan,5", "0,inf", "1e300,5"]
)
def test_what_is_no_window(text):
    with pytest.raises(UserError, match="expected CENTER,WIDTH .* got"):
        parse_window(text)


def test_the_crop_is_that_of_the_same_slice_in_8_bits(tmp_path):
    """Values 50 to 1556: divided by 257 they would be 7 levels."""
    rng = np.random.default_rng(0)
    slices = [body(rng) for _ in range(3)]
    deep = [(50 + np.round(1506 / 169 * image)).astype(np.uint16) for image in slices]
    boxes = {}
    for name, images in (("8", slices), ("16", deep)):
        folder = deep_classes(tmp_path / name, 3, images.__getitem__)
        levels = find_levels(scan(folder))
        rows = write_folder(scan(folder), tmp_path / f"out {name}", enhance_and_crop, False, levels)
        boxes[name] = [[row[side] for side in ("left", "top", "right", "bottom")] for row in rows]
    assert boxes["16"] == boxes["8"] and "" not in boxes["8"][0]
    rows = read_manifest(tmp_path / "out 16")
    assert {(row["by"], row["black"], row["white"]) for row in rows} == {(BITS, 0.0, 2047.0)}
    assert all(row["levels"] == row["levels_in_file"] for row in rows)


def test_the_rule_is_in_split_json_and_in_the_manifest(tmp_path):
    folder = deep_classes(tmp_path / "in", 10, lambda index: ramp(4000 if index == 3 else 900))
    put(folder / "Infected/eight.png")
    split = prepare_split(
        *(scan(folder), tmp_path / "out", RATIOS, 0), levels=find_levels(scan(folder))
    )
    assert split.info["gray_levels"] == {"by": BITS, "black": 0.0, "white": 4095.0}
    said = "files of more than 8 bits: 20; their values 0 to 4095 became gray 0 to 255"
    assert said in split.info["notes"]
    assert any("fewer than 64 gray levels, although" in note for note in split.info["notes"])
    rows = {row["source"].rpartition("/")[2]: row for row in read_manifest(tmp_path / "out")}
    assert [rows["eight.png"][name] for name in LEVEL_COLUMNS] == [""] * len(LEVEL_COLUMNS)
    dark = rows["p0_Infected.tif"]
    assert [dark[name] for name in LEVEL_COLUMNS] == [BITS, 0.0, 4095.0, 57, 901]


def test_few_levels_are_said_and_a_window_mends_them(tmp_path):
    # One value that scanners write for "nothing", 63536 as uint16, makes all others dark.
    folder = deep_classes(
        tmp_path / "in", 3, lambda index: ramp(1556) if index else np.full((9, 9), 63536, np.uint16)
    )
    dataset = scan(folder)
    for window, few in ((None, True), ("800,1600", False)):
        out = tmp_path / f"out {window}"
        split = prepare_split(
            *(dataset, out, (0.34, 0.33, 0.33), 0), levels=find_levels(dataset, window)
        )
        notes = [note for note in split.info["notes"] if "fewer than 64" in note]
        assert bool(notes) is few
        if few:
            assert "4 (such as " in notes[0] and ": 7 of 1557)" in notes[0]
            assert "with --window CENTER,WIDTH" in notes[0]


def test_8_bits_write_what_they_always_did(tmp_path):
    dataset = scan(two_classes(tmp_path / "in"))
    split = prepare_split(dataset, tmp_path / "out", RATIOS, 0, levels=find_levels(dataset))
    assert split.info["gray_levels"] is None and "8 bits" not in str(split.info["notes"])
    header = (tmp_path / "out/manifest.csv").read_text(encoding="utf-8").splitlines()[0]
    assert header == ",".join(COLUMNS)


def test_what_preprocess_wrote_keeps_the_rule_of_its_source(tmp_path):
    rng = np.random.default_rng(1)
    folder = deep_classes(tmp_path / "in", 6, lambda index: body(rng).astype(np.uint16) * 7)
    levels = find_levels(scan(folder))
    write_folder(scan(folder), tmp_path / "enhanced", enhance_and_crop, False, levels)
    again = scan(tmp_path / "enhanced")
    assert find_levels(again) == levels == GrayLevels(BITS, 0.0, 2047.0)
    split = prepare_split(again, tmp_path / "split", RATIOS, 0, levels=find_levels(again))
    assert split.info["gray_levels"]["white"] == 2047.0 and split.info["enhanced"]


class Trained:
    """What the commands ask of a model."""

    def __init__(self, levels):
        given = {} if levels is None else {"gray_levels": levels}
        classes = {"positive": "Infected", "negative": "Not_Infected"}
        self.metadata = {**classes, "preprocessing": {"enhance": False, "image_size": 64, **given}}


def test_a_split_that_was_read_by_another_rule_is_not_evaluated(tmp_path):
    dataset = scan(deep_classes(tmp_path / "in", 6, lambda index: ramp(1556)))
    prepare_split(dataset, tmp_path / "out", RATIOS, 0, levels=find_levels(dataset))
    model = Trained({"by": BITS, "black": 0.0, "white": 4095.0})
    with pytest.raises(UserError, match="out: of its files, values 0 to 2047 .* 0 to 4095; name"):
        evaluate_split(model, tmp_path / "out", ["test"], Namespace(as_is=False))


def test_a_model_reads_new_files_as_its_own(tmp_path):
    hu = save(tmp_path / "hu.tif", HU.astype(np.int16))
    dark = save(tmp_path / "dark.tif", ramp(900))
    window = Trained({"by": WINDOW, "black": -1200.0, "white": 0.0})
    gray, remark = prepare_gray(window, hu, False, levels_for(window, [hu]))
    assert gray.tolist() == SEEN and remark == ""
    _, remark = prepare_gray(window, dark, False, levels_for(window, [dark]))
    assert remark == "its values are 0 to 900, the model's images had -1200 to 0"
    by_bits = Trained({"by": BITS, "black": 0.0, "white": 4095.0})
    gray, remark = prepare_gray(by_bits, dark, False, levels_for(by_bits, [dark]))
    assert gray.max() == round(255 * 900 / 4095) and remark == ""
    with pytest.raises(UnreadableImage, match="--window"):  # HU are not HU + 1024
        prepare_gray(by_bits, hu, False, levels_for(by_bits, [hu]))
    eight = Trained(None)
    gray, remark = prepare_gray(eight, dark, False, levels_for(eight, [dark]))
    assert gray.max() == round(255 * 900 / 1023)
    assert remark.startswith("it has more than 8 bits, unlike the model's images; 0 to 1023")


def test_the_command_line_takes_a_window_that_begins_with_a_minus(tmp_path, capsys):
    from covid.cli.main import main

    folder = deep_classes(tmp_path / "in", 10, lambda index: HU.astype(np.int16))
    for words in (["--window", LUNGS], [f"--window={LUNGS}"]):
        out = tmp_path / f"out {len(words)}"
        assert main(["split", str(folder), "--out", str(out), *words]) == 0
        info = json.loads((out / "split.json").read_text(encoding="utf-8"))
        assert info["gray_levels"] == {"by": WINDOW, "black": -1200.0, "white": 0.0}
        image = next(out.glob("train/Infected/*.png"))
        assert read_gray(image).tolist() == SEEN
    assert "their values -1200 to 0 became gray 0 to 255" in capsys.readouterr().out
    assert main(["audit", str(out), "--window", LUNGS, "--out", str(tmp_path / "a")]) == 2
    assert "--window" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["split", str(folder), "--window", "-600"])
    assert "expected CENTER,WIDTH" in capsys.readouterr().err


def test_the_audit_sees_the_same_gray(tmp_path):
    from covid.audit.fingerprints import fingerprint

    rng = np.random.default_rng(2)
    slices = [body(rng) for _ in range(2)]
    prints = {}
    for name, dtype in (("eight", np.uint8), ("deep", np.uint16)):
        dataset = scan(deep_classes(tmp_path / name, 2, lambda i, t=dtype: slices[i].astype(t)))
        prints[name] = fingerprint(dataset.images, levels=find_levels(dataset))
    np.testing.assert_array_equal(prints["deep"].measures, prints["eight"].measures)
    np.testing.assert_array_equal(prints["deep"].hashes, prints["eight"].hashes)
