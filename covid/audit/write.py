"""Writes what an audit found: audit.json, pairs.csv, images.csv, values.csv, and two figures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from covid.audit.file_values import FileValue
from covid.audit.findings import Audit
from covid.audit.hashing import SIDE
from covid.audit.lookalikes import (
    FARTHEST,
    FARTHEST_OTHER_WINDOW,
    NEAR_DUPLICATE,
    NEIGHBORS,
    OTHER_WINDOW,
    SAME_GROUP,
)
from covid.audit.measures import MEASURES
from covid.audit.verdict import summarize
from covid.common.choices import AUDIT_IMAGES, AUDIT_INFO
from covid.common.errors import shown
from covid.common.made_files import make_folder
from covid.common.output_files import write_csv, write_json
from covid.data.images import UnreadableImage, read_gray
from covid.figures.draw_process import draw, finish

SHOWN = 4  # pairs in the figure
PAIR_COLUMNS = (
    *("first", "second", "first_part", "second_part", "first_class", "second_class", "across"),
    *("identical", "other_window", "correlation", "different_bits", "shift_rows", "shift_columns"),
)
IMAGE_COLUMNS = (
    *("file", "class", "part", "patient", "look_alikes", "nearest_across", "correlation"),
    *("format", "mode", "hash", "flat", *MEASURES, "tags"),
)
VALUE_COLUMNS = (
    *("property", "value", "class", "files", "of_files", "units", "of_units", "p"),
    *("seen", "found"),
)


def write_audit(audit: Audit, folder: str | Path, note: str) -> None:
    """Write all files of an audit; those of an earlier one are replaced.

    `folder` is made if it is not there. pairs.png is left out where no two images were similar
    enough to be compared, confounders.png where one class has no readable image. `note` is the
    small print.

    Raises
    ------
    UserError
        A figure cannot be written.
    OSError
        Something else cannot.
    """
    folder = Path(folder)
    make_folder(folder)
    write_json(
        {
            "note": note,
            "positive": audit.dataset.positive,
            "negative": audit.dataset.negative,
            "seed": audit.split.seed,
            **summarize(audit),
            "how": {
                "candidates_differ_in_at_most_bits": FARTHEST,
                "in_another_window_in_at_most_bits": FARTHEST_OTHER_WINDOW,
                "neighbors_compared": NEIGHBORS,
                "near_duplicate_from_correlation": NEAR_DUPLICATE,
                "same_group_from_correlation": SAME_GROUP,
                "same_group_in_another_window_from_correlation": OTHER_WINDOW,
            },
            "not_read": {shown(path): reason for path, reason in audit.prints.unreadable},
        },
        folder / AUDIT_INFO,
    )
    write_csv(folder / "pairs.csv", PAIR_COLUMNS, pair_rows(audit))
    write_csv(folder / AUDIT_IMAGES, IMAGE_COLUMNS, image_rows(audit))
    write_csv(folder / "values.csv", VALUE_COLUMNS, map(value_row, audit.values))
    positive = f"(positive class: {audit.dataset.positive})"
    if audit.confounders:
        draw(
            "covid.audit.figures.confounder_intervals",
            [found.summary() for found in audit.confounders],
            audit.units_title,
            folder / "confounders.png",
            f"AUC of each image property alone {positive}",
            note,
        )
    pairs, title = pairs_to_show(audit)
    if pairs:
        draw(
            "covid.audit.figures.pair_grid",
            pairs,
            folder / "pairs.png",
            f"{title} {positive}",
            note,
        )
    finish()


def pair_rows(audit: Audit) -> Iterable[Sequence]:
    """A row of pairs.csv for each near-duplicate, those across the split first."""
    pairs, images, parts = audit.pairs, audit.prints.images, audit.parts
    for index in np.argsort(~audit.across, kind="stable"):
        first, second = pairs.images[index].tolist()
        yield (
            *(images[first].path, images[second].path, parts[first], parts[second]),
            *(images[first].class_name, images[second].class_name, int(audit.across[index])),
            *(int(pairs.identical[index]), int(pairs.other_window[index])),
            *(f"{pairs.correlation[index]:.4f}", pairs.bits[index]),
            *pixels(audit, first, pairs.shift[index]),
        )


def pixels(audit: Audit, image: int, shift: np.ndarray) -> list[int]:
    """A shift of the thumbnail in pixels of the image: rows, columns."""
    names = list(MEASURES)
    sides = (audit.prints.measures[image, names.index(name)] for name in ("height", "width"))
    return [
        round(float(side) * float(step) / SIDE) for side, step in zip(sides, shift, strict=True)
    ]


def image_rows(audit: Audit) -> Iterable[Sequence]:
    """A row of images.csv for each image, with the most similar image on the other side."""
    prints = audit.prints
    nearest = nearest_across(audit)
    flat = prints.flat
    for index, image in enumerate(prints.images):
        other, correlation = nearest.get(index, (None, None))
        yield (
            *(image.path, image.class_name, audit.parts[index]),
            "" if audit.names is None else audit.names[image],
            audit.group_names[image],
            "" if other is None else prints.images[other].path,
            "" if other is None else f"{correlation:.4f}",
            *(prints.formats[index], prints.modes[index], prints.hashes[index].tobytes().hex()),
            int(flat[index]),
            *(f"{value:.6g}" for value in prints.measures[index]),
            "; ".join(sorted(value for name, value in prints.facts[index] if name == "tag")),
        )


def value_row(value: FileValue) -> Sequence:
    """A row of values.csv for each value of a file property that was tested."""
    seen_found = int(value.seen), int(value.found)
    return (
        *(value.name, value.value, value.class_name, *value.files, *value.units),
        *(f"{value.p:.3g}", *seen_found),
    )


def nearest_across(audit: Audit) -> dict[int, tuple[int, float]]:
    """For each image that was compared with one of the other side: the most similar of them."""
    across = audit.candidates.select(audit.crosses(audit.candidates))
    nearest: dict[int, tuple[int, float]] = {}
    pairs = across.images.tolist()
    for (first, second), correlation in zip(pairs, across.correlation.tolist(), strict=True):
        nearest.setdefault(first, (second, correlation))  # the most similar come first
        nearest.setdefault(second, (first, correlation))
    return nearest


def pairs_to_show(audit: Audit) -> tuple[list[tuple], str]:
    """Pairs for the figure, as `pair_grid` takes them, and its title.

    Near-duplicates across the split where there are any, else other near-duplicates, else the most
    similar pairs of one window that are none. Of many, some from the most to the least similar, no image twice.
    """
    same_window = audit.candidates.select(~audit.candidates.other_window)
    choices = (
        (audit.pairs.select(audit.across), "Near-duplicates on both sides of the split"),
        (audit.pairs, "Near-duplicates, all on one side of the split"),
        (same_window, "The most similar images, too different for near-duplicates"),
    )
    pairs, title = next((choice for choice in choices if len(choice[0])), choices[-1])
    rows = []
    for index in spread_out(pairs.images, SHOWN, evenly=title != choices[-1][1]):
        sides = []
        for image in sorted(pairs.images[index].tolist(), key=lambda one: audit.in_test[one]):
            path = audit.prints.images[image].path
            try:
                gray = read_gray(path, audit.levels)
            except UnreadableImage:  # taken away since it was looked at
                break
            sides.append(
                (gray, path.name, audit.parts[image], audit.prints.images[image].class_name)
            )
        else:
            window = ", another window" if pairs.other_window[index] else ""
            text = f"r = {pairs.correlation[index]:.3f}, {pairs.bits[index]} bits differ{window}"
            rows.append((*sides, "identical files" if pairs.identical[index] else text))
    return rows, title


def spread_out(pairs: np.ndarray, count: int, evenly: bool) -> list[int]:
    """Indices of at most `count` pairs, from first to last, none with an image of another."""
    used: set[int] = set()
    fresh = []
    for index, images in enumerate(pairs.tolist()):
        if used.isdisjoint(images):
            used.update(images)
            fresh.append(index)
    if not evenly or len(fresh) <= count:
        return fresh[:count]
    return [fresh[place] for place in np.linspace(0, len(fresh) - 1, count).round().astype(int)]
