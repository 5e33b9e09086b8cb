"""Splits the images of two classes and writes them, prepared: the same for every command."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from covid.common.choices import LUNGS
from covid.data.class_folders import Dataset
from covid.data.duplicates import duplicate_notes
from covid.data.existing_split import split_of
from covid.data.groups import Groups
from covid.data.preprocess import enhance_and_crop
from covid.data.split_folder import SplitFolder, is_enhanced, is_synthetic, read_split
from covid.data.window import GrayLevels
from covid.data.write_split import write_split


def prepare_split(
    dataset: Dataset,
    folder: Path,
    ratios: Sequence[float],
    seed: int,
    groups: Groups | None = None,
    by_group: bool = False,
    enhance: bool = False,
    rule: str = LUNGS,
    no_contour: str = "keep",
    progress: bool = True,
    reuse: SplitFolder | None = None,
    levels: GrayLevels | None = None,
    image_size: int | None = None,
) -> SplitFolder:
    """Plan a split of `dataset`, write it into `folder`, and read it back.

    Parameters
    ----------
    dataset : Dataset
    folder : Path
        New or empty.
    ratios, seed, groups
        As in `split_of`. Groups are in manifest.csv also where the split is random.
    by_group : bool
        Whether each group is kept in one part.
    enhance : bool
        Enhance and crop the images, unless they are enhanced already.
    rule : {"lungs", "contours"}
        What they are cropped to.
    no_contour : {"keep", "drop"}
        What becomes of images in which the crop finds no contour.
    progress, reuse, levels, image_size
        As in `write_split`.

    Raises
    ------
    UserError
        As `split_of` and `write_split`.
    """
    split = split_of(dataset, ratios, seed, groups, by_group)
    split.notes[:0] = dataset.notes
    split.notes.extend(duplicate_notes(dataset))
    enhanced = is_enhanced(dataset)
    crop = enhance and not enhanced
    transform = partial(enhance_and_crop, no_contour=no_contour, rule=rule) if crop else None
    extra = {
        "enhanced": enhance or enhanced,
        "crop": rule if crop else None,  # None also where it is not known
        "synthetic": is_synthetic(dataset),
    }
    write_split(dataset, split, folder, transform, progress, extra, reuse, levels, image_size)
    return read_split(folder)
