"""`covid run` from images to results: what it writes, what it says, what it leaves behind."""

import csv
import json
import re
import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest
from tiny_runs import PATIENTS, SLICES, finished_run, quick, slices

from covid.common.errors import UserError
from covid.common.output_files import json_text
from covid.common.screen import Screen
from covid.data.class_folders import scan
from covid.data.groups import LOOK_ALIKES, groups_from_names
from covid.data.images import read_gray
from covid.data.manifest import read_manifest
from covid.data.preprocess import enhance_and_crop
from covid.data.split import plan_split
from covid.data.split_folder import is_enhanced, read_split
from covid.data.write_split import write_folder, write_split
from covid.figures import dataset_figures, model_figures
from covid.figures.examples import lesion_shares
from covid.phantom import write_dataset
from covid.pipeline import prepare_splits, run, train_models
from covid.pipeline import source as source_module
from covid.pipeline.audit_step import read_audit
from covid.pipeline.controls_step import FASTEST
from covid.pipeline.options import Options
from covid.pipeline.results_table import results_table
from covid.pipeline.source import find_source
from covid.training.architectures import MODELS
from covid.training.recipes import recipe_for
from minicnn.models import load_model
from minicnn.preprocessing.resizing import resize

TOTAL = PATIENTS * SLICES
PARTS = ("train", "validate", "test")


@pytest.fixture
def no_figures(monkeypatch):
    """Figures take most of the time of a tiny run; what they show is tested in test_plots."""
    for name in ("source_figures", "augmentation_figure"):
        monkeypatch.setattr(dataset_figures, name, lambda *args, **named: None)
    for name in ("graph_figure", "model_figures"):
        monkeypatch.setattr(model_figures, name, lambda *args, **named: None)
    for name in ("draw_examples", "write_explorer"):
        monkeypatch.setattr(run, name, lambda *args: None)


def without_seconds(summary: dict) -> dict:
    copy = json.loads(json.dumps({**summary, "seconds": None, "examples": None}))
    for split in copy["splits"].values():
        for row in split["models"].values():
            del row["seconds"]
    return copy


def only_split(summary: dict) -> dict:
    (split,) = summary["splits"].values()
    return split


def files_in(folder) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def split_folder(folder, enhanced: bool):
    dataset = scan(slices())
    write_split(
        dataset,
        plan_split(dataset, seed=3),
        folder,
        enhance_and_crop if enhanced else None,
        progress=False,
        extra={"enhanced": enhanced, "synthetic": True},
    )
    return folder


# What a run writes


def test_every_file_is_there_and_nothing_else():
    folder, _, _ = finished_run()
    found = files_in(folder)
    images = [name for name in found if "/data/" in name and name.endswith(".png")]
    assert len(images) == TOTAL
    drawn = ("samples", "preprocessing", "augmentation", "ill", "healthy")
    per_model = ("filters", "graph", "most_wrong", "look")
    audit = ("audit.json", "confounders.png", "images.csv", "pairs.csv", "pairs.png", "values.csv")
    assert sorted(set(found) - set(images)) == sorted(
        [
            *(f"audit/{name}" for name in audit),
            "explorer.html",
            *(f"figures/{name}.png" for name in drawn),
            "contents.csv",
            "random/data/enhanced-150px-50-10-40/contents.csv",
            "random/data/enhanced-150px-50-10-40/manifest.csv",
            "random/data/enhanced-150px-50-10-40/split.json",
            *(f"random/figures/{name}-tiny_cnn.png" for name in per_model),
            *(
                f"random/tiny_cnn/{name}"
                for name in ("history.csv", "kernels.npz", "model.npz", "predictions.csv")
            ),
            "report.html",
            "run.json",
            "summary.json",
        ]
    )


def test_the_figures_of_the_images_are_those_of_the_first_split(tmp_path, no_figures, monkeypatch):
    """Also where they are not drawn yet when the second split begins."""
    drawn = []
    monkeypatch.setattr(
        dataset_figures, "augmentation_figure", lambda split, *rest: drawn.append(split.folder)
    )
    run.run_all(quick(tmp_path / "out", split="both", controls=False))
    assert drawn == [tmp_path / "out/random/data/enhanced-150px-50-10-40"]


def test_every_figure_is_a_picture_with_something_on_it():
    folder, _, _ = finished_run()
    for path in folder.glob("**/figures/*"):
        image = cv2.imread(str(path))
        assert min(image.shape[:2]) > 100, path
        assert image.std() > 5, path


def test_summary_has_what_a_reader_needs():
    folder, summary, _ = finished_run()
    assert json.loads((folder / "summary.json").read_text()) == json.loads(json_text(summary))
    assert (summary["positive"], summary["negative"]) == ("Infected", "Not_Infected")
    assert summary["synthetic"] is True
    for words in ("Synthetic images", "not for diagnosis", "Positive class: Infected"):
        assert words in summary["note"]
    assert summary["seed"] == 1
    assert summary["groups"] == {"source": "pattern '^[^_]+' in the file names", "count": PATIENTS}
    (split,) = summary["splits"].values()
    assert (split["title"], split["kept_together"]) == ("slices split at random", None)
    assert {"minicnn", "python", "numpy", "numba"} <= set(summary["versions"])
    model = split["models"]["tiny_cnn"]
    assert model["params"] == 65_777
    assert model["epochs"] == 1
    assert model["seconds"] > 0
    for part in PARTS:
        assert {"loss", "acc", "n"} <= set(model[part])
    data = split["data"]["enhanced-150px-50-10-40"]
    assert data["folder"] == "random/data/enhanced-150px-50-10-40"
    assert data["files"] == {"kept": TOTAL, "total": TOTAL}
    for part in PARTS:
        assert sum(data["counts"][part].values()) == model[part]["n"]
    assert sum(model[part]["n"] for part in PARTS) == TOTAL


def test_predictions_are_of_the_images_of_the_manifest_and_give_the_accuracies():
    folder, summary, _ = finished_run()
    with open(folder / "random/tiny_cnn/predictions.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    manifest = read_manifest(folder / "random/data/enhanced-150px-50-10-40")
    assert {(f"{row['part']}/{row['file']}", row["true"]) for row in rows} == {
        (row["file"], row["class"]) for row in manifest
    }
    for part in PARTS:
        own = [row for row in rows if row["part"] == part]
        right = sum(row["true"] == row["predicted"] for row in own)
        assert only_split(summary)["models"]["tiny_cnn"][part]["acc"] == pytest.approx(
            right / len(own)
        )
        for row in own:
            above = float(row["p(Infected)"]) > float(row["threshold"])
            assert (row["predicted"] == "Infected") == above


def test_the_saved_model_says_how_its_images_were_prepared():
    folder, summary, _ = finished_run()
    metadata = load_model(folder / "random/tiny_cnn/model.npz").metadata
    assert metadata["positive"] == "Infected"
    assert metadata["synthetic"] is True
    assert metadata["preprocessing"]["enhance"] is True
    assert metadata["preprocessing"]["image_size"] == 150
    assert metadata["seed"] == summary["seed"]


def test_the_user_is_told_counts_results_and_where_they_are():
    folder, summary, said = finished_run()
    validated = only_split(summary)["models"]["tiny_cnn"]["validate"]["acc"]
    phases = [re.fullmatch(r"(\d)/4 (.*), \d+ s|(\d)/4 (.*): \d+ s", line) for line in said]
    assert [match and (match[2] or match[4]) for match in phases] == [
        "audit of the images, before anything is trained",
        None,
        "images, split at random: 6 train, 2 validate, 4 test",
        f"training tiny_cnn, split at random: {validated:.2f} on validation",
        "figures and report",
    ]
    assert said[1] == f"  {summary['audit']['verdict']}"
    text = results_table(summary)
    assert "65,777" in text and "say little about a new patient." in " ".join(text.split())
    unknown = " ".join(results_table({**summary, "groups": None}).split())
    assert unknown.endswith("say little about a new patient. Try --group REGEX.")


@pytest.mark.parametrize(
    ("changes", "ways", "count"),
    [
        ({}, 1, 4),
        ({"audit": False}, 1, 3),
        ({"audit": False, "group_audit": True, "controls": True}, 2, 7),
        ({"data": None, "models": ("tiny_cnn", "cnn"), "folds": 5, "controls": True}, 2, 20),
    ],
)
def test_how_many_phases_a_run_has(changes, ways, count, tmp_path):
    assert run.count_phases(quick(tmp_path, **{"audit": True, **changes}), ways) == count


# Seeds and splits


def test_the_same_seed_gives_the_same_summary(tmp_path, no_figures):
    _, summary, _ = finished_run()
    again = run.run_all(quick(tmp_path / "again", seed=1, audit=True))
    assert without_seconds(again) == without_seconds(summary)
    other = run.run_all(quick(tmp_path / "other", seed=2))
    found, wanted = (only_split(one)["models"]["tiny_cnn"]["test"] for one in (other, again))
    assert found != wanted


def test_a_group_split_keeps_every_patient_in_one_part(tmp_path, no_figures):
    """Without --group the patients of synthetic images are known from their names."""
    summary = run.run_all(quick(tmp_path / "out", split="group"))
    (name,) = summary["splits"]["group"]["data"]
    parts_of: dict[str, set] = {}
    for row in read_manifest(tmp_path / "out/group/data" / name):
        patient = row["file"].rsplit("/", 1)[1].split("_")[0]
        parts_of.setdefault(patient, set()).add(row["part"])
    assert len(parts_of) == PATIENTS
    assert all(len(parts) == 1 for parts in parts_of.values())
    assert "a new patient" not in results_table(summary)


def test_without_data_the_run_makes_synthetic_images(tmp_path, no_figures, monkeypatch, capsys):
    few = partial(write_dataset, patients=PATIENTS, slices=SLICES)
    monkeypatch.setattr(source_module, "write_dataset", few)
    summary = run.run_all(quick(tmp_path / "out", data=None, screen=Screen()))
    first = f"1/4 drawing synthetic images, as none were given: {TOTAL} of {PATIENTS} patients, "
    assert capsys.readouterr().out.startswith(first)
    assert summary["synthetic"] is True
    there = files_in(tmp_path / "out/synthetic")
    beside = [name for name in there if "/" not in name]
    assert beside == ["README.txt", "synthetic.json", "truth.csv"]
    assert len(there) == TOTAL + len(beside)
    shares = lesion_shares(read_split(next((tmp_path / "out/random/data").iterdir())))
    assert len(shares) == only_split(summary)["models"]["tiny_cnn"]["test"]["n"]
    assert all((share > 0) == file.startswith("Infected/") for file, share in shares.items())


def test_two_recipes_of_one_kind_share_their_images(tmp_path, no_figures):
    recipes = {name: run.recipe_for("practice", name) for name in ("tiny_cnn", "cnn_dropout")}
    options = quick(tmp_path / "out")
    source = find_source(options)
    prepared = prepare_splits.prepare_all(options, source, recipes, "random", None, {})
    assert prepared["tiny_cnn"].split is prepared["cnn_dropout"].split
    assert len(list((tmp_path / "out/random/data").iterdir())) == 1


def test_images_are_stored_at_the_size_of_their_models(tmp_path):
    recipes = {name: run.recipe_for("practice", name) for name in ("tiny_cnn", "cnn")}
    options = quick(tmp_path / "out")
    prepared = prepare_splits.prepare_all(
        options, find_source(options), recipes, "random", None, {}
    )
    for name, size in (("tiny_cnn", 150), ("cnn", 256)):
        split = prepared[name].split
        assert split.folder.name == f"enhanced-{size}px-50-10-40"
        assert {read_gray(file).shape for file in split.files.values()} == {(size, size)}
        assert split.info["image_size"] == size


# Images that are split or enhanced already


@pytest.mark.parametrize("enhanced", [False, True])
def test_a_split_folder_is_used_as_it_is(tmp_path, no_figures, enhanced, capsys):
    """The model's metadata describe the images there are, whatever the recipe would want."""
    folder = split_folder(tmp_path / "split", enhanced)
    before = files_in(folder)
    summary = run.run_all(quick(tmp_path / "out", data=folder, screen=Screen()))
    assert files_in(folder) == before
    metadata = load_model(tmp_path / "out/random/tiny_cnn/model.npz").metadata
    assert metadata["preprocessing"]["enhance"] is enhanced
    assert summary["recipes"]["tiny_cnn"]["enhance"] is enhanced
    said = capsys.readouterr().out
    assert ("note: the recipe practice wants" in said) is not enhanced
    assert only_split(summary)["data"]["split"]["seed"] == 3
    assert only_split(summary)["data"]["split"]["counts"] == read_split(folder).info["counts"]


def test_preprocessed_images_are_not_enhanced_again(tmp_path, no_figures):
    folder = tmp_path / "preprocessed"
    write_folder(scan(slices()), folder, enhance_and_crop, progress=False)
    summary = run.run_all(quick(tmp_path / "out", data=folder))
    ((kind, data),) = only_split(summary)["data"].items()
    assert kind == "enhanced-150px-50-10-40" and data["enhanced"] is True
    for row in read_manifest(tmp_path / "out/random/data" / kind):
        source = resize(read_gray(row["source"]), (150, 150), "nearest")
        written = tmp_path / "out/random/data" / kind / row["file"]
        np.testing.assert_array_equal(read_gray(written), source)
    assert load_model(tmp_path / "out/random/tiny_cnn/model.npz").metadata["preprocessing"][
        "enhance"
    ]


def test_images_that_were_only_copied_are_not_taken_for_enhanced(tmp_path):
    write_folder(scan(slices()), tmp_path / "copied", None, progress=False)
    assert is_enhanced(scan(tmp_path / "copied")) is False
    write_folder(scan(slices()), tmp_path / "enhanced", enhance_and_crop, progress=False)
    assert is_enhanced(scan(tmp_path / "enhanced")) is True
    for enhanced in (False, True):
        folder = split_folder(tmp_path / f"split-{enhanced}", enhanced)
        assert is_enhanced(scan(folder / "train")) is enhanced


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"ratios": (0.7, 0.1, 0.2)}, "split already.*--ratios"),
        ({"split": "group", "group": "x"}, "split already.*--group"),
        ({"split": "group"}, "split already.*--split group"),
        ({"no_contour": "drop"}, "split already.*--no-contour"),
        ({"positive": "Not_Infected"}, "its positive class is Infected"),
    ],
)
def test_options_that_a_split_folder_cannot_follow(tmp_path, changes, text):
    folder = split_folder(tmp_path / "split", True)
    with pytest.raises(UserError, match=text):
        run.run_all(quick(tmp_path / "out", data=folder, **changes))
    assert not (tmp_path / "out").exists()


def test_look_alikes_are_not_called_patients_in_a_folder_split_before(tmp_path, no_figures):
    folder = split_folder(tmp_path / "split", True)
    info = json.loads((folder / "split.json").read_text())
    titles = {LOOK_ALIKES: "look-alikes kept apart", "^[^_]+": "patients kept apart"}
    for number, (kept, title) in enumerate(titles.items()):
        (folder / "split.json").write_text(json.dumps({**info, "group": kept}))
        out = tmp_path / f"out-{number}"
        summary = run.run_all(quick(out, data=folder, split="both"))
        assert summary["splits"]["group"]["title"] == title


def test_look_alikes_are_found_again_where_the_images_are_named_in_another_way(monkeypatch):
    """As after `--resume` in another folder; each image would be a group by itself else."""
    audit = finished_run()[0] / "audit"
    before = read_audit(audit, scan(slices())).look_alikes
    monkeypatch.chdir(slices().parent)
    again = read_audit(audit, scan(slices().name)).look_alikes
    assert list(again.names.values()) == list(before.names.values())
    assert all(name.startswith("look-alikes-") for name in again.names.values())


def test_groups_of_one_image_each_are_no_stricter_than_chance(tmp_path):
    options = quick(tmp_path)
    source = find_source(options)
    alone = groups_from_names(source.dataset, {}, LOOK_ALIKES, "audit")
    recipe = replace(recipe_for("practice", "tiny_cnn"), enhance=False)
    for name, together in {"alone": alone, "patients": source.groups, "random": None}.items():
        prepare_splits.prepare(options, source, recipe, tmp_path / name, together, None)
        notes = read_split(tmp_path / name).info["notes"]
        assert any("each image is a group by itself" in text for text in notes) == (name == "alone")


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda image: image.write_text("no image"), "cannot be used as an image"),
        (lambda image: image.unlink(), "in manifest.csv but not in the folder"),
        (lambda image: shutil.copy(image, image.with_name("x.png")), "x.png is not in the"),
        (lambda image: (image.parents[2] / "split.json").write_text("{"), "damaged"),
        (lambda image: (image.parents[2] / "manifest.csv").write_text("a,b"), "columns"),
    ],
)
def test_a_split_folder_that_was_changed_is_refused(tmp_path, change, text):
    folder = split_folder(tmp_path / "split", True)
    change(next((folder / "train/Infected").iterdir()))
    with pytest.raises(UserError, match=text):
        run.run_all(quick(tmp_path / "out", data=folder))
    assert not (tmp_path / "out").exists()


# Failures leave everything as it was


def test_a_failure_leaves_no_folder(tmp_path):
    with pytest.raises(UserError, match="no such folder"):
        run.run_all(quick(tmp_path / "new/out", data=tmp_path / "missing"))
    assert list(tmp_path.iterdir()) == []


def test_an_empty_folder_is_used_and_stays_when_the_run_fails(tmp_path):
    with pytest.raises(UserError, match="finds nothing"):
        run.run_all(quick(tmp_path, group="zzz", split="group"))
    assert tmp_path.is_dir() and list(tmp_path.iterdir()) == []


def test_a_failure_while_images_are_prepared_leaves_nothing(tmp_path, monkeypatch):
    def fail(*args):
        raise UserError("no figure")

    monkeypatch.setattr(dataset_figures, "augmentation_figure", fail)
    with pytest.raises(UserError, match="no figure"):
        run.run_all(quick(tmp_path / "out"))
    assert list(tmp_path.iterdir()) == []


def test_a_finished_model_outlives_a_later_failure(tmp_path, no_figures, monkeypatch, capsys):
    def stop_at_the_second(name, *args, **named):
        if name == "reduced_inception":
            raise KeyboardInterrupt
        return train(name, *args, **named)

    train = train_models.train_and_evaluate
    monkeypatch.setattr(train_models, "train_and_evaluate", stop_at_the_second)
    models = ("tiny_cnn", "reduced_inception")
    with pytest.raises(KeyboardInterrupt):
        run.run_all(quick(tmp_path / "out", models=models, screen=Screen()))
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        ".covid-unfinished",
        "contents.csv",
        "random",
        "run.json",
    ]
    said = capsys.readouterr().out
    assert "3/4 training reduced_inception, split at random: not finished\n" in said
    assert said.endswith(f"covid run --resume {tmp_path / 'out'}\n")


def test_a_folder_with_something_in_it_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(UserError, match="not empty"):
        run.run_all(quick(tmp_path))
    assert files_in(tmp_path) == ["mine.txt"]


def test_every_model_has_its_place_among_the_fastest():
    assert sorted(FASTEST) == sorted(MODELS)


@pytest.mark.parametrize(
    ("recipe", "data", "epochs", "expected"),
    [
        ("practice", None, None, 36),  # of images drawn for the occasion
        ("practice", Path("mine"), None, 200),
        ("practice", None, 50, 50),
        ("published", None, None, 10),
    ],
)
def test_how_long_a_run_trains(recipe, data, epochs, expected):
    options = Options(Path("out"), data=data, recipe=recipe, epochs=epochs)
    assert run.recipes_of(options)["compact_cnn"].epochs == expected


def test_the_explorer_page_is_of_the_best_model_on_an_ill_slice_and_its_twin():
    folder, summary, _ = finished_run()
    text = (folder / "explorer.html").read_text(encoding="utf-8")
    page = json.loads(re.search(r'id="page-data">(.*?)</script>', text, re.DOTALL)[1])
    first, second = page["samples"]
    assert first["name"].startswith("Infected: synthetic-") and not first["healthy"]
    assert second["name"] == "the same slice without lesions" and second["healthy"]
    best = summary["splits"]["random"]["best_model"]
    assert f"explain {folder / 'random' / best / 'model.npz'} " in first["command"]
    assert second["command"] == ""  # no file has that slice
    assert "Synthetic images." in text and "not for diagnosis" in text
