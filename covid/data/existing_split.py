"""Uses a split that somebody else made: folders such as train, val and test, with the class folders
in each.

dataset = scan_existing("kaggle")           # kaggle/train/COVID/..., kaggle/val/COVID/...
split = split_of(dataset, "50/10/40", 0)    # its own parts; of other data sets a new split
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from covid.common.choices import PARTS, SPLIT_INFO
from covid.common.errors import UserError
from covid.data.class_folders import (
    Dataset,
    ImageFile,
    choose_positive,
    folder_names,
    images_of_class,
)
from covid.data.fold_split import divide_rest
from covid.data.groups import Groups
from covid.data.part_names import TEST, TRAIN, VALIDATE, are_parts, part_of
from covid.data.ratios import parse_ratios
from covid.data.same_names import folded
from covid.data.split import Split, plan_split


def is_existing_split(folder: Path) -> bool:
    """Whether the folders in it are the parts of a split that this program did not make."""
    return (
        folder.is_dir() and not (folder / SPLIT_INFO).exists() and are_parts(folder_names(folder))
    )


def scan_existing(folder: Path, positive: str | None = None) -> Dataset:
    """List the images of a folder that is split already; `Dataset.existing` names its parts.

    Of two parts the one that is not the training set becomes the test: what the model is chosen by
    cannot be what it is measured on, so `split_of` cuts validation out of the training set.

    Raises
    ------
    UserError
        The parts are not clear, do not have the same two class folders, or one has no images.
    """
    existing = _parts(folder, folder_names(folder))
    inside = {name: {folded(one): one for one in folder_names(folder / name)} for name in existing}
    _check_classes(folder, inside)
    first = next(name for name, part in existing.items() if part == TRAIN)
    names = sorted(inside[first].values())
    positive, negative = choose_positive(folder, names, positive)
    images: list[ImageFile] = []
    skipped: list[tuple[Path, str]] = []
    for name in names:
        for part in existing:
            found, others = images_of_class(folder / part / inside[part][folded(name)])
            images += [ImageFile(path, name, int(name == positive)) for path in found]
            skipped += others
    named = ", ".join(f"{name} as {part}" for name, part in existing.items())
    notes = [f"the images came split, and are used so: {named}"]
    if VALIDATE not in existing.values():
        notes[0] += f"; validation is cut out of {first}"
    return Dataset(folder, positive, negative, images, skipped, notes, existing)


def _parts(folder: Path, names: Sequence[str]) -> dict[str, str]:
    """The part of each folder."""
    parts = {name: part_of(name) for name in names}
    others = [name for name, part in parts.items() if part is None]
    twice = len(set(parts.values())) < len(parts)
    if others or twice or TRAIN not in parts.values():
        problem = f"{others[0]} is none" if others else "two are of one part"
        if TRAIN not in parts.values():
            problem = "none is the training set"
        raise UserError(
            f"{folder}: its folders {', '.join(names)} look like the parts of a split, such as "
            f"train, val and test, but {problem}; take away or rename what does not belong there"
        )
    if TEST not in parts.values():
        parts = {name: TEST if part == VALIDATE else part for name, part in parts.items()}
    return dict(sorted(parts.items(), key=lambda item: PARTS.index(item[1])))


def _check_classes(folder: Path, inside: dict[str, dict[str, str]]) -> None:
    """UserError unless all parts have the same two class folders."""
    classes = {tuple(sorted(names)) for names in inside.values()}
    if len(classes) == 1 and len(next(iter(classes))) == 2:
        return
    found = "; ".join(
        f"{part}: {', '.join(names.values()) or 'none'}" for part, names in inside.items()
    )
    raise UserError(
        f"{folder} is split already, and expected the same two class folders in each of its parts, "
        f"found {found}; put them there, or take the images of both classes out of the parts"
    )


def split_of(
    dataset: Dataset,
    ratios: str | Sequence[float],
    seed: int,
    groups: Groups | None = None,
    keep_together: bool = True,
) -> Split:
    """The parts that the images came in, or else those that `plan_split` makes.

    Validation, where the images came without it, is cut out of the training set by `ratios`.
    """
    if dataset.existing is None:
        return plan_split(dataset.images, ratios, seed, groups, keep_together)
    parts: dict[str, list[ImageFile]] = {part: [] for part in PARTS}
    for image in dataset:
        parts[_own_part(dataset, image)].append(image)
    sides = _sides(dataset, groups)
    torn = _torn(sides)
    split = Split(parts, parse_ratios(ratios), seed, groups, existing=dataset.existing)
    split.keep_together = groups is not None and not torn
    if torn:
        split.notes.append(
            f"{len(torn)} of {groups.count} {groups.members} are in the test and in another part of "
            "the split that the images came in: its numbers are not those of new ones"
        )
    shared = sum({TRAIN, VALIDATE} <= found for found in sides.values())
    if shared:
        split.notes.append(
            f"validation shares {shared} {groups.members} with train in the split that the images "
            "came in: its numbers look better than they are"
        )
    if not parts[VALIDATE]:
        parts[TRAIN], rest = [], parts[TRAIN]
        divide_rest(split, rest, np.random.default_rng(seed))
    split.ratios = tuple(len(images) / len(dataset) for images in parts.values())
    return split


def keeps_apart(dataset: Dataset, groups: Groups | None) -> bool:
    """Whether no group of an existing split has images in the test and in another part."""
    return groups is not None and not _torn(_sides(dataset, groups))


def _sides(dataset: Dataset, groups: Groups | None) -> dict[str, set[str]]:
    """The parts of an existing split in which each group has images."""
    sides: dict[str, set[str]] = defaultdict(set)
    for image, name in ({} if groups is None else groups.names).items():
        sides[name].add(_own_part(dataset, image))
    return sides


def _torn(sides: dict[str, set[str]]) -> list[str]:
    return [name for name, found in sides.items() if TEST in found and len(found) > 1]


def _own_part(dataset: Dataset, image: ImageFile) -> str:
    return dataset.existing[image.path.relative_to(dataset.folder).parts[0]]


def refuse_another_split(folder: Path, given: dict[str, object]) -> None:
    """UserError for options, by name, that were given and would need another split."""
    names = ", ".join(name for name, used in given.items() if used)
    if names:
        raise UserError(
            f"{folder} is split already, so that {names} cannot be followed; leave out those, "
            "or name the folder of the source images"
        )
