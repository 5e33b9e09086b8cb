"""Cells that a spreadsheet would run: text in the file, and read back unchanged."""

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest
from textures import CLASSES, texture

from covid.cli.main import main
from covid.common.csv_cells import csv_rows, quoted, unquoted
from covid.common.output_files import write_csv
from covid.data.class_folders import scan
from covid.data.groups import groups_from_csv
from covid.data.manifest import read_manifest
from covid.pipeline.audit_step import read_audit

STARTS = tuple("=+-@\t\r\n")
NAMES = (
    *(
        "=1+1",
        "+b",
        "-c",
        "@d",
        "'=e",
        "''-f",
        "'n",
        "''",
        "\tg",
        "\rh",
        "\nk",
        "'\tl",
        "- 5",
        "-5x",
    ),
    *('=HYPERLINK("x","y")', "=cmd|' -C calc'!A0", "-inf", "+1+1", "plain", "", "é=", "a=1"),
)


@pytest.mark.parametrize("name", NAMES)
def test_no_cell_is_a_formula_and_all_come_back(name):
    assert unquoted(quoted(name)) == name
    assert not quoted(name).startswith(STARTS)


def test_numbers_stay_numbers():
    for cell in ("-0.5", "-3", "+2", "-1.5e-07", "0.25", -0.5, 7, None):
        assert quoted(cell) == cell
    assert quoted(Path("-c/x.png")) == "'-c/x.png"


def test_what_is_written_is_read_back(tmp_path):
    path = tmp_path / "x.csv"
    names = [*NAMES, "é", "no text \udcff"]
    write_csv(path, ["file", "value"], [(name, -1) for name in names])
    with csv_rows(path) as rows:
        assert [(row["file"], row["value"]) for row in rows] == [(n, "-1") for n in names]
    with open(path, newline="", encoding="utf-8", errors="replace") as file:  # a spreadsheet
        assert not any(row[0].startswith(STARTS) for row in csv.reader(file))


def test_a_split_an_audit_and_groups_of_such_names(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data = Path("@data")
    for label, folder in enumerate(("-well", "=ill")):
        for number in range(8):
            path = data / folder / f"{NAMES[number]}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(cv2.imencode(".png", texture(2 * number + label, 48))[1].tobytes())
    positive = "--positive==ill"
    assert main(["split", str(data), positive, "--out", "split"]) == 0
    rows = read_manifest("split")
    assert {row["class"] for row in rows} == {"-well", "=ill"}
    assert {row["source"] for row in rows} == {str(path) for path in data.rglob("*.png")}
    raw = Path("split/manifest.csv").read_text(encoding="utf-8")
    assert ",'=ill,1," in raw and ",'@data/=ill/=1+1.png," in raw
    assert main(["audit", str(data), positive, "--out", "audit"]) == 0
    dataset = scan(data, "=ill")
    assert read_audit(Path("audit"), dataset).look_alikes.count == 16
    patients = {image: f"={number}" for number, image in enumerate(dataset)}
    rows = [(image.path.relative_to(data), name) for image, name in patients.items()]
    write_csv(Path("groups.csv"), ["file", "patient"], rows)
    assert groups_from_csv(dataset, "groups.csv").names == patients


def test_a_group_csv_that_somebody_wrote_needs_no_apostrophes(tmp_path):
    for label in (0, 1):
        path = tmp_path / CLASSES[label] / f"={label}.png"
        path.parent.mkdir()
        path.write_bytes(cv2.imencode(".png", np.zeros((8, 8), np.uint8))[1].tobytes())
    table = tmp_path / "patients.csv"
    table.write_text("name,patient\n=0.png,p0\n'=1.png,p1\n")
    found = groups_from_csv(scan(tmp_path, "Infected"), table)
    assert sorted(found.names.values()) == ["p0", "p1"]
