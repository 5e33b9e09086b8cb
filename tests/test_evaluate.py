"""Results of a trained model: counts, intervals, the file of predictions."""

import csv

import cv2
import numpy as np
import pytest

from covid.evaluate import Result, evaluate, wilson_interval, write_predictions
from minicnn.layers import Dense, Flatten
from minicnn.models import Sequential
from minicnn.preprocessing.image import ImageDataGenerator


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
    summary = result().summary()
    assert list(summary) == ["loss", "acc", "n", "acc_95_percent_interval", "confusion"]
    assert summary["acc"] == 0.6
    assert summary["confusion"] == [[1, 1], [1, 2]]
    assert all(type(count) is int for row in summary["confusion"] for count in row)


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [  # Newcombe 1998, "Two-sided confidence intervals for the single proportion", table I
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_interval_of_a_published_table(successes, n, low, high):
    assert wilson_interval(successes, n) == pytest.approx((low, high), abs=5e-5)


def test_wilson_interval_is_symmetric_and_inside_0_and_1():
    for n in (1, 2, 7, 400):
        for successes in range(0, n + 1, max(n // 7, 1)):
            low, high = wilson_interval(successes, n)
            assert 0 <= low <= successes / n + 1e-12 and successes / n - 1e-12 <= high <= 1
            assert wilson_interval(n - successes, n) == pytest.approx((1 - high, 1 - low))


def test_wilson_interval_of_nothing_is_refused():
    with pytest.raises(ValueError, match="at least one trial"):
        wilson_interval(0, 0)


def test_predictions_are_written_with_class_names(tmp_path):
    path = tmp_path / "predictions.csv"
    odd = "caf\u00e9, \udcff.png"  # a comma, an accent, and a byte that is no text
    write_predictions([result(files=[odd, "b", "c", "d", "e"])], ("Healthy", "Ill"), path)
    with open(path, newline="", encoding="utf-8", errors="surrogateescape") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["part", "file", "true", "predicted", "p(Ill)", "correct"]
    assert rows[0]["file"] == odd
    assert [row["true"] for row in rows] == ["Healthy", "Healthy", "Ill", "Ill", "Ill"]
    assert [row["predicted"] for row in rows] == ["Healthy", "Ill", "Ill", "Healthy", "Ill"]
    assert [row["correct"] for row in rows] == ["1", "0", "1", "0", "1"]
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
    found = evaluate(model, images, "test")
    assert len(runs) == 4  # batches of 3, 3, 3, 1: each goes through the model once
    assert found.loss == model.evaluate(images, return_dict=True)["loss"]
    np.testing.assert_array_equal(found.probabilities, model.predict(images)[:, 0])
    assert sorted(found.files) == sorted(levels)
    labels = np.array([name.startswith("Ill") for name in found.files])
    p = 1 / (1 + np.exp(0.5 - np.array([levels[name] for name in found.files]) / 255))
    np.testing.assert_array_equal(found.labels, labels)
    np.testing.assert_allclose(found.probabilities, p, rtol=1e-5)
    loss = -np.mean(np.where(labels, np.log(p), np.log(1 - p)))
    assert found.loss == pytest.approx(loss, rel=1e-5)
    assert found.accuracy == np.mean((p > 0.5) == labels)
