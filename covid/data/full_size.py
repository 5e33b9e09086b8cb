"""The prepared images of a split before they were made small.

A run keeps its images at the size at which its models take them: 50,000 of 150 x 150 pixels are
1.1 GB, of 512 x 512 13 GB. The few that are shown to people, and those in which lungs are looked
for, are made again from their sources.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from covid.data.images import UnreadableImage, read_gray
from covid.data.manifest import read_manifest
from covid.data.preprocess import Box, enhance_within
from covid.data.split_folder import SplitFolder
from covid.data.window import recorded_levels
from minicnn.preprocessing.resizing import resize

Reader = Callable[[Path], np.ndarray]  # an image file to (height, width) uint8 gray


def full_size_reader(split: SplitFolder) -> Reader:
    """Return the function that reads an image of `split`, given its path, at full size.

    Where images were not made small it is `read_gray`. Where a source has gone, or would not give
    the image that lies in the split, the small image is what there is.
    """
    if split.info.get("image_size") is None:
        return read_gray
    rows = {split.folder / row["file"]: row for row in read_manifest(split.folder) if row["file"]}
    levels = recorded_levels(split.info.get("gray_levels"))

    def read(file: Path) -> np.ndarray:
        small, row = read_gray(file), rows[file]
        try:
            image = read_gray(row["source"], levels)
        except UnreadableImage:
            return small
        if split.info["crop"] is not None:
            image = enhance_within(image, box_of(row))
        return image if np.array_equal(resize(image, small.shape, "nearest"), small) else small

    return read


def box_of(row: dict) -> Box | None:
    """What the image in a line of the manifest was cropped to; None if it was kept whole."""
    return None if row["left"] == "" else Box(*(row[side] for side in Box._fields))
