"""Figures of the audit: pairs of images side by side, and the AUC of single measures."""

from pathlib import Path

from covid.audit.confounders import BAR
from covid.figures.plots.canvas import (
    BLUE,
    GRAY,
    GRID,
    NAME_FONT,
    NAME_LINE,
    ORANGE,
    PHONE,
    Place,
    caption,
    require,
    sheet,
    shorten,
    text_at,
)
from covid.figures.plots.images import GAP, show


def pair_grid(pairs: list[tuple], path: Path, title: str, note: str = "") -> Path:
    """Pairs of images side by side: above them how alike they are, below their names and parts.

    `pairs` are (side, side, text); a side is (image (height, width) uint8, file name, part, class
    name).
    """
    require(len(pairs) > 0, path, "at least one pair")
    cell, head = (PHONE - GAP) / 2 - GAP, 0.3
    pitch = head + cell + 4 * NAME_LINE + 2 * GAP
    with sheet(path, title, note, PHONE, len(pairs) * pitch, by_hand=True, dark=True) as body:
        for row, (first, second, text) in enumerate(pairs):
            text_at(body, PHONE / 2, row * pitch, text, fontsize=9, ha="center")
            for column, (image, name, part, class_name) in enumerate((first, second)):
                place = Place(GAP + column * (cell + GAP), row * pitch + head, cell, cell)
                place = show(body, place, image, standing=True)
                label = shorten(f"{part}: {class_name}", cell)
                text = f"{label}\n{shorten(name, cell)}"
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
        axes.plot([], [], "s-", color=ORANGE, label="flagged: gives classes away")
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
