"""Permuted labels: whole groups, every part keeps its class sizes, nobody gets the own ones back."""

from __future__ import annotations

import numpy as np
import pytest

from covid.controls.run import permuted_text
from covid.controls.variant_folders import shared
from covid.controls.variants import (
    permuted_labels,
)


def split_by_group(groups_per_part=((10, "train"), (4, "validate"), (8, "test")), each=5):
    """Labels, groups and parts of images: groups whole, half of them of class 1."""
    labels, groups, parts = [], [], []
    for count, part in groups_per_part:
        for number in range(count):
            labels += [number % 2] * each
            groups += [f"{part}{number}"] * each
            parts += [part] * each
    return np.array(labels), groups, np.array(parts)


def label_of_group(labels, groups):
    found = {}
    for label, group in zip(labels, groups, strict=True):
        assert found.setdefault(group, label) == label  # one common label
    return found


@pytest.mark.parametrize("seed", range(4))
def test_groups_keep_one_label_and_every_part_its_class_sizes(seed):
    labels, groups, parts = split_by_group()
    new = permuted_labels(labels, groups, parts, seed)
    label_of_group(new, groups)
    for part in set(parts):
        assert new[parts == part].sum() == labels[parts == part].sum()
    # Half of each class has changed sides, or nearly half where halves do not go.
    assert abs(np.mean(new == labels) - 0.5) < 0.1


def test_groups_on_both_sides_have_one_label_in_train_and_test():
    rng = np.random.default_rng(0)
    labels, groups, _ = split_by_group()
    parts = rng.choice(["train", "validate", "test"], len(labels), p=[0.5, 0.1, 0.4])
    new = permuted_labels(labels, groups, parts, 1)
    label_of_group(new, groups)
    assert new.sum() == labels.sum()


def test_four_patients_never_get_their_own_labels_back():
    """With so few a common permutation gives the true labels, or their mirror, one time in three."""
    groups = np.repeat(["a", "b", "c", "d"], 10)
    labels = np.repeat([0, 0, 1, 1], 10)
    parts = np.tile(["train", "train", "validate", "test", "test"], 8)
    for seed in range(12):
        of_group = label_of_group(permuted_labels(labels, groups, parts, seed), groups)
        assert of_group["a"] != of_group["b"]
        assert of_group["c"] != of_group["d"]


def test_without_groups_single_images_are_permuted():
    labels, _, parts = split_by_group()
    names = [str(number) for number in range(len(labels))]
    new = permuted_labels(labels, names, parts, 0)
    for part in set(parts):
        inside = parts == part
        assert new[inside].sum() == labels[inside].sum()
    assert 0.3 < np.mean(new == labels) < 0.7
    np.testing.assert_array_equal(new, permuted_labels(labels, names, parts, 0))
    assert np.any(new != permuted_labels(labels, names, parts, 1))


def test_one_patient_of_both_classes_falls_back_to_images():
    labels = np.array([0, 1] * 12)
    parts = np.repeat(["train", "validate", "test"], 8)
    new = permuted_labels(labels, ["alone"] * 24, parts, 2)
    assert all(set(new[parts == part]) == {0, 1} for part in set(parts))


def test_what_is_said_of_permuted_labels_is_what_was_done():
    groups = ["a", "a", "b", "b"]
    said = permuted_text(groups, np.array([1, 1, 0, 0]), "patients")
    assert said.startswith("all images of one of the patients got one label")
    for known, labels in ((groups, [1, 0, 0, 1]), (None, [1, 1, 0, 0])):
        assert permuted_text(known, np.array(labels), "patients").startswith("each image")


def test_shared_groups_are_found_without_a_pass_for_each_image():
    parts = np.array(["train", "validate", "test", "test", "train"])
    assert shared(["a", "b", "b", "a", "c"], parts) == {"a"}
    many = np.array(["train", "validate", "test"])[np.arange(60_000) % 3]
    assert shared([str(number // 2) for number in range(60_000)], many) == {
        str(pair) for pair in range(30_000) if {2 * pair % 3, (2 * pair + 1) % 3} == {0, 2}
    }
