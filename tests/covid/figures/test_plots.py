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
    **{
        f"{filters} filters": lambda path, filters=filters, **text: plots.filters_and_maps(
            kernel_and_maps(filters)[0], image(), kernel_and_maps(filters)[1], path, **text
        )
        for filters in (1, 4, 7, 32)
    },
    "filters that are all zero": lambda path, **text: plots.filters_and_maps(
        np.zeros((3, 3, 2, 2)), image(), np.full((8, 8, 2), NAN), path, **text
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_writes_one_whole_png_of_plausible_size(case, tmp_path):
    path = tmp_path / "new folder" / "figure.png"
    assert CASES[case](path, title="A title with a $ in it", note=NOTE) == path
    assert [file.name for file in path.parent.iterdir()] == ["figure.png"]
    height, width, channels = cv2.imread(str(path)).shape
    assert width == int(canvas.PHONE * canvas.DPI) and 300 <= height <= 2100


@pytest.mark.parametrize("case", CASES)
def test_nothing_touches_the_edge(case, tmp_path):
    """An even rim: no title, note or label runs out of the figure, however long it is."""
    CASES[case](tmp_path / "figure.png", title="A long title " * 12, note=NOTE * 4)
    pixels = cv2.imread(str(tmp_path / "figure.png"), cv2.IMREAD_GRAYSCALE)
    for rim in (pixels[:2], pixels[-2:], pixels[:, :2], pixels[:, -2:]):
        assert rim.min() == rim.max()


def test_title_and_note_are_drawn(tmp_path):
    def light_pixels(part, **text):
        plots.augmented_copies(image(), [image()], tmp_path / "figure.png", **text)
        return (cv2.imread(str(tmp_path / "figure.png"), 0)[part] > 100).sum()

    top, bottom = slice(0, 40), slice(-35, None)
    assert light_pixels(top, title="") == 0 < light_pixels(top, title="Copies")
    assert light_pixels(bottom, title="") == 0 < light_pixels(bottom, title="", note=NOTE)


def test_no_pyplot_and_no_changed_settings(tmp_path):
    """In a process of its own: other tests may have imported pyplot already."""
    code = """
import sys
import matplotlib
before = matplotlib.rcParams.copy()  # dict() would look up a backend, in pyplot
from covid.figures import plots
plots.most_wrong({}, sys.argv[1], "title")
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
        lambda path: plots.filters_and_maps(*np.ones((3, 4, 4)), path, "t"),
        lambda path: plots.filters_and_maps(
            kernel_and_maps(2)[0], image(), kernel_and_maps(3)[1], path, "t"
        ),
    ],
)
def test_nothing_to_draw_is_a_user_error_and_leaves_no_file(draw, tmp_path):
    with pytest.raises(UserError, match="figure.png: expected"):
        draw(tmp_path / "figure.png")
    assert not list(tmp_path.iterdir())


def test_a_failed_drawing_leaves_the_old_file(tmp_path):
    path = tmp_path / "figure.png"
    path.write_bytes(b"old")
    with pytest.raises((AttributeError, TypeError, ValueError)):
        plots.augmented_copies("x", ["y"], path, "t")
    assert path.read_bytes() == b"old" and len(list(tmp_path.iterdir())) == 1


def test_a_failed_write_is_a_user_error_and_leaves_nothing(tmp_path, monkeypatch):
    def full_disk(source, target):
        raise OSError("no space left")

    monkeypatch.setattr("os.replace", full_disk)
    with pytest.raises(UserError, match="no space left"):
        plots.most_wrong({}, tmp_path / "figure.png", "t")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["figure.pdf", "figure"])
def test_only_png(name, tmp_path):
    with pytest.raises(UserError, match="ends in .png"):
        plots.most_wrong({}, tmp_path / name, "t")


def test_a_folder_that_is_a_file(tmp_path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(UserError, match="cannot be written"):
        plots.most_wrong({}, tmp_path / "taken" / "figure.png", "t")


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
