"""The audit from beginning to end."""

from __future__ import annotations

import numpy as np

from covid.audit.confounders import find_confounders
from covid.audit.file_values import file_values, with_file_values
from covid.audit.findings import Audit
from covid.audit.fingerprints import fingerprint
from covid.audit.lookalikes import find_candidates, inferred_groups
from covid.data.class_folders import Dataset, ImageFile
from covid.data.split import Split, plan_split
from covid.data.window import GrayLevels


def run_audit(
    dataset: Dataset,
    split: Split | None = None,
    names: dict[ImageFile, str] | None = None,
    seed: int = 0,
    progress: bool = False,
    levels: GrayLevels | None = None,
) -> Audit:
    """Look for leaks and shortcuts in the images, each of which is read once.

    The result is the same for the same images and split, on any number of threads.

    Parameters
    ----------
    dataset : Dataset
    split : Split, optional
        Which image is in which part; None plans the random 50/10/40 split of `seed`. Images that
        are in no part are left out.
    names : dict of ImageFile to str, optional
        The patient of every image, where that is known: to say which patients stand on both sides,
        and to count each patient once in the confounders. The search for near-duplicates ignores
        it.
    seed : int
        Of the random split.
    progress : bool
        A bar on a terminal, plain lines otherwise.
    levels : GrayLevels, optional
        How files of more than 8 bits are read.

    Raises
    ------
    UserError
        Too few images to plan a split.
    """
    split = plan_split(dataset.images, seed=seed) if split is None else split
    part_of = {image: part for part, images in split.parts.items() for image in images}
    prints = fingerprint([image for image in dataset.images if image in part_of], progress, levels)
    parts = [part_of[image] for image in prints.images]
    sides = np.array([part == "test" for part in parts], np.int64)
    candidates = find_candidates(prints, sides, progress)
    inferred = inferred_groups(len(prints), candidates)
    groups = inferred if names is None else codes_of([names[image] for image in prints.images])
    values = file_values(prints, groups)
    confounders = with_file_values(find_confounders(prints, groups), values, prints, groups)
    found = (candidates, inferred, confounders, values, names)
    return Audit(dataset, split, prints, parts, *found, levels)


def codes_of(names: list[str]) -> np.ndarray:
    """An integer for each different name: (images,), int64."""
    return np.unique(np.array(names, str), return_inverse=True)[1].astype(np.int64)
