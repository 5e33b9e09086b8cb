"""Planning a split: ratios, strata, seeds, groups that stay whole."""

from collections import Counter

import numpy as np
import pytest
from class_folders import files

from covid.common.choices import PARTS
from covid.common.errors import UserError
from covid.data.groups import groups_by_pattern
from covid.data.ratios import parse_ratios
from covid.data.split import largest_remainder, plan_split

PATIENT = "^[^_]+"  # what in the file names of these tests is the patient


def patients(sizes, letter):
    return [f"{letter}{p}_{s}.png" for p, size in enumerate(sizes) for s in range(size)]


def classes_in(images):
    return Counter(image.class_name for image in images)


def groups_in(images):
    return {image.path.name.split("_")[0] for image in images}


@pytest.mark.parametrize(
    "given, expected",
    [
        ("50/10/40", (0.5, 0.1, 0.4)),
        ("0.7/0.1/0.2", (0.7, 0.1, 0.2)),
        ((70, 10, 20), (0.7, 0.1, 0.2)),
        (" 50 / 25 / 25 ", (0.5, 0.25, 0.25)),
    ],
)
def test_ratios(given, expected):
    assert parse_ratios(given) == pytest.approx(expected)


@pytest.mark.parametrize(
    "bad", ["", "50/50", "50/10/41", "60/-10/50", "50/0/50", "a/b/c", "nan/1/2", "inf/1/1", None]
)
def test_bad_ratios(bad):
    with pytest.raises(UserError, match="three positive numbers"):
        parse_ratios(bad)


def test_largest_remainder_by_hand():
    assert largest_remainder(501, (0.5, 0.1, 0.4)) == [251, 50, 200]  # 250.5, 50.1, 200.4
    assert largest_remainder(10, (0.7, 0.1, 0.2)) == [7, 1, 2]
    assert largest_remainder(100, (0.29, 0.57, 0.14)) == [29, 57, 14]
    assert largest_remainder(5, (1, 1, 1)) == [2, 2, 1]


def test_a_split_is_stratified_complete_and_disjoint():
    images = files([f"{i}.png" for i in range(501)], [f"{i}.png" for i in range(550)])
    split = plan_split(images)
    counts = {part: classes_in(found) for part, found in split.parts.items()}
    assert counts == {
        "train": {"Infected": 251, "Not_Infected": 275},
        "validate": {"Infected": 50, "Not_Infected": 55},
        "test": {"Infected": 200, "Not_Infected": 220},
    }
    assert tuple(split.parts) == PARTS
    together = [image for found in split.parts.values() for image in found]
    assert len(together) == len(set(together)) == 1051 and set(together) == set(images)


@pytest.mark.parametrize("regex", [None, PATIENT])
def test_the_seed_decides_and_the_order_of_the_images_does_not(regex):
    images = files(patients([3] * 20, "a"), patients([3] * 20, "b"))
    groups = regex and groups_by_pattern(images, regex)
    first = plan_split(images, seed=4, groups=groups).parts
    assert plan_split(images[::-1], seed=4, groups=groups).parts == first
    assert plan_split(images, seed=5, groups=groups).parts != first


def test_a_random_split_is_not_the_order_of_the_listing():
    images = files([f"{i:03d}.png" for i in range(100)], [f"{i:03d}.png" for i in range(100)])
    train = plan_split(images).parts["train"][:50]
    assert train != images[:50] and sorted(train, key=lambda i: i.path.name) != images[:50]


def test_too_few_images_for_three_parts():
    with pytest.raises(UserError, match="class Infected has 3 images.*too few"):
        plan_split(files(["1.png", "2.png", "3.png"], [f"{i}.png" for i in range(20)]))
    with pytest.raises(UserError, match="no images"):
        plan_split([])
    with pytest.raises(UserError, match="negative"):
        plan_split(files(["1.png"], ["2.png"]), seed=-1)


@pytest.mark.parametrize("seed", range(12))
def test_groups_stay_whole_and_every_part_has_both_classes(seed):
    sizes = np.random.default_rng(seed).integers(1, 40, 9)
    images = files(patients(sizes, "a"), patients(sizes[:3], "b"))
    split = plan_split(images, seed=seed, groups=groups_by_pattern(images, PATIENT))
    found = {part: groups_in(members) for part, members in split.parts.items()}
    assert sum(len(names) for names in found.values()) == 12  # no group is in two parts
    for members in split.parts.values():
        assert set(classes_in(members)) == {"Infected", "Not_Infected"}
    assert sum(len(members) for members in split.parts.values()) == len(images)
    assert split.notes == []


def test_many_small_groups_come_near_the_ratios():
    images = files(patients([4] * 50, "a"), patients([4] * 60, "b"))
    split = plan_split(images, groups=groups_by_pattern(images, PATIENT))
    counts = {part: classes_in(found) for part, found in split.parts.items()}
    for part, share in zip(PARTS, (0.5, 0.1, 0.4), strict=True):
        assert abs(counts[part]["Infected"] - 200 * share) <= 4
        assert abs(counts[part]["Not_Infected"] - 240 * share) <= 4


def test_large_groups_can_leave_too_little_for_a_part_and_that_is_said():
    images = files(patients([100, 1, 1], "a"), patients([100, 1, 1], "b"))
    split = plan_split(images, groups=groups_by_pattern(images, PATIENT))
    assert [len(split.parts[part]) for part in PARTS] == [101, 2, 101]
    assert split.notes == ["groups are kept whole, so validate has 2 images instead of about 20"]


@pytest.mark.parametrize("seed", range(12))
def test_a_group_in_both_classes_stays_whole(seed):
    images = files(
        patients([5, 9, 4, 7], "m") + patients([6], "a"),
        patients([8, 2, 6, 3], "m") + patients([3, 9], "b"),
    )
    parts = plan_split(images, seed=seed, groups=groups_by_pattern(images, PATIENT)).parts
    found = [groups_in(members) for members in parts.values()]
    assert sum(map(len, found)) == len(set.union(*found)) == 7
    for members in parts.values():
        assert len(classes_in(members)) == 2


@pytest.mark.parametrize("seed", range(6))
def test_with_two_patients_validation_comes_out_of_train_and_says_so(seed):
    images = files(patients([266, 235], "P"), patients([270, 280], "normal"))
    split = plan_split(images, seed=seed, groups=groups_by_pattern(images, PATIENT))
    train, validate, test = (groups_in(split.parts[part]) for part in PARTS)
    assert train == validate and not train & test
    assert len(train) == len(test) == 2
    assert "validation shares patients with train" in split.notes[0]
    whole = classes_in(split.parts["train"] + split.parts["validate"])
    for name, count in classes_in(split.parts["validate"]).items():
        assert abs(count - whole[name] / 6) < 1


def test_group_expressions():
    images = files(["x-p1-1.png", "x-p2-1.png", "x-p2-2.png"], ["x-q1-1.png", "x-q2-1.png"] * 2)
    with pytest.raises(UserError, match="not a regular expression"):
        groups_by_pattern(images, "(")
    with pytest.raises(UserError, match=r"x-q1-1\.png: the group expression"):
        groups_by_pattern(images, "p[0-9]")
    with pytest.raises(UserError, match="class Infected has only the group x"):
        plan_split(images, groups=groups_by_pattern(images, "^x"))
    more = files(patients([3, 3, 3], "x-p"), patients([3, 3, 3], "x-q"))
    by_capture = plan_split(more, groups=groups_by_pattern(more, "^x-([pq][0-9])_"))
    by_match = plan_split(more, groups=groups_by_pattern(more, "[pq][0-9]"))
    assert by_capture.parts == by_match.parts
