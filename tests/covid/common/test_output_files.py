"""New folders, whole files, free names, and JSON without NaN."""

import json

import pytest

from covid.common.made_files import make_folder
from covid.common.output_files import free_name, json_text, new_folder
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
