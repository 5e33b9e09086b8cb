"""Groups from names and csv files, splits that keep them whole, split folders of linked images."""

import csv
import json
import os
import unicodedata
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest

from covid.cli.commands.resume import resumed
from covid.cli.main import main
from covid.cli.parser import parser
from covid.common.errors import UserError
from covid.data import link_images
from covid.data.class_folders import scan
from covid.data.groups import Groups, groups_by_pattern, groups_from_csv, groups_from_names
from covid.data.manifest import read_manifest
from covid.data.preprocess import enhance_and_crop
from covid.data.split import plan_split
from covid.data.split_folder import read_split
from covid.data.write_split import write_split
from covid.pipeline.options import Options
from covid.pipeline.run_record import read_run_info, write_run_info

PATIENT = "^[^_]+"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two classes of 16 small images of 4 patients each; one is no image, one is all black."""
    folder = tmp_path_factory.mktemp("groups") / "data"
    rng = np.random.default_rng(0)
    for letter, name in zip("pq", ("Infected", "Not_Infected"), strict=True):
        for index in range(16):
            path = folder / name / f"{letter}{index % 4}_{index:02d}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            image = rng.integers(0, 256, (24, 31), dtype=np.uint8)
            path.write_bytes(cv2.imencode(".png", image)[1].tobytes())
    (folder / "Infected/p0_00.png").write_bytes(b"no image")
    (folder / "Infected/notes.txt").write_bytes(b"notes")
    black = np.zeros((20, 20), np.uint8)
    (folder / "Not_Infected/q0_00.png").write_bytes(cv2.imencode(".png", black)[1].tobytes())
    return folder


@pytest.fixture(scope="module")
def dataset(folder):
    return scan(folder)


def write_csv(path, lines, delimiter=",", encoding="utf-8"):
    with open(path, "w", newline="", encoding=encoding) as file:
        csv.writer(file, delimiter=delimiter).writerows(lines)
    return path


def patients(dataset, name=lambda image: image.path.name):
    """Lines of a csv file: the column that names the image, and its patient."""
    return [
        ["file", "patient"],
        *([name(image), image.path.name.split("_")[0]] for image in dataset),
    ]


def parts_of(split):
    return {part: [image.path.name for image in found] for part, found in split.parts.items()}


# Groups


def test_groups_by_pattern(dataset):
    groups = groups_by_pattern(dataset, PATIENT)
    assert {groups.names[image] for image in dataset} == {f"{x}{n}" for x in "pq" for n in range(4)}
    assert (groups.kind, groups.recorded, groups.members) == ("pattern", PATIENT, "patients")
    assert groups.source == "pattern '^[^_]+' in the file names"
    together = groups.together(dataset)
    assert list(together) == [f"{x}{n}" for x in "pq" for n in range(4)]
    assert [image.path.name for image in together["p1"]] == [
        f"p1_{n:02d}.png" for n in (1, 5, 9, 13)
    ]
    assert groups_by_pattern(dataset, "^[pq]([0-9])").names[dataset.images[4]] == "1"


def test_groups_from_names_and_images_without_one(dataset):
    first, *others = dataset
    names = dict.fromkeys(others, "look-alikes 1")
    groups = groups_from_names(dataset, names, "the audit's look-alikes", "audit")
    assert sorted(map(len, groups.together(dataset).values())) == [1, len(others)]
    assert groups.together([first]) == {str(first.path): [first]}
    assert groups.recorded == "the audit's look-alikes" and groups.members == "groups"


@pytest.mark.parametrize(
    "name",
    [
        lambda image: image.path.name,
        lambda image: image.path.stem,
        lambda image: f"{image.class_name}/{image.path.name}",
        lambda image: f".\\{image.class_name}\\{image.path.name}",
    ],
)
def test_a_csv_file_names_images_in_one_of_four_ways(dataset, tmp_path, name):
    path = write_csv(tmp_path / "a.csv", patients(dataset, name))
    groups = groups_from_csv(dataset, path)
    assert groups.names == groups_by_pattern(dataset, PATIENT).names
    assert (groups.source, groups.kind) == ("column patient of a.csv", "csv")


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_csv_file_as_spreadsheets_and_people_write_it(dataset, tmp_path, delimiter):
    head, *lines = patients(dataset)
    table = [
        [*head, "remark"],
        ["other.png", "p9", ""],
        ["", "", ""],
        ["", "p1", "no image"],
        *([*line, "x"] for line in lines),
        [f" {lines[3][0]} ", lines[3][1]],  # once more, and a cell short
    ]
    path = write_csv(tmp_path / "a.csv", table, delimiter, "utf-8-sig")
    assert groups_from_csv(dataset, path).names == groups_by_pattern(dataset, PATIENT).names


def test_the_first_column_that_fits_and_the_column_asked_for(dataset, tmp_path):
    """A column with some of the names only is passed over."""
    head, *lines = patients(dataset)
    half = [line[0] if number % 2 else "" for number, line in enumerate(lines)]
    whose = ["one" if patient[0] == "p" else "two" for _, patient in lines]
    columns = zip(half, whose, lines, strict=True)
    table = [["half", "whose", *head], *([some, one, *line] for some, one, line in columns)]
    path = write_csv(tmp_path / "a.csv", table)
    assert groups_from_csv(dataset, path).names == groups_by_pattern(dataset, PATIENT).names
    whose = groups_from_csv(dataset, path, "whose")
    assert set(whose.names.values()) == {"one", "two"} and whose.source == "column whose of a.csv"


def test_letters_with_accents_in_both_forms(tmp_path):
    for name in ("Infected", "Not_Infected"):
        (tmp_path / "data" / name).mkdir(parents=True)
        (tmp_path / "data" / name / unicodedata.normalize("NFD", f"Müller {name}.png")).touch()
    dataset = scan(tmp_path / "data")
    composed = unicodedata.normalize("NFC", "Müller")
    lines = [
        ["file", "patient"],
        *([f"{composed} {name}", name] for name in ("Infected", "Not_Infected")),
    ]
    groups = groups_from_csv(dataset, write_csv(tmp_path / "a.csv", lines))
    assert sorted(groups.names.values()) == ["Infected", "Not_Infected"]


def test_images_of_one_name_need_their_paths(tmp_path):
    for name in ("Infected", "Not_Infected"):
        (tmp_path / "data" / name).mkdir(parents=True)
        (tmp_path / "data" / name / "1.png").touch()
    dataset = scan(tmp_path / "data")
    path = write_csv(tmp_path / "a.csv", [["file", "patient"], ["1.png", "x"]])
    with pytest.raises(
        UserError, match="such as Infected/1.png; add a line for each image, with its path"
    ):
        groups_from_csv(dataset, path)
    write_csv(path, [["patient", "file"], ["x", "Infected/1.png"], ["y", "Not_Infected/1.png"]])
    assert [groups_from_csv(dataset, path).names[image] for image in dataset] == ["x", "y"]


# Splits


def test_the_split_of_known_groups_is_that_of_the_version_before(dataset):
    """Written down when groups were expressions: the same groups give the same parts."""
    split = plan_split(dataset, seed=5, groups=groups_by_pattern(dataset, PATIENT))
    found = {part: sorted({name[:2] for name in names}) for part, names in parts_of(split).items()}
    assert found == {
        "train": ["p1", "p3", "q0", "q1"], "validate": ["p0", "q2"], "test": ["p2", "q3"],
    }  # fmt: skip
    assert parts_of(plan_split(dataset, seed=5))["validate"] == [
        "p1_01.png", "p3_03.png", "q3_03.png", "q0_04.png",
    ]  # fmt: skip


def test_the_same_groups_give_the_same_split_wherever_they_are_from(dataset, tmp_path):
    named = groups_by_pattern(dataset, PATIENT)
    listed = groups_from_csv(dataset, write_csv(tmp_path / "a.csv", patients(dataset)))
    inferred = groups_from_names(dataset, named.names, "the audit's look-alikes", "audit")
    splits = [plan_split(dataset, seed=2, groups=groups) for groups in (named, listed, inferred)]
    assert splits[0].parts == splits[1].parts == splits[2].parts
    assert [split.kept_together for split in splits] == [
        PATIENT, "column patient of a.csv", "the audit's look-alikes",
    ]  # fmt: skip


def test_a_random_split_says_the_groups_where_they_are_known(dataset, tmp_path):
    groups = groups_by_pattern(dataset, PATIENT)
    split = plan_split(dataset, seed=1, groups=groups, keep_together=False)
    assert split.parts == plan_split(dataset, seed=1).parts
    assert split.kept_together is None
    write_split(dataset, split, tmp_path / "out", progress=False)
    assert read_split(tmp_path / "out").info["group"] is None
    for row in read_manifest(tmp_path / "out"):
        assert row["group"] == ("" if row["status"] == "skipped" else Path(row["source"]).name[:2])


def test_notes_say_patients_only_where_somebody_did(dataset):
    names = {image: image.path.name[0] + str(int(image.path.name[1]) % 2) for image in dataset}
    for kind, word in {"csv": "patients", "audit": "groups"}.items():
        split = plan_split(dataset, groups=Groups(names, "words", kind))
        assert split.notes[0].startswith(f"validation shares {word} with train")


def test_groups_of_other_images(dataset):
    groups = groups_by_pattern(dataset.images[1:], PATIENT)
    for keep_together in (True, False):
        with pytest.raises(UserError, match="p0_00.png: its group is not known"):
            plan_split(dataset, groups=groups, keep_together=keep_together)


def test_lines_of_other_files_may_contradict_each_other(dataset, tmp_path):
    """Patients without an image, and two opinions on a file that is not there."""
    more = [["", "p1"], ["", "p2"], ["gone.png", "p3"], ["gone.png", "p4"]]
    path = write_csv(tmp_path / "a.csv", [*patients(dataset), *more])
    assert groups_from_csv(dataset, path).names == groups_by_pattern(dataset, PATIENT).names


# Split folders whose images are links


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


# The command line


def test_covid_split_by_csv(folder, dataset, tmp_path, capsys):
    lines = [["image;x", "who"], *patients(dataset)[1:]]
    path = write_csv(tmp_path / "a.csv", lines, ";")
    options = ["--group-csv", str(path), "--group-column", "who", "--ratios", "50/25/25"]
    assert main(["split", str(folder), "--out", str(tmp_path / "out"), *options]) == 0
    assert "note: " not in capsys.readouterr().out
    split = read_split(tmp_path / "out")
    assert split.info["group"] == "column who of a.csv"
    found = [{file.name[:2] for file, _ in files} for files in split.parts.values()]
    assert sum(map(len, found)) == len(set.union(*found)) == 8


def test_what_a_run_records_of_groups_and_folds(tmp_path, monkeypatch):
    (tmp_path / "run").mkdir()
    monkeypatch.chdir(tmp_path)
    given = {"group_csv": Path("a.csv"), "group_column": "who", "split": "group", "folds": 3}
    write_run_info(Options(Path("run"), **given))
    again = resumed(Path("run"), parser().parse_args(["run", "--resume"]))
    assert {name: getattr(again, name) for name in given} == given
    monkeypatch.chdir("run")
    elsewhere = resumed(Path("."), parser().parse_args(["run", "--resume"]))
    assert elsewhere.group_csv == tmp_path / "a.csv"
    for words, complaint in {
        ("--folds", "4"): "--folds: .* started with 3, so it cannot be resumed with 4",
        ("--group-csv", "b.csv"): "--group-csv: .* started with a.csv",
        ("--group-audit",): "started with nothing of the kind, so it cannot be resumed with it",
    }.items():
        with pytest.raises(UserError, match=complaint):
            resumed(Path("."), parser().parse_args(["run", "--resume", *words]))
    same = ["--folds", "3", "--group-csv", "a.csv", "--group-column", "who", "--split", "group"]
    assert resumed(Path("."), parser().parse_args(["run", "--resume", *same])).folds == 3


@pytest.mark.parametrize(
    "changes",
    [{"folds": 1}, {"folds": "3"}, {"group_csv": "a\0b"}, {"group_audit": 1}, {"group_column": None},
     {"group": "x", "group_csv": "a.csv"}, {"group_csv": "a.csv", "group_audit": True}],
)  # fmt: skip
def test_what_no_run_could_have_recorded(tmp_path, changes):
    write_run_info(Options(tmp_path))
    path = tmp_path / "run.json"
    info = json.loads(path.read_text())
    info["options"].update(changes)
    path.write_text(json.dumps(info))
    with pytest.raises(
        UserError, match=f"damaged.*{'group_audit' if len(changes) > 1 else next(iter(changes))}"
    ):
        read_run_info(tmp_path)
