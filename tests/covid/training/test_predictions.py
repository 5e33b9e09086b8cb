"""Results of a trained model: counts, intervals, the file of predictions."""

import csv
import json

import cv2
import numpy as np
import pytest

from covid.common.errors import UserError
from covid.common.output_files import json_text
from covid.training.predictions import Result, evaluate, write_predictions
from minicnn.layers import Dense, Flatten
from minicnn.models import Sequential
from minicnn.preprocessing.image import ImageDataGenerator

CLASSES = ("Healthy", "Ill")


def result(**changes) -> Result:
    values = {
        "part": "test",
        "loss": 0.7,
        "files": [f"image{i}.png" for i in range(5)],
        "labels": np.array([0, 0, 1, 1, 1]),
        "probabilities": np.array([0.1, 0.9, 0.8, 0.5, 0.51]),
    }
    return Result(**{**values, **changes})


def test_counts_by_hand():
    """0.5 itself is not above 0.5: the fourth image is taken for negative."""
    found = result()
    assert found.predicted.tolist() == [0, 1, 1, 0, 1]
    assert (found.n, found.correct, found.accuracy) == (5, 3, 0.6)
    assert found.confusion.tolist() == [[1, 1], [1, 2]]


def test_summary_holds_plain_numbers():
    summary = result().summary(CLASSES)
    assert list(summary) == [
        *("loss", "acc", "n", "threshold", "confusion", "answers_one_class"),
        *("prevalence", "measures", "remark"),
    ]
    assert json.loads(json_text(summary)) == summary
    assert summary["acc"] == 0.6
    assert summary["confusion"] == [[1, 1], [1, 2]]
    assert all(type(count) is int for row in summary["confusion"] for count in row)


def test_all_is_at_the_chosen_threshold():
    """0.8 itself is not above 0.8."""
    found = result(threshold=0.8)
    assert found.predicted.tolist() == [0, 1, 0, 0, 0]
    assert found.confusion.tolist() == [[1, 1], [3, 0]] and found.accuracy == 0.2
    summary = found.summary(CLASSES)
    assert (summary["threshold"], summary["acc"]) == (0.8, summary["measures"]["accuracy"]["value"])
    assert summary["measures"]["sensitivity"]["value"] == 0


@pytest.mark.parametrize(("threshold", "called"), [(0.5, None), (0.95, "Healthy"), (0.05, "Ill")])
def test_one_answer_for_all_images_is_called_that(threshold, called):
    assert result(threshold=threshold).summary(CLASSES)["answers_one_class"] == called
    right = result(threshold=threshold, labels=np.zeros(5, int))  # there is one class only
    assert right.summary(CLASSES)["answers_one_class"] is None


def test_the_threshold_keeps_two_neighboring_float32_apart():
    upper = np.float32(0.7)
    lower = np.nextafter(upper, np.float32(0))
    p = np.array([lower, upper, upper, upper, upper])
    found = result(probabilities=p, threshold=(float(lower) + float(upper)) / 2)
    assert found.predicted.tolist() == [0, 1, 1, 1, 1]
    above = result(probabilities=p[::-1], threshold=float(upper) * (1 - 1e-12))
    assert above.predicted.tolist() == [1, 1, 1, 1, 0]


def test_summary_passes_groups_prevalence_and_seed_on():
    found = result(
        files=[f"{i}.png" for i in range(40)],
        labels=np.arange(40) % 2,
        probabilities=np.linspace(0.1, 0.9, 40),
        groups=[str(i // 4) + "ab"[i % 2] for i in range(40)],
    )
    summary = found.summary(CLASSES, prevalence=0.3, seed=4)
    assert summary["prevalence"] == 0.3
    assert summary["measures"]["f1"]["method"] == "bootstrap by group"
    assert summary == found.summary(CLASSES, prevalence=0.3, seed=4)
    other = found.summary(CLASSES, prevalence=0.2, seed=5)["measures"]
    assert other["ppv"]["value"] != summary["measures"]["ppv"]["value"]
    assert other["f1"]["low"] != summary["measures"]["f1"]["low"]
    assert "Few groups" in summary["remark"]


def test_what_is_no_probability_is_refused():
    with pytest.raises(UserError, match=r"image1.png: .* nan \(as for 2 of 5 images\)"):
        result(probabilities=np.array([0.1, np.nan, 0.2, np.inf, 0.4]))


def test_predictions_are_written_with_class_names(tmp_path):
    path = tmp_path / "predictions.csv"
    odd = "caf\u00e9, \udcff.png"  # a comma, an accent, and a byte that is no text
    results = [
        result(
            files=[odd, "b", "c", "d", "e"], threshold=0.8, groups=[odd, "P1", "P1", "P2", "P2"]
        ),
        result(part="train"),
    ]
    write_predictions(results, CLASSES, path)
    with open(path, newline="", encoding="utf-8", errors="surrogateescape") as file:
        rows = list(csv.DictReader(file))
    assert [row["group"] for row in rows] == [odd, "P1", "P1", "P2", "P2", *[""] * 5]
    assert [row["part"] for row in rows] == ["test"] * 5 + ["train"] * 5
    rows = rows[:5]
    columns = ["part", "file", "true", "predicted", "p(Ill)", "threshold", "correct", "group"]
    assert list(rows[0]) == columns
    assert {float(row["threshold"]) for row in rows} == {0.8}
    assert rows[0]["file"] == odd
    assert [row["true"] for row in rows] == ["Healthy", "Healthy", "Ill", "Ill", "Ill"]
    assert [row["predicted"] == "Ill" for row in rows] == [0, 1, 0, 0, 0]
    assert [row["correct"] for row in rows] == ["1", "0", "0", "0", "0"]
    assert [float(row["p(Ill)"]) for row in rows] == [0.1, 0.9, 0.8, 0.5, 0.51]


def test_a_failure_leaves_the_old_file_of_predictions(tmp_path):
    path = tmp_path / "predictions.csv"
    path.write_text("old")
    with pytest.raises(ValueError):
        write_predictions([result(files=["too few"])], ("a", "b"), path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_evaluate_keeps_names_labels_and_probabilities_together(tmp_path, rng, monkeypatch):
    """The positive class sorts first here, so that an accidental order would show."""
    levels = {}
    for name in ("Ill", "Well"):
        (tmp_path / name).mkdir()
        for number in range(5):
            level = int(rng.integers(256))
            levels[f"{name}/{number}.png"] = level
            cv2.imwrite(str(tmp_path / name / f"{number}.png"), np.full((4, 4), level, np.uint8))
    model = Sequential([Flatten(input_shape=(4, 4, 1)), Dense(1, activation="sigmoid")], seed=0)
    dense = model.graph.layers[-1]
    dense.params["kernel"][:] = 1 / 16  # the mean gray value
    dense.params["bias"][:] = -0.5
    model.compile("adam", "binary_crossentropy", ["acc"])
    images = ImageDataGenerator(rescale=1 / 255).flow_from_directory(
        tmp_path,
        target_size=(4, 4),
        color_mode="grayscale",
        classes=["Well", "Ill"],
        class_mode="binary",
        batch_size=3,
        shuffle=False,
    )
    runs = []
    run = model.graph.run
    monkeypatch.setattr(model.graph, "run", lambda *a, **k: runs.append(1) or run(*a, **k))
    groups = {name: name.split("/")[0] for name in levels}
    found = evaluate(model, images, "test", groups, threshold=0.4)
    assert len(runs) == 4  # batches of 3, 3, 3, 1: each goes through the model once
    assert found.loss == model.evaluate(images, return_dict=True)["loss"]
    np.testing.assert_array_equal(found.probabilities, model.predict(images)[:, 0])
    assert sorted(found.files) == sorted(levels)
    assert found.groups == [groups[name] for name in found.files] and found.threshold == 0.4
    labels = np.array([name.startswith("Ill") for name in found.files])
    p = 1 / (1 + np.exp(0.5 - np.array([levels[name] for name in found.files]) / 255))
    np.testing.assert_array_equal(found.labels, labels)
    np.testing.assert_allclose(found.probabilities, p, rtol=1e-5)
    loss = -np.mean(np.where(labels, np.log(p), np.log(1 - p)))
    assert found.loss == pytest.approx(loss, rel=1e-5)
    assert found.accuracy == np.mean((p > 0.4) == labels)
