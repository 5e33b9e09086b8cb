"""The threshold of a trained model comes from the validation images, its groups from the manifest."""

import shutil
from dataclasses import replace

import cv2
import numpy as np
import pytest
from tiny_runs import slices

from covid import metrics
from covid.data.class_folders import scan
from covid.data.groups import groups_by_pattern
from covid.data.split import plan_split
from covid.data.split_folder import groups_in, read_split
from covid.data.write_split import write_split
from covid.training.recipes import recipe_for
from covid.training.train import train_and_evaluate


@pytest.fixture(scope="module")
def grouped_split(tmp_path_factory):
    """The synthetic slices, not enhanced, patients kept apart."""
    folder = tmp_path_factory.mktemp("grouped") / "split"
    dataset = scan(slices())
    write_split(
        dataset,
        plan_split(dataset, groups=groups_by_pattern(dataset, "^[^_]+")),
        folder,
        None,
        progress=False,
    )
    return folder


def trained(folder, **changes):
    recipe = replace(recipe_for("practice", "tiny_cnn", 1), **changes)
    return train_and_evaluate("tiny_cnn", recipe, read_split(folder), seed=1, verbose=0)


@pytest.fixture(scope="module")
def run(grouped_split):
    return trained(grouped_split)


def test_the_threshold_never_looks_at_the_test_images(run, grouped_split, tmp_path):
    """With other test images it is the same to the last digit."""
    shutil.copytree(grouped_split, tmp_path / "split")
    rng = np.random.default_rng(0)
    for image in (tmp_path / "split/test").rglob("*.png"):
        cv2.imwrite(str(image), rng.integers(0, 256, (40, 40), dtype=np.uint8))
    other = trained(tmp_path / "split")
    tested = [one.results["test"].probabilities for one in (run, other)]
    assert not np.allclose(*tested)
    assert run.model.metadata["threshold"] == other.model.metadata["threshold"]


def test_the_threshold_is_chosen_on_the_validation_part(run):
    validated = run.results["validate"]
    chosen = run.summary()["threshold"]
    assert chosen == run.model.metadata["threshold"]
    assert chosen == metrics.threshold_choice(validated.labels, validated.probabilities)
    assert {found.threshold for found in run.results.values()} == {chosen["value"]}


def test_class_weights_are_recorded_and_of_1_change_no_bit(run, grouped_split):
    """Both classes are half of the training set, so that weighing them changes nothing."""
    weighed = trained(grouped_split, balance_below=0.6)
    assert run.summary()["class_weight"] is None
    assert weighed.summary()["class_weight"] == {"Infected": 1, "Not_Infected": 1}
    assert weighed.model.metadata["class_weight"] == weighed.summary()["class_weight"]
    for ours, theirs in zip(run.model.get_weights(), weighed.model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_groups_come_from_the_manifest(run):
    for found in run.results.values():
        # images are called after their patient: Infected/synthetic-p005_s01_lung.png
        assert found.groups == [name.split("/")[1].split("_")[0] for name in found.files]


def test_groups_that_the_manifest_does_not_say_are_unknown(tmp_path):
    dataset = scan(slices())
    write_split(dataset, plan_split(dataset), tmp_path / "split", None, progress=False)
    assert groups_in(read_split(tmp_path / "split"), "test") is None
