"""The baselines: fitted to the training part, tested on the test, on images as the model gets them."""

import csv

import cv2
import numpy as np
import pytest
from tiny_runs import finished_run

from covid.data.class_folders import scan
from covid.data.groups import groups_by_pattern
from covid.data.split import plan_split
from covid.data.split_folder import read_split
from covid.data.write_split import write_split
from covid.training.baselines import baselines

NAMES = ["majority class", "mean brightness", "gray histogram"]


@pytest.fixture
def split(tmp_path, rng):
    """Ill and well slices of the same mean brightness; the ill ones have more contrast."""
    for name, spread, count in (("Ill", 60, 20), ("Well", 20, 60)):
        (tmp_path / "images" / name).mkdir(parents=True)
        for number in range(count):
            image = 128 + spread * np.sign(rng.normal(size=(30, 30)))
            path = tmp_path / f"images/{name}/p{number % 10}_{number}.png"
            cv2.imwrite(str(path), image.astype(np.uint8))
    dataset = scan(tmp_path / "images", "Ill")
    groups = groups_by_pattern(dataset, "^[^_]+")
    write_split(dataset, plan_split(dataset, groups=groups), tmp_path / "split", progress=False)
    return read_split(tmp_path / "split")


def test_each_sees_what_it_can_see(split):
    found = baselines(split, 15)
    assert list(found) == NAMES
    majority, histogram = found["majority class"][0], found["gray histogram"][0]
    share = [label for _, label in split.parts["train"]]
    np.testing.assert_array_equal(majority.probabilities, np.mean(share))
    assert majority.summary(("Well", "Ill"))["answers_one_class"] == "Well"
    assert majority.accuracy == np.mean(majority.labels == 0)
    assert found["majority class"][1]["chosen_on"] is None
    assert histogram.accuracy == 1 and found["gray histogram"][1]["chosen_on"] == "validate"
    assert histogram.threshold == found["gray histogram"][1]["value"]
    assert histogram.groups == [name.split("/")[1].split("_")[0] for name in histogram.files]
    assert 0 < histogram.loss < majority.loss


def test_a_run_tests_them_on_the_images_of_its_models():
    folder, summary, _ = finished_run()
    (split,) = summary["splits"].values()
    assert list(split["baselines"]) == NAMES and split["best_model"] == "tiny_cnn"
    with open(folder / "random/tiny_cnn/predictions.csv", newline="") as file:
        tested = [row for row in csv.DictReader(file) if row["part"] == "test"]
    for entry in split["baselines"].values():
        assert entry["n"] == len(tested)
        assert set(split["models"]["tiny_cnn"]["test"]) | {"chosen_on"} == set(entry)
    assert "majority class" in split["not_beaten"]  # after one epoch
