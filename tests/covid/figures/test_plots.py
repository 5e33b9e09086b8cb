"""covid.figures.plots: every figure is a whole PNG of a sensible size, or nothing at all."""

import subprocess
import sys

import cv2
import numpy as np
import pytest

from covid.common.errors import UserError
from covid.figures import plots
from covid.figures.plots import canvas

NOTE = "Synthetic images. A teaching tool, not for diagnosis. Positive class: Infected."
LONG_NAME = "a_very_long_file_name_" * 9 + ".png"
AWKWARD = [
    "slice.png",
    LONG_NAME,
    "$\\alpha_{ 5 % {x}.png",
    "two\nlines.png",
    "ü \udcff 中.png",
    "",
]
NAN = float("nan")


def image(height=40, width=60, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width), dtype=np.uint8)


def kernel_and_maps(filters, channels=1):
    rng = np.random.default_rng(0)
    return rng.normal(size=(3, 5, channels, filters)), rng.random((38, 56, filters))


def history(epochs, validation=True):
    falling = list(np.linspace(0.7, 0.2, epochs))
    rising = list(np.linspace(0.5, 0.9, epochs))
    curves = {"acc": rising, "loss": falling}
    return curves | ({"val_acc": rising, "val_loss": falling} if validation else {})


def lost(epochs):
    """A history whose loss is lost half-way, one epoch between gaps, one infinite."""
    curves = history(epochs)
    curves["loss"] = [NAN] * epochs
    curves["val_loss"] = [0.7, NAN, 0.5, float("inf"), 0.4] + [NAN] * (epochs - 5)
    return curves


def row(model, part, acc=0.75, n=40):
    return {"model": model, "part": part, "acc": acc, "n": n}


COUNTS = np.array([[30, 10], [5, 35]])
EMPTY = np.zeros((2, 2), int)
MODELS = ("model1", "model2", "tiny CNN", "Reduced Inception V3")
CASES = {
    "samples": lambda path, **text: plots.sample_grid(
        {"Infected": [image(seed=s) for s in range(6)], "Not_Infected": [image(60, 40)]},
        path,
        names_by_class={"Infected": AWKWARD, "Not_Infected": ["x.png"]},
        **text,
    ),
    "one sample, one empty class": lambda path, **text: plots.sample_grid(
        {"Infected": [image()], "Not_Infected": []}, path, **text
    ),
    "samples in two rows": lambda path, **text: plots.sample_grid(
        {"Infected": [image()] * 7, "Not_Infected": [image()] * 2}, path, **text
    ),
    **{
        f"preprocessing of {count}": lambda path, count=count, **text: plots.preprocessing_grid(
            [(name, image(), image(), image(50, 50)) for name in (AWKWARD * 2)[:count]],
            path,
            **text,
        )
        for count in (1, 2, 6, 8)
    },
    "preprocessing of a flat image": lambda path, **text: plots.preprocessing_grid(
        [("flat", *[np.zeros((20, 20), np.uint8)] * 3)], path, **text
    ),
    "augmented copies": lambda path, **text: plots.augmented_copies(
        image(), [image()[:, :, None] / 255.0] * 4, path, **text
    ),
    "standardized copies": lambda path, **text: plots.augmented_copies(
        image(), [image() / 50.0 - 2.0, np.full((8, 8), NAN)], path, **text
    ),
    "curves": lambda path, **text: plots.training_curves(history(10), path, best_epoch=4, **text),
    "curves of one epoch": lambda path, **text: plots.training_curves(
        history(1), path, best_epoch=1, **text
    ),
    "curves without validation": lambda path, **text: plots.training_curves(
        history(3, validation=False), path, **text
    ),
    "curves that are lost": lambda path, **text: plots.training_curves(lost(8), path, **text),
    **{
        f"{filters} filters": lambda path, filters=filters, **text: plots.filters_and_maps(
            kernel_and_maps(filters)[0], image(), kernel_and_maps(filters)[1], path, **text
        )
        for filters in (1, 4, 7, 32)
    },
    "filters that are all zero": lambda path, **text: plots.filters_and_maps(
        np.zeros((3, 3, 2, 2)), image(), np.full((8, 8, 2), NAN), path, **text
    ),
    "confusion": lambda path, **text: plots.confusion_matrices(
        {"train": COUNTS, "validate": EMPTY, "test": COUNTS}, ("Not_$x", "Infected"), path, **text
    ),
    "confusion of one part": lambda path, **text: plots.confusion_matrices(
        {"test": EMPTY}, ("No", LONG_NAME[:60]), path, **text
    ),
    "comparison": lambda path, **text: plots.comparison(
        [row(model, part) for model in MODELS for part in ("train", "validate", "test")],
        path,
        **text,
    ),
    "comparison at the edges": lambda path, **text: plots.comparison(
        [row("a", "train", 1.0), row("a", "test", 0.0, 1), row("b", "test", NAN, 0)], path, **text
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_writes_one_whole_png_of_plausible_size(case, tmp_path):
    path = tmp_path / "new folder" / "figure.png"
    assert CASES[case](path, title="A title with a $ in it", note=NOTE) == path
    assert [file.name for file in path.parent.iterdir()] == ["figure.png"]
    height, width, channels = cv2.imread(str(path)).shape
    assert 700 <= width <= 1600 and 300 <= height <= 1450


@pytest.mark.parametrize("case", CASES)
def test_nothing_touches_the_edge(case, tmp_path):
    """A white rim: no title, note or label runs out of the figure, however long it is."""
    CASES[case](tmp_path / "figure.png", title="A long title " * 12, note=NOTE * 4)
    pixels = cv2.imread(str(tmp_path / "figure.png"), cv2.IMREAD_GRAYSCALE)
    for rim in (pixels[:2], pixels[-2:], pixels[:, :2], pixels[:, -2:]):
        assert rim.min() == 255


def test_title_and_note_are_drawn(tmp_path):
    def dark_pixels(part, **text):
        plots.training_curves(history(2), tmp_path / "figure.png", **text)
        return (cv2.imread(str(tmp_path / "figure.png"), 0)[part] < 200).sum()

    top, bottom = slice(0, 30), slice(-25, None)
    assert dark_pixels(top, title="") == 0 < dark_pixels(top, title="Curves")
    assert dark_pixels(bottom, title="") == 0 < dark_pixels(bottom, title="", note=NOTE)


def test_no_pyplot_and_no_changed_settings(tmp_path):
    """In a process of its own: other tests may have imported pyplot already."""
    code = """
import sys
import matplotlib
before = matplotlib.rcParams.copy()  # dict() would look up a backend, in pyplot
from covid.figures import plots
plots.training_curves({"acc": [0.5], "loss": [0.7]}, sys.argv[1], "title")
assert matplotlib.rcParams.copy() == before, "settings changed"
assert "matplotlib.pyplot" not in sys.modules, "pyplot imported"
"""
    command = [sys.executable, "-c", code, str(tmp_path / "figure.png")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "figure.png").exists()


@pytest.mark.parametrize(
    "draw",
    [
        lambda path: plots.sample_grid({"Infected": []}, path, "t"),
        lambda path: plots.sample_grid({"a": [image()]}, path, "t", names_by_class={"a": []}),
        lambda path: plots.preprocessing_grid([], path, "t"),
        lambda path: plots.augmented_copies(image(), [], path, "t"),
        lambda path: plots.training_curves({"acc": [], "loss": []}, path, "t"),
        lambda path: plots.filters_and_maps(*np.ones((3, 4, 4)), path, "t"),
        lambda path: plots.filters_and_maps(
            kernel_and_maps(2)[0], image(), kernel_and_maps(3)[1], path, "t"
        ),
        lambda path: plots.confusion_matrices({}, ("No", "Yes"), path, "t"),
        lambda path: plots.confusion_matrices({"test": np.ones(4)}, ("No", "Yes"), path, "t"),
        lambda path: plots.comparison([row("a", "test", NAN, 0)], path, "t"),
    ],
)
def test_nothing_to_draw_is_a_user_error_and_leaves_no_file(draw, tmp_path):
    with pytest.raises(UserError, match="figure.png: expected"):
        draw(tmp_path / "figure.png")
    assert not list(tmp_path.iterdir())


def test_a_failed_drawing_leaves_the_old_file(tmp_path):
    path = tmp_path / "figure.png"
    path.write_bytes(b"old")
    with pytest.raises((TypeError, ValueError)):
        plots.training_curves({"acc": ["x"], "loss": ["y"]}, path, "t")
    assert path.read_bytes() == b"old" and len(list(tmp_path.iterdir())) == 1


def test_a_failed_write_is_a_user_error_and_leaves_nothing(tmp_path, monkeypatch):
    def full_disk(source, target):
        raise OSError("no space left")

    monkeypatch.setattr("os.replace", full_disk)
    with pytest.raises(UserError, match="no space left"):
        plots.training_curves(history(2), tmp_path / "figure.png", "t")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["figure.pdf", "figure"])
def test_only_png(name, tmp_path):
    with pytest.raises(UserError, match="ends in .png"):
        plots.training_curves(history(2), tmp_path / name, "t")


def test_a_folder_that_is_a_file(tmp_path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(UserError, match="cannot be written"):
        plots.training_curves(history(2), tmp_path / "taken" / "figure.png", "t")


@pytest.mark.parametrize("name", AWKWARD)
@pytest.mark.parametrize("inches", [1.0, 2.1, 3.0])
def test_file_names_fit_on_two_lines(name, inches):
    lines = canvas.shorten(name, inches).split("\n")
    assert len(lines) <= 2
    assert all(len(line) * canvas.NAME_LETTER <= inches for line in lines)


def test_a_shortened_name_keeps_both_ends():
    shortened = canvas.shorten("first" + "-" * 200 + "17%2.png", 2.0).replace("\n", "")
    assert shortened.startswith("first") and shortened.endswith("17%2.png") and "…" in shortened
    assert canvas.shorten("slice.png", 2.0) == "slice.png"


def drawn_axes(monkeypatch):
    """The axes of the next figure, kept when the figure is written."""
    kept = []
    original = canvas.drawn

    def keep(figure):
        kept.extend(figure.subfigs[1].axes)
        return original(figure)

    monkeypatch.setattr(canvas, "drawn", keep)
    return kept


def test_confusion_texts(tmp_path, monkeypatch):
    axes = drawn_axes(monkeypatch)
    counts = np.array([[6, 2], [0, 0]])
    plots.confusion_matrices({"test": counts}, ("No", "Yes"), tmp_path / "f.png", "t")
    texts = [text.get_text() for text in axes[0].texts]
    assert texts[0::2] == ["6", "2", "0", "0"]
    assert texts[1::2] == [
        "true negative\n75.0 %",
        "false positive\n25.0 %",
        "false negative\n–",
        "true positive\n–",
    ]
    assert axes[0].get_title() == "test: 8 images, 75.0 % correct"
    for labels in (axes[0].get_xticklabels(), axes[0].get_yticklabels()):
        assert [label.get_text() for label in labels] == ["No", "Yes\n(positive)"]


def test_curves_show_dots_a_line_and_gaps(tmp_path, monkeypatch):
    axes = drawn_axes(monkeypatch)
    plots.training_curves(lost(8), tmp_path / "f.png", "t", best_epoch=2)
    _, labels = axes[1].get_legend_handles_labels()
    assert labels == [
        "training (not finite in 8 of 8 epochs)",
        "validation (not finite in 5 of 8 epochs)",
        "chance 0.693",
        "weights kept: epoch 2",
    ]
    dots, _, line = axes[0].lines[:3]
    assert (dots.get_marker(), dots.get_linestyle()) == ("o", "None")
    assert (line.get_marker(), line.get_linestyle()) == ("None", "-")
    np.testing.assert_array_equal(line.get_xdata(), np.arange(1, 9))
    # Epochs 1, 3 and 5 have no finite neighbor: each gets a mark of its own.
    np.testing.assert_array_equal(axes[1].lines[3].get_xdata(), [1, 3, 5])
    assert axes[1].get_ylabel() == "binary cross-entropy"


def test_comparison_draws_the_wilson_interval(tmp_path, monkeypatch):
    axes = drawn_axes(monkeypatch)
    plots.comparison([row("a", "test", 0.9, 30)], tmp_path / "f.png", "t")
    interval = axes[0].lines[0].get_ydata()
    # Roots of (27/30 - p)^2 = z^2 p (1 - p) / 30 (Wilson 1927): the interval's definition.
    z_squared = 1.959963984540054**2
    roots = np.roots([1 + z_squared / 30, -(1.8 + z_squared / 30), 0.81])
    np.testing.assert_allclose(interval, np.sort(roots), rtol=1e-9)
    assert axes[0].get_ylim()[0] == 0  # the scale is not cut off
    assert "test (30 images)" in axes[0].get_legend_handles_labels()[1]
