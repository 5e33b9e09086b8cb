"""Cross-validation: each image in one test, groups whole, measures and their interval."""

import csv
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest
from tiny_runs import slices

from covid.common.choices import PARTS
from covid.common.errors import UserError
from covid.data.class_folders import ImageFile, scan
from covid.data.fold_split import plan_folds
from covid.data.groups import LOOK_ALIKES, groups_by_pattern, groups_from_names
from covid.data.preprocess import enhance_and_crop
from covid.data.split import plan_split
from covid.data.split_folder import read_split
from covid.data.write_split import write_split
from covid.figures import plots
from covid.metrics.student_t import central_probability, t_interval, t_quantile
from covid.pipeline import cross_validation as folds
from covid.pipeline.fold_summary import WEAKNESS, fold_row, pool, summarise_folds
from covid.pipeline.prepare_splits import Prepared
from covid.training.predictions import Result
from covid.training.recipes import recipe_for

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


# The plan


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


# The numbers


@pytest.mark.parametrize(
    "degrees, t", [(1, 12.706), (2, 4.303), (3, 3.182), (4, 2.776), (9, 2.262), (30, 2.042)]
)
def test_t_as_the_printed_tables_have_it(degrees, t):
    assert t_quantile(0.95, degrees) == pytest.approx(t, abs=6e-4)
    assert central_probability(t, degrees) == pytest.approx(0.95, abs=1e-4)


def test_t_in_closed_form():
    """For 1 degree tan(pi/2 * p), for 2 degrees p * sqrt(2 / (1 - p**2))."""
    for p in (0.1, 0.5, 0.9, 0.99):
        assert t_quantile(p, 1) == pytest.approx(np.tan(np.pi / 2 * p), rel=1e-12)
        assert t_quantile(p, 2) == pytest.approx(p * np.sqrt(2 / (1 - p * p)), rel=1e-12)


def test_t_as_scipy_has_it():
    stats = pytest.importorskip("scipy.stats")
    for degrees in (*range(1, 40), 99, 1000):
        for p in (0.01, 0.5, 0.9, 0.95, 0.999):
            assert t_quantile(p, degrees) == pytest.approx(
                stats.t.ppf((1 + p) / 2, degrees), rel=1e-9
            )


def test_t_interval_by_hand():
    """Mean 4, s = 2, n = 3: 4 -+ 4.3027 * 2 / sqrt(3)."""
    assert t_interval([2.0, 4.0, 6.0]) == pytest.approx((4, 4 - 4.96828, 4 + 4.96828), abs=1e-4)
    assert t_interval([0.5, 0.5]) == (0.5, 0.5, 0.5)


def test_a_t_interval_holds_the_truth_19_times_of_20():
    rng = np.random.default_rng(0)
    hits = 0
    for values in rng.normal(3.0, 2.0, (2000, 5)):
        _, low, high = t_interval(values)
        hits += low <= 3.0 <= high
    assert 0.935 < hits / 2000 < 0.965  # three standard errors


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
    summary = summarise_folds(2, None, ["a note"], {"m": rows}, {"m": results})
    model = summary["models"]["m"]
    assert (model["mean"], model["low"], model["high"]) == (0.75, 0.0, 1.0)
    assert model["measures"]["auc"] == {"mean": 1.0, "low": 1.0, "high": 1.0}
    assert model["method"] == "t interval over folds" and "Bengio and Grandvalet" in WEAKNESS
    assert (summary["k"], summary["kept_together"], summary["notes"]) == (2, None, ["a note"])


# The training


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """The synthetic slices as a split folder, and what to do with it."""
    folder = tmp_path_factory.mktemp("prepared") / "enhanced-50-10-40"
    dataset, extra = scan(slices()), {"enhanced": True, "synthetic": True}
    write_split(dataset, plan_split(dataset), folder, enhance_and_crop, progress=False, extra=extra)
    return {"tiny_cnn": Prepared(read_split(folder), recipe_for("practice", "tiny_cnn", 1))}


@pytest.fixture(scope="module")
def cross_validation(prepared, tmp_path_factory):
    """Three folds of six patients: (folder, summary, what was said)."""
    folder, said = tmp_path_factory.mktemp("folds"), []
    dataset = scan(slices())
    groups = groups_by_pattern(dataset, PATIENT)
    return (
        folder,
        folds.run_folds(dataset, prepared, groups, 3, folder, 1, "note", None, 0, said.append),
        said,
    )


def again(prepared, folder, **changes):
    dataset = scan(slices())
    settings = {
        "verbose": 0,
        "say": lambda text: None,
        "groups": groups_by_pattern(dataset, PATIENT),
    }
    return folds.run_folds(
        dataset, prepared, k=3, folder=folder, seed=1, note="note", **{**settings, **changes}
    )


def test_folds_are_trained_tested_and_written(cross_validation):
    folder, summary, said = cross_validation
    assert said == [f"\ntiny_cnn, fold {n} of 3" for n in (1, 2, 3)]
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
    assert cv2.imread(str(folder / "folds.png")).shape[1] > 800


def test_the_images_of_folds_are_links(cross_validation, prepared):
    folder = cross_validation[0] / "data/enhanced-50-10-40"
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


def test_an_interrupted_cross_validation_goes_on(cross_validation, prepared, tmp_path, monkeypatch):
    """Stopped before the third training; what has been trained is not trained again."""
    folder, summary, _ = cross_validation
    real, done, said = folds.train_and_evaluate, [], []

    def train(name, recipe, split, *others):
        if len(done) == 2:
            raise Stopped
        done.append(split)
        return real(name, recipe, split, *others)

    with monkeypatch.context() as patch:
        patch.setattr(folds, "train_and_evaluate", train)
        with pytest.raises(Stopped):
            again(prepared, tmp_path)
    assert not (tmp_path / "folds.csv").exists()
    assert again(prepared, tmp_path, say=said.append) == summary
    assert sum(text.startswith("resuming from") for text in said) == 2
    for name in ("folds.csv", "folds.png", "tiny_cnn/fold-2/predictions.csv"):
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()


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


def test_the_figure_takes_many_models_and_equal_values(tmp_path):
    results = [result([1, 0], [0.9, 0.1])] * 12
    rows = [fold_row(number, one, 1) for number, one in enumerate(results, start=1)]
    names = ["tiny_cnn", "reduced_inception", "cnn_dropout", "a_model_of_a_very_long_name"]
    summary = summarise_folds(
        12, None, [], dict.fromkeys(names, rows), dict.fromkeys(names, results)
    )
    folds.draw_folds(summary, "Infected", tmp_path / "folds.png", "note")
    assert cv2.imread(str(tmp_path / "folds.png")).shape[0] > 400
    with pytest.raises(UserError, match="at least one model"):
        plots.fold_results({}, tmp_path / "none.png", "title")
