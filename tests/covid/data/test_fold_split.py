"""The plan of a cross-validation: each image in one test, groups whole, folds alike."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from covid.common.choices import PARTS
from covid.common.errors import UserError
from covid.data.class_folders import ImageFile
from covid.data.fold_split import plan_folds
from covid.data.groups import groups_by_pattern, groups_from_names

PATIENT = "^[^_]+"


def files(infected, healthy):
    """Image files that need not exist: numbers of images of each patient of both classes.

    Patients that both have are the same: m0 is one patient, whatever the class.
    """
    return [
        ImageFile(Path("d", name, f"{patient}_{number}.png"), name, label)
        for name, label, sizes in (("Infected", 1, infected), ("Not_Infected", 0, healthy))
        for patient, size in sizes.items()
        for number in range(size)
    ]


def by_sizes(infected, healthy, both=0):
    """As `files`, of lists of sizes; the first `both` patients have images of both classes."""
    first, second = (
        {f"{'m' if n < both else letter}{n}": size for n, size in enumerate(sizes)}
        for letter, sizes in (("p", infected), ("q", healthy))
    )
    return files(first, second)


def patients_in(images):
    return {image.path.name.split("_")[0] for image in images}


def counts(images):
    return Counter(image.class_name for image in images)


@pytest.mark.parametrize("seed", range(20))
def test_each_image_is_in_one_test_and_groups_stay_whole(seed):
    rng = np.random.default_rng(seed)
    sizes = [rng.integers(1, 30, rng.integers(3, 12)).tolist() for _ in range(2)]
    images = by_sizes(*sizes, both=seed % 4)
    k = int(rng.integers(2, min(map(len, sizes)) + 1))
    # Of one patient with two images at least there is something for train and for validate.
    images += [
        ImageFile(image.path.with_stem(f"{image.path.stem}b"), image.class_name, image.label)
        for image in images
    ]
    plans = plan_folds(images, k, seed, groups_by_pattern(images, PATIENT))
    tests = [image for plan in plans for image in plan.parts["test"]]
    assert len(plans) == k and len(tests) == len(images) and set(tests) == set(images)
    for plan in plans:
        assert sorted(plan.parts) == sorted(PARTS)
        assert sum(map(len, plan.parts.values())) == len(images)
        for part in PARTS:
            assert set(counts(plan.parts[part])) == {"Infected", "Not_Infected"}
        train, validate, test = (patients_in(plan.parts[part]) for part in PARTS)
        assert not test & (train | validate)
        assert bool(train & validate) == bool(plan.notes)  # cut where too few are left, and said
        assert plan.kept_together == PATIENT


def test_folds_of_patients_are_about_as_large_and_mixed_alike():
    images = by_sizes([9, 1, 5, 5, 2, 8, 3, 7], [20, 2, 10, 10, 4, 18, 16])
    for plan in plan_folds(images, 4, 3, groups_by_pattern(images, PATIENT)):
        assert counts(plan.parts["test"]) == {
            "Infected": pytest.approx(10, abs=1),
            "Not_Infected": pytest.approx(20, abs=2),
        }


def test_folds_of_images_are_stratified_to_the_image_and_say_that_they_leak():
    images = by_sizes([31], [47])
    plans = plan_folds(images, 5, ratios="60/20/20")
    tests = [counts(plan.parts["test"]) for plan in plans]
    assert sorted(count["Infected"] for count in tests) == [6, 6, 6, 6, 7]
    assert sorted(count["Not_Infected"] for count in tests) == [9, 9, 9, 10, 10]
    for plan in plans:
        assert plan.ratios == pytest.approx((0.6, 0.2, 0.2)) and plan.kept_together is None
        assert abs(counts(plan.parts["validate"])["Infected"] - 31 * 0.8 / 4) < 1
        assert (
            len(plan.notes) == 1
            and "slices of one patient are in train and in test" in plan.notes[0]
        )


def test_of_train_and_validate_the_ratio_counts():
    images = by_sizes([2] * 30, [2] * 30)
    groups = groups_by_pattern(images, PATIENT)
    for plan in plan_folds(images, 3, ratios="30/10/60", groups=groups):
        assert plan.ratios == pytest.approx((0.5, 1 / 6, 1 / 3))
        assert {part: len(found) for part, found in plan.parts.items()} == {
            "train": 60, "validate": 20, "test": 40,
        }  # fmt: skip
        assert plan.notes == []


def test_the_seed_decides_and_the_order_of_the_images_does_not():
    images = by_sizes([4] * 8, [4] * 8)
    groups = groups_by_pattern(images, PATIENT)
    for known in (None, groups):
        first = [plan.parts for plan in plan_folds(images, 4, 1, known)]
        assert [plan.parts for plan in plan_folds(images[::-1], 4, 1, known)] == first
        assert [plan.parts for plan in plan_folds(images, 4, 2, known)] != first


def test_two_patients_of_a_class_make_two_folds_and_share_validation():
    images = by_sizes([266, 235], [270, 280])
    plans = plan_folds(images, 2, groups=groups_by_pattern(images, PATIENT))
    for plan in plans:
        assert (
            "validation shares patients with train, because class Infected has only 1"
            in plan.notes[0]
        )
        assert len(patients_in(plan.parts["test"])) == 2


def test_more_folds_than_groups():
    images = by_sizes([5, 5, 5], [5] * 7)
    groups = groups_by_pattern(images, PATIENT)
    said = r"--folds 4: .* Infected has only 3 groups \(pattern '\^\[\^_\]\+' in the file names\); choose --folds 3"
    with pytest.raises(UserError, match=said):
        plan_folds(images, 4, groups=groups)
    assert len(plan_folds(images, 3, groups=groups)) == 3
    with pytest.raises(UserError, match="has only 15 images; choose --folds 15 or fewer"):
        plan_folds(images, 16)
    one = groups_from_names(
        images, dict.fromkeys(images, "one"), "the audit's look-alikes", "audit"
    )
    with pytest.raises(UserError, match="has only 1 groups .*look-alikes.; leave out --folds"):
        plan_folds(images, 2, groups=one)
    with pytest.raises(UserError, match="at least 2"):
        plan_folds(images, 1)
