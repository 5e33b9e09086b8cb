"""Values of file properties: rare but pure ones are found, clean sets raise no alarm."""

import csv
import json
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, PngImagePlugin
from textures import CLASSES, save, texture

from covid.audit import run_audit, write_audit
from covid.audit.file_facts import file_facts, name_facts
from covid.audit.file_values import FileValue, file_values
from covid.audit.fingerprints import Fingerprints
from covid.audit.verdict import summarize, verdict
from covid.cli.main import main
from covid.data.class_folders import ImageFile, scan


def colored(image, channels):
    return cv2.merge([image] * channels) if channels > 1 else image


def color_set(folder, rare=12, per_class=40, channels=(3, 4)):
    """`rare` images of the positive class are RGB, all others of both classes RGBA."""
    for number in range(2 * per_class):
        label, image = number % 2, texture(number, 48)
        kind = channels[0] if label and number < 2 * rare else channels[1]
        save(folder, label, f"synthetic-{number:03d}", colored(image, kind))
    return scan(folder)


def facts_set(facts, labels, groups=None):
    """The values of made-up facts: a set of (property, value) for each file."""
    images = [ImageFile(Path(f"{k}"), CLASSES[label], label) for k, label in enumerate(labels)]
    nothing = np.zeros(0)
    rows = [frozenset(of_file) for of_file in facts]
    prints = Fingerprints(images, [], [], [], rows, nothing, nothing, nothing, [])
    groups = np.arange(len(labels)) if groups is None else np.array(groups)
    return file_values(prints, groups)


def found(values: list[FileValue]) -> list[tuple[str, str]]:
    return [(value.name, value.value) for value in values if value.found]


# A rare but pure property


def test_files_stored_in_another_mode_are_a_shortcut(tmp_path):
    audit = run_audit(color_set(tmp_path))
    assert audit.shortcuts and not audit.leaks
    strongest = audit.confounders[0]
    assert strongest.auc == pytest.approx(0.65) and strongest.low < 0.75  # no alarm by the AUC
    assert verdict(audit).endswith(
        "some images give their class away without the lungs: 12 of 12 files stored as RGB are "
        "Infected (perhaps of a few patients only: name them with --group)."
    )
    assert [one.name for one in audit.confounders].count("mode") == 1


def test_a_patient_counts_once(tmp_path):
    """Twelve files of one patient prove nothing, those of twelve patients do."""
    dataset = color_set(tmp_path)
    alone = {image: image.path.name for image in dataset}
    first = [image for image in dataset if image.label][:12]
    assert run_audit(dataset, names=alone).shortcuts
    assert not run_audit(dataset, names=alone | dict.fromkeys(first, "one")).shortcuts


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda image: image.astype(np.uint16) * 257, "files with 16 bit a channel"),
        (lambda image: image[:47], "files of 48 x 47 pixels"),
    ],
)
def test_brothers_of_the_mode(change, said, tmp_path):
    for number in range(80):
        image = texture(number, 48)
        save(tmp_path, number % 2, f"{number:03d}", image if number % 4 else change(image))
    words = verdict(run_audit(scan(tmp_path)))
    assert f": 20 of 20 {said} are Not_Infected" in words


def test_what_separates_the_classes_as_a_whole_is_said_once(tmp_path):
    for number in range(40):
        save(tmp_path, number % 2, f"{number}", texture(number, 40 + number % 2))
    words = verdict(run_audit(scan(tmp_path)))
    assert "image height (AUC 1.00)" in words and "files" not in words


def test_it_is_written_and_said(tmp_path, capsys):
    color_set(tmp_path / "data")
    out = tmp_path / "audit"
    assert main(["audit", str(tmp_path / "data"), "--out", str(out)]) == 0
    assert "12 of 12 files stored as RGB are Infected" in capsys.readouterr().out.replace("\n", " ")
    summary = json.loads((out / "audit.json").read_text())
    (value,) = summary["file_values"]["found"]
    assert (value["files"], value["seen"], summary["unseen"]) == ([12, 12], True, "")
    with open(out / "values.csv", newline="") as file:
        rows = {(row["property"], row["value"]): row for row in csv.DictReader(file)}
    assert rows["mode", "RGB"]["found"] == "1" and rows["mode", "RGBA"]["found"] == "0"
    (flagged,) = (one for one in summary["confounders"] if one["flagged"])
    assert flagged["found"] == value["sentence"]


def test_names_and_tags_are_information_not_a_shortcut(tmp_path):
    """A model never sees them; and names that only repeat the class say nothing."""
    for number in range(60):
        label = number % 2
        path = tmp_path / CLASSES[label] / f"{CLASSES[label].upper()} ({number}).png"
        path.parent.mkdir(exist_ok=True)
        about = PngImagePlugin.PngInfo()
        if label:
            about.add_text("Software", "PACS 2")
        Image.fromarray(texture(number, 48)).save(path, pnginfo=about)
    audit = run_audit(scan(tmp_path))
    assert not audit.shortcuts and "no confounder found" in verdict(audit)
    assert {value.name for value in audit.unseen} == {"tag", "no tag"}
    assert "30 of 30 files with the tag Software are Infected" in summarize(audit)["unseen"]
    write_audit(audit, tmp_path / "out", "")
    with open(tmp_path / "out/images.csv", newline="") as file:
        tags = {row["class"]: row["tags"] for row in csv.DictReader(file)}
    assert "Software" in tags["Infected"] and "Software" not in tags["Not_Infected"]


# The rule


def test_pure_and_common():
    labels = [0] * 100 + [1] * 100

    def with_value(negative, positive):
        return [
            {("mode", "a" if k % 100 < (positive if label else negative) else "b")}
            for k, label in enumerate(labels)
        ]

    assert found(facts_set(with_value(0, 30), labels)) == [("mode", "a")]
    assert found(facts_set(with_value(30, 0), labels)) == [("mode", "a")]
    assert found(facts_set(with_value(3, 30), labels)) == [("mode", "a")]  # 30 of 33: 91 %
    assert found(facts_set(with_value(4, 30), labels)) == []  # 88 %, though p is 1e-6
    assert found(facts_set(with_value(0, 9), labels)) == []  # p = 0.003, but a few only
    assert found(facts_set(with_value(0, 6), labels)) == []


def test_a_large_class_does_not_make_a_value_pure():
    """All 50 files of the value are of the class that has 95 % of all files: chance."""
    labels = [1] * 950 + [0] * 50
    facts = [{("mode", "a" if k < 50 else "b")} for k in range(1000)]
    assert found(facts_set(facts, labels)) == []


def test_values_of_the_same_files_count_once():
    labels = [0, 1] * 40
    facts = [
        {("mode", f"{k % 4}"), ("bits", f"{k % 4}"), ("tag", f"{k % 4}")}
        for k in range(len(labels))
    ]
    values = facts_set(facts, labels)
    assert {value.name for value in values} == {"mode", "no tag"}
    assert facts_set([{("mode", "a")}] * 80, labels) == []  # all the same
    assert facts_set(facts[::2], labels[::2]) == []  # a single class


@pytest.mark.parametrize("sizes", [(1, 1), (1, 20), (8, 8)])
def test_clean_sets_raise_no_alarm(sizes):
    """Properties of images and of patients that have nothing to do with the class: 60 sets each.

    At most one in a hundred would be flagged; patients of one class have more images.
    """
    flagged = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        facts, labels, groups = [], [], []
        for patient in range(rng.integers(10, 80)):
            label = int(rng.random() < 0.4)
            of_patient = {("size", f"{rng.integers(3)}"), ("mode", "RGB" * (rng.random() < 0.15))}
            of_patient |= {("tag", f"{tag}") for tag in range(5) if rng.random() < 0.2}
            for _ in range(rng.integers(sizes[label]) + 1):
                of_image = {
                    ("bits", f"{rng.random() < 0.15}"),
                    ("name length", f"{rng.integers(9)}"),
                }
                facts.append(of_patient | of_image)
                labels.append(label)
                groups.append(patient)
        flagged += bool(found(facts_set(facts, labels, groups)))
    assert flagged <= 1


# The facts


def encoded(suffix, **options):
    data = BytesIO()
    Image.fromarray(texture(0, 32)).save(data, suffix, **options)
    return data.getvalue()


def test_facts_of_a_png():
    about = PngImagePlugin.PngInfo()
    about.add_text("Author", "x")
    data = encoded("PNG", pnginfo=about, dpi=(96, 96), icc_profile=b"profile")
    end = data[:-12] + b"\0\0\0\x06tEXtLate\0y" + b"\0\0\0\0" + data[-12:]  # behind the pixels
    facts = file_facts(end, Path("IMG_0012.PNG"), "Infected")
    assert {
        *(("mode", "gray"), ("bits", "8 bit"), ("format", "png"), ("size", "32 x 32")),
        *(("width", "32"), ("height", "32"), ("extension", ".PNG"), ("name prefix", "IMG_")),
        *(("name length", "5"), ("tag", "dpi"), ("tag", "icc_profile"), ("tag", "tEXt Author")),
        ("tag", "tEXt Late"),
    } <= facts
    assert not any(name == "jpg quality" for name, _ in facts)


def test_the_name_of_a_tag_is_one_line_without_escape_sequences():
    about = PngImagePlugin.PngInfo()
    about.add_text("a\x9b31m\nNo leak", "x")
    facts = file_facts(encoded("PNG", pnginfo=about), Path("a.png"), "x")
    assert ("tag", "a\\x9b31m\\nNo leak") in facts


@pytest.mark.parametrize("quality", [20, 50, 75, 90, 95])
def test_the_quality_of_a_jpg(quality):
    facts = dict(file_facts(encoded("JPEG", quality=quality), Path("a.jpg"), "x"))
    assert abs(int(facts["jpg quality"]) - quality) <= 1


def test_tags_of_other_formats():
    exif = Image.Exif()
    exif[0x0131] = "scanner"
    assert ("tag", "exif") in file_facts(encoded("JPEG", exif=exif), Path("a.jpg"), "x")
    assert ("tag", "Software") in file_facts(encoded("TIFF", tiffinfo=exif), Path("a.tif"), "x")
    for kind in ("GIF", "BMP", "WEBP", "PPM", "JPEG2000"):
        assert ("size", "32 x 32") in file_facts(encoded(kind), Path("a"), "x")


def test_a_class_in_its_files_names_is_no_fact():
    assert name_facts("Covid (12)", "COVID") == name_facts("Non-Covid (3)", "non-COVID")
    assert name_facts("P001_003", "COVID") == [("name length", "4"), ("name prefix", "P")]
    assert name_facts("7", "COVID") == [("name length", "1")]
    assert name_facts("infecte\u0301_1", "Infect\xe9") == name_facts("_1", "x")
