"""Folders and patterns of images, as `covid predict` and `covid look` take them."""

import csv
import json
import shutil
from pathlib import Path

import pytest
from tiny_runs import finished_run, slices

from covid.cli.commands.image_files import image_files
from covid.cli.main import main


@pytest.fixture
def model():
    return str(finished_run()[0] / "random/tiny_cnn/model.npz")


@pytest.fixture
def folder(tmp_path):
    """Three slices, one of them in a folder inside; a broken one; what is no image."""
    folder = tmp_path / "some slices"
    (folder / "more").mkdir(parents=True)
    whole = sorted((slices() / "Infected").glob("*.png"))
    for path, name in zip(whole, ("b.png", "a.png", "more/c.png"), strict=False):
        shutil.copy(path, folder / name)
    (folder / "broken.png").write_bytes(whole[0].read_bytes()[:300])
    (folder / "notes.txt").write_text("x")
    for name in (".DS_Store", "Thumbs.db", "._a.png"):
        (folder / name).write_bytes(b"x")
    return folder


def names(folder, *parts):
    return [path.relative_to(folder).as_posix() for path in image_files(Path(folder, *parts))]


def test_files_folders_and_patterns(folder, capsys):
    assert names(folder) == ["a.png", "b.png", "broken.png", "more/c.png"]
    assert "no images, and not used: 1\n" in capsys.readouterr().out
    assert names(folder, "[ab].png") == ["a.png", "b.png"]
    assert names(folder, "**/*.png") == ["a.png", "b.png", "broken.png", "more/c.png"]
    assert names(folder, "n*") == ["notes.txt"]


def test_a_file_whose_name_looks_like_a_pattern(folder):
    path = folder / "[ab].png"
    (folder / "a.png").rename(path)
    assert image_files(path) == [path]


def test_a_pattern_in_a_folder_whose_name_looks_like_one(folder, monkeypatch):
    path = folder.rename(folder.parent / "[ab] *")
    assert names(path, "[ab].png") == ["a.png", "b.png"]
    assert names(path, "m*/*.png") == ["more/c.png"]
    monkeypatch.chdir(path)
    assert image_files(Path("[a].png")) == [Path("a.png")]


def test_nothing_found(folder, tmp_path):
    for pattern in ("*.jpg", "x*", "[xyz].png", "T*", "mor?"):
        (problem,) = image_files(folder / pattern)
        assert problem.reason == "this pattern finds no file; correct it"
    (tmp_path / "empty").mkdir()
    (problem,) = image_files(tmp_path / "empty")
    assert problem.reason == "it is a folder with no images; name one that holds some"
    (tmp_path / "empty/1.dcm").write_bytes(b"x")
    (problem,) = image_files(tmp_path / "empty")
    assert problem.reason.startswith("it is a folder with 1 DICOM file; DICOM is not read: export")
    assert image_files(Path("gone.png")) == [Path("gone.png")]  # reading it says so


def test_an_answer_for_what_can_be_read_among_what_cannot(folder, model, capsys):
    words = [str(folder / "x*"), str(folder / "a.png"), str(folder / "gone.png"), "--json"]
    assert main(["predict", model, *words]) == 2
    said, complained = capsys.readouterr()
    answer = json.loads(said)
    assert [row["file"] for row in answer["predictions"]] == [words[1]]
    assert list(answer["unreadable"]) == [words[0], words[2]]
    assert complained.count("cannot be used as an image") == 2


def test_predict_a_folder(folder, model, tmp_path, capsys):
    """Those that can be read get an answer; the broken one is named first, and in the exit code."""
    out = tmp_path / "answers.csv"
    assert main(["predict", model, str(folder), "--out", str(out)]) == 2
    said, complained = capsys.readouterr()
    assert complained.startswith(f"covid predict: {folder / 'broken.png'} cannot be used")
    assert complained.count("\n") == 1
    assert "\n3 images: " in said and said.count("p(Infected)") == 3
    with open(out, newline="") as file:
        found = {row["file"]: row["p(Infected)"] for row in csv.DictReader(file)}
    assert list(found) == [str(folder / name) for name in ("a.png", "b.png", "more/c.png")]
    assert main(["predict", model, str(folder / "*.png"), "--json"]) == 2
    answer = json.loads(capsys.readouterr().out)
    assert list(answer["unreadable"]) == [str(folder / "broken.png")]
    for row in answer["predictions"]:
        assert f"{row['probability']:.6f}" == found[row["file"]]


def test_look_at_a_pattern(folder, model, tmp_path, capsys):
    out = tmp_path / "looks"
    assert main(["look", model, str(folder / "b*.png"), "--out", str(out), "--json"]) == 2
    found = json.loads(capsys.readouterr().out)
    assert [look["file"] for look in found["looks"]] == [str(folder / "b.png")]
    assert list(found["unreadable"]) == [str(folder / "broken.png")]
    assert (out / "look-b.png").exists() and (out / "looks.csv").exists()


def test_a_folder_in_which_nothing_can_be_read(folder, model, tmp_path, capsys):
    for path in folder.rglob("*.png"):
        path.write_bytes(b"x")
    out = tmp_path / "looks"
    assert main(["look", model, str(folder), "--out", str(out)]) == 2
    assert capsys.readouterr().err.count("cannot be used") == 4
    assert not out.exists()
