"""Figures of results: training curves, confusion matrices, models compared, cross-validation."""

import math
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from covid.figures.plots.canvas import (
    BLUE,
    GRAY,
    GREEN,
    GRID,
    NAME_POINTS,
    ORANGE,
    axes_at,
    require,
    sheet,
    wrap,
)
from covid.metrics import wilson_interval

FOLD_PANELS = {"accuracy": "accuracy (fraction correct)", "auc": "area under the ROC curve"}


def training_curves(
    history: dict, path: Path, title: str, note: str = "", best_epoch: int | None = None
) -> Path:
    """Accuracy and loss over the epochs: training as dots, validation as a line.

    Chance level is marked: accuracy 1/2, loss -log(1/2) = ln 2.

    Parameters
    ----------
    history : dict of str to list of float
        What `fit` returns as `history.history`: "acc" (or "accuracy") and "loss", and with a
        validation set the same with "val_" in front; one value per epoch. A value that is not
        finite leaves a gap, and the legend counts them.
    best_epoch : int, optional
        Marked by a vertical line; the first epoch is 1.
    """
    accuracy = "acc" if "acc" in history else "accuracy"
    require(len(history.get("loss", [])) > 0, path, "a history with at least one epoch")
    with sheet(path, title, note, 12, 4.5, by_hand=True) as body:
        left, right = (axes_at(body, x, 0.3, 5.2, 3.7) for x in (0.7, 6.7))
        _curve_panel(left, history, accuracy, best_epoch, 0.5)
        _curve_panel(right, history, "loss", best_epoch, math.log(2))
        left.set(title="Accuracy", ylabel="fraction correct at 0.5", ylim=(-0.02, 1.02))
        right.set(title="Loss", ylabel="binary cross-entropy")
        right.set_ylim(0, 1.05 * right.get_ylim()[1])
    return path


def confusion_matrices(
    results: dict[str, np.ndarray], classes: tuple[str, str], path: Path, title: str, note: str = ""
) -> Path:
    """Counts of true against predicted class, a panel per part.

    `results`: part ("train", "validate", "test") -> counts, (2, 2): row = true class, column =
    predicted class, in the order of `classes`: (negative, positive). A part may have no images.
    """
    require(len(results) > 0, path, "at least one part")
    for part, counts in results.items():
        require(np.shape(counts) == (2, 2), path, f"2 x 2 counts for the part {part!r}")
    names = [wrap(classes[0], 1.5, 10), wrap(classes[1], 1.5, 10) + "\n(positive)"]
    text = 0.45 + 0.17 * max(name.count("\n") + 1 for name in names)  # left and below, inches
    side = 3.55
    pitch = text + side + 0.1
    width = max(7.0, pitch * len(results))
    first = (width - pitch * len(results)) / 2 + text
    with sheet(path, title, note, width, 0.3 + side + text, by_hand=True) as body:
        for column, (part, counts) in enumerate(results.items()):
            axes = axes_at(body, first + column * pitch, 0.3, side, side)
            _confusion_panel(axes, part, np.asarray(counts))
            axes.set_xticks([0, 1], names)
            axes.set_yticks([0, 1], names, rotation=90, va="center")
            axes.set(xlabel="predicted class", ylabel="true class")
    return path


def comparison(summary_rows: list[dict], path: Path, title: str, note: str = "") -> Path:
    """Accuracy of every model on every part, with 95 % Wilson intervals.

    A row has "model", "part", "acc" in [0, 1] and "n", the number of images. One without images,
    or without a finite accuracy, is left out.
    """
    summary_rows = [row for row in summary_rows if row["n"] > 0 and math.isfinite(row["acc"])]
    require(len(summary_rows) > 0, path, "at least one finite accuracy")
    models = list(dict.fromkeys(row["model"] for row in summary_rows))
    parts = list(dict.fromkeys(row["part"] for row in summary_rows))
    colors = [BLUE, ORANGE, GREEN] + [GRAY] * len(parts)
    width = min(13.5, max(9.0, 0.9 * len(models) * len(parts) + 2.5))
    with sheet(path, title, note, width, 5.0) as body:
        axes = body.subplots()
        for number, part in enumerate(parts):
            shift = (number - (len(parts) - 1) / 2) * 0.75 / len(parts)
            rows = [row for row in summary_rows if row["part"] == part]
            for row in rows:
                interval = wilson_interval(round(row["acc"] * row["n"]), row["n"])
                x = models.index(row["model"]) + shift
                _mark_with_interval(axes, x, row["acc"], interval, "o", colors[number])
            sizes = sorted(row["n"] for row in rows)
            counts = " to ".join(str(size) for size in sorted({sizes[0], sizes[-1]}))
            axes.plot([], [], "o-", color=colors[number], label=f"{part} ({counts} images)")
        axes.axhline(0.5, color=GRAY, linestyle="--", linewidth=1, label="chance", zorder=0)
        axes.set(ylim=(0, 1.03), xlim=(-0.5, len(models) - 0.5))
        axes.set_ylabel("accuracy (fraction correct)\nwith 95 % Wilson interval")
        names = [wrap(name, 0.85 * (width - 1) / len(models), 10) for name in models]
        axes.set_xticks(range(len(models)), names)
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=len(parts) + 1)
    return path


def fold_results(models: dict[str, dict], path: Path, title: str, note: str = "") -> Path:
    """One dot for each fold, beside it the mean with its interval; accuracy left, AUC right.

    `models`, by name: "folds", a list with "accuracy" and "auc" of each; "measures", with the
    "mean", "low" and "high" of both.
    """
    require(len(models) > 0, path, "at least one model")
    width = min(13.5, max(9.0, 2.2 * len(models) + 4))
    with sheet(path, title, note, width, 4.6) as body:
        for axes, (measure, label) in zip(body.subplots(1, 2), FOLD_PANELS.items(), strict=True):
            for place, model in enumerate(models.values()):
                values = [row[measure] for row in model["folds"]]
                # Side by side, so that equal values do not hide each other.
                across = place - 0.2 + np.linspace(-0.15, 0.15, len(values))
                axes.plot(across, values, "o", color=BLUE, alpha=0.6, markersize=7, clip_on=False)
                mean, *ends = (model["measures"][measure][key] for key in ("mean", "low", "high"))
                _mark_with_interval(axes, place + 0.15, mean, ends, "D", ORANGE)
            axes.axhline(0.5, color=GRAY, linestyle="--", linewidth=1, label="chance", zorder=0)
            axes.set(ylabel=label, ylim=(-0.03, 1.03), xlim=(-0.6, len(models) - 0.4))
            names = [wrap(name, 0.45 * width / len(models), 9) for name in models]
            axes.set_xticks(range(len(models)), names, fontsize=9)
            axes.plot([], [], "o", color=BLUE, alpha=0.6, label="a fold")
            axes.plot([], [], "D-", color=ORANGE, label="mean, 95 % t interval")
            axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=3)
    return path


def _mark_with_interval(axes: Axes, x: float, value: float, interval, mark: str, color: str):
    """A value as a mark with its digits beside it, its interval as a line with end marks."""
    axes.plot([x, x], interval, "_-", color=color, linewidth=2, markersize=9)
    axes.plot(x, value, mark, color=color, markersize=7)
    box = {"facecolor": "white", "edgecolor": "none", "pad": 0.5}
    style = {"textcoords": "offset points", "va": "center", "fontsize": NAME_POINTS, "bbox": box}
    axes.annotate(f"{value:.3f}", (x, value), (9, 0), **style)


def _curve_panel(
    axes: Axes, history: dict, key: str, best_epoch: int | None, chance: float
) -> None:
    """One measure over the epochs; see `training_curves`."""
    epochs = len(history["loss"])
    for name, label, style, color in (
        (key, "training", "o", BLUE),
        (f"val_{key}", "validation", "-", ORANGE),
    ):
        if not history.get(name):
            continue
        values = np.asarray(history[name], float)
        finite = np.isfinite(values)
        if not finite.all():
            label += f" (not finite in {np.sum(~finite)} of {len(values)} epochs)"
        values = np.where(finite, values, np.nan)
        counted = np.arange(1, len(values) + 1)
        axes.plot(counted, values, style, color=color, linewidth=2, markersize=6, label=label)
        # A line needs two neighbors; a value alone between gaps would be invisible.
        known = np.pad(finite, 1)
        alone = finite & ~known[:-2] & ~known[2:]
        axes.plot(counted[alone], values[alone], "s" if style == "-" else "o", color=color)
    text = f"chance {chance:.3g}"
    axes.axhline(chance, color=GRAY, linestyle="--", linewidth=1, zorder=0, label=text)
    if best_epoch is not None:
        text = f"weights kept: epoch {best_epoch}"
        axes.axvline(best_epoch, color=GREEN, linewidth=1, zorder=0, label=text)
    axes.set(xlabel="epoch", xlim=(0.5, epochs + 0.5))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.grid(axis="y", **GRID)
    axes.legend(loc="best")


def _confusion_panel(axes: Axes, part: str, counts: np.ndarray) -> None:
    """One matrix of counts, shaded by their share of the true class (– where there is none)."""
    totals = counts.sum(axis=1, keepdims=True)  # (2, 2) -> (2, 1)
    shares = counts / np.maximum(totals, 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    cells = (("true negative", "false positive"), ("false negative", "true positive"))
    for row in range(2):
        for column in range(2):
            share = f"{100 * shares[row, column]:.1f} %" if totals[row, 0] else "–"
            style = {"ha": "center", "va": "center"}
            style["color"] = "white" if shares[row, column] > 0.5 else "black"
            axes.text(column, row - 0.1, f"{counts[row, column]}", fontsize=18, **style)
            axes.text(column, row + 0.2, f"{cells[row][column]}\n{share}", fontsize=9, **style)
    images = int(counts.sum())
    correct = f", {100 * np.trace(counts) / images:.1f} % correct" if images else ""
    axes.set_title(f"{part}: {images} images{correct}")
    axes.tick_params(length=0)
    axes.spines[:].set_color("#cccccc")
    axes.spines[:].set_visible(True)
