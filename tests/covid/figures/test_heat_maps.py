"""`covid look` and its figures: no heat map without its check, and numbers that agree with it."""

import csv
import json
import math
from pathlib import Path

import cv2
import numpy as np
import pytest
from tiny_runs import finished_run, slices

from covid.cli.commands.look import figure_paths
from covid.cli.main import main
from covid.common.errors import UserError
from covid.figures.heat_maps import activation_figure, input_bounds, look_figure
from covid.figures.plots import canvas, heat_maps
from covid.figures.plots.heat_maps import heat_map_with_check, tinted
from covid.training.architectures import tiny_cnn
from covid.training.model_file import model_input, open_model
from minicnn.layers import Dense, Flatten
from minicnn.models import Sequential
from minicnn.saliency import activation_maximization, grad_cam, occlusion

pytestmark = pytest.mark.usefixtures("one_thread")

NOTE = "Synthetic images. A teaching tool, not for diagnosis. Positive class: Infected."


@pytest.fixture(scope="module")
def model_file() -> Path:
    return finished_run()[0] / "random/tiny_cnn/model.npz"


@pytest.fixture
def model(model_file):
    return open_model(model_file)


@pytest.fixture(scope="module")
def images() -> list[Path]:
    return [next((slices() / name).iterdir()) for name in ("Infected", "Not_Infected")]


@pytest.fixture
def gray() -> np.ndarray:
    """A disc in noise, 100 x 90."""
    rows, cols = np.mgrid[:100, :90]
    disc = (rows - 40) ** 2 + (cols - 50) ** 2 < 900
    noise = np.random.default_rng(0).integers(0, 60, (100, 90))
    return (noise + 150 * disc).astype(np.uint8)


def call(*words) -> int:
    return main([str(word) for word in words])


def size_of(path: Path) -> tuple[int, int]:
    return cv2.imread(str(path)).shape[:2]


# The command


def test_look_draws_writes_and_says_what_predict_says(
    tmp_path, model_file, images, capsys, monkeypatch
):
    monkeypatch.setattr("covid.figures.heat_maps.MOST_FILTERS", 1)
    out = tmp_path / "look"
    assert call("look", model_file, *images, "--out", out, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert call("predict", model_file, *images, "--json") == 0
    predicted = json.loads(capsys.readouterr().out)["predictions"]
    figures = [f"look-{path.stem}.png" for path in images]
    others = ["excited-tiny_cnn.png", "filters-tiny_cnn.png", "looks.csv"]
    assert sorted(path.name for path in out.iterdir()) == sorted([*figures, *others])
    assert [Path(row["figure"]).name for row in found["looks"]] == figures
    assert found["positive"] == "Infected" and "not for diagnosis" in found["note"]
    with open(out / "looks.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for row, numbers, answer in zip(rows, found["looks"], predicted, strict=True):
        assert numbers["probability"] == pytest.approx(answer["probability"], abs=1e-6)
        assert float(row["p(Infected)"]) == pytest.approx(answer["probability"], abs=1e-6)
        assert (row["method"], row["receptive_field"]) == ("occlusion", "3 x 3")
        assert row["verdict"] == numbers["verdict"] and "check" in row["verdict"].lower()
        sizes = [abs(r) for r in numbers["rank_correlations"]]
        assert numbers["agreement"] == pytest.approx(np.mean(sizes)) and len(sizes) == 3
        assert row["passed"] == {True: "yes", False: "no"}[numbers["passed"]]
        assert numbers["passed"] is (numbers["agreement"] < 0.5)


def test_look_goes_on_without_what_it_cannot_read(
    tmp_path, model_file, images, capsys, monkeypatch
):
    monkeypatch.setattr("covid.cli.commands.look.activation_figure", lambda *args: None)
    (tmp_path / "text.png").write_text("no image")
    out = tmp_path / "look"
    words = ("--method", "grad-cam", "--as-is", "--json")
    assert call("look", model_file, tmp_path / "text.png", images[0], "--out", out, *words) == 2
    said = capsys.readouterr()
    found = json.loads(said.out)
    assert list(found["unreadable"]) == [str(tmp_path / "text.png")] and "text.png" in said.err
    assert [row["method"] for row in found["looks"]] == ["grad-cam"]
    assert found["looks"][0]["source"] == "conv2d"
    assert call("look", model_file, tmp_path / "text.png", "--out", tmp_path / "none") == 2
    assert not (tmp_path / "none").exists()


def test_a_model_without_convolution_is_looked_at_by_covering(tmp_path, model, images, capsys):
    dense = Sequential([Flatten(input_shape=(12, 12, 1)), Dense(1, activation="sigmoid")], seed=0)
    dense.compile("adam", "binary_crossentropy")
    steps = {**model.metadata["preprocessing"], "image_size": 12}
    dense.metadata = {**model.metadata, "preprocessing": steps}
    dense.save(tmp_path / "dense.npz")
    out = tmp_path / "look"
    assert call("look", tmp_path / "dense.npz", images[0], "--out", out, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["looks"][0]["receptive_field"] is None and found["figures"] == []
    assert sorted(path.suffix for path in out.iterdir()) == [".csv", ".png"]


def test_figures_of_images_with_one_name(tmp_path):
    images = ("a/slice.png", "b/slice.jpg", "B/SLICE.png", "slice_2.png", f"{'ü' * 120}.png")
    names = [path.name for path in figure_paths(tmp_path, [Path(name) for name in images])]
    assert names[:3] == ["look-slice.png", "look-slice_3.png", "look-SLICE_4.png"]
    assert names[3] == "look-slice_2.png" and len(names[4].encode()) < 255


# The figures


def test_look_figure_repeats_itself_and_leaves_the_model_alone(tmp_path, model, gray):
    before = {name: array.tobytes() for name, array in model.named_weights().items()}
    found = [
        look_figure(model, gray, "disc.png", tmp_path / f"{number}.png", NOTE, 1)
        for number in (0, 1)
    ]
    assert found[0] == found[1]
    assert (tmp_path / "0.png").read_bytes() == (tmp_path / "1.png").read_bytes()
    assert before == {name: array.tobytes() for name, array in model.named_weights().items()}
    assert found[0]["logit"] == pytest.approx(occlusion(model, model_input(model, gray)).logit)


def test_look_figure_against_the_rule_says_so(tmp_path, model, gray, monkeypatch):
    drawn = {}
    monkeypatch.setattr(
        "covid.figures.plots.heat_maps.heat_map_with_check",
        lambda image, heat, random_maps, *rest, **words: drawn.update(
            heat=heat, maps=random_maps, **words
        ),
    )
    found = look_figure(model, gray, "disc.png", tmp_path / "a.png", NOTE, 0, "grad-cam")
    assert (
        "Against the rule, which says occlusion: a unit of conv2d sees 3 x 3" in drawn["remarks"][1]
    )
    assert "Infected" in drawn["remarks"][0] and len(drawn["maps"]) == 3
    np.testing.assert_array_equal(drawn["heat"], grad_cam(model, model_input(model, gray)).on_image)
    assert (drawn["verdict"], drawn["passed"]) == (found["verdict"], found["passed"])
    look_figure(model, gray, "disc.png", tmp_path / "a.png", NOTE, 0)
    assert drawn["remarks"][1].startswith("Covered: patches of 15 x 15 pixels")
    assert "The rule: a unit of conv2d" in drawn["remarks"][1]


def test_of_an_even_image_nothing_can_be_said(tmp_path, model):
    """Its mean covers it without a trace."""
    found = look_figure(
        model, np.full((50, 50), 77, np.uint8), "even.png", tmp_path / "even.png", NOTE, 0
    )
    assert found["passed"] is None and found["verdict"].startswith("No check is possible")
    assert all(math.isnan(number) for number in found["rank_correlations"])
    assert (tmp_path / "even.png").exists()


def random_map(seed):
    return np.random.default_rng(seed).normal(size=(40, 60))


LONG_NAME = "a_very_long_file_name_" * 9 + ".png"
SENTENCES = {"remarks": ["A remark. " * 30, "Another. "], "verdict": "Check passed. " * 20}
FIGURES = {
    "three maps": lambda path, **text: heat_map_with_check(
        random_map(0) % 1,
        random_map(1),
        [(random_map(seed), f"random weights {seed}\nrank correlation -0.12") for seed in (2, 3, 4)],
        path,
        name=LONG_NAME,
        method="occlusion",
        passed=True,
        **SENTENCES,
        **text,
    ),
    "one map, awkward name, a flat heat map": lambda path, **text: heat_map_with_check(
        random_map(0),  # standardized: it leaves [0, 1]
        np.zeros((40, 60)),
        [(np.zeros((40, 60)), "nothing to compare")],
        path,
        name="$\\alpha_{ ü \udcff 中\n.png",
        method="Grad-CAM",
        passed=None,
        **SENTENCES,
        **text,
    ),
    **{
        f"{count} inputs": lambda path, count=count, **text: heat_maps.activation_maximization(
            [(random_map(seed), "a_layer_name, filter 12\nactivation 0.001 to 1e+05")
             for seed in range(count)],
            (-3, 3),
            path,
            **text,
        )
        for count in (1, 4, 8)
    },
}  # fmt: skip


@pytest.mark.parametrize("case", FIGURES)
def test_figures_are_whole_and_nothing_touches_the_edge(case, tmp_path):
    path = tmp_path / "new folder" / "figure.png"
    assert FIGURES[case](path, title="A long title with a $ in it " * 6, note=NOTE * 4) == path
    height, width = size_of(path)
    assert width == int(canvas.PHONE * canvas.DPI) and 300 <= height <= 2100
    pixels = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    for rim in (pixels[:2], pixels[-2:], pixels[:, :2], pixels[:, -2:]):
        assert rim.min() == rim.max()


def test_no_heat_map_without_its_check(tmp_path):
    with pytest.raises(UserError, match="at least one map of a random model"):
        heat_map_with_check(
            random_map(0),
            random_map(1),
            [],
            tmp_path / "a.png",
            "title",
            passed=True,
            remarks=[],
            verdict="",
        )
    assert list(tmp_path.iterdir()) == []


def test_colors_say_for_and_against():
    """Orange where the heat is above 0, blue below, gray where it is 0; strength by its size."""
    found = tinted(np.full((1, 4), 0.5), np.array([[0.0, 2.0, -2.0, 1.0]]))
    red, blue = found[0, :, 0], found[0, :, 2]
    np.testing.assert_allclose(found[0, 0], 0.5)
    assert red[1] > red[3] > 0.5 > red[2] and blue[2] > 0.5 > blue[3] > blue[1]
    np.testing.assert_allclose(tinted(np.array([[-1.0, 3.0]]), None)[0, :, 0], [0, 1])
    half = tinted(np.array([[0.5]]), np.array([[1.0]]), largest=2.0)  # as beside another map
    np.testing.assert_array_equal(half[0, 0], found[0, 3])


def test_activation_figure_shows_what_activation_maximization_finds(tmp_path, model, monkeypatch):
    drawn = []
    monkeypatch.setattr(
        "covid.figures.plots.heat_maps.activation_maximization",
        lambda inputs, bounds, path, title, note: drawn.append((inputs, title)),
    )
    monkeypatch.setattr("covid.figures.heat_maps.MOST_FILTERS", 2)
    activation_figure(model, tmp_path / "excited.png", NOTE, seed=3)
    ((inputs, title),) = drawn
    assert len(inputs) == 2 and "the first 2 of 6" in title
    found = activation_maximization(model, "conv2d", 1, 20, seed=3, bounds=input_bounds(model))
    np.testing.assert_array_equal(inputs[1][0], found.x[63:87, 63:87, 0])  # 24 = 8 fields of 3
    assert inputs[1][1].startswith("conv2d, filter 2\n")


def test_inputs_stay_in_the_range_of_the_model_s_images():
    model = tiny_cnn(seed=0)
    for steps, bounds in (
        ({"rescale": 1 / 255}, (0, 1)),
        ({"rescale": 1.0}, (0, 255)),
        ({"samplewise": True}, (-3, 3)),
    ):
        model.metadata = {"preprocessing": steps}
        assert input_bounds(model) == pytest.approx(bounds)
