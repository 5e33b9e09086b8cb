"""One rule for a data set: how its files of more than 8 bits become gray of 8.

CT exports keep HU + 1024 in 16 bits, of which they use 10 to 12. Divided by 257, as 16 bits are, a
slice would have 17 gray levels; scaled by its own highest value, it would differ from its neighbor.
So the highest value of all files says how many bits are used, and the largest number of so many
bits becomes white.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from covid.common.errors import UserError, shown
from covid.common.parallel import in_parallel
from covid.data.class_folders import Dataset
from covid.data.images import highest_value
from covid.data.manifest import read_manifest
from covid.data.window import BITS, GrayLevels, parse_window, recorded_levels
from minicnn.preprocessing.decode import FEW_LEVELS


def find_levels(dataset: Dataset, window: str | None = None) -> GrayLevels | None:
    """The rule for two class folders; None where all files have 8 bits.

    Images that `covid preprocess` wrote have 8 bits: theirs is the rule by which it read its source.

    Raises
    ------
    UserError
        A `window` (--window) that is none, or for files of 8 bits.
    """
    levels = levels_of([image.path for image in dataset], window)
    if levels is None:
        try:
            rows = read_manifest(dataset.folder)
        except UserError:
            return None  # none, or somebody else's
        levels = next(filter(None, map(recorded_levels, rows)), None)
    return levels


def levels_of(paths: Sequence[Path], window: str | None = None) -> GrayLevels | None:
    """The rule for some files, as in `find_levels`."""
    levels = None if window is None else parse_window(window)
    found = in_parallel(highest_value, paths, "looking at", "image", False)
    highest = [value for value in found if value is not None]
    if levels is not None and not highest:
        raise UserError(
            f"--window {window}: expected files of more than 8 bits, found none; leave it out, since "
            "of 8 bits it is not known what they are values of"
        )
    if levels is not None or not any(highest):
        return levels
    return GrayLevels(BITS, 0.0, 2.0 ** max(8, max(highest).bit_length()) - 1)


def levels_row(values: np.ndarray, gray: np.ndarray, levels: GrayLevels) -> dict:
    """What manifest.csv holds of an image of more than 8 bits, and of the gray it became."""
    return {
        "by": levels.by,
        "black": levels.black,
        "white": levels.white,
        "levels": len(np.unique(gray)),
        "levels_in_file": len(np.unique(values)),
    }


def levels_notes(rows: Iterable[dict]) -> list[str]:
    """What a user should know of the gray levels of the images in a manifest."""
    deep = [row for row in rows if row["by"]]
    few = [row for row in deep if row["levels"] < min(FEW_LEVELS, row["levels_in_file"])]
    notes = []
    if deep:
        black, white = deep[0]["black"], deep[0]["white"]
        notes.append(
            f"files of more than 8 bits: {len(deep)}; their values {black:g} to {white:g} became "
            "gray 0 to 255"
        )
    if few:
        worst = min(few, key=lambda row: row["levels"])
        notes.append(
            f"images left with fewer than {FEW_LEVELS} gray levels, although their files have more: "
            f"{len(few)} (such as {shown(worst['source'])}: {worst['levels']} of "
            f"{worst['levels_in_file']}); choose the values that matter with --window CENTER,WIDTH"
        )
    return notes
