"""Images that came in folders such as train and val are used in that split, never as two classes."""

import json
import shutil

import pytest
from class_folders import two_classes
from tiny_runs import slices

from covid.cli.main import main
from covid.common.choices import OWN_SPLIT
from covid.common.errors import UserError
from covid.data.class_folders import scan
from covid.data.existing_split import keeps_apart, scan_existing, split_of
from covid.data.find_images import find_images
from covid.data.groups import groups_by_pattern
from covid.data.manifest import read_manifest
from covid.data.part_names import are_parts, part_of
from covid.data.prepare_split import prepare_split
from covid.data.split_folder import read_split

PATIENT = "^[^_]+"


def someones_split(folder, *parts, count=10, classes=("A", "B")):
    """Class folders in each part; of the same patients where the counts are equal."""
    for part in parts:
        two_classes(folder / part, count, classes)
    return folder


@pytest.mark.parametrize(
    "name, part",
    [
        *(("train", "train"), ("Train", "train"), ("TRAINING", "train"), ("trn", "train")),
        *(("training_set", "train"), ("Train Images", "train"), ("val", "validate")),
        *(("Valid", "validate"), ("validation", "validate"), ("test", "test"), ("tst", "test")),
        *(("Hold-out", "test"), ("holdout", "test"), ("trainee", None), ("COVID", None)),
        *(("value", None), ("contest", None), ("", None)),
        *(("01_train", "train"), ("2 Test", "test"), ("3-val", "validate"), ("train1", None)),
    ],
)
def test_folders_that_hold_a_part(name, part):
    assert part_of(name) == part


def test_two_parts_make_a_split():
    assert are_parts(["Train", "val"]) and are_parts(["val", "tst", "notes"])
    assert not are_parts(["train", "COVID"]) and not are_parts(["train", "training"])


@pytest.mark.parametrize(
    "names",
    [("train", "val"), ("Train", "Test"), ("training", "validation"), ("trn", "tst")],
)
def test_of_two_parts_one_is_the_test(tmp_path, names):
    dataset = find_images(someones_split(tmp_path, *names), "A")
    assert (dataset.positive, dataset.negative) == ("A", "B") and len(dataset) == 40
    assert dataset.existing == {names[0]: "train", names[1]: "test"}
    split = split_of(dataset, "50/10/40", 3)
    folders = {
        part: {image.path.relative_to(tmp_path).parts[0] for image in images}
        for part, images in split.parts.items()
    }
    assert folders == {"train": {names[0]}, "validate": {names[0]}, "test": {names[1]}}
    # A sixth of 10 images of each class, by largest remainder.
    assert [len(images) for images in split.parts.values()] == [16, 4, 20]
    assert split.ratios == (0.4, 0.1, 0.5)
    assert split.parts == split_of(dataset, "50/10/40", 3).parts
    assert split.parts != split_of(dataset, "50/10/40", 4).parts
    assert f"validation is cut out of {names[0]}" in dataset.notes[0]


def test_three_parts_stay_as_they_are(tmp_path):
    someones_split(tmp_path, "Train", "Val")
    someones_split(tmp_path, "holdout", count=4)
    dataset = find_images(tmp_path, "b")
    assert dataset.positive == "B"
    split = split_of(dataset, "50/10/40", 0)
    for part, folder in (("train", "Train"), ("validate", "Val"), ("test", "holdout")):
        there = {path for path in (tmp_path / folder).rglob("*.png")}
        assert {image.path for image in split.parts[part]} == there
    assert split.ratios == (20 / 48, 20 / 48, 8 / 48)


def test_patients_on_both_sides_are_found(tmp_path):
    """p00 to p04 and p10 to p14 are in both folders."""
    dataset = scan_existing(someones_split(tmp_path, "train", "val"), "A")
    groups = groups_by_pattern(dataset, PATIENT)
    assert not keeps_apart(dataset, groups) and not keeps_apart(dataset, None)
    split = split_of(dataset, "50/10/40", 0, groups)
    assert split.kept_together is None
    assert split.notes[0].startswith("10 of 10 patients are in the test and in another part")
    for path in (tmp_path / "val").rglob("*.png"):
        path.rename(path.with_name(f"other-{path.name}"))
    dataset = scan_existing(tmp_path, "A")
    groups = groups_by_pattern(dataset, PATIENT)
    split = split_of(dataset, "50/10/40", 0, groups)
    assert keeps_apart(dataset, groups) and split.kept_together == PATIENT
    of_validation = {groups.names[image] for image in split.parts["validate"]}
    assert not of_validation & {groups.names[image] for image in split.parts["train"]}


def test_patients_in_train_and_validation(tmp_path):
    someones_split(tmp_path, "train", "val")
    for path in two_classes(tmp_path / "test", 4, ("A", "B")).rglob("*.png"):
        path.rename(path.with_name(f"other-{path.name}"))
    dataset = scan_existing(tmp_path, "A")
    split = split_of(dataset, "50/10/40", 0, groups_by_pattern(dataset, PATIENT))
    assert split.kept_together == PATIENT
    assert split.notes[0].startswith("validation shares 10 patients with train")


def test_class_folders_in_another_case(tmp_path):
    someones_split(tmp_path, "train", classes=("COVID", "Normal"))
    someones_split(tmp_path, "val", classes=("covid", "normal"))
    dataset = scan_existing(tmp_path, "covid")
    assert (dataset.positive, len(dataset)) == ("COVID", 40)
    assert {image.class_name for image in dataset} == {"COVID", "Normal"}


def test_what_is_written_says_whose_split_it_is(tmp_path):
    someones_split(tmp_path / "data", "Train", "Val")
    (tmp_path / "data/Train/A/notes.txt").write_text("x")
    (tmp_path / "data/Train/.DS_Store").write_text("x")
    split = prepare_split(
        find_images(tmp_path / "data", "A"), tmp_path / "out", (0.5, 0.1, 0.4), 0, progress=False
    )
    assert split.info["existing"] == {"Train": "train", "Val": "test"}
    assert "Train as train, Val as test" in split.info["notes"][0]
    # All images of the helper are equal.
    assert "in both classes" in split.info["notes"][1]
    rows = read_manifest(tmp_path / "out")
    assert {row["source"].split("/")[-3] for row in rows if row["part"] == "test"} == {"Val"}
    (skipped,) = (row for row in rows if row["status"] == "skipped")
    assert (skipped["class"], skipped["label"]) == ("A", 1)


def test_class_folders_have_no_split_of_their_own(tmp_path):
    dataset = find_images(two_classes(tmp_path, 10))
    assert dataset.existing is None
    assert (
        prepare_split(dataset, tmp_path / "out", (0.5, 0.1, 0.4), 0, progress=False).info[
            "existing"
        ]
        is None
    )


def test_parts_inside_of_class_folders_are_mentioned(tmp_path):
    two_classes(tmp_path / "A", 2, ("train", "val"))
    two_classes(tmp_path / "B", 2, ("x", "val"))
    dataset = find_images(tmp_path, "A")
    assert len(dataset) == 8
    (note,) = dataset.notes
    assert "A (train, val) look like a split, which is not followed" in note


def test_two_folders_with_the_same_two_inside_are_mentioned(tmp_path):
    """Hospitals or folds with the classes in each, perhaps; it may as well be the other way round."""
    someones_split(tmp_path, "site1", "site2", count=2)
    (note,) = find_images(tmp_path, "site1").notes
    assert "site1 and site2 are taken for the classes" in note and "(A, B)" in note
    shutil.rmtree(tmp_path / "site1/B")
    assert find_images(tmp_path, "site1").notes == []


def test_a_training_set_is_no_class(tmp_path):
    """What the other folder is nobody can tell."""
    someones_split(tmp_path, "Train", "unseen")
    with pytest.raises(UserError, match="training set of a split beside others .Train, unseen."):
        find_images(tmp_path, "Train")


def test_scan_does_not_take_parts_for_classes(tmp_path):
    someones_split(tmp_path, "Training", "tst")
    with pytest.raises(UserError, match="split already.*one part"):
        scan(tmp_path, "Training")
    assert len(scan(tmp_path / "tst", "A")) == 20


def test_a_run_uses_the_split_and_checks_it_for_leaks(tmp_path, capsys):
    """The same slices in both parts: the audit finds every test image again."""
    for part in ("Train", "Val"):
        shutil.copytree(slices(), tmp_path / "data" / part)
    words = ["--model", "tiny_cnn", "--epochs", "1", "--json", "--out", str(tmp_path / "out")]
    assert main(["train", str(tmp_path / "data"), *words]) == 0
    summary = json.loads(capsys.readouterr().out)
    (split,) = summary["splits"].values()
    assert split["title"] == OWN_SPLIT
    assert summary["audit"]["near_duplicates"]["share"] == 1
    info = read_split(tmp_path / "out/random/data/enhanced-150px-existing").info
    assert info["existing"] == {"Train": "train", "Val": "test"}
    assert summary["recipes"]["tiny_cnn"]["ratios"] == info["ratios"]
    assert "6 of 6 patients are in the test and in another part" in " ".join(info["notes"])
    report = (tmp_path / "out/report.html").read_text(encoding="utf-8")
    assert "split at random" not in report.replace("no result with slices split at random", "")
