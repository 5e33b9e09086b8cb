"""Figures of the audit: pairs of images side by side, and the AUC of single measures."""

import math
from pathlib import Path

from covid.audit.confounders import BAR
from covid.figures.plots.canvas import (
    BLUE,
    GRAY,
    GRID,
    NAME_FONT,
    NAME_LINE,
    ORANGE,
    Place,
    caption,
    require,
    sheet,
    shorten,
    text_at,
)
from covid.figures.plots.images import GAP, show

COLUMNS = 3  # pairs in a row


def pair_grid(pairs: list[tuple], path: Path, title: str, note: str = "") -> Path:
    """Pairs of images side by side: above them how alike they are, below their names and parts.

    `pairs` are (side, side, text); a side is (image (height, width) uint8, file name, part, class
    name).
    """
    require(len(pairs) > 0, path, "at least one pair")
    columns = min(COLUMNS, len(pairs))
    cell, head, between = 2.1, 0.3, 0.3
    block = 2 * cell + between  # two images that touch, and the gap to the next pair
    pitch = head + cell + 4 * NAME_LINE + 2 * GAP
    width = max(7.0, columns * block + GAP)
    left = (width - columns * block + between) / 2
    height = math.ceil(len(pairs) / columns) * pitch
    with sheet(path, title, note, width, height, by_hand=True) as body:
        for index, (first, second, text) in enumerate(pairs):
            row, column = divmod(index, columns)
            x, y = left + column * block, row * pitch
            text_at(body, x + cell, y, text, fontsize=11, ha="center")
            for number, (image, name, part, class_name) in enumerate((first, second)):
                place = Place(x + number * cell, y + head, cell - 0.04, cell)
                place = show(body, place, image, standing=True)
                label = shorten(f"{part}: {class_name}", cell - GAP)
                text = f"{label}\n{shorten(name, cell - GAP)}"
                caption(body, place, "below", text, **NAME_FONT)
    return path


def confounder_intervals(
    confounders: list[dict], units: str, path: Path, title: str, note: str = ""
) -> Path:
    """The AUC of each measure with its 95 % interval, the flagged ones in another color.

    `confounders`, as in audit.json, are drawn from above; `units` is what counts once, such as
    "patients".
    """
    require(len(confounders) > 0, path, "at least one measure")
    with sheet(path, title, note, 9, 0.3 * len(confounders) + 1.2) as body:
        axes = body.subplots()
        for place, found in enumerate(confounders):
            color = ORANGE if found["flagged"] else BLUE
            axes.plot([found["low"], found["high"]], [place, place], "|-", color=color)
            axes.plot(found["auc"], place, "s" if found["flagged"] else "o", color=color)
        negative, positive = confounders[0]["units"]
        axes.axvline(0.5, color=GRAY, linestyle="--", linewidth=1, label="chance")
        axes.axvline(BAR, color=GRAY, linewidth=1, label="bar for the lower end")
        axes.plot([], [], "s-", color=ORANGE, label="flagged: separates the classes")
        names = [f"{found['title']}  {found['auc']:.2f}" for found in confounders]
        axes.set_yticks(range(len(confounders)), names)
        axes.set(xlim=(0, 1.02), ylim=(len(confounders) - 0.5, -0.5))
        axes.set_xlabel(
            "AUC of this measure alone, with 95 % interval\n"
            f"{negative} + {positive} {units} (negative + positive)"
        )
        axes.grid(axis="x", **GRID)
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3, fontsize=9)
    return path
