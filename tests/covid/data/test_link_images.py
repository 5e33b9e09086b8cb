"""Split folders whose images are links to those of another one."""

import os
from functools import partial
from pathlib import Path

import pytest
from class_folders import with_four_patients

from covid.common.errors import UserError
from covid.data import link_images
from covid.data.class_folders import scan
from covid.data.groups import groups_by_pattern
from covid.data.preprocess import enhance_and_crop
from covid.data.split import plan_split
from covid.data.split_folder import read_split
from covid.data.write_split import write_split

PATIENT = "^[^_]+"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return with_four_patients(tmp_path_factory.mktemp("groups") / "data")


@pytest.fixture(scope="module")
def dataset(folder):
    return scan(folder)


def files_in(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture(scope="module")
def written(dataset, tmp_path_factory):
    """A random split of the images, enhanced; those without contour are dropped."""
    folder = tmp_path_factory.mktemp("written") / "random"
    split = plan_split(dataset, seed=1)
    write_split(dataset, split, folder, drop, progress=False, extra={"enhanced": True})
    return read_split(folder)


drop = partial(enhance_and_crop, no_contour="drop")


@pytest.fixture
def grouped(dataset):
    return plan_split(dataset, seed=1, groups=groups_by_pattern(dataset, PATIENT))


def test_a_folder_of_links_is_the_folder_written_anew(dataset, written, grouped, tmp_path):
    extra = {"enhanced": True}
    anew = write_split(dataset, grouped, tmp_path / "anew", drop, progress=False, extra=extra)
    linked = write_split(dataset, grouped, tmp_path / "linked", extra=extra, reuse=written)
    assert linked == anew
    statuses = {row["status"] for row in linked}
    assert statuses == {"kept", "unreadable", "skipped", "no_contour_dropped"}
    assert files_in(tmp_path / "linked") == files_in(tmp_path / "anew")
    for row in linked:
        if row["file"]:
            (there,) = written.folder.glob(f"*/{row['class']}/{Path(row['file']).name}")
            assert (tmp_path / "linked" / row["file"]).samefile(there)


def test_a_folder_of_links_says_nothing(dataset, written, grouped, tmp_path, capfd):
    write_split(dataset, grouped, tmp_path / "linked", reuse=written)
    assert capfd.readouterr() == ("", "")


def test_copies_where_there_are_no_links(dataset, written, grouped, tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(18, "Invalid cross-device link")

    write_split(dataset, grouped, tmp_path / "linked", reuse=written)
    monkeypatch.setattr(link_images.os, "link", refuse)
    write_split(dataset, grouped, tmp_path / "copied", reuse=written)
    assert files_in(tmp_path / "copied") == files_in(tmp_path / "linked")
    assert all(path.stat().st_nlink == 1 for path in (tmp_path / "copied").rglob("*.png"))


def test_the_data_named_in_another_way(folder, written, grouped, dataset, tmp_path, monkeypatch):
    """As after `--resume` in another folder: the manifest then has the new paths."""
    monkeypatch.chdir(folder.parent)
    relative = scan(folder.name)
    split = plan_split(relative, seed=1, groups=groups_by_pattern(relative, PATIENT))
    rows = write_split(relative, split, tmp_path / "a", reuse=written)
    there = write_split(dataset, grouped, tmp_path / "b", reuse=written)
    assert [row["file"] for row in rows] == [row["file"] for row in there]
    assert all(row["source"].startswith("data" + os.sep) for row in rows)


def test_other_images_than_those_to_link(dataset, written, grouped, tmp_path):
    grouped.parts["test"].pop()
    with pytest.raises(UserError, match=r"expected the 31 images.*found 32.*such as \w+/\w+\.png"):
        write_split(dataset, grouped, tmp_path / "out", reuse=written)
    assert not (tmp_path / "out").exists()
