"""Cross-validation: folds trained, tested, written, resumed; pooled measures and the figure."""

import contextlib
import csv
import io
from pathlib import Path

import numpy as np
import pytest
from tiny_runs import slices

from covid.common.screen import Screen
from covid.data.class_folders import scan
from covid.data.fold_split import plan_folds
from covid.data.groups import (
    LOOK_ALIKES,
    groups_by_pattern,
    groups_from_names,
)
from covid.data.preprocess import enhance_and_crop
from covid.data.split import plan_split
from covid.data.split_folder import read_split
from covid.data.write_split import write_split
from covid.pipeline import cross_validation as folds
from covid.pipeline.fold_summary import WEAKNESS, fold_row, pool, summarize_folds
from covid.pipeline.options import Options
from covid.pipeline.prepare_splits import Prepared
from covid.training.predictions import Result
from covid.training.recipes import recipe_for

PATIENT = "^[^_]+"


def result(labels, probabilities, loss=0.5):
    names = [f"{number}.png" for number in range(len(labels))]
    return Result("test", loss, names, np.array(labels), np.array(probabilities))


def test_pooled_predictions_weigh_every_image_the_same():
    found = pool([result([1, 0], [0.9, 0.1], 0.2), result([1, 1, 0], [0.4, 0.8, 0.6], 0.7)])
    assert (found["n"], found["accuracy"]) == (5, pytest.approx(3 / 5))
    assert found["loss"] == pytest.approx((2 * 0.2 + 3 * 0.7) / 5)
    assert found["confusion"] == [[1, 1], [1, 2]]
    assert found["auc"] == pytest.approx(5 / 6)  # of 3 * 2 pairs only 0.4 < 0.6 is wrong
    assert found["low"] < 3 / 5 < found["high"]


def test_an_interval_ends_where_the_measure_does():
    results = [result([1, 0], [0.9, 0.1]), result([1, 0], [0.9, 0.7])]
    rows = [fold_row(number, one, None) for number, one in enumerate(results, start=1)]
    summary = summarize_folds(2, None, ["a note"], {"m": rows}, {"m": results})
    model = summary["models"]["m"]
    assert (model["mean"], model["low"], model["high"]) == (0.75, 0.0, 1.0)
    assert model["measures"]["auc"] == {"mean": 1.0, "low": 1.0, "high": 1.0}
    assert model["method"] == "t interval over folds" and "Bengio and Grandvalet" in WEAKNESS
    assert (summary["k"], summary["kept_together"], summary["notes"]) == (2, None, ["a note"])


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """The synthetic slices as a split folder, and what to do with it."""
    folder = tmp_path_factory.mktemp("prepared") / "enhanced-150px-50-10-40"
    dataset, extra = scan(slices()), {"enhanced": True, "synthetic": True}
    write_split(dataset, plan_split(dataset), folder, enhance_and_crop, progress=False, extra=extra)
    return {"tiny_cnn": Prepared(read_split(folder), recipe_for("practice", "tiny_cnn", 1))}


@pytest.fixture(scope="module")
def cross_validation(prepared, tmp_path_factory):
    """Three folds of six patients: (folder, summary, what was said)."""
    folder, said = tmp_path_factory.mktemp("folds"), io.StringIO()
    dataset = scan(slices())
    groups = groups_by_pattern(dataset, PATIENT)
    options = Options(folder, folds=3, seed=1, screen=Screen(total=3))
    with contextlib.redirect_stdout(said):
        summary = folds.run_folds(options, dataset, prepared, groups)
    return folder / "folds", summary, said.getvalue().splitlines()


def again(prepared, folder):
    dataset = scan(slices())
    options = Options(folder, folds=3, seed=1, screen=Screen(total=3))
    groups = groups_by_pattern(dataset, PATIENT)
    return folds.run_folds(options, dataset, prepared, groups)


def test_folds_are_trained_tested_and_written(cross_validation):
    folder, summary, said = cross_validation
    tests = [row["accuracy"] for row in summary["models"]["tiny_cnn"]["folds"]]
    for number, (line, accuracy) in enumerate(zip(said, tests, strict=True), start=1):
        title = f"{number}/3 training tiny_cnn, fold {number} of 3"
        assert line.startswith(f"{title}: {accuracy:.2f} in its test, ")
    with open(folder / "folds.csv", newline="") as file:
        lines = list(csv.DictReader(file))
    rows = summary["models"]["tiny_cnn"]["folds"]
    assert [{name: str(value) for name, value in row.items()} for row in rows] == [
        {name: value for name, value in line.items() if name != "model"} for line in lines
    ]
    tested = []
    for line, row in zip(lines, rows, strict=True):
        assert (line["model"], row["n_test"], row["groups_test"]) == ("tiny_cnn", 4, 2)
        one = folder / "tiny_cnn" / f"fold-{line['fold']}"
        assert (one / "model.npz").exists() and (one / "history.csv").exists()
        with open(one / "predictions.csv", newline="") as file:
            predictions = [row for row in csv.DictReader(file) if row["part"] == "test"]
        assert sum(int(row["correct"]) for row in predictions) / 4 == row["accuracy"]
        tested += [Path(row["file"]).name for row in predictions]
    assert sorted(tested) == sorted(image.path.name for image in scan(slices()))
    assert summary["models"]["tiny_cnn"]["pooled"]["n"] == 12
    assert summary["kept_together"] == "pattern '^[^_]+' in the file names"
    assert "validation shares patients" not in "".join(summary["notes"])


def test_the_images_of_folds_are_links(cross_validation, prepared):
    folder = cross_validation[0] / "data/enhanced-150px-50-10-40"
    assert sorted(path.name for path in folder.iterdir()) == ["fold-1", "fold-2", "fold-3"]
    source = prepared["tiny_cnn"].split.folder
    for number in (1, 2, 3):
        split = read_split(folder / f"fold-{number}")
        assert (split.info["fold"], split.info["folds"], split.info["enhanced"]) == (
            number,
            3,
            True,
        )
        for file, _ in split.parts["test"]:
            (there,) = source.glob(f"*/{file.parent.name}/{file.name}")
            assert file.samefile(there)


class Stopped(Exception):
    pass


def test_an_interrupted_cross_validation_goes_on(
    cross_validation, prepared, tmp_path, monkeypatch, capsys
):
    """Stopped before the third training; what has been trained is not trained again."""
    folder, summary, _ = cross_validation
    real, done = folds.train_in, []

    def train(*arguments):
        if len(done) == 2:
            raise Stopped
        done.append(arguments)
        return real(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(folds, "train_in", train)
        with pytest.raises(Stopped):
            again(prepared, tmp_path)
    assert not (tmp_path / "folds/folds.csv").exists()
    assert again(prepared, tmp_path) == summary
    assert capsys.readouterr().out.count("  resumed from ") == 2
    for name in ("folds.csv", "tiny_cnn/fold-2/predictions.csv"):
        assert (tmp_path / "folds" / name).read_bytes() == (folder / name).read_bytes()


def test_how_many_groups_a_fold_tests(prepared, tmp_path):
    split, dataset = prepared["tiny_cnn"].split, scan(slices())
    plan = plan_folds(dataset, 2, ratios="40/30/30")[0]
    made = folds.fold_folder(dataset, plan, split, tmp_path, 1, 2)
    assert folds.groups_in_test(made) is None
    known = groups_by_pattern(dataset, PATIENT)
    plan = plan_folds(dataset, 3, groups=known)[0]
    made = folds.fold_folder(dataset, plan, split, tmp_path / "known", 1, 2)
    assert folds.groups_in_test(made) == len(known.together(plan.parts["test"]))


def test_folds_of_groups_that_keep_nothing_together_say_so():
    dataset = scan(slices())
    alone = groups_from_names(dataset, {}, LOOK_ALIKES, "audit")
    for fold in plan_folds(dataset, 2, groups=alone):
        assert any("each image is a group by itself" in text for text in fold.notes)
    for fold in plan_folds(dataset, 3, groups=groups_by_pattern(dataset, PATIENT)):
        assert not any("by itself" in text for text in fold.notes)
