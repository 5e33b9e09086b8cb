"""The controls: masks, variants, permuted labels, the regression, intervals, rules, one whole run."""

from __future__ import annotations

import csv
import functools
import json
import re
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from tiny_runs import slices

from covid.cli import main
from covid.controls import run_controls, table, write_controls
from covid.controls.experiment import permuted_in_words
from covid.controls.intervals import BY_GROUP, BY_IMAGE, NO_INTERVAL, measured
from covid.controls.logistic import fit_logistic, gradient, hessian, loss, with_one
from covid.controls.masks import hulls, lung_mask
from covid.controls.material import shared
from covid.controls.results import TITLES, Row
from covid.controls.variants import (
    border_only,
    histogram,
    lungs_blacked_out,
    lungs_only,
    permuted_labels,
)
from covid.controls.verdict import flag, sentence
from covid.dataset import plan_split, read_split, scan, write_split
from covid.groups import groups_by_pattern, groups_from_names
from covid.metrics import measure, roc_auc, wilson_interval
from covid.phantom import make_patient, outlines, render_slice
from covid.preprocess import SIZE, crop, enhance_and_crop, to_square
from covid.recipes import recipe_for

# Masks


def dice(one, two):
    """2 |A and B| / (|A| + |B|)."""
    return 2 * np.sum(one & two) / (one.sum() + two.sum())


@functools.cache
def slices_with_lungs(infected):
    """(image, true mask) of two patients in both windows; of the first, the crop cuts the chest."""
    found = []
    for number, z in ((1, 0.4), (2, 0.55)):
        patient = make_patient(number, infected, 3)
        truth = outlines.lung_mask(patient, z, patient.frame) > 0.5
        found += [(render_slice(patient, z, window), truth) for window in ("lung", "mediastinal")]
    return found


@pytest.mark.parametrize("cropped", [False, True])
@pytest.mark.parametrize("infected", [False, True])
def test_the_mask_is_where_the_phantoms_lungs_are(cropped, infected):
    for image, truth in slices_with_lungs(infected):
        if cropped:
            enhanced = enhance_and_crop(image)
            truth = to_square(crop(truth.astype(np.uint8) * 255, enhanced.box)) > 127
            image = enhanced.image
        found = lung_mask(image)
        assert found.shape == image.shape
        # In the mediastinal window gas in the windpipe and lung touch; opacities may be left out.
        assert dice(found, truth) > (0.85 if infected else 0.9)
        # The hulls leave nearly no lung outside: that is what is blacked out.
        assert np.mean(hulls(found)[truth]) > (0.9 if infected else 0.99)


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((40, 60), np.uint8),
        np.full((512, 512), 200, np.uint8),
        np.random.default_rng(1).integers(0, 256, (100, 90), np.uint8),
        np.array([[7]], np.uint8),
        np.tile(np.arange(256, dtype=np.uint8), (256, 1)),
    ],
)
def test_where_there_is_no_lung_none_is_found(image):
    found = lung_mask(image)
    assert found.shape == image.shape
    assert found.dtype == bool
    assert not found.any()


def test_a_hole_at_the_images_edge_counts_and_air_beside_the_body_does_not():
    image = np.full((256, 256), 220, np.uint8)
    image[:, :30] = 10  # air
    image[0:120, 90:160] = 60  # a lung that the crop has cut
    found = lung_mask(image)
    assert found[60, 120]
    assert not found[:, :30].any()


def test_hulls_cover_dents_and_keep_regions_apart():
    mask = np.zeros((20, 40), bool)
    mask[2:18, 2:6] = mask[2:6, 6:14] = mask[14:18, 6:14] = True  # a C
    mask[5:15, 25:35] = True
    covered = hulls(mask)
    assert covered[10, 10]
    assert not covered[:, 16:24].any()
    assert np.all(covered[mask])


# Variants


@pytest.fixture
def picture(rng):
    """A bright image, 60 x 50, with a mask that reaches into its frame."""
    image = rng.integers(100, 256, (60, 50), np.uint8)
    mask = np.zeros((60, 50), bool)
    mask[2:30, 10:30] = True
    return image, mask


def test_lungs_are_blacked_out_and_nothing_else(picture):
    image, mask = picture
    changed = lungs_blacked_out(image, mask)
    assert not changed[mask].any()
    np.testing.assert_array_equal(changed[~mask], image[~mask])
    np.testing.assert_array_equal(lungs_blacked_out(image, np.zeros_like(mask)), image)


def test_the_border_is_a_tenth_on_each_side_without_lungs(picture):
    image, mask = picture
    changed = border_only(image, mask)
    assert not changed[6:54, 5:45].any()
    assert not changed[mask].any()
    frame = np.ones_like(mask)
    frame[6:54, 5:45] = False
    kept = frame & ~mask
    np.testing.assert_array_equal(changed[kept], image[kept])


def test_the_lungs_are_all_that_is_left(picture):
    image, mask = picture
    changed = lungs_only(image, mask)
    np.testing.assert_array_equal(changed[mask], image[mask])
    assert not changed[~mask].any()


def test_a_histogram_is_shares_of_pixels():
    image = np.array([[0, 7], [8, 255]], np.uint8)
    whole = histogram(image)
    assert whole[[0, 1, 31]].tolist() == [0.5, 0.25, 0.25]
    assert whole.sum() == 1
    outside = histogram(image, np.array([[True, False], [False, True]]))
    assert outside[[0, 1]].tolist() == [0.5, 0.5]
    assert not histogram(image, np.ones((2, 2), bool)).any()


# Permuted labels


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
    said = permuted_in_words(groups, np.array([1, 1, 0, 0]), "patients")
    assert said.startswith("all images of one of the patients got one label")
    for known, labels in ((groups, [1, 0, 0, 1]), (None, [1, 1, 0, 0])):
        assert permuted_in_words(known, np.array(labels), "patients").startswith("each image")


def test_shared_groups_are_found_without_a_pass_for_each_image():
    parts = np.array(["train", "validate", "test", "test", "train"])
    assert shared(["a", "b", "b", "a", "c"], parts) == {"a"}
    many = np.array(["train", "validate", "test"])[np.arange(60_000) % 3]
    assert shared([str(number // 2) for number in range(60_000)], many) == {
        str(pair) for pair in range(30_000) if {2 * pair % 3, (2 * pair + 1) % 3} == {0, 2}
    }


# Logistic regression


@pytest.fixture
def points(rng):
    features = rng.normal(3, 2, (200, 4))
    labels = (features @ [1, -1, 0.5, 0] + rng.normal(0, 2, 200) > 1.5).astype(int)
    return features, labels


def test_one_yes_or_no_feature_gives_the_counted_shares():
    """With hardly any punishment the probabilities are the shares of each group: 3/4 and 1/5."""
    features = np.repeat([0.0, 1.0], [4, 5])[:, None]
    labels = np.array([1, 1, 1, 0, 1, 0, 0, 0, 0])
    p = fit_logistic(features, labels, l2=1e-9).probabilities(np.array([[0.0], [1.0]]))
    np.testing.assert_allclose(p, [0.75, 0.2], atol=1e-6)


def test_gradient_and_hessian_are_the_slopes_of_the_loss(points, rng):
    inputs, labels = with_one(points[0]), points[1]
    weights, step = rng.normal(0, 0.3, 5), 1e-6
    for place in range(5):
        move = step * (np.arange(5) == place)
        ends = [weights + move, weights - move]
        up, down = (loss(end, inputs, labels, 0.1) for end in ends)
        slope = gradient(weights, inputs, labels, 0.1)[place]
        np.testing.assert_allclose(slope, (up - down) / (2 * step), rtol=1e-6, atol=1e-8)
        up, down = (gradient(end, inputs, labels, 0.1) for end in ends)
        row = hessian(weights, inputs, 0.1)[place]
        np.testing.assert_allclose(row, (up - down) / (2 * step), rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("l2", [1e-4, 0.01, 1.0])
def test_newton_arrives_also_where_a_line_parts_the_classes(points, l2):
    features, _ = points
    labels = (features[:, 0] > 3).astype(int)
    fitted = fit_logistic(features * [1, 1e6, 1e-6, 0], labels, l2)
    inputs = with_one((features * [1, 1e6, 1e-6, 0] - fitted.mean) / fitted.scale)
    assert np.abs(gradient(fitted.weights, inputs, labels, l2)).max() < 1e-7
    assert np.mean((fitted.probabilities(features * [1, 1e6, 1e-6, 0]) > 0.5) == labels) > 0.9


def test_the_regression_is_that_of_scikit_learn(points):
    linear = pytest.importorskip("sklearn.linear_model")
    features, labels = points
    fitted = fit_logistic(features, labels, l2=0.05)
    inputs = (features - features.mean(axis=0)) / features.std(axis=0)
    peer = linear.LogisticRegression(C=1 / (0.05 * len(labels)), tol=1e-10).fit(inputs, labels)
    np.testing.assert_allclose(fitted.weights[:-1], peer.coef_[0], atol=1e-5)
    np.testing.assert_allclose(fitted.weights[-1], peer.intercept_[0], atol=1e-5)


@pytest.mark.parametrize(("labels", "l2"), [([1, 1, 1], 0.1), ([0, 1, 1], 0.0)])
def test_what_has_no_minimum_is_refused(labels, l2):
    with pytest.raises(ValueError, match="two classes and l2 above 0"):
        fit_logistic(np.ones((3, 2)), np.array(labels), l2)


# AUC and intervals


def clustered(patients, each, rng):
    """Scores that differ from patient to patient and hardly within one; labels by patient."""
    groups = np.repeat(np.arange(patients), each)
    labels = groups % 2
    p = rng.random(patients)[groups] * 0.9 + rng.random(len(groups)) * 0.05
    return labels, p, groups.astype(str)


def test_patients_drawn_whole_give_wider_intervals_than_images(rng):
    labels, p, groups = clustered(20, 10, rng)
    whole = measured(labels, p, groups, True, 0)
    single = measured(labels, p, None, False, 0)
    assert (whole.method, single.method) == (BY_GROUP, BY_IMAGE)
    assert whole.auc == single.auc == roc_auc(labels, p)
    assert whole.auc_high - whole.auc_low > 2 * (single.auc_high - single.auc_low)
    assert whole.accuracy_high - whole.accuracy_low > 2 * (
        single.accuracy_high - single.accuracy_low
    )
    assert whole == measured(labels, p, groups, True, 0)
    for found in (whole, single):
        assert found.auc_low_99 < found.auc_low


def test_scores_that_mean_nothing_are_hardly_ever_surely_above_chance():
    """200 times 24 patients: at 95 % five should be, at 99 % one; by image it would be dozens."""
    rng = np.random.default_rng(7)
    surely = {"95 %": 0, "99 %": 0, "by image": 0}
    for _ in range(200):
        labels, p, groups = clustered(24, 4, rng)
        by_group = measured(labels, p, groups, True, 0)
        surely["95 %"] += by_group.auc_low > 0.5
        surely["99 %"] += by_group.auc_low_99 > 0.5
        surely["by image"] += measured(labels, p, None, True, 0).auc_low > 0.5
    assert surely["95 %"] <= 14  # binomial with 2.5 %: fewer in 9999 of 10000 cases
    assert surely["99 %"] <= 6
    assert surely["by image"] >= 25


def test_too_few_patients_give_no_interval_if_they_are_kept_apart(rng):
    labels, p, groups = clustered(8, 10, rng)
    apart = measured(labels, p, groups, True, 0)
    assert (apart.auc_low, apart.accuracy_high) == (None, None)
    assert apart.auc == roc_auc(labels, p)
    assert measured(labels, p, groups, False, 0).method == BY_IMAGE


@pytest.mark.parametrize(("patients", "sure"), [(14, False), (16, True)])
def test_classes_without_overlap_are_as_certain_as_there_are_patients(patients, sure):
    """Seven pairs of patients in order are no proof at 99 %, eight are: 0.005 < 0.5 ** 7.6."""
    groups = np.repeat(np.arange(patients), 6)
    labels = groups % 2
    p = 0.2 + 0.6 * labels
    found = measured(labels, p, groups.astype(str), True, 0)
    assert (found.accuracy, found.auc, found.auc_high) == (1, 1, 1)
    assert found.auc_low == pytest.approx(0.025 ** (2 / patients))
    assert found.accuracy_low == wilson_interval(patients, patients)[0]
    assert (found.auc_low_99 > 0.5) == sure


def test_equal_scores_have_no_interval_of_the_auc():
    groups = np.repeat(np.arange(20), 3)
    found = measured(groups % 2, np.full(60, 0.7), groups.astype(str), True, 0)
    assert (found.auc, found.auc_low, found.auc_low_99) == (0.5, None, None)
    assert found.accuracy_low < found.accuracy < found.accuracy_high


def test_the_intervals_are_those_of_an_evaluation(rng):
    labels, p, groups = clustered(30, 4, rng)
    found = measured(labels, p, groups, True, 5)
    peer = measure(labels, p, 0.5, groups, seed=5)
    for name, low, high in (
        ("accuracy", found.accuracy_low, found.accuracy_high),
        ("roc_auc", found.auc_low, found.auc_high),
    ):
        assert (low, high) == (peer[name]["group_low"], peer[name]["group_high"])


def test_thousands_of_groups_need_no_table_of_all_pairs():
    """3000 groups: a table of groups by groups, or all drawings at once, would be 72 MB."""
    labels = np.arange(3000) % 2
    p = np.random.default_rng(0).random(3000)
    tracemalloc.start()
    measured(labels, p, [str(number) for number in range(3000)], True, 0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 64e6


# The rules


def a_row(name, auc, spread=0.1):
    low, high = (None, None) if spread is None else (auc - spread, min(1.0, auc + spread))
    sure = None if spread is None else auc - 1.3 * spread  # the end of the wider 99 % interval
    method = NO_INTERVAL if spread is None else BY_GROUP
    return Row(name, TITLES[name], "", 100, auc, low, high, auc, low, high, sure, method)


def rows_with(spread=0.1, **aucs):
    return [a_row(name, aucs.get(name, 0.5), spread) for name in TITLES]


@pytest.mark.parametrize(
    ("aucs", "flagged", "beginning"),
    [
        ({"image": 0.9}, [], "No leak and no shortcut found: "),
        ({"image": 0.9, "histogram": 0.9, "lungs_only": 0.9}, [], "No leak and no shortcut"),
        ({"image": 0.9, "permuted_labels": 0.66}, ["permuted_labels"], "Leak: "),
        ({"image": 0.9, "border_only": 0.8}, ["border_only"], "Shortcut: "),
        ({"image": 0.9, "border_only": 0.65}, [], "No leak and no shortcut"),  # less than half
        # 0.52 at 95 %, 0.49 at 99 %
        (
            {"image": 0.7, "border_only": 0.62},
            [],
            "No leak and no shortcut found for sure, but none",
        ),
        ({"image": 0.7, "permuted_labels": 0.62}, [], "No leak and no shortcut found for sure"),
        ({"image": 0.7, "lungs_only": 0.7}, [], "No leak and no shortcut found: "),
        ({"image": 0.55, "border_only": 0.9}, ["border_only"], "Shortcut: "),
        ({"image": 0.7, "lungs_blacked_out": 0.9}, ["lungs_blacked_out"], "Shortcut: "),
        (
            {"image": 0.9, "histogram": 0.95, "histogram_without_lungs": 0.9},
            ["histogram_without_lungs"],
            "Shortcut: without the lungs",
        ),
        ({"image": 0.55}, [], "No leak and no shortcut found, but the image itself"),
        (
            {"image": 1.0, "permuted_labels": 0.98, "border_only": 0.97},
            ["permuted_labels", "border_only"],
            "Leak: ",
        ),
        ({"image": 0.2, "border_only": 0.1}, [], "No leak and no shortcut found, but"),
    ],
)
def test_what_is_flagged_and_what_is_said(aucs, flagged, beginning):
    rows = flag(rows_with(**aucs))
    assert [row.name for row in rows if row.flagged] == flagged
    said = sentence(rows, 12)
    assert said.startswith(beginning)
    assert re.findall(r"\.(?!\d)", said) == ["."]  # one sentence
    assert "\n" not in said


def test_without_intervals_nothing_is_flagged_and_that_is_said():
    rows = flag(rows_with(spread=None, image=0.99, border_only=0.99, permuted_labels=0.99))
    assert not any(row.flagged for row in rows)
    assert sentence(rows, 2).startswith("Nothing can be said: the test has only 2 patients")
    assert "2 groups of look-alikes, fewer" in sentence(rows, 2, "groups of look-alikes")


def test_beside_a_leak_a_shortcut_is_a_guess():
    rows = flag(rows_with(image=0.9, permuted_labels=0.8, border_only=0.8))
    assert "; these patients again, or a shortcut: without the lungs" in sentence(rows, 12)


def test_a_model_of_one_answer_is_not_blamed_on_the_patients():
    rows = flag([replace(row, auc_low=None, auc_low_99=None) for row in rows_with(image=0.5)])
    assert "all its images got the same answer" in sentence(rows, 20)


def test_a_shortcut_that_the_model_missed_is_not_said_to_be_its_score():
    rows = flag(rows_with(image=0.5, border_only=0.9))
    assert "this one is not significantly above chance" in sentence(rows, 12)
    constant = [replace(row, auc_low=None) if row.name == "image" else row for row in rows]
    assert "this one is not significantly above chance" in sentence(constant, 12)


def test_unknown_patients_are_mentioned():
    assert "while patients are unknown" in sentence(flag(rows_with(image=0.9)), None)


def test_groups_of_look_alikes_are_not_called_patients(tmp_path):
    dataset = scan(slices())
    groups = groups_by_pattern(dataset, "^[^_]+")
    groups = groups_from_names(dataset, groups.names, "the audit's look-alikes", "audit")
    write_split(dataset, plan_split(dataset, "40/20/40", 0, groups), tmp_path / "s", progress=False)
    found = run(tmp_path / "s")
    said = table(found, "") + json.dumps(found.summary())
    assert "groups of look-alikes kept apart" in said
    assert "patient" not in said


# A whole run


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
    return run_controls(read_split(folder), "tiny_cnn", recipe_for("practice", "tiny_cnn", 1), 3, 0)


def test_a_run_gives_a_row_for_each_control(controls):
    split, found = controls
    assert [row.name for row in found.rows] == list(TITLES)
    assert {row.n for row in found.rows} == {len(split.parts["test"])}
    assert found.split == "group"
    assert found.kept_apart
    assert found.groups == len({file.name.split("_")[0] for file, _ in split.parts["test"]})
    assert found.verdict.startswith("Nothing can be said")  # of so few patients
    for row in found.rows:
        assert 0 <= row.accuracy <= 1
        assert 0 <= row.auc <= 1


def test_the_same_seed_gives_the_same_numbers(controls):
    split, found = controls
    assert run(split.folder).summary() == found.summary()


def test_the_image_itself_is_trained_as_everywhere_else(controls):
    from covid.train import train_and_evaluate

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


def test_the_border_is_as_wide_as_the_constant_says():
    image = np.full((SIZE, SIZE), 9, np.uint8)
    left = border_only(image, np.zeros(image.shape, bool)) > 0
    assert left.mean() == pytest.approx(1 - 0.8**2, abs=0.005)
