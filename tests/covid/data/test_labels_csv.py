"""A csv file that says which class each image is of: `--labels`."""

import csv
import json
import shutil
import unicodedata
from pathlib import Path

import pytest
from class_folders import put
from tiny_runs import slices

from covid.cli.main import main
from covid.common.errors import UserError
from covid.data.find_images import find_images
from covid.data.groups import known_groups
from covid.data.labels_csv import scan_labels
from covid.data.manifest import read_manifest
from covid.data.split_folder import read_split
from covid.pipeline.run_record import read_run_info, recorded_options

NAMES = [f"img/p{n // 2}_{n}.png" for n in range(6)]
CLASSES = ["ill", "ill", "ill", "well", "well", "well"]


@pytest.fixture
def folder(tmp_path):
    for name in NAMES:
        put(tmp_path / "data" / name)
    return tmp_path / "data"


def table(folder, lines, delimiter=",", encoding="utf-8", **how):
    path = folder / "labels.csv"
    with open(path, "w", newline="", encoding=encoding) as file:
        csv.writer(file, delimiter=delimiter, **how).writerows(lines)
    return path


def lines_of(names=NAMES, header=("file", "label")):
    return [list(header), *zip(names, CLASSES, strict=False)]


def classes_in(dataset):
    return {image.path.name: image.class_name for image in dataset}


EXPECTED = {Path(name).name: label for name, label in zip(NAMES, CLASSES, strict=True)}


@pytest.mark.parametrize(
    "header",
    [
        *(("file", "label"), ("filename", "class"), ("Image Path", "Diagnosis")),
        *(("image_id", "anything"), ("x", "target"), ("one", "two")),
    ],
)
def test_columns_by_their_names(folder, header):
    dataset = scan_labels(folder, table(folder, lines_of(header=header)), "ill")
    assert classes_in(dataset) == EXPECTED
    assert [image.label for image in dataset] == [1, 1, 1, 0, 0, 0]
    assert (dataset.positive, dataset.negative, dataset.notes) == ("ill", "well", [])


def test_the_columns_in_another_order_among_others(folder):
    lines = [["age", "Label", "r", "FileName"], *([1, c, "", n] for n, c in lines_of()[1:])]
    assert classes_in(scan_labels(folder, table(folder, lines), "ill")) == EXPECTED


def test_quotes_behind_a_space_and_empty_lines_first(folder):
    lines = ["", " ", "file; label", *(f'{name}; "{label}"' for name, label in lines_of()[1:])]
    path = folder / "labels.csv"
    path.write_text("\n".join(lines))
    assert classes_in(scan_labels(folder, path, "ill")) == EXPECTED


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_as_spreadsheets_and_people_write_it(folder, delimiter, end):
    path = table(
        *(folder, lines_of(), delimiter, "utf-8-sig"),
        quoting=csv.QUOTE_ALL,
        lineterminator=end,
    )
    assert classes_in(scan_labels(folder, path, "ill")) == EXPECTED


@pytest.mark.parametrize(
    "way",
    [
        lambda folder, name: f"./{name}",
        lambda folder, name: name.replace("/", "//"),
        lambda folder, name: name.replace("/", "\\"),
        lambda folder, name: name.removesuffix(".png"),
        lambda folder, name: str((folder / name).absolute()),
    ],
)
def test_ways_to_name_a_file(folder, way):
    path = table(folder, lines_of([way(folder, name) for name in NAMES]))
    assert classes_in(scan_labels(folder, path, "ill")) == EXPECTED


def test_paths_from_where_one_is(folder, monkeypatch):
    """As a script writes them that was run there."""
    monkeypatch.chdir(folder.parent)
    path = table(folder, lines_of([f"data/{name}" for name in NAMES]))
    assert classes_in(scan_labels(Path("data"), path, "ill")) == EXPECTED
    with pytest.raises(UserError, match="none of the 6 files in it is an image"):
        scan_labels(folder, path, "ill")


def test_a_name_in_both_unicode_forms(tmp_path):
    decomposed, name = unicodedata.normalize("NFD", "é"), unicodedata.normalize("NFC", "é")
    put(tmp_path / decomposed / f"{decomposed}1.png")
    put(tmp_path / decomposed / f"{decomposed}2.png")
    lines = [["file", "label"], [f"{name}/{name}1.png", name], [f"{name}/{name}2.png", "x"]]
    dataset = scan_labels(tmp_path, table(tmp_path, lines), decomposed)
    assert (len(dataset), dataset.positive) == (2, name)


def test_what_is_listed_and_what_is_there_differ(folder):
    """A sentence each, with a count."""
    put(folder / "img/extra.png")
    put(folder / "img/._p0_0.png", b"x")
    put(folder / "results/p0_0.png")  # of an earlier run: in no folder that is listed
    (folder / "img/notes.txt").write_text("x")
    lines = [
        *lines_of(),
        *(["img/gone.png", "ill"], ["img/gone.png", "ill"], ["img/notes.txt", "well"]),
        *([NAMES[0], "ill"], ["", ""], ["img/._p0_0.png", "ill"]),
    ]
    path = table(folder, lines)
    dataset = scan_labels(folder, path, "ill")
    assert classes_in(dataset) == EXPECTED
    assert dataset.notes == [
        f"{path}: 1 of the 7 images in these folders not listed",
        f"{path}: 1 of the 9 files listed not found",
        f"{path}: 1 of the 11 lines repeated",
    ]
    assert [(one.name, reason) for one, reason in dataset.skipped] == [
        ("notes.txt", "its extension .txt is not that of an image"),
        ("._p0_0.png", "it is a hidden or system file"),
    ]


def test_two_images_with_one_stem_need_their_extensions(folder):
    put(folder / "img/p0_0.jpg")
    names = [name.removesuffix(".png") for name in NAMES]
    dataset = scan_labels(folder, table(folder, lines_of(names)), "ill")
    assert len(dataset) == 5 and "1 of the 6 files listed not found" in dataset.notes[1]


def test_contradictions_are_counted(folder):
    lines = [*lines_of(), [NAMES[1], "well"], [NAMES[2], "well"]]
    with pytest.raises(
        UserError, match="more than one label for 2 of the files.*line 3 'ill'.*line 8"
    ):
        scan_labels(folder, table(folder, lines), "ill")


def test_other_numbers_of_classes_are_counted(folder):
    lines = lines_of()
    lines[1] = (NAMES[0], "other")
    with pytest.raises(UserError, match=r"found 3 \(ill: 2, other: 1, well: 3\)"):
        scan_labels(folder, table(folder, lines))


def test_a_file_with_the_columns_names_alone(folder):
    with pytest.raises(UserError, match="names no file; write a line for each image"):
        scan_labels(folder, table(folder, lines_of([])))


def test_a_column_that_looks_like_a_split(folder):
    parts = ["set", "train", "train", "val", "train", "train", "test"]
    lines = [[*line, part] for line, part in zip(lines_of(), parts, strict=True)]
    (note,) = scan_labels(folder, table(folder, lines), "ill").notes
    assert "column set looks like a split, which is not followed" in note


def test_patients_in_the_same_file(folder):
    lines = [["file", "label", "Patient ID"], *([n, c, n[4:6]] for n, c in lines_of()[1:])]
    path = table(folder, lines)
    groups = known_groups(find_images(folder, "ill", path), None, None)
    assert sorted(groups.names.values()) == ["p0", "p0", "p1", "p1", "p2", "p2"]
    assert (groups.source, groups.kind) == ("column Patient ID of labels.csv", "csv")
    # Another option comes first.
    assert known_groups(find_images(folder, "ill", path), "_(.)", None).count == 6
    lines[1][2] = ""
    dataset = find_images(folder, "ill", table(folder, lines))
    assert known_groups(dataset, None, None) is None
    assert "1 images have nothing in the column Patient ID" in dataset.notes[0]


def labelled_slices(folder):
    """The slices of `tiny_runs` in one folder, and a csv file with their classes and patients."""
    lines = [["file", "label", "patient"]]
    for name in ("Infected", "Not_Infected"):
        for path in sorted((slices() / name).glob("*.png")):
            put(folder / "images" / path.name, path.read_bytes())
            lines.append([f"images/{path.name}", name, path.name.split("_")[0]])
    return table(folder, lines)


def test_the_same_split_as_of_class_folders(tmp_path, capsys):
    path = labelled_slices(tmp_path / "data")
    for name, words in {"csv": ["--labels", path], "folders": [slices()]}.items():
        group = ["--group", "^[^_]+"] if name == "folders" else []
        words = ["split", *words, "--enhance", "--out", tmp_path / name, *group]
        assert main(list(map(str, words))) == 0
    one, other = (read_split(tmp_path / name) for name in ("csv", "folders"))
    assert one.info["counts"] == other.info["counts"]
    assert one.info["group"] == "column patient of labels.csv"
    for part, files in one.parts.items():
        assert [path.read_bytes() for path, _ in files] == [
            path.read_bytes() for path, _ in other.parts[part]
        ]


def test_a_run_beside_its_labels_can_be_resumed_and_evaluated(tmp_path, capsys, monkeypatch):
    """DIR is the file's folder, and so may the output folder be."""
    path = labelled_slices(tmp_path / "data")
    monkeypatch.chdir(path.parent)
    words = ["--labels", "labels.csv", "--split", "group", "--model", "tiny_cnn", "--epochs", "1"]
    assert main(["train", *words]) == 0
    out = Path("trained").absolute()
    summary = json.loads((out / "summary.json").read_text())
    assert list(summary["splits"]) == ["group"]
    assert summary["groups"] == {"source": "column patient of labels.csv", "count": 6}
    assert "--labels labels.csv" in summary["command"]
    sources = [row["source"] for row in read_manifest(out / "group/data/enhanced-150px-50-10-40")]
    assert len(sources) == 12 and sources[0].startswith("images/")
    monkeypatch.chdir(tmp_path)
    options = recorded_options(read_run_info(out), out)
    assert (options.data, options.labels) == (path.parent, path)
    (out / "summary.json").unlink()
    (out / ".DS_Store").touch()
    assert main(["train", "--resume", str(out)]) == 0
    again = json.loads((out / "summary.json").read_text())
    assert again["splits"]["group"]["models"].keys() == {"tiny_cnn"}
    capsys.readouterr()
    model = str(out / "group/tiny_cnn/model.npz")
    assert main(["evaluate", model, "--labels", str(path), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["results"]["all"]
    assert main(["evaluate", model, str(slices()), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["results"]["all"]["loss"] == found["loss"]


def test_class_folders_made_by_preprocess(tmp_path):
    path = labelled_slices(tmp_path / "data")
    shutil.copy(path, tmp_path / "elsewhere.csv")
    words = [str(tmp_path / "data"), "--labels", str(tmp_path / "elsewhere.csv")]
    assert main(["preprocess", *words, "--out", str(tmp_path / "out")]) == 0
    assert len(list((tmp_path / "out/Infected").glob("*.png"))) == 6
