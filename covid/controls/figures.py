"""Figures of the controls: what they score, and what they leave of an image."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from matplotlib.axes import Axes

from covid.controls.results import TITLES, Controls, Row, interval_text, split_text
from covid.controls.variant_folders import CHANGED
from covid.figures.plots.canvas import (
    BLUE,
    GRAY,
    GRID,
    NAME_FONT,
    NAME_LINE,
    ORANGE,
    PHONE,
    axes_at,
    require,
    sheet,
    shorten,
    text_at,
    wrap,
)

READING = (
    "If a row without lungs, or with permuted labels, scores like the image, the model need not "
    "read lungs."
)
COLUMNS = ("image", "lungs found", *(TITLES[name] for name in CHANGED))


def controls_figure(controls: Controls, path: Path, note: str = "") -> Path:
    """Accuracy and AUC of every control as dots with their intervals, chance as a line."""
    rows = controls.rows
    require(len(rows) > 0, path, "at least one control")
    title = (
        f"Controls: what scores without reading lungs? Positive class: {controls.positive}, "
        f"{split_text(controls)}"
    )
    height, width = 0.55 * len(rows) + 1.0, 12.0
    text = wrap(f"{READING} {controls.verdict}", width - 0.6, 9.5)
    below = 0.18 * (text.count("\n") + 1) + 0.15
    small = f"{note} 95 % intervals: {interval_text(controls)}."
    with sheet(path, title, small, width, height + below) as body:
        left, panel = 3.0, 4.0
        for number, measure in enumerate(("auc", "accuracy")):
            axes = axes_at(body, left + number * (panel + 0.35), 0.35, panel, height - 0.9)
            for place, row in enumerate(rows):
                _score(axes, place, row, measure)
            _finish(axes, measure, controls.positive, len(rows))
            axes.set_yticks(range(len(rows)), ["" if number else _name(row) for row in rows])
            for label, row in zip(axes.get_yticklabels(), rows, strict=True):
                label.set_color(ORANGE if row.flagged else "black")
        text_at(body, 0.3, height + 0.05, text, fontsize=9.5)
    return path


def _name(row: Row) -> str:
    return wrap(row.title, 2.6, 9) + ("\nflagged" if row.flagged else "")


def _score(axes: Axes, place: int, row: Row, measure: str) -> None:
    """One dot with its value, and its interval as a line with end marks where there is one."""
    color = ORANGE if row.flagged else BLUE
    value, low, high = (getattr(row, measure + end) for end in ("", "_low", "_high"))
    if low is not None:
        axes.plot([low, high], [place, place], "|-", color=color, linewidth=2, markersize=9)
    axes.plot(value, place, "o", color=color, markersize=8)
    style = {"textcoords": "offset points", "ha": "center", "fontsize": 8, "color": color}
    axes.annotate(f"{value:.2f}", (value, place), (0, 7), **style)


def _finish(axes: Axes, measure: str, positive: str, count: int) -> None:
    """Limits, chance and names of one panel."""
    axes.axvline(0.5, color=GRAY, linestyle="--", linewidth=1, zorder=0)
    axes.annotate("chance", (0.5, -0.6), (4, 0), textcoords="offset points", fontsize=8, color=GRAY)
    axes.set(xlim=(-0.02, 1.02), ylim=(count - 0.5, -0.75))
    axes.grid(axis="x", **GRID)
    axes.set_axisbelow(True)
    names = {
        "auc": f"AUC in the test (positive class: {positive})",
        "accuracy": "accuracy in the test (fraction correct)",
    }
    axes.set_xlabel(wrap(names[measure], 4.0, 9))


def masks_figure(controls: Controls, path: Path, note: str = "") -> Path:
    """Test slices as every control shows them to the network: a typical and the worst lung mask.

    An example takes two rows of three: its name, then `COLUMNS`.
    """
    examples = controls.examples
    require(len(examples) > 0, path, "at least one example")
    cell, gap, head = 1.25, 0.08, 0.25
    pitch = cell + head
    height = 2 * pitch * len(examples)
    title = "What each control leaves of a slice: a typical lung mask and the worst"
    with sheet(path, title, note, PHONE, height, by_hand=True, dark=True) as body:
        for number, example in enumerate(examples):
            top = 2 * number * pitch
            text = wrap(f"{example.which} {example.class_name}", cell, 9)
            found = f"{100 * example.mask.mean():.0f} % of the image\nfound to be lung"
            text = f"{text}\n{found if example.mask.any() else 'no lung found'}"
            text_at(body, gap, top + head, text, fontsize=9, linespacing=1.4)
            name = shorten(example.name, cell)
            text_at(body, gap, top + head + cell - 2 * NAME_LINE, name, **NAME_FONT)
            pictures = zip(COLUMNS, _pictures(example.image, example.mask), strict=True)
            for place, (column, picture) in enumerate(pictures, start=1):
                left, y = gap + place % 3 * (cell + gap), top + place // 3 * pitch + head
                axes = axes_at(body, left, y, cell, cell)
                axes.imshow(picture, cmap="bone", vmin=0, vmax=255)
                axes.set_axis_off()
                axes.set_title(column, fontsize=9, pad=3)
    return path


def _pictures(image: np.ndarray, mask: np.ndarray) -> list[np.ndarray]:
    """One for each column: gray (height, width), the second one in color (height, width, 3)."""
    outlined = cv2.cvtColor(image, cv2.COLOR_GRAY2RGB)  # (height, width) -> (height, width, 3)
    outlines, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    orange = tuple(int(ORANGE[place : place + 2], 16) for place in (1, 3, 5))
    cv2.drawContours(outlined, outlines, -1, orange, 1)
    return [image, outlined, *(change(image, mask) for change in CHANGED.values())]
