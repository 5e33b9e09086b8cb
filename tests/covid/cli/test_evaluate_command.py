"""`covid evaluate`: the model's threshold, another prevalence, its figures."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image
from tiny_runs import finished_run, slices

from covid.cli.main import main
from covid.common.choices import PARTS
from covid.data.images import read_gray
from covid.data.window import GrayLevels
from covid.metrics.text_table import threshold_line
from minicnn.models import load_model

FIGURES = ("roc", "precision_recall", "reliability", "scores", "most_wrong")


def call(*words) -> int:
    return main([str(word) for word in words])


@pytest.fixture
def model():
    return finished_run()[0] / "random/tiny_cnn/model.npz"


@pytest.fixture
def split():
    return finished_run()[0] / "random/data/enhanced-150px-50-10-40"


def test_evaluate_uses_the_model_s_threshold_and_says_all(model, split, capsys):
    chosen = load_model(model).metadata["threshold"]
    assert call("evaluate", model, "--data", split) == 0
    out = capsys.readouterr().out
    assert out.count(threshold_line(chosen)) == 1 and " at 0.5" not in out
    assert "at a prevalence of 0.1 (--prevalence)" in out and "Only 3 groups" in out
    for name in ("sensitivity", "PPV", "ROC AUC", "Brier score", "balanced accuracy"):
        lines = [line for line in out.splitlines() if line.startswith(f"  {name}  ")]
        assert len(lines) == 2  # in the table, in the glossary
    assert call("evaluate", model, "--data", split, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["threshold"] == chosen and found["figures"] == []
    expected = finished_run()[1]["splits"]["random"]["models"]["tiny_cnn"]["test"]["measures"]
    for name, entry in found["results"]["test"]["measures"].items():
        assert entry == pytest.approx(expected[name], abs=1e-6), name


def test_evaluate_of_a_model_without_a_threshold_takes_a_half_and_says_so(
    model, split, capsys, tmp_path
):
    older = load_model(model)
    older.metadata["threshold"] = None
    older.save(tmp_path / "null.npz")
    assert call("evaluate", tmp_path / "null.npz", "--data", split) == 0
    said = capsys.readouterr().out
    del older.metadata["threshold"]
    older.save(tmp_path / "older.npz")
    assert call("evaluate", tmp_path / "older.npz", "--data", split) == 0
    assert "threshold 0.5000 (none was chosen for this model)" in said
    assert capsys.readouterr().out == said


def test_evaluate_takes_another_prevalence_and_seed(model, split, capsys):
    found = []
    for words in ((), ("--prevalence", "0.5"), ("--seed", "3")):
        assert call("evaluate", model, "--data", split, "--part", "all", "--json", *words) == 0
        found.append(json.loads(capsys.readouterr().out)["results"]["train"])
    one, other, reseeded = (part["measures"] for part in found)
    assert (found[0]["prevalence"], found[1]["prevalence"]) == (0.1, 0.5)
    assert one["npv"] != other["npv"] and one["f1"] == other["f1"]
    assert reseeded["brier"]["value"] == one["brier"]["value"]
    assert reseeded["brier"] != one["brier"]  # its interval


def test_evaluate_draws_figures(model, capsys, tmp_path):
    drawn = tmp_path / "drawn"
    assert call("evaluate", model, "--data", slices(), "--figures", drawn, "--json") == 0
    paths = json.loads(capsys.readouterr().out)["figures"]
    assert paths == [str(drawn / f"{kind}-tiny_cnn.png") for kind in FIGURES]
    assert sorted(map(str, drawn.iterdir())) == sorted(paths)


def test_a_split_whose_classes_differ_in_case_from_the_model_s(model, split, tmp_path, capsys):
    for name in ("INFECTED", "Not_infected"):
        shutil.copytree(slices() / name.title(), tmp_path / "s" / name)
    assert call("split", tmp_path / "s", "--enhance", "--out", tmp_path / "split") == 0
    assert call("evaluate", model, tmp_path / "split") == 0
    assert call("split", tmp_path / "s", "--positive", "not_infected", "--out", tmp_path / "o") == 0
    assert call("evaluate", model, tmp_path / "o", "--as-is") == 2
    assert "found Not_infected (positive) and INFECTED" in capsys.readouterr().err


@pytest.fixture
def of_16_bits(model, tmp_path):
    """A model that says which values its images had, and class folders of such files."""
    trained = load_model(model)
    levels = {"by": "window", "black": -1200.0, "white": 0.0}
    trained.metadata["preprocessing"]["gray_levels"] = levels
    trained.save(tmp_path / "deep.npz")
    for path in slices().glob("*/*.png"):
        file = tmp_path / "deep" / path.parent.name / f"{path.stem}.tif"
        file.parent.mkdir(parents=True, exist_ok=True)
        values = np.asarray(Image.open(path), np.int32) * 4 - 1000
        Image.fromarray(values).save(file)
    return tmp_path / "deep.npz", tmp_path / "deep"


def test_figures_show_files_of_more_than_8_bits_as_the_model_sees_them(of_16_bits, monkeypatch):
    model, folder = of_16_bits
    asked = []
    monkeypatch.setattr(
        "covid.figures.model_figures.evaluation_figures", lambda *a: asked.append(a) or []
    )
    assert call("evaluate", model, folder, "--figures", folder.parent / "drawn") == 0
    read, file = asked[0][-1], next(folder.glob("Infected/*.tif"))
    expected = read_gray(file, GrayLevels("window", -1200.0, 0.0))
    assert len(np.unique(expected)) > 64
    np.testing.assert_array_equal(read(file), expected)


def test_images_unlike_the_model_s_are_counted(of_16_bits, model, capsys):
    deep, folder = of_16_bits
    for name, data, remark in (
        (deep, slices(), "it has 8 bits; of the model's images, -1200 to 0 became gray 0 to 255"),
        (deep, folder, ""),
        (model, slices(), ""),
    ):
        assert call("evaluate", name, data) == 0
        said = capsys.readouterr().out
        assert remark in said and ("a remark on 12 of 12 images" in said) == bool(remark)


def test_evaluate_says_how_many_images_the_model_has_learned_from(model, capsys, tmp_path):
    assert call("evaluate", model, "--data", slices()) == 0
    sets = finished_run()[1]["splits"]["random"]["data"]["enhanced-150px-50-10-40"]["counts"]
    known = sum(sum(sets[part].values()) for part in ("train", "validate"))
    total = known + sum(sets["test"].values())
    said = f"trained or validated on {known} of these {total} images"
    assert said in " ".join(capsys.readouterr().out.split())
    shutil.copytree(slices(), tmp_path / "others")
    assert call("evaluate", model, "--data", tmp_path / "others") == 0
    assert "trained or validated" not in capsys.readouterr().out


def test_figures_of_synthetic_images_say_so(model, split, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(
        "covid.figures.model_figures.evaluation_figures", lambda *a: asked.append(a) or []
    )
    assert call("evaluate", model, "--data", split, "--figures", tmp_path / "drawn") == 0
    note = asked[0][5]
    assert note.startswith("Synthetic images. Trained on synthetic images.")
    assert note.endswith("Positive class: Infected.")


def test_evaluate_draws_figures_of_every_part(model, split, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(
        "covid.figures.model_figures.evaluation_figures", lambda *a: asked.append(a) or []
    )
    words = ("--data", split, "--figures", tmp_path / "drawn", "--part", "all")
    assert call("evaluate", model, *words) == 0
    assert [(images, name) for _, images, _, _, name, *_ in asked] == [
        (split / part, f"tiny_cnn-{part}") for part in PARTS
    ]
    assert [found.part for found, *_ in asked] == list(PARTS)
