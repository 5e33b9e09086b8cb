"""Every figure of the application, as PNG files.

Each function takes plain arrays and dicts, writes one file and returns its path. Only
matplotlib's object interface is used (`Figure` and its Agg canvas), never `pyplot`: a figure
needs no screen, leaves no state behind and disturbs no notebook that imports this module.

All functions share `path` (a name that ends in .png; missing folders are made), `title`, and
`note`, the small print at the bottom (which images are synthetic, which class is positive).
All raise UserError if `path` cannot be written or if there is nothing to draw. An image is
an array (height, width) or (height, width, 1): uint8 in [0, 255] or float, usually in [0, 1].
"""

import contextlib
import io
import math
import os
import textwrap
import warnings
from collections.abc import Iterator
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from covid.errors import UserError

DPI = 110
# Three colours of Okabe and Ito (2008) that stay apart with every kind of colour blindness.
BLUE, ORANGE, GREEN, GRAY = "#0072B2", "#D55E00", "#009E73", "#666666"
STYLE = {
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "axes.facecolor": "white",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 11,
    "legend.frameon": False,
    "text.parse_math": False,  # a "$" in a file name is a "$", not the start of a formula
}
NAME_POINTS = 8  # size of file names, in points of 1/72 inch


def sample_grid(
    images_by_class: dict[str, list[np.ndarray]],
    path: str | Path,
    title: str,
    note: str = "",
    names_by_class: dict[str, list[str]] | None = None,
) -> Path:
    """A block of rows per class, at most six images a row, file names below the images.

    Parameters
    ----------
    images_by_class : dict
        Class name -> images. A class may have none: its block says so.
    names_by_class : dict, optional
        Class name -> the file names of its images.
    """
    most = max((len(images) for images in images_by_class.values()), default=0)
    _require(most > 0, path, "at least one image")
    columns = min(6, most)
    rows = [max(1, math.ceil(len(images) / columns)) for images in images_by_class.values()]
    cell, width = _cell(columns)
    height = sum(rows) * (cell + 0.3) + 0.45 * len(rows)
    with _png(path, title, note, width, height) as figure:
        blocks = figure.subfigures(len(rows), 1, height_ratios=rows, squeeze=False)[:, 0]
        for block, count, name in zip(blocks, rows, images_by_class, strict=True):
            images = images_by_class[name]
            names = (names_by_class or {}).get(name) or [""] * len(images)
            header = _wrap(name if images else f"{name}: no images", width, 12)
            block.suptitle(header, x=0.01, ha="left", fontsize=12)
            grid = block.subplots(count, columns, squeeze=False).ravel()
            for axes, image, file_name in zip(grid, images, names, strict=False):
                _show_slice(axes, image)
                axes.set_xlabel(_shorten(file_name, cell), **_name_font())
            for axes in grid[len(images) :]:
                axes.set_axis_off()
    return Path(path)


def preprocessing_grid(
    rows: list[tuple[str, np.ndarray, np.ndarray, np.ndarray]],
    path: str | Path,
    title: str,
    note: str = "",
) -> Path:
    """One image a column: three steps of the preprocessing, then its gray values.

    Parameters
    ----------
    rows : list of (file name, original, enhanced, enhanced & cropped)
        The images are uint8. At most the first six items are drawn.
    """
    _require(len(rows) > 0, path, "at least one image")
    rows = rows[:6]
    cell, width = _cell(len(rows))
    steps = ("Original CT", "Enhanced CT", "Enhanced & cropped")
    with _png(path, title, note, width, 3 * cell + 2.6) as figure:
        ratios = [cell, cell, cell, 1.6]
        grid = figure.subplots(4, len(rows), squeeze=False, height_ratios=ratios)
        for column, (name, *images) in zip(grid.T, rows, strict=True):
            for axes, image in zip(column, images, strict=False):
                _show_slice(axes, image)
            column[0].set_title(_shorten(name, cell), **_name_font())
            column[3].sharey(grid[3, 0])
            _histograms(column[3], images[0], images[1])
        for axes, step in zip(grid[:, 0], steps, strict=False):
            axes.set_ylabel(step, fontsize=11)
        grid[3, 0].set_ylabel("pixels (log scale)")
        handles, labels = grid[3, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=2)
    return Path(path)


def augmented_copies(
    original: np.ndarray, copies: list[np.ndarray], path: str | Path, title: str, note: str = ""
) -> Path:
    """An image and random copies of it, in one row."""
    _require(len(copies) > 0, path, "at least one augmented copy")
    cell, width = _cell(1 + len(copies))
    with _png(path, title, note, width, cell + 0.2) as figure:
        grid = figure.subplots(1, 1 + len(copies))
        for number, (axes, image) in enumerate(zip(grid, [original, *copies], strict=True)):
            _show_slice(axes, image)
            axes.set_title(f"copy {number}" if number else "original")
    return Path(path)


def training_curves(
    history: dict[str, list[float]],
    path: str | Path,
    title: str,
    note: str = "",
    best_epoch: int | None = None,
    chance: bool = True,
) -> Path:
    """Accuracy and loss over the epochs: training as dots, validation as a line.

    Parameters
    ----------
    history : dict
        What `fit` returns as `history.history`: "acc" (or "accuracy") and "loss", and with a
        validation set the same with "val_" in front; one number per epoch. A number that is
        not finite leaves a gap, and the panel says at which epoch.
    best_epoch : int, optional
        Marked by a vertical line; the first epoch is 1.
    chance : bool
        Mark what a coin scores: accuracy 1/2, loss -log(1/2) = ln 2.
    """
    accuracy = "acc" if "acc" in history else "accuracy"
    _require(len(history.get("loss", [])) > 0, path, "a history with at least one epoch")
    with _png(path, title, note, 12, 4.6) as figure:
        left, right = figure.subplots(1, 2)
        _curve_panel(left, history, accuracy, best_epoch, 0.5 if chance else None)
        _curve_panel(right, history, "loss", best_epoch, math.log(2) if chance else None)
        left.set(title="Accuracy", ylabel="accuracy (fraction correct)", ylim=(-0.02, 1.02))
        right.set(title="Loss", ylabel="binary cross-entropy")
        right.set_ylim(bottom=0)
    return Path(path)


def filters_and_maps(
    kernel: np.ndarray,
    image: np.ndarray,
    maps: np.ndarray,
    path: str | Path,
    title: str,
    note: str = "",
) -> Path:
    """An image, the filters of a convolution, and below each filter its feature map.

    Parameters
    ----------
    kernel : ndarray, (kernel_height, kernel_width, channels, filters)
        The first channel of at most eight filters is drawn, all on one colour scale.
    image : ndarray
        The layer's input.
    maps : ndarray, (out_height, out_width, filters)
        The layer's output; each map is drawn from its own smallest to its own largest number.
    """
    _require(kernel.ndim == 4 and kernel.size > 0, path, "a kernel with four axes")
    filters = kernel.shape[3]
    _require(maps.ndim == 3 and maps.shape[2] == filters, path, f"{filters} feature maps")
    drawn = min(8, filters)
    cell, width = _cell(max(2, drawn), most=2.2, total=11.0)
    limit = float(np.nanmax(np.abs(kernel[:, :, 0, :drawn]), initial=0)) or 1.0
    with _png(path, title, note, width + 3, 2 * cell + 1.5) as figure:
        left, right = figure.subfigures(1, 2, width_ratios=[3, width])
        axes = left.subplots()
        _show_slice(axes, image)
        axes.set_title(f"input\n{image.shape[0]} x {image.shape[1]} pixels")
        grid = right.subplots(2, drawn, squeeze=False)
        for index in range(drawn):
            top, bottom = grid[:, index]
            weights, feature_map = kernel[:, :, 0, index], maps[:, :, index]
            drawing = top.imshow(weights, cmap="PuOr", vmin=-limit, vmax=limit)
            top.set_title(f"filter {index + 1}")
            bottom.imshow(feature_map, cmap="viridis")
            for panel, numbers in ((top, weights), (bottom, feature_map)):
                panel.set(xticks=[], yticks=[])
                panel.set_xlabel(_range(numbers), fontsize=NAME_POINTS)
        of_channels = f"\nchannel 1 of {kernel.shape[2]}" if kernel.shape[2] > 1 else ""
        grid[0, 0].set_ylabel(f"kernel {kernel.shape[0]} x {kernel.shape[1]}{of_channels}")
        grid[1, 0].set_ylabel(f"feature map\n{maps.shape[0]} x {maps.shape[1]}")
        right.colorbar(drawing, ax=grid[0], label="weight", shrink=0.9)
    return Path(path)


def confusion_matrices(
    results: dict[str, np.ndarray],
    classes: tuple[str, str],
    path: str | Path,
    title: str,
    note: str = "",
) -> Path:
    """Counts of true against predicted class, a panel per part.

    Parameters
    ----------
    results : dict
        Part ("train", "validate", "test") -> counts, (2, 2): row = true class, column =
        predicted class, the negative class first. A part without images stays empty.
    classes : (str, str)
        Names of the negative and of the positive class.
    """
    _require(len(results) > 0, path, "at least one part")
    names = [_wrap(classes[0], 1.3, 10), _wrap(classes[1], 1.3, 10) + "\n(positive)"]
    width = max(7.0, 4.3 * len(results))
    with _png(path, title, note, width, 4.4) as figure:
        panels = figure.subplots(1, len(results), squeeze=False)[0]
        for axes, (part, counts) in zip(panels, results.items(), strict=True):
            _confusion_panel(axes, part, np.asarray(counts))
            axes.set_xticks([0, 1], names)
            axes.set_yticks([0, 1], names, rotation=90, va="center")
            axes.set_xlabel("predicted class")
        panels[0].set_ylabel("true class")
    return Path(path)


def comparison(summary_rows: list[dict], path: str | Path, title: str, note: str = "") -> Path:
    """Accuracy of every model on every part, with 95 % Wilson intervals.

    Parameters
    ----------
    summary_rows : list of dict
        One dict per model and part: "model", "part", "acc" in [0, 1] and "n", the number of
        images. A row without images, or without a finite accuracy, is left out.
    """
    from covid.evaluate import wilson_interval

    _require(len(summary_rows) > 0, path, "at least one result")
    models = list(dict.fromkeys(row["model"] for row in summary_rows))
    parts = list(dict.fromkeys(row["part"] for row in summary_rows))
    colours = dict(zip(parts, [BLUE, ORANGE, GREEN] + [GRAY] * len(parts), strict=False))
    width = max(8.0, 0.9 * len(models) * len(parts) + 2.5)
    with _png(path, title, note, width, 5.0) as figure:
        axes = figure.subplots()
        for part in parts:
            shift = 0.24 * (parts.index(part) - (len(parts) - 1) / 2)
            rows = [
                row
                for row in summary_rows
                if row["part"] == part and row["n"] > 0 and np.isfinite(row["acc"])
            ]
            for row in rows:
                x, accuracy = models.index(row["model"]) + shift, row["acc"]
                low, high = wilson_interval(round(accuracy * row["n"]), row["n"])
                axes.plot([x, x], [low, high], color=colours[part], linewidth=2)
                axes.plot(x, accuracy, "o", color=colours[part], markersize=7)
                axes.annotate(f"{accuracy:.3f}", (x, accuracy), (6, 0), textcoords="offset points",
                              va="center", fontsize=NAME_POINTS)  # fmt: skip
            sizes = sorted({row["n"] for row in rows}) or [0]
            images = str(sizes[0]) if len(sizes) == 1 else f"{sizes[0]} to {sizes[-1]}"
            axes.plot([], [], "o-", color=colours[part], label=f"{part} ({images} images)")
        axes.axhline(0.5, color=GRAY, linestyle="--", linewidth=1, label="chance")
        axes.set(ylim=(0, 1.03), xlim=(-0.55, len(models) - 0.4))
        axes.set_ylabel("accuracy (fraction correct), 95 % Wilson interval")
        axes.set_xticks(range(len(models)), [_wrap(name, 6 / len(models), 10) for name in models])
        figure.legend(loc="outside upper center", ncols=len(parts) + 1)
    return Path(path)


def _show_slice(axes: Axes, image: np.ndarray) -> None:
    """Draw an image without ticks, in gray values that mean the same in every image."""
    image = np.asarray(image)
    if image.ndim == 3:
        image = image[:, :, 0]  # (height, width, 1) -> (height, width)
    top = 255 if image.dtype == np.uint8 else 1.0
    finite = image[np.isfinite(image)]
    # Standardised images leave [0, 1]: nothing but their own range is left to show them in.
    own_range = finite.size > 0 and (finite.min() < 0 or finite.max() > top)
    low, high = (finite.min(), finite.max()) if own_range else (0, top)
    axes.imshow(image, cmap="bone", vmin=low, vmax=high)
    axes.set(xticks=[], yticks=[])


def _histograms(axes: Axes, original: np.ndarray, enhanced: np.ndarray) -> None:
    """Overlaid histograms of two uint8 images, in bins of four gray values."""
    edges = np.arange(0, 257, 4)
    for image, colour, label in ((original, BLUE, "original"), (enhanced, ORANGE, "enhanced")):
        counts = np.histogram(image, edges)[0]
        axes.stairs(counts, edges, color=colour, fill=True, alpha=0.25)
        axes.stairs(counts, edges, color=colour, linewidth=1.2, label=label)
    # The black around the body is one bin that would flatten all others on a linear scale.
    axes.set_yscale("log")
    axes.set(xlim=(0, 256), xticks=[0, 128, 255], xlabel="gray value")


def _curve_panel(
    axes: Axes, history: dict, key: str, best_epoch: int | None, chance: float | None
) -> None:
    """One measure over the epochs; see `training_curves`."""
    curves = {name: np.asarray(history.get(name, []), float) for name in (key, f"val_{key}")}
    epochs = len(history["loss"])
    for name, label, style in ((key, "training", "o"), (f"val_{key}", "validation", "-")):
        values = np.where(np.isfinite(curves[name]), curves[name], np.nan)
        if not len(values):
            continue
        lost = ", ".join(str(epoch) for epoch in np.flatnonzero(np.isnan(values)) + 1)
        label += f" (not a number: epoch {lost})" if lost else ""
        colour = BLUE if label.startswith("training") else ORANGE
        numbers = np.arange(1, len(values) + 1)
        axes.plot(numbers, values, style, color=colour, linewidth=2, markersize=6, label=label)
        # A line needs two neighbours; a number alone between gaps would be invisible.
        known = np.pad(np.isfinite(values), 1)
        alone = known[1:-1] & ~known[:-2] & ~known[2:]
        axes.plot(numbers[alone], values[alone], "s", color=colour, markersize=5)
    if chance is not None:
        axes.axhline(chance, color=GRAY, linestyle="--", linewidth=1, label=f"chance {chance:.3g}")
    if best_epoch is not None:
        axes.axvline(best_epoch, color=GREEN, linewidth=1, label=f"best epoch: {best_epoch}")
    axes.set(xlabel="epoch", xlim=(0.5, epochs + 0.5))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.grid(axis="y", color="#dddddd", linewidth=0.6)
    axes.legend(loc="best")


def _confusion_panel(axes: Axes, part: str, counts: np.ndarray) -> None:
    """One matrix of counts, shaded and labelled by the share of its true class."""
    totals = counts.sum(axis=1, keepdims=True)  # (2, 2) -> (2, 1)
    shares = counts / np.maximum(totals, 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    words = (("true negative", "false positive"), ("false negative", "true positive"))
    for row in range(2):
        for column in range(2):
            share = f"{shares[row, column]:.1%}" if totals[row] else "no images"
            colour = "white" if shares[row, column] > 0.5 else "black"
            axes.text(column, row - 0.1, f"{counts[row, column]}", color=colour,
                      ha="center", va="center", fontsize=18)  # fmt: skip
            axes.text(column, row + 0.2, f"{share}\n{words[row][column]}", color=colour,
                      ha="center", va="center", fontsize=9)  # fmt: skip
    images = int(counts.sum())
    right = f", {np.trace(counts) / images:.1%} correct" if images else ""
    axes.set_title(f"{part}: {images} images{right}")
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)


def _range(numbers: np.ndarray) -> str:
    """The smallest and the largest of some numbers, as text."""
    finite = numbers[np.isfinite(numbers)]
    if not finite.size:
        return "no numbers"
    low, high = f"{finite.min():.2g}", f"{finite.max():.2g}"
    return f"{low} to {high}" if low != high else f"{low} everywhere"


def _cell(columns: int, most: float = 3.2, total: float = 13.0) -> tuple[float, float]:
    """Width of an image and of the whole figure in inches, for so many images in a row."""
    cell = min(most, total / columns)
    return cell, max(7.0, cell * columns)


def _name_font() -> dict:
    """File names are set in a typewriter face, whose width is known; see `_shorten`."""
    return {"family": "monospace", "fontsize": NAME_POINTS}


def _shorten(name: str, inches: float) -> str:
    """A file name on at most two lines of this width, its middle left out if it is longer."""
    name = "".join(letter if letter.isprintable() else "?" for letter in name)
    per_line = int(0.95 * inches * 72 / (0.602 * NAME_POINTS))  # 0.602 em: one letter
    if len(name) > 2 * per_line:
        name = name[: per_line - 1] + "…" + name[-per_line:]
    return "\n".join(textwrap.wrap(name, per_line, break_on_hyphens=False))


def _wrap(text: str, inches: float, points: float) -> str:
    """Text on lines of at most this width, for letters of 0.65 em, wider than most."""
    return textwrap.fill(text, max(8, int(inches * 72 / (0.65 * points))))


def _require(condition: bool, path: str | Path, expected: str) -> None:
    if not condition:
        raise UserError(f"{path}: expected {expected} to draw, got none; nothing is written")


@contextlib.contextmanager
def _png(path: str | Path, title: str, note: str, width: float, height: float) -> Iterator[Figure]:
    """A figure of so many inches (and room for title and note) to draw on, then written.

    The file is either whole or as it was before; nothing is written if the drawing fails.
    """
    path = Path(path)
    if path.suffix.lower() != ".png":
        raise UserError(f"{path}: expected a name that ends in .png, the only format there is")
    title, note = _wrap(title, width, 14), _wrap(note, width, 9)
    height += 0.3 * (title.count("\n") + 1) + 0.17 * (note.count("\n") + 1) + 0.3
    with matplotlib.rc_context(STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # drawn as an empty box
        figure = Figure(figsize=(width, height), dpi=DPI, layout="constrained")
        FigureCanvasAgg(figure)
        figure.suptitle(title, fontsize=14)
        figure.supxlabel(note, fontsize=9, color=GRAY)
        yield figure
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png")
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(buffer.getvalue())
        os.replace(temporary, path)
    except OSError as error:
        raise UserError(f"{path}: expected a place to write a figure, got {error}") from None
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()
