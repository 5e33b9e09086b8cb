"""From predictions to what the user sees: threshold, table, figures of `covid evaluate` and a run."""

import json
import shutil

import cv2
import numpy as np
import pytest
from tiny_runs import finished_run, slices

from covid import figures, metrics
from covid.arguments import values
from covid.cli import main
from covid.dataset import plan_split, read_split, scan, write_split
from covid.errors import UserError
from covid.evaluate import Result
from covid.groups import groups_by_pattern
from covid.measures_table import glossary, result_text, table_lines, threshold_line
from covid.plots import evaluation as plots
from covid.recipes import recipe_for
from covid.train import groups_in, train_and_evaluate
from minicnn.models import load_model

CLASSES = ("Not_Infected", "Infected")
NOTE = "Synthetic images. A teaching tool, not for diagnosis. Positive class: Infected."
FIGURES = ("roc", "precision_recall", "reliability", "scores", "most_wrong")


def result(labels, probabilities, tmp_path=None, **more) -> Result:
    """A result whose files exist in `tmp_path`, if that is given."""
    files = more.pop("files", [f"{index}.png" for index in range(len(labels))])
    for name in files if tmp_path else ():
        cv2.imwrite(str(tmp_path / name), np.full((20, 30), 100, np.uint8))
    return Result("test", 0.5, files, np.array(labels), np.array(probabilities), **more)


# The threshold comes from the validation part


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


def trained(folder):
    recipe = recipe_for("practice", "tiny_cnn", 1)
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
    assert chosen == {
        "value": metrics.choose_threshold(validated.labels, validated.probabilities),
        "chosen_on": "validate",
        "method": "Youden's J",
    }
    assert {found.threshold for found in run.results.values()} == {chosen["value"]}


def test_groups_come_from_the_manifest(run):
    for found in run.results.values():
        # images are called after their patient: Infected/synthetic-p005_s01_lung.png
        assert found.groups == [name.split("/")[1].split("_")[0] for name in found.files]


def test_groups_that_the_manifest_does_not_say_are_unknown(tmp_path):
    dataset = scan(slices())
    write_split(dataset, plan_split(dataset), tmp_path / "split", None, progress=False)
    assert groups_in(read_split(tmp_path / "split"), "test") is None


# covid evaluate


def call(*words) -> int:
    return main([str(word) for word in words])


@pytest.fixture
def model():
    return finished_run()[0] / "random/tiny_cnn/model.npz"


@pytest.fixture
def split():
    return finished_run()[0] / "random/data/enhanced-50-10-40"


def test_evaluate_uses_the_model_s_threshold_and_says_all(model, split, capsys):
    chosen = load_model(model).metadata["threshold"]
    assert call("evaluate", model, "--data", split) == 0
    out = capsys.readouterr().out
    words = f"at the threshold {chosen['value']:.4f} (Youden's J, chosen on validate):"
    assert out.count(words) == 1
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
    assert "at the threshold 0.5, since this model has none of its own:" in said
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
    assert reseeded["brier"]["low"] != one["brier"]["low"]


def test_evaluate_draws_figures(model, capsys, tmp_path):
    drawn = tmp_path / "drawn"
    assert call("evaluate", model, "--data", slices(), "--figures", drawn, "--json") == 0
    paths = json.loads(capsys.readouterr().out)["figures"]
    assert paths == [str(drawn / f"{kind}-tiny_cnn.png") for kind in FIGURES]
    assert sorted(map(str, drawn.iterdir())) == sorted(paths)


def test_figures_of_synthetic_images_say_so(model, split, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr("covid.figures.evaluation_figures", lambda *a: asked.append(a) or [])
    assert call("evaluate", model, "--data", split, "--figures", tmp_path / "drawn") == 0
    note = asked[0][5]
    assert note.startswith("Synthetic images. Trained on synthetic images.")
    assert note.endswith("Positive class: Infected.")


def test_evaluate_draws_figures_of_every_part(model, split, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr("covid.figures.evaluation_figures", lambda *a: asked.append(a) or [])
    words = ("--data", split, "--figures", tmp_path / "drawn", "--part", "all")
    assert call("evaluate", model, *words) == 0
    parts = values.PARTS[:3]
    assert [(images, name) for _, images, _, _, name, *_ in asked] == [
        (split / part, f"tiny_cnn-{part}") for part in parts
    ]
    assert [found.part for found, *_ in asked] == list(parts)


def test_the_default_prevalence_stands_in_two_places_and_is_one():
    assert values.DEFAULT_PREVALENCE == metrics.DEFAULT_PREVALENCE


# The table


def test_the_table_has_a_column_by_group_only_where_there_are_some():
    labels = np.arange(80) % 2
    p = np.linspace(0.05, 0.95, 80)
    groups = [str(index // 4 * 2 + index % 2) for index in range(80)]
    plain = table_lines(metrics.measure(labels, p, 0.5))
    grouped = table_lines(metrics.measure(labels, p, 0.5, groups))
    assert "by group" not in plain[0] and plain[0].endswith("method")
    assert grouped[0].endswith("by group")
    assert len(plain) == len(grouped) == 2 + len(metrics.MEASURES)


def test_what_is_undefined_is_said_in_words():
    found = result([1, 1], [0.2, 0.9])
    text = result_text("test", found.summary(), CLASSES, {"value": 0.5, "chosen_on": None})
    (line,) = [line for line in text.splitlines() if line.startswith("  specificity")]
    assert line.split() == ["specificity", "undefined", "none", "Wilson"]


def test_a_threshold_flatters_the_images_it_was_chosen_on():
    found = result([1, 0], [0.2, 0.9])
    flatters = "The threshold was chosen on these very images"
    chosen = {"value": 0.5, "chosen_on": "validate", "method": "a rule"}
    assert flatters in result_text("validate", found.summary(), CLASSES, chosen)
    assert flatters not in result_text("test", found.summary(), CLASSES, chosen)


def test_a_model_s_own_words_cannot_change_the_terminal():
    odd = {"value": 0.5, "chosen_on": "a\nb\x1b[2J", "method": "m" * 500}  # whoever wrote it
    assert threshold_line(odd).isprintable() and len(threshold_line(odd)) < 120


def test_the_glossary_explains_every_measure():
    lines = glossary(CLASSES).splitlines()
    assert len(lines) == len(metrics.MEASURES)
    assert not any("{" in line for line in lines)


# Figures


def awkward(name: str, tmp_path) -> Result:
    patients = np.repeat(np.arange(20), 3)
    p = np.linspace(0.02, 0.98, 60)
    return {
        "groups": lambda: result(
            patients % 2, p, tmp_path, groups=[f"p{number}" for number in patients]
        ),
        "perfect": lambda: result([0] * 30 + [1] * 30, p, tmp_path),
        "equal": lambda: result([0, 0, 1, 1, 1], [0.7] * 5, tmp_path),
        "one image": lambda: result([1], [0.2], tmp_path),
        "long names": lambda: result(
            [1, 0], [0.0, 1.0], tmp_path, files=["a" * 200 + "17.png", "$ü 5%_{x}.png"]
        ),
    }[name]()


@pytest.mark.parametrize("name", ["groups", "perfect", "equal", "one image", "long names"])
def test_figures_are_whole_and_nothing_touches_the_edge(name, tmp_path):
    images = tmp_path / "images"
    images.mkdir()
    found = awkward(name, images)
    classes = CLASSES if name != "long names" else ("Not_\udcff$" * 12, "a long class name " * 5)
    paths = figures.evaluation_figures(found, images, classes, tmp_path / "new", "model", NOTE)
    kinds = FIGURES if name != "one image" else FIGURES[2:]
    assert [path.name for path in paths] == [f"{kind}-model.png" for kind in kinds]
    assert sorted(tmp_path.glob("new/*")) == sorted(paths)
    for path in paths:
        pixels = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        assert 700 <= pixels.shape[1] <= 1600 and 250 <= pixels.shape[0] <= 1450
        for rim in (pixels[:2], pixels[-2:], pixels[:, :2], pixels[:, -2:]):
            assert rim.min() == 255, path


def test_titles_name_the_positive_class_and_notes_say_what_the_intervals_take(
    tmp_path, monkeypatch
):
    said = {}

    def keep(kind):
        return lambda *args: said.update({kind: args[-2:]}) or args[-3]

    for kind in FIGURES:
        monkeypatch.setattr(f"covid.plots.{kind}", keep(kind))
    figures.evaluation_figures(awkward("groups", tmp_path), tmp_path, CLASSES, tmp_path, "m", NOTE)
    for kind, (title, note) in said.items():
        assert "test (positive: Infected)" in title, kind
        assert note.endswith(NOTE), kind
    assert "Few groups" in said["roc"][1] and "Few groups" in said["reliability"][1]
    assert "threshold 0.500" in said["most_wrong"][1]


def test_the_most_wrong_are_those_farthest_on_the_wrong_side(tmp_path):
    p = [0.9, 0.8, 0.45, 0.1, 0.3, 0.2, 0.95]
    found = result([0, 0, 0, 0, 1, 1, 1], p, tmp_path, threshold=0.4)
    missed, alarms = figures.worst(found, 1, tmp_path), figures.worst(found, 0, tmp_path)
    assert [(name, round(p, 3)) for name, p, _ in missed] == [("5.png", 0.2), ("4.png", 0.3)]
    assert [name for name, _, _ in alarms] == ["0.png", "1.png", "2.png"]
    assert missed[0][2].shape == (20, 30)
    many = result([1] * 9, np.linspace(0, 0.3, 9), tmp_path)
    assert len(figures.worst(many, 1, tmp_path)) == figures.SAMPLES


def test_the_band_holds_the_curve_and_draws_groups_where_there_are_enough(tmp_path):
    found = awkward("groups", tmp_path)
    band = figures.roc_band(found, seed=0)
    x, y, _ = metrics.roc_curve(found.labels, found.probabilities)
    curve = np.interp(band.false_positive_rate, x, y)
    assert np.mean((band.low <= curve) & (curve <= band.high)) > 0.95
    assert band.drawn == "groups"
    by_image = figures.roc_band(result(found.labels, found.probabilities), seed=0)
    assert by_image.drawn == "images"


@pytest.mark.parametrize(
    "draw",
    [
        lambda path: plots.roc(np.ones(2), np.ones(2), 0.5, {}, None, path, "t"),
        lambda path: plots.precision_recall(np.zeros(2), np.ones(2), 0.5, {}, path, "t"),
        lambda path: plots.reliability(np.ones(0), np.ones(0), {}, path, "t"),
        lambda path: plots.scores(np.ones(0), np.ones(0), CLASSES, 0.5, path, "t"),
    ],
)
def test_nothing_to_draw_is_a_user_error_and_leaves_no_file(draw, tmp_path):
    with pytest.raises(UserError, match="figure.png: expected"):
        draw(tmp_path / "figure.png")
    assert not list(tmp_path.iterdir())
