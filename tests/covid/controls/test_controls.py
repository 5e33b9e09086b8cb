"""A whole run of the controls: a row for each, the same for the same seed, all written."""

from __future__ import annotations

import csv
import json

import pytest
from tiny_runs import slices

from covid.cli.main import main
from covid.controls import figures, run_controls, table, write_controls
from covid.controls.results import TITLES, WHAT
from covid.controls.run import HISTOGRAMS
from covid.controls.variant_folders import CHANGED, PERMUTED, UNCHANGED
from covid.controls.verdict import MAY_SCORE, SHORTCUTS
from covid.data.class_folders import scan
from covid.data.groups import groups_by_pattern, groups_from_names
from covid.data.preprocess import enhance_and_crop
from covid.data.split import plan_split
from covid.data.split_folder import read_split
from covid.data.write_split import write_split
from covid.metrics import roc_auc
from covid.training.recipes import recipe_for
from covid.training.train import train_and_evaluate


def test_groups_of_look_alikes_are_not_called_patients(tmp_path):
    dataset = scan(slices())
    groups = groups_by_pattern(dataset, "^[^_]+")
    groups = groups_from_names(dataset, groups.names, "the audit's look-alikes", "audit")
    write_split(dataset, plan_split(dataset, "40/20/40", 0, groups), tmp_path / "s", progress=False)
    found = run(tmp_path / "s")
    said = table(found, "") + json.dumps(found.summary())
    assert "groups of look-alikes kept apart" in said
    assert "patient" not in said


@pytest.fixture(scope="module")
def controls(tmp_path_factory):
    folder = tmp_path_factory.mktemp("controls")
    dataset = scan(slices())
    write_split(
        dataset,
        plan_split(dataset, "40/20/40", 0, groups_by_pattern(dataset, "^[^_]+")),
        folder / "split",
        enhance_and_crop,
        progress=False,
        extra={"enhanced": True, "synthetic": True},
    )
    return read_split(folder / "split"), run(folder / "split")


def run(folder):
    recipe = recipe_for("practice", "tiny_cnn", 1)
    return run_controls(read_split(folder), "tiny_cnn", recipe, 3, folder.parent)


def test_a_run_gives_a_row_for_each_control(controls):
    split, found = controls
    assert [row.name for row in found.rows] == list(TITLES)
    assert {row.n for row in found.rows} == {len(split.parts["test"])}
    assert found.split == "group"
    assert found.kept_apart
    assert found.groups == len({file.name.split("_")[0] for file, _ in split.parts["test"]})
    assert found.verdict.startswith("Nothing can be said")  # of so few patients
    assert [one.which for one in found.examples] == ["typical", "worst"] * 2
    typical, worst = (one.mask.mean() for one in found.examples[:2])
    assert worst <= typical
    for row in found.rows:
        assert 0 <= row.accuracy <= 1
        assert 0 <= row.auc <= 1


def test_the_model_of_a_run_is_the_reference_without_training_it_again(
    controls, tmp_path, monkeypatch
):
    split, found = controls
    recipe, trained = recipe_for("practice", "tiny_cnn", 1), []

    def training(model, recipe, split, seed, **printed):
        trained.append(split.folder.name)
        return train_and_evaluate(model, recipe, split, seed, **printed)

    reference = train_and_evaluate("tiny_cnn", recipe, split, 3, 0).results["test"]
    monkeypatch.setattr("covid.controls.run.train_and_evaluate", training)
    again = run_controls(split, "tiny_cnn", recipe, 3, tmp_path, reference=reference)
    assert [repr(row) for row in again.rows] == [repr(row) for row in found.rows]
    assert trained == [PERMUTED, *CHANGED]


def test_every_control_is_in_every_table():
    assert {UNCHANGED, PERMUTED, *CHANGED, *HISTOGRAMS} == set(TITLES)
    assert {*WHAT, PERMUTED} == set(TITLES)
    judged = [UNCHANGED, PERMUTED, *SHORTCUTS, *MAY_SCORE]  # each in one way
    assert sorted(judged) == sorted(TITLES)


def test_the_same_seed_gives_the_same_numbers(controls):
    split, found = controls
    assert run(split.folder).summary() == found.summary()


def test_the_image_itself_is_trained_as_everywhere_else(controls):
    from covid.training.train import train_and_evaluate

    split, found = controls
    trained = train_and_evaluate("tiny_cnn", recipe_for("practice", "tiny_cnn", 1), split, 3, 0)
    result = trained.results["test"]
    assert found.rows[0].auc == roc_auc(result.labels, result.probabilities)
    assert found.rows[0].accuracy == result.accuracy


def test_everything_is_written(controls, tmp_path):
    _, found = controls
    write_controls(found, tmp_path / "out", "the small print")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        *("controls.csv", "controls.json", "controls.png", "masks.png")
    ]
    content = json.loads((tmp_path / "out/controls.json").read_text())
    assert content == {"note": "the small print", **json.loads(json.dumps(found.summary()))}
    with open(tmp_path / "out/controls.csv", newline="") as file:
        lines = list(csv.DictReader(file))
    assert [line["name"] for line in lines] == list(TITLES)
    assert float(lines[0]["auc"]) == found.rows[0].auc
    assert lines[0]["auc_low"] == ""
    said = table(found, "the small print")
    assert said.endswith(found.verdict)
    assert all(title in said for title in TITLES.values())


def test_the_figure_says_the_verdict(controls, tmp_path, monkeypatch):
    written = []
    monkeypatch.setattr(figures, "text_at", lambda body, x, y, text, **_: written.append(text))
    _, found = controls
    figures.controls_figure(found, tmp_path / "controls.png")
    (below,) = [" ".join(text.split()) for text in written if "need not" in text]
    assert below == f"{figures.READING} {found.verdict}"


def test_the_command_knows_patients_although_slices_are_split_at_random(tmp_path, capsys):
    out = tmp_path / "out"
    arguments = [*("--data", str(slices()), "--out", str(out)), *("--epochs", "1", "--json")]
    assert main(["controls", *arguments, "--split", "random", "--group", "^[^_]+"]) == 0
    captured = capsys.readouterr()
    printed = json.loads(captured.out)
    assert printed["split"] == "random"
    assert printed["groups"] > 1
    assert not printed["kept_apart"]
    assert printed["verdict"] in captured.err
    assert (out / "masks.png").exists()
