"""Figures of images: samples, steps of the preprocessing, augmentation, filters and their maps.

An image is an array (height, width) or (height, width, 1): uint8 in [0, 255] or float, usually
in [0, 1]. Sizes and places are in inches.
"""

import math
from pathlib import Path

import cv2
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import NullLocator

from covid.plots.canvas import (
    BLUE,
    DPI,
    NAME_FONT,
    NAME_LINE,
    ORANGE,
    axes_at,
    require,
    sheet,
    shorten,
    text_at,
    wrap,
)

GAP = 0.1  # between two images, and between an image and the edge
LARGEST_SHOWN = 3 * DPI  # pixels; no image is drawn on more than three inches


def sample_grid(
    images_by_class: dict[str, list[np.ndarray]],
    path: str | Path,
    title: str,
    note: str = "",
    names_by_class: dict[str, list[str]] | None = None,
    remarks_by_class: dict[str, list[str]] | None = None,
) -> Path:
    """A block of rows per class, at most six images a row, file names below the images.

    Parameters
    ----------
    images_by_class : dict
        Class name -> images. A class may have none: its block says so.
    names_by_class : dict, optional
        Class name -> the file names of its images, in the same order.
    remarks_by_class : dict, optional
        Class name -> a few words above each of its images.
    """
    most = max((len(images) for images in images_by_class.values()), default=0)
    require(most > 0, path, "at least one image")
    columns = min(6, most)
    cell, left, width = _columns(columns, largest=3.0)
    remark = 0.2 if remarks_by_class else 0.0  # height of the line above an image
    pitch = remark + cell + 2 * NAME_LINE + 2 * GAP  # to the next row: two lines for the name
    texts = {
        name: wrap(name if images else f"{name}: no images", width - left, 12)
        for name, images in images_by_class.items()
    }
    headers = {name: 0.35 + 0.2 * text.count("\n") for name, text in texts.items()}
    rows = {name: math.ceil(len(images) / columns) for name, images in images_by_class.items()}
    height = sum(headers.values()) + pitch * sum(rows.values())
    with sheet(path, title, note, width, height) as body:
        top = 0.0
        for name, images in images_by_class.items():
            text_at(body, left, top, texts[name], fontsize=12)
            top += headers[name]
            names = (names_by_class or {}).get(name, [""] * len(images))
            require(len(names) == len(images), path, f"{len(images)} file names for {name!r}")
            for index, (image, file_name) in enumerate(zip(images, names, strict=True)):
                row, column = divmod(index, columns)
                place = (left + column * (cell + GAP), top + row * pitch + remark)
                axes = axes_at(body, *place, cell, cell)
                show(axes, image)
                axes.set_anchor("S")  # images of unequal shapes stand on one line
                axes.set_xlabel(shorten(file_name, cell), **NAME_FONT)
                if remarks_by_class:
                    words = remarks_by_class[name][index]
                    axes.set_title(words, fontsize=10, loc="left", pad=3)
            top += rows[name] * pitch
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
    require(len(rows) > 0, path, "at least one image")
    rows = rows[:6]
    cell, left, width = _columns(len(rows), largest=2.6, margin=0.9)
    first_row, pitch = 2 * NAME_LINE + GAP, cell + GAP
    last_row, histogram_height = first_row + 3 * pitch + 0.3, 1.6
    with sheet(path, title, note, width, last_row + histogram_height + 0.5) as body:
        histograms: list[Axes] = []
        for column, (name, original, enhanced, cropped) in enumerate(rows):
            x = left + column * pitch
            steps = {
                "Original CT": original,
                "Enhanced CT": enhanced,
                "Enhanced & cropped": cropped,
            }
            for row, (step, image) in enumerate(steps.items()):
                axes = axes_at(body, x, first_row + row * pitch, cell, cell)
                show(axes, image)
                if row == 0:
                    axes.set_title(shorten(name, cell), pad=4, **NAME_FONT)
                if column == 0:
                    axes.set_ylabel(step, fontsize=11, labelpad=8)
            histograms.append(axes_at(body, x, last_row, cell, histogram_height))
            _histograms(histograms[-1], original, enhanced)
        top = 3 * max(axes.get_ylim()[1] for axes in histograms)
        for axes in histograms:
            axes.set_ylim(1, top)
        # One scale for all, so its numbers are needed once.
        histograms[0].yaxis.set_major_formatter("{x:,.0f}")
        histograms[0].set_ylabel("pixels (log scale)")
        legend = {"loc": "lower left", "bbox_to_anchor": (0, 0.98), "borderpad": 0}
        histograms[0].legend(ncols=2, fontsize=9, columnspacing=1, **legend)
    return Path(path)


def augmented_copies(
    original: np.ndarray, copies: list[np.ndarray], path: str | Path, title: str, note: str = ""
) -> Path:
    """An image and random copies of it, in one row."""
    require(len(copies) > 0, path, "at least one augmented copy")
    cell, left, width = _columns(1 + len(copies), largest=3.0)
    with sheet(path, title, note, width, cell + 0.4) as body:
        for number, image in enumerate([original, *copies]):
            axes = axes_at(body, left + number * (cell + GAP), 0.3, cell, cell)
            show(axes, image)
            axes.set_title(f"copy {number}" if number else "original")
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
    require(kernel.ndim == 4 and kernel.size > 0, path, "a kernel with four axes")
    filters = kernel.shape[3]
    require(maps.ndim == 3 and maps.shape[2] == filters, path, f"{filters} feature maps")
    drawn = min(8, filters)
    columns = drawn if drawn <= 4 else math.ceil(drawn / 2)
    input_size, cell, small = 3.2, 2.2, 1.1  # widths of the input, a feature map, a kernel
    pitch, first = small + cell + 1.0, input_size + 0.7
    limit = float(np.nanmax(np.abs(kernel[:, :, 0, :drawn]), initial=0)) or 1.0
    channel = f"channel 1 of {kernel.shape[2]}"
    width, height = first + columns * (cell + GAP) + 0.9, math.ceil(drawn / columns) * pitch
    with sheet(path, title, note, width, height) as body:
        axes = axes_at(body, GAP, max(0.0, (height - input_size) / 2), input_size, input_size)
        show(axes, image)
        axes.set_title(f"input, {image.shape[0]} x {image.shape[1]} pixels")
        for index in range(drawn):
            row, column = divmod(index, columns)
            x, y = first + column * (cell + GAP), row * pitch + 0.3
            top = axes_at(body, x, y, cell, small)
            bottom = axes_at(body, x, y + small + 0.25, cell, cell)
            weights = kernel[:, :, 0, index]
            drawing = top.imshow(weights, cmap="PuOr", vmin=-limit, vmax=limit)
            top.set_title(f"filter {index + 1}: {_range(weights)}", fontsize=9)
            bottom.imshow(maps[:, :, index], cmap="viridis")
            bottom.set_xlabel(_range(maps[:, :, index]), fontsize=9)
            if column == 0:
                top.set_ylabel(f"kernel {kernel.shape[0]} x {kernel.shape[1]}\n{channel}")
                bottom.set_ylabel(f"feature map\n{maps.shape[0]} x {maps.shape[1]}")
            for axes in (top, bottom):
                axes.set(xticks=[], yticks=[])
        bar = axes_at(body, first + columns * (cell + GAP), 0.3, 0.12, small)
        body.colorbar(drawing, cax=bar, ticks=[-limit, 0, limit], format="%.2g")
        bar.set_title("weight", fontsize=9)
    return Path(path)


def _columns(count: int, largest: float, margin: float = GAP) -> tuple[float, float, float]:
    """Width of an image, left edge of the first, width of the sheet, for so many in a row."""
    cell = min(largest, (13.2 - margin) / count - GAP)
    used = margin + count * (cell + GAP)
    width = max(7.0, used)
    return cell, (width - used) / 2 + margin, width


def show(axes: Axes, image: np.ndarray) -> None:
    """Draw an image without ticks, a gray value looking the same in every image."""
    image = np.asarray(image)
    if image.ndim == 3:
        image = image[:, :, 0]  # (height, width, 1) -> (height, width)
    top = 255 if image.dtype == np.uint8 else 1.0
    finite = image[np.isfinite(image)]
    # Standardised images leave [0, 1]: nothing but their own range is left to show them in.
    own_range = finite.size > 0 and (finite.min() < 0 or finite.max() > top)
    low, high = (finite.min(), finite.max()) if own_range else (0, top)
    if max(image.shape) > LARGEST_SHOWN and image.dtype == np.uint8:
        # To the size it is seen in: OpenCV does in 0.1 ms what takes matplotlib 10.
        share = LARGEST_SHOWN / max(image.shape)
        image = cv2.resize(image, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
    axes.imshow(image, cmap="bone", vmin=low, vmax=high)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)


def _histograms(axes: Axes, original: np.ndarray, enhanced: np.ndarray) -> None:
    """Overlaid histograms of two uint8 images, in bins of four gray values."""
    edges = np.arange(0, 257, 4)
    for image, colour, label in ((original, BLUE, "original"), (enhanced, ORANGE, "enhanced")):
        counts = np.histogram(image, edges)[0]
        axes.stairs(counts, edges, color=colour, fill=True, alpha=0.2)
        axes.stairs(counts, edges, color=colour, linewidth=1.2, label=label)
    # The black around the body is one bin that would flatten all others on a linear scale.
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter("")
    axes.yaxis.set_minor_locator(NullLocator())
    axes.set(xlim=(0, 256), xticks=[0, 100, 200], xlabel="gray value, 0 to 255")


def _range(numbers: np.ndarray) -> str:
    """The smallest and the largest of some numbers, as text."""
    finite = numbers[np.isfinite(numbers)]
    if not finite.size:
        return "not a number"
    low, high = f"{finite.min():.2g}", f"{finite.max():.2g}"
    return f"{low} to {high}" if low != high else f"{low} everywhere"
