"""The audit of whole sets: odd ones, what is written, and the command."""

import csv
import json
import re

import numpy as np
from textures import pairs_of, save, split_of, texture, textures
from tiny_runs import slices

from covid.audit import run_audit, write_audit
from covid.audit.confounders import find_confounders
from covid.audit.fingerprints import Fingerprints, fingerprint
from covid.audit.lookalikes import find_candidates, inferred_groups
from covid.audit.measures import MEASURES
from covid.audit.verdict import percent, summarize, verdict
from covid.cli.main import main
from covid.data.class_folders import ImageFile, scan
from covid.data.groups import groups_by_pattern, groups_from_names
from covid.data.split import Split, plan_split
from covid.data.write_split import write_split

NOTE = "Synthetic images. A teaching tool, not for diagnosis. Positive class: Infected."


# Odd sets


def test_two_images(tmp_path):
    for label in (0, 1):
        save(tmp_path, label, "only", texture(label))
    dataset = scan(tmp_path)
    images = {image.label: image for image in dataset}
    audit = run_audit(
        dataset,
        Split({"train": [images[0]], "validate": [], "test": [images[1]]}, (0.5, 0.1, 0.4), 0),
    )
    assert not audit.leaks and not audit.shortcuts
    write_audit(audit, tmp_path / "out", NOTE)


def test_all_images_equal(tmp_path):
    for number in range(30):
        save(tmp_path, number % 2, f"{number}", texture(0))
    audit = run_audit(scan(tmp_path))
    summary = summarize(audit)
    assert summary["identical"] == {
        "groups": 1,
        "files": 30,
        "in_both_classes": 1,
        "pairs_across": summary["identical"]["pairs_across"],
    }
    assert audit.test_images_with_one == audit.test_images == 12
    assert summary["inferred_groups"]["count"] == 1
    assert not audit.shortcuts


def test_flat_images_are_no_near_duplicates(tmp_path):
    for number in range(20):
        save(tmp_path, number % 2, f"{number}", np.full((40, 40), 10 * number, np.uint8))
    audit = run_audit(scan(tmp_path))
    assert not audit.leaks and summarize(audit)["flat"] == 20
    write_audit(audit, tmp_path / "out", NOTE)
    assert not (tmp_path / "out/pairs.png").exists()


def test_a_tiny_class(tmp_path):
    for number in range(40):
        save(tmp_path, int(number < 6), f"{number}", texture(number))
    audit = run_audit(scan(tmp_path))
    assert audit.confounders[0].units == (34, 6) and not audit.leaks


def test_unreadable_files_are_named_and_do_not_stop_it(tmp_path):
    textures(tmp_path, 6)
    bad = tmp_path / "Infected/bad.png"
    bad.write_bytes(b"no image")
    audit = run_audit(scan(tmp_path))
    assert [path for path, _ in audit.prints.unreadable] == [bad]
    assert summarize(audit)["unreadable"] == 1 and len(audit.prints) == 12
    for path in (tmp_path / "Infected").iterdir():
        path.write_bytes(b"no image")
    audit = run_audit(scan(tmp_path))
    assert audit.confounders == [] and "one class has no readable image" in verdict(audit)


def test_an_unreadable_file_is_no_failure_of_the_command(tmp_path, capsys):
    textures(tmp_path / "data", 6)
    (tmp_path / "data/Infected/bad.png").write_bytes(b"no image")
    assert main(["audit", str(tmp_path / "data"), "--out", str(tmp_path / "out"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["unreadable"] == 1 and len(found["not_used"]) == 1


def test_no_image_at_all():
    empty = fingerprint([])
    assert len(find_candidates(empty, np.zeros(0, np.int64))) == 0
    assert find_confounders(empty, np.zeros(0, np.int64)) == []
    assert (
        isinstance(empty, Fingerprints)
        and len(inferred_groups(0, pairs_of(np.zeros((0, 2), int), []))) == 0
    )


def test_percent():
    found = [percent(*counts) for counts in ((0, 9), (1, 9), (1, 900), (899, 900), (9, 9))]
    assert found == ["0 %", "11 %", "under 1 %", "over 99 %", "100 %"]


# What is written, and the command


def test_files(neighboring, tmp_path):
    split = split_of(neighboring, lambda name: "_1_" in name)
    audit = run_audit(neighboring, split)
    write_audit(audit, tmp_path, NOTE)
    summary = json.loads((tmp_path / "audit.json").read_text())
    assert summary["verdict"] == verdict(audit) and summary["note"] == NOTE and summary["leaks"]
    with open(tmp_path / "pairs.csv", newline="") as file:
        pairs = list(csv.DictReader(file))
    assert len(pairs) == summary["near_duplicates"]["pairs"]
    assert sum(int(row["across"]) for row in pairs) == summary["near_duplicates"]["pairs_across"]
    with open(tmp_path / "images.csv", newline="") as file:
        images = list(csv.DictReader(file))
    assert len(images) == 12 and set(MEASURES) < set(images[0])
    assert {row["look_alikes"] for row in images} == set(audit.group_names.values())
    assert all(row["nearest_across"] for row in images)
    for name in ("pairs.png", "confounders.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")


def test_the_command_on_class_folders(tmp_path, capsys):
    out = tmp_path / "audit"
    options = ["--group", r"p\d+", "--json", "--seed", "3"]
    assert main(["audit", str(slices()), "--out", str(out), *options]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["synthetic"] and found["seed"] == 3
    assert found["patients_on_both_sides"]["of"] == 6
    assert found["verdict"] == json.loads((out / "audit.json").read_text())["verdict"]
    planned = plan_split(scan(slices()), seed=3)
    with open(out / "images.csv", newline="") as file:
        parts = {row["file"]: row["part"] for row in csv.DictReader(file)}
    assert parts == {
        str(image.path): part for part, images in planned.parts.items() for image in images
    }
    grouped = ["audit", str(slices()), "--out", str(tmp_path / "g"), "--split", "group"]
    assert main([*grouped, "--group", r"p\d+"]) == 0
    said = capsys.readouterr().out
    assert re.search(r"no patient stands on both sides.*\n.*Positive class: Infected", said)


def test_the_command_on_a_split_folder(tmp_path, capsys):
    options = ["--out", str(tmp_path / "split"), "--group", r"p\d+"]
    assert main(["split", str(slices()), *options]) == 0
    capsys.readouterr()
    out = str(tmp_path / "audit")
    assert main(["audit", str(tmp_path / "split"), "--out", out, "--json", "--group", r"p\d+"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["split"] == r"p\d+" and found["images"] == 12 and found["synthetic"]
    assert found["patients_on_both_sides"]["count"] == 0


def test_a_split_by_look_alikes_speaks_of_no_patients(tmp_path, capsys):
    dataset = scan(slices())
    groups = groups_by_pattern(dataset, r"p\d+")
    groups = groups_from_names(dataset, groups.names, "the audit's look-alikes", "audit")
    write_split(dataset, plan_split(dataset, groups=groups), tmp_path / "split", progress=False)
    assert main(["audit", str(tmp_path / "split"), "--out", str(tmp_path / "audit")]) == 0
    said = capsys.readouterr().out
    assert "no group stands on both sides; too few independent groups of look-alikes (6)" in said
    assert "patient" not in said


def test_a_patient_of_both_classes_counts_once(tmp_path):
    dataset = textures(tmp_path, 6)
    names = {image: f"p{int(image.path.stem[-3:]) // 6}" for image in dataset}
    assert "; too few independent patients (2)" in verdict(run_audit(dataset, names=names))


def test_images_in_no_part_are_not_looked_at(tmp_path):
    dataset = textures(tmp_path, 4)
    images = list(dataset)
    split = Split({"train": images[:2], "validate": [], "test": images[4:6]}, (0.5, 0.1, 0.4), 0)
    assert run_audit(dataset, split).prints.images == images[:2] + images[4:6]
    assert isinstance(images[0], ImageFile)
