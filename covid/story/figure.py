"""The figure of `covid story`: the images that lie beside the honest ones, and all its scores."""

from __future__ import annotations

from pathlib import Path

from matplotlib.axes import Axes

from covid.data.class_folders import Dataset, ImageFile
from covid.data.images import read_gray
from covid.data.preprocess import enhance_and_crop
from covid.figures.plots.canvas import BLUE, GRAY, GREEN, ORANGE, sheet


def draw(content: dict, lying: Dataset, honest: Dataset, path: str | Path) -> Path:
    """Draw the first positive slice of both sets, raw and prepared, over a chart of all scores.

    Parameters
    ----------
    content : dict
        As `tell.tell` makes it.
    lying, honest : Dataset
        Their first positive images are shown.
    path : str or Path
        Ends in .png.
    """
    bars = scores(content)
    title = (
        f"What a result is worth: {content['model']} on synthetic images, positive class "
        f"{content['positive']}"
    )
    with sheet(path, title, content["note"], 11, 4.6 + 0.34 * len(bars)) as body:
        upper, lower = body.subfigures(2, 1, height_ratios=[4.0, 0.6 + 0.34 * len(bars)])
        panels = upper.subplots(1, 4)
        for pair, dataset, name in ((panels[:2], lying, "lying"), (panels[2:], honest, "honest")):
            gray = read_gray(middle_positive(dataset).path)
            for axes, image, how in (
                (pair[0], gray, "as it is"),
                (pair[1], enhance_and_crop(gray).image, "enhanced, cropped"),
            ):
                axes.imshow(image, cmap="gray", vmin=0, vmax=255)
                axes.set_title(f"{name} set: {how}", fontsize=10)
                axes.set_axis_off()
        chart(lower.subplots(), bars, content["model"])
    return Path(path)


def middle_positive(dataset: Dataset) -> ImageFile:
    """An image of the positive class from the middle of the first such patient's scan."""
    positive = sorted(image.path.name for image in dataset.images if image.label == 1)
    patient = [name for name in positive if name.split("_")[0] == positive[0].split("_")[0]]
    wanted = patient[len(patient) // 2]
    return next(image for image in dataset.images if image.path.name == wanted)


def scores(content: dict) -> list[tuple[str, float, float | None, float | None, str]]:
    """Every score of the story: what it is of, accuracy, interval (if any), color."""
    first, _, controls, last = (chapter["numbers"] for chapter in content["chapters"])

    def of_test(name: str, test: dict, color: str) -> tuple:
        return name, test["acc"], *test["acc_95_percent_interval"], color

    ends = ("accuracy", "accuracy_low", "accuracy_high")
    return [
        of_test("1  slices split at random", first["test"], ORANGE),
        *(
            (f"3  control: {row['title']}", *map(row.get, ends), ORANGE if row["flagged"] else GRAY)
            for row in controls["rows"]
        ),
        of_test("4  patients kept apart, the mark still there", last["lying"], ORANGE),
        of_test("4  patients kept apart, honest images", last["honest"], GREEN),
    ]


def chart(axes: Axes, bars: list[tuple], model: str) -> None:
    """Accuracies with their intervals as lines, from top to bottom."""
    for place, (_, value, low, high, color) in enumerate(bars):
        if low is not None and high is not None:
            axes.plot([low, high], [place, place], color=color, linewidth=2, alpha=0.6)
        axes.plot(value, place, "o", color=color)
        axes.annotate(
            f"{value:.2f}", (value, place), (0, 6), textcoords="offset points", ha="center",
            fontsize=8, color=color,
        )  # fmt: skip
    axes.axvline(0.5, color=BLUE, linestyle=":", linewidth=1)
    axes.annotate(
        "a coin", (0.5, 0), (4, 0), xycoords=("data", "axes fraction"),
        textcoords="offset points", fontsize=8, color=BLUE, va="bottom",
    )  # fmt: skip
    axes.set_yticks(range(len(bars)), [name for name, *_ in bars])
    axes.set_ylim(len(bars) - 0.5, -0.7)
    axes.set_xlim(0, 1.03)
    axes.set_xlabel(
        f"accuracy in the test, {model}, with 95 % interval\n"
        "orange: not to be trusted (controls are flagged by their AUC)"
    )
