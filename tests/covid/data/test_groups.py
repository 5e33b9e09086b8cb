"""Groups from names and csv files, and splits that keep them whole."""

import csv
import unicodedata
from pathlib import Path

import pytest
from class_folders import with_four_patients

from covid.cli.main import main
from covid.common.errors import UserError
from covid.data.class_folders import ImageFile, scan
from covid.data.groups import Groups, groups_by_pattern, groups_from_csv, groups_from_names
from covid.data.manifest import read_manifest
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


@pytest.mark.parametrize(
    "regex, expected",
    [
        (r"p(\d)_|q(\d)_", "1"),  # the group that matches, not the first one
        (r"p(\d)_|(q\d)_", "q1"),
        (r"^(?P<patient>[pq]\d)_(\d+)", "q1"),
        (r"^(?:[pq])(?P<number>\d)_", "1"),
        (r"^((q1)|p1)", "q1"),
    ],
)
def test_the_group_of_a_pattern_with_several(regex, expected):
    image = ImageFile(Path("q1_01.png"), "Infected", 1)
    assert groups_by_pattern([image], regex).names == {image: expected}


@pytest.mark.parametrize(
    "regex, said", [("^[pq](x)?", "finds nothing"), (r"^([pq])(\d)", r"finds 2 groups .*\(q, 1\)")]
)
def test_a_pattern_that_does_not_say_which_group(regex, said):
    with pytest.raises(UserError, match=said):
        groups_by_pattern([ImageFile(Path("q1_01.png"), "Infected", 1)], regex)


def test_names_in_both_unicode_forms_are_one_patient(tmp_path):
    composed, decomposed = (unicodedata.normalize(form, "Müller") for form in ("NFC", "NFD"))
    for name, patient in (("Infected", composed), ("Not_Infected", decomposed)):
        (tmp_path / "data" / name).mkdir(parents=True)
        (tmp_path / "data" / name / f"{patient}_{name}.png").touch()
    dataset = scan(tmp_path / "data")
    for regex in ("^[^_]+", f"^({composed})", f"^({decomposed})"):
        assert set(groups_by_pattern(dataset, regex).names.values()) == {composed}
    lines = [["file", "Patient"], *([i.path.name, i.path.name[:-4].split("_")[0]] for i in dataset)]
    path = write_csv(tmp_path / "a.csv", lines)
    assert set(groups_from_csv(dataset, path).names.values()) == {composed}


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
        lambda image: f"{image.class_name}//{image.path.name}",
        lambda image: image.path,
        lambda image: image.path.absolute(),
    ],
)
def test_a_csv_file_names_images_in_one_of_several_ways(dataset, tmp_path, name):
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
