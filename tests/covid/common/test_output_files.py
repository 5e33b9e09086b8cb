"""New folders, whole files, free names, and JSON without NaN."""

import json
import os
import shutil
from pathlib import Path

import pytest

from covid.common.errors import UserError
from covid.common.made_files import make_folder
from covid.common.output_files import (
    check_csv,
    check_file,
    check_outside,
    free_name,
    json_text,
    new_folder,
    write_csv,
)
from minicnn.files import atomic_write


def files_in(folder) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


# The helpers of covid.common.output_files


def test_new_folder_takes_away_what_it_made_only(tmp_path):
    with pytest.raises(RuntimeError), new_folder(tmp_path / "a/b/c"):
        make_folder(tmp_path / "a/b/c/half")
        (tmp_path / "a/others").write_text("somebody else's")
        raise RuntimeError
    assert files_in(tmp_path) == ["a/others"] and not (tmp_path / "a/b").exists()


def make_results(folder):
    make_folder(folder / "inner")
    write_csv(folder / "inner/x.csv", ["x"], [[1]])


def test_the_folder_may_be_the_current_one_or_a_link(tmp_path, monkeypatch):
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to("there")
    monkeypatch.chdir(tmp_path / "there")
    for folder in (Path("."), tmp_path / "link", tmp_path / "there/"):
        with pytest.raises(RuntimeError), new_folder(folder):
            make_results(folder)
            raise RuntimeError
        assert files_in(tmp_path) == [] and (tmp_path / "link").is_symlink()
        with new_folder(folder):
            make_results(folder)
        assert files_in(tmp_path / "there") == ["inner/x.csv"]
        shutil.rmtree(tmp_path / "there/inner")


def test_a_folder_that_classes_are_linked_from_is_the_images_too(tmp_path):
    """Links of the class folders, and of the parts and classes of a split folder."""
    for number, place in enumerate(("data/Infected", "split/train", "split/test/Infected")):
        elsewhere = tmp_path / f"elsewhere{number}"
        elsewhere.mkdir()
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).symlink_to(elsewhere)
        data = tmp_path / place.split("/")[0]
        for folder in (elsewhere / "out", tmp_path / place / "a/b", data / "out"):
            with pytest.raises(UserError, match="lies in the images' folder"):
                check_outside(folder, data)
            check_outside(folder, data, labels=tmp_path / "labels.csv")
        check_outside(tmp_path / "out", data)
        check_outside(tmp_path / f"elsewhere{number}-out", data)


def test_a_file_is_refused_before_it_is_worked_for(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "link.csv").symlink_to("nowhere/x.csv")
    (tmp_path / "good.csv").symlink_to("folder/x.csv")
    for name, problem in {
        "folder": "is a folder",
        "nowhere/x.html": "there is no folder .*nowhere",
        "link.csv": "there is no folder .*nowhere",
    }.items():
        with pytest.raises(UserError, match=problem):
            check_file(tmp_path / name)
    for name in ("good.csv", "x.csv", "folder/x.csv"):
        check_csv(tmp_path / name)


def test_a_file_that_is_read_or_is_no_file_is_not_replaced(tmp_path):
    (tmp_path / "labels.csv").write_text("file,class")
    (tmp_path / "link.csv").symlink_to("labels.csv")
    os.mkfifo(tmp_path / "pipe.csv")
    for path in (tmp_path / "link.csv", tmp_path / "labels.csv", tmp_path / "x/../labels.csv"):
        with pytest.raises(UserError, match="is read by this command and would be lost"):
            check_csv(path, None, tmp_path / "labels.csv")
    with pytest.raises(UserError, match="a pipe or a device"):
        check_csv(tmp_path / "pipe.csv")
    check_csv(tmp_path / "link.csv", tmp_path / "other.csv")


def test_free_name_counts_up(tmp_path):
    stem = str(tmp_path / "results")
    for expected in ("results", "results-2", "results-3"):
        folder = free_name(stem)
        assert folder.name == expected
        folder.mkdir()


def test_json_has_null_for_what_is_no_number():
    content = {"a": [float("nan"), 1.5], "b": {"c": float("inf"), "d": (1, "x", True, None)}}
    assert json.loads(json_text(content)) == {
        "a": [None, 1.5],
        "b": {"c": None, "d": [1, "x", True, None]},
    }


def test_atomic_write_is_whole_or_as_it_was(tmp_path):
    path = tmp_path / "x.txt"
    with atomic_write(path) as temporary:
        temporary.write_text("first")
        assert not path.exists()
    with pytest.raises(RuntimeError), atomic_write(path) as temporary:
        temporary.write_text("sec")
        raise RuntimeError
    assert path.read_text() == "first" and files_in(tmp_path) == ["x.txt"]
