"""Figures of images: samples, steps of the preprocessing, augmentation, filters and their maps.

An image is an array (height, width) or (height, width, 1): uint8 in [0, 255] or float, usually
in [0, 1]. Sizes and places are in inches.
"""

import math
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import SubFigure
from matplotlib.ticker import NullLocator

from covid.figures.plots.canvas import (
    BLUE,
    NAME_FONT,
    NAME_LINE,
    ORANGE,
    PHONE,
    Place,
    axes_at,
    caption,
    color_table,
    picture_at,
    require,
    sheet,
    shorten,
    text_at,
    wrap,
)

GAP = 0.1  # between two images, and between an image and the edge
COLUMNS = 3  # images in a row
STEPS = ("original", "enhanced", "enhanced & cropped")


def sample_grid(
    images_by_class: dict[str, list[np.ndarray]],
    path: Path,
    title: str,
    note: str = "",
    names_by_class: dict[str, list[str]] | None = None,
    remarks_by_class: dict[str, list[str]] | None = None,
) -> Path:
    """A block of rows per class, three images a row, file names below the images.

    Names and remarks (a few words above each image) are in the order of the images. A class may
    have none: its block says so.
    """
    most = max((len(images) for images in images_by_class.values()), default=0)
    require(most > 0, path, "at least one image")
    columns = min(COLUMNS, most)
    cell, left, width = _columns(columns, largest=2.0)
    remark = 0.2 if remarks_by_class else 0.0  # height of the line above an image
    pitch = remark + cell + 2 * NAME_LINE + 2 * GAP  # to the next row: two lines for the name
    texts = {
        name: wrap(name if images else f"{name}: no images", width - left, 12)
        for name, images in images_by_class.items()
    }
    headers = {name: 0.35 + 0.2 * text.count("\n") for name, text in texts.items()}
    rows = {name: math.ceil(len(images) / columns) for name, images in images_by_class.items()}
    height = sum(headers.values()) + pitch * sum(rows.values())
    with sheet(path, title, note, width, height, by_hand=True, dark=True) as body:
        top = 0.0
        for name, images in images_by_class.items():
            text_at(body, left, top, texts[name], fontsize=12)
            top += headers[name]
            names = (names_by_class or {}).get(name, [""] * len(images))
            require(len(names) == len(images), path, f"{len(images)} file names for {name!r}")
            for index, (image, file_name) in enumerate(zip(images, names, strict=True)):
                row, column = divmod(index, columns)
                x, y = left + column * (cell + GAP), top + row * pitch + remark
                # Images of unequal shapes stand on one line.
                place = show(body, Place(x, y, cell, cell), image, standing=True)
                caption(body, place, "below", shorten(file_name, cell), **NAME_FONT)
                if remarks_by_class:
                    caption(body, place, "above", remarks_by_class[name][index], fontsize=10)
            top += rows[name] * pitch
    return path


def preprocessing_grid(
    rows: list[tuple[str, np.ndarray, np.ndarray, np.ndarray]], path: Path, title: str, note=""
) -> Path:
    """One image a row: three steps of the preprocessing; below, the gray values of all of them.

    `rows` are (file name, original, enhanced, enhanced & cropped), the images uint8. At most the
    first four are drawn.
    """
    require(len(rows) > 0, path, "at least one image")
    rows = rows[:4]
    cell, left, width = _columns(len(STEPS), largest=2.6)
    head, pitch = 0.3, cell + NAME_LINE + 2 * GAP
    last_row, histogram_height = head + len(rows) * pitch + 0.3, 1.3
    height = last_row + histogram_height + 0.5
    with sheet(path, title, note, width, height, by_hand=True, dark=True) as body:
        for row, (name, *images) in enumerate(rows):
            y = head + row * pitch
            for column, (step, image) in enumerate(zip(STEPS, images, strict=True)):
                x = left + column * (cell + GAP)
                place = show(body, Place(x, y, cell, cell), image)
                if row == 0:
                    caption(body, place, "above", step, fontsize=9)
            name = shorten(name, width / 2 - left).replace("\n", "")  # on one line
            caption(body, Place(left, y, width - 2 * left, cell), "below", name, **NAME_FONT)
        axes = axes_at(body, 0.95, last_row, width - 1.15, histogram_height)
        _histograms(axes, *(np.concatenate([row[k].ravel() for row in rows]) for k in (1, 2)))
        axes.set_ylabel("pixels (log scale)", fontsize=9)
        axes.legend(loc="lower left", bbox_to_anchor=(0, 0.98), borderpad=0, ncols=2, fontsize=9)
    return path


def augmented_copies(
    original: np.ndarray, copies: list[np.ndarray], path: Path, title: str, note: str = ""
) -> Path:
    """An image and random copies of it, three in a row."""
    require(len(copies) > 0, path, "at least one augmented copy")
    columns = min(COLUMNS, 1 + len(copies))
    cell, left, width = _columns(columns, largest=2.6)
    pitch = cell + 0.3
    height = math.ceil((1 + len(copies)) / columns) * pitch + GAP
    with sheet(path, title, note, width, height, by_hand=True, dark=True) as body:
        for number, image in enumerate([original, *copies]):
            row, column = divmod(number, columns)
            place = Place(left + column * (cell + GAP), 0.3 + row * pitch, cell, cell)
            text = f"copy {number}" if number else "original"
            caption(body, show(body, place, image), "above", text, fontsize=9)
    return path


def filters_and_maps(
    kernel: np.ndarray, image: np.ndarray, maps: np.ndarray, path: Path, title: str, note: str = ""
) -> Path:
    """An image, the filters of a convolution, and below each filter its feature map.

    Parameters
    ----------
    kernel : ndarray, (kernel_height, kernel_width, channels, filters)
        The first channel of at most eight filters is drawn, all on one color scale.
    image : ndarray
        The layer's input.
    maps : ndarray, (out_height, out_width, filters)
        The layer's output; each map is drawn from its own smallest to its own largest value.
    """
    require(kernel.ndim == 4 and kernel.size > 0, path, "a kernel with four axes")
    filters = kernel.shape[3]
    require(maps.ndim == 3 and maps.shape[2] == filters, path, f"{filters} feature maps")
    drawn = min(8, filters)
    columns = min(4, drawn)
    cell, left, width = _columns(columns, largest=1.3)
    small, head, big = 0.5, 0.3, 1.6  # heights of a kernel and a text, width of the input
    pitch = head + small + 0.1 + cell + head
    limit = float(np.nanmax(np.abs(kernel[:, :, 0, :drawn]), initial=0)) or 1.0
    height = head + big + 0.1 + math.ceil(drawn / columns) * pitch
    with sheet(path, title, note, width, height, by_hand=True, dark=True) as body:
        place = show(body, Place(GAP, head, big, big), image)
        text = f"input, {image.shape[0]} x {image.shape[1]}"
        caption(body, place, "above", text, fontsize=9)
        bar = axes_at(body, big + 0.6, head + 0.4, 1.6, 0.12)
        scale = ScalarMappable(Normalize(-limit, limit), "PuOr")
        body.colorbar(scale, cax=bar, orientation="horizontal", ticks=[-limit, 0, limit])
        bar.set_title(f"weights, channel 1 of {kernel.shape[2]}", fontsize=9)
        bar.xaxis.set_major_formatter("{x:.2g}")
        for index in range(drawn):
            row, column = divmod(index, columns)
            x, y = left + column * (cell + GAP), head + big + 0.1 + row * pitch + head
            weights, found = kernel[:, :, 0, index], maps[:, :, index]
            top, bottom = Place(x, y, cell, small), Place(x, y + small + 0.1, cell, cell)
            top = picture_at(body, top, levels(weights, -limit, limit), color_table("PuOr"))
            bottom = picture_at(body, bottom, levels(found), color_table("viridis"))
            caption(body, top, "above", f"filter {index + 1}", fontsize=9)
            caption(body, bottom, "below", _range(found), fontsize=8)
    return path


def _columns(count: int, largest: float) -> tuple[float, float, float]:
    """Width of an image, left edge of the first, width of the sheet, for so many in a row."""
    cell = min(largest, (PHONE - GAP) / count - GAP)
    return cell, (PHONE - count * (cell + GAP) + GAP) / 2, PHONE


def show(body: SubFigure, place: Place, image: np.ndarray, standing: bool = False) -> Place:
    """Draw an image, a gray value looking the same in every image; returns the place it takes."""
    image = np.asarray(image)
    if image.ndim == 3:
        image = image[:, :, 0]  # (height, width, 1) -> (height, width)
    if image.dtype != np.uint8:
        finite = image[np.isfinite(image)]
        # Standardized images leave [0, 1]: nothing but their own range is left to show them in.
        own_range = finite.size > 0 and (finite.min() < 0 or finite.max() > 1)
        image = levels(image) if own_range else levels(image, 0.0, 1.0)
    return picture_at(body, place, image, color_table("bone"), standing=standing)


def levels(values: np.ndarray, low: float | None = None, high: float | None = None) -> np.ndarray:
    """Values as uint8, `low` (or the smallest) as 0 and `high` (or the largest) as 255.

    What is not finite becomes 0.
    """
    finite = values[np.isfinite(values)]
    low = float(finite.min(initial=np.inf)) if low is None else low
    high = float(finite.max(initial=-np.inf)) if high is None else high
    if not low < high:
        return np.zeros(values.shape, np.uint8)
    share = (np.nan_to_num(values, nan=low, posinf=low, neginf=low) - low) / (high - low)
    return (255 * share.clip(0, 1) + 0.5).astype(np.uint8)


def _histograms(axes: Axes, original: np.ndarray, enhanced: np.ndarray) -> None:
    """Overlaid histograms of the gray values of two (n,) uint8 arrays, in bins of four."""
    edges = np.arange(0, 257, 4)
    # (256,) counts of gray values -> (64, 4) -> (64,)
    for image, color, label in ((original, BLUE, "original"), (enhanced, ORANGE, "enhanced")):
        counts = np.bincount(image, minlength=256).reshape(-1, 4).sum(axis=1)
        axes.stairs(counts, edges, color=color, fill=True, alpha=0.2)
        axes.stairs(counts, edges, color=color, linewidth=1.2, label=label)
    # The black around the body is one bin that would flatten all others on a linear scale.
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.yaxis.set_minor_locator(NullLocator())
    axes.set(xlim=(0, 256), xticks=[0, 100, 200], xlabel="gray value, 0 to 255")


def _range(values: np.ndarray) -> str:
    """The smallest and the largest of some values, as text."""
    finite = values[np.isfinite(values)]
    if not finite.size:
        return "not finite"
    low, high = f"{finite.min():.2g}", f"{finite.max():.2g}"
    return f"{low} to {high}" if low != high else f"{low} everywhere"
