"""Figures of an evaluation: whole, titled by the positive class, and true to the numbers."""

import cv2
import numpy as np
import pytest

from covid import metrics
from covid.common.errors import UserError
from covid.data.images import read_gray
from covid.figures import dataset_figures, model_figures
from covid.figures.plots import evaluation as plots
from covid.training.predictions import Result

CLASSES = ("Not_Infected", "Infected")
NOTE = "Synthetic images. A teaching tool, not for diagnosis. Positive class: Infected."
FIGURES = ("roc", "precision_recall", "reliability", "scores", "most_wrong")


def result(labels, probabilities, tmp_path=None, **more) -> Result:
    """A result whose files exist in `tmp_path`, if that is given."""
    files = more.pop("files", [f"{index}.png" for index in range(len(labels))])
    for name in files if tmp_path else ():
        cv2.imwrite(str(tmp_path / name), np.full((20, 30), 100, np.uint8))
    return Result("test", 0.5, files, np.array(labels), np.array(probabilities), **more)


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
    paths = model_figures.evaluation_figures(
        found, images, classes, tmp_path / "new", "model", NOTE
    )
    kinds = FIGURES if name != "one image" else FIGURES[2:]
    assert [path.name for path in paths] == [f"{kind}-model.png" for kind in kinds]
    assert sorted(tmp_path.glob("new/*")) == sorted(paths)
    for path in paths:
        pixels = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        assert 600 <= pixels.shape[1] <= 1600 and 250 <= pixels.shape[0] <= 1700
        for rim in (pixels[:2], pixels[-2:], pixels[:, :2], pixels[:, -2:]):
            assert rim.min() == rim.max(), path


def test_titles_name_the_positive_class_and_notes_say_what_the_intervals_take(
    tmp_path, monkeypatch
):
    said = {}

    def keep(kind):
        return lambda *args: said.update({kind: args[-2:]}) or args[-3]

    for kind in FIGURES:
        monkeypatch.setattr(f"covid.figures.plots.{kind}", keep(kind))
    model_figures.evaluation_figures(
        awkward("groups", tmp_path), tmp_path, CLASSES, tmp_path, "m", NOTE
    )
    for kind, (title, note) in said.items():
        assert "test (positive: Infected)" in title, kind
        assert note.endswith(NOTE), kind
    assert "Few groups" in said["roc"][1] and "Few groups" in said["reliability"][1]
    assert "threshold 0.500" in said["most_wrong"][1]


def test_the_most_wrong_are_those_farthest_on_the_wrong_side(tmp_path):
    p = [0.9, 0.8, 0.45, 0.1, 0.3, 0.2, 0.95]
    found = result([0, 0, 0, 0, 1, 1, 1], p, tmp_path, threshold=0.4)
    missed, alarms = (model_figures.worst(found, label, tmp_path, read_gray) for label in (1, 0))
    assert [(name, round(p, 3)) for name, p, _ in missed] == [("5.png", 0.2), ("4.png", 0.3)]
    assert [name for name, _, _ in alarms] == ["0.png", "1.png", "2.png"]
    assert missed[0][2].shape == (20, 30)
    many = result([1] * 9, np.linspace(0, 0.3, 9), tmp_path)
    assert len(model_figures.worst(many, 1, tmp_path, read_gray)) == dataset_figures.SAMPLES


def test_the_band_holds_the_curve_and_draws_groups_where_there_are_enough(tmp_path):
    found = awkward("groups", tmp_path)
    band = model_figures.roc_band(found, seed=0)
    x, y, _ = metrics.roc_curve(found.labels, found.probabilities)
    curve = np.interp(band.false_positive_rate, x, y)
    assert np.mean((band.low <= curve) & (curve <= band.high)) > 0.95
    assert band.drawn == "groups"
    by_image = model_figures.roc_band(result(found.labels, found.probabilities), seed=0)
    assert by_image.drawn == "images"


@pytest.mark.parametrize(
    "draw",
    [
        lambda path: plots.roc((np.ones(2), np.ones(2), 0.5), {}, None, path, "t"),
        lambda path: plots.precision_recall((np.zeros(2), np.ones(2), 0.5), {}, path, "t"),
        lambda path: plots.reliability((np.ones(0), np.ones(0), 0.5), {}, path, "t"),
        lambda path: plots.scores((np.ones(0), np.ones(0), 0.5), CLASSES, path, "t"),
    ],
)
def test_nothing_to_draw_is_a_user_error_and_leaves_no_file(draw, tmp_path):
    with pytest.raises(UserError, match="figure.png: expected"):
        draw(tmp_path / "figure.png")
    assert not list(tmp_path.iterdir())
