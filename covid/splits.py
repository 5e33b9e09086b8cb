"""Divides images into train, validate and test: class by class, and patient by patient if asked.

A random split of slices puts neighbouring slices of one patient into train and test, and the
test then measures memory rather than diagnosis (Yagis et al., Scientific Reports 2021,
doi 10.1038/s41598-021-01681-w). `plan_split(..., group=...)` keeps each patient in one part.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from covid.errors import UserError, shortened

if TYPE_CHECKING:
    from covid.dataset import ImageFile

PARTS = ("train", "validate", "test")
DEFAULT_RATIOS = (0.5, 0.1, 0.4)


@dataclass
class Split:
    """Which image belongs to which part.

    Attributes
    ----------
    parts : dict of str to list of ImageFile
        Keys "train", "validate", "test".
    ratios : tuple of float
        The three shares asked for; they sum to 1.
    seed : int
        Seed of the shuffle.
    group : str or None
        The regular expression that finds the group (the patient) in a file name.
    notes : list of str
        What a reader of results must know about this split.
    """

    parts: dict[str, list[ImageFile]]
    ratios: tuple[float, float, float]
    seed: int
    group: str | None = None
    notes: list[str] = field(default_factory=list)


def parse_ratios(text: str | Sequence[float]) -> tuple[float, float, float]:
    """Return three shares that sum to 1 from "50/10/40", "0.5/0.1/0.4" or three numbers.

    Raises
    ------
    UserError
        Not three positive numbers that sum to 1 or to 100.
    """
    message = (
        f"the ratios {shortened(text)!r} are not three positive numbers for train, validate and "
        "test that sum to 100 or to 1: write them like 50/10/40"
    )
    try:
        numbers = [float(part) for part in (text.split("/") if isinstance(text, str) else text)]
    except (TypeError, ValueError) as error:
        raise UserError(message) from error
    total = sum(numbers)
    is_whole = math.isclose(total, 1, abs_tol=1e-6) or math.isclose(total, 100, abs_tol=1e-4)
    if len(numbers) != 3 or not is_whole or min(numbers) <= 0:
        raise UserError(message)
    train, validate, test = (number / total for number in numbers)
    return train, validate, test


def plan_split(
    images: Sequence[ImageFile],
    ratios: str | Sequence[float] = DEFAULT_RATIOS,
    seed: int = 0,
    group: str | None = None,
) -> Split:
    """Divide `images` into train, validate and test, each class by the same ratios.

    Without `group` each class is shuffled and cut; the sizes are exact by largest remainder.
    With `group` whole groups are dealt out (see `_deal_groups`), so that sizes are only near the
    ratios. Where some class has two groups only, one goes to train and one to test, and
    validate is cut out of the images of train; `Split.notes` says so. The result depends on the
    set of images, the ratios, the seed and the group expression, not on the order of `images`.

    Parameters
    ----------
    images : sequence of ImageFile
    ratios : str or three floats
        See `parse_ratios`.
    seed : int
        Not negative.
    group : str, optional
        Regular expression, searched in the file name: its first capture group, or the whole
        match if it has none, is the name of the image's group, for example ``^[^_]+``.

    Returns
    -------
    Split

    Raises
    ------
    UserError
        Bad ratios, seed or expression; a file name without a group; too few images or groups.
    """
    shares = parse_ratios(ratios)
    if seed < 0:
        raise UserError(f"the seed {seed} is negative; choose 0 or more")
    ordered = sorted(images, key=lambda image: (image.class_name, image.path.as_posix()))
    if not ordered:
        raise UserError("there are no images to split")
    rng = np.random.default_rng(seed)
    split = Split({part: [] for part in PARTS}, shares, seed, group)
    if group is None:
        for members in _by_class(ordered).values():
            for part, cut in zip(PARTS, _cut(members, shares, rng, PARTS), strict=True):
                split.parts[part] += cut
    else:
        _split_groups(split, ordered, rng)
    return split


def largest_remainder(count: int, shares: Sequence[float]) -> list[int]:
    """Divide `count` things by `shares` into whole numbers that sum to `count`.

    Each part gets ``floor(count * share / sum(shares))``; what is left goes one by one to the
    parts with the largest fraction cut off, the earlier part first when equal (the method of
    Hamilton and Hare).
    """
    # Rounded, because 0.7 * 10 is 7.000000000000001 and 0.29 * 100 is 28.999999999999996.
    quotas = [round(count * share / sum(shares), 9) for share in shares]
    sizes = [math.floor(quota) for quota in quotas]
    by_remainder = sorted(range(len(shares)), key=lambda part: sizes[part] - quotas[part])
    for part in by_remainder[: count - sum(sizes)]:
        sizes[part] += 1
    return sizes


def group_name(image: ImageFile, pattern: re.Pattern[str]) -> str:
    """Return the group of an image: the pattern's first capture group or whole match.

    Raises
    ------
    UserError
        The file name does not match.
    """
    match = pattern.search(image.path.name)
    name = match and match[1 if pattern.groups else 0]
    if not name:
        raise UserError(
            f"{image.path}: the group expression {pattern.pattern!r} finds nothing in this file "
            "name; choose one that fits every file"
        )
    return name


def compile_group(group: str) -> re.Pattern[str]:
    """Compile a group expression; UserError if it is no regular expression."""
    try:
        return re.compile(group)
    except re.error as error:
        raise UserError(
            f"{group!r} is not a regular expression ({error}); correct --group"
        ) from error


def _by_class(images: Sequence[ImageFile]) -> dict[str, list[ImageFile]]:
    classes: dict[str, list[ImageFile]] = defaultdict(list)
    for image in images:
        classes[image.class_name].append(image)
    return dict(classes)


def _cut(members, shares, rng, parts) -> list[list]:
    """Shuffle the images of one class and cut them by `shares`; UserError if a part is empty."""
    sizes = largest_remainder(len(members), shares)
    if min(sizes) == 0:
        raise UserError(
            f"class {members[0].class_name} has {len(members)} images to divide into "
            f"{' and '.join(parts)}, too few: each part needs at least one; add images or choose "
            "other ratios"
        )
    shuffled = [members[index] for index in rng.permutation(len(members))]
    ends = np.cumsum(sizes)
    return [shuffled[end - size : end] for size, end in zip(sizes, ends, strict=True)]


def _split_groups(split: Split, images: Sequence[ImageFile], rng: np.random.Generator) -> None:
    """Fill `split.parts` with whole groups."""
    pattern = compile_group(split.group)
    groups: dict[str, list[ImageFile]] = defaultdict(list)
    for image in images:
        groups[group_name(image, pattern)].append(image)
    fewest = None
    for class_name, members in _by_class(images).items():
        names = sorted({group_name(image, pattern) for image in members})
        if len(names) < 2:
            raise UserError(
                f"class {class_name} has only the group {names[0]}: train and test need a group "
                "each; check the group expression or split without groups"
            )
        if fewest is None or len(names) < fewest[1]:
            fewest = class_name, len(names)
    train, validate, test = split.ratios
    if fewest[1] >= len(PARTS):
        split.parts = _deal_groups(groups, dict(zip(PARTS, split.ratios, strict=True)), rng)
        return
    dealt = _deal_groups(groups, {"train": train + validate, "test": test}, rng)
    split.parts = {"train": [], "validate": [], "test": dealt["test"]}
    for members in _by_class(dealt["train"]).values():
        names = ("train", "validate")
        for part, cut in zip(names, _cut(members, (train, validate), rng, names), strict=True):
            split.parts[part] += cut
    split.notes.append(
        f"validation shares patients with train, because class {fewest[0]} has only {fewest[1]} "
        "groups: its numbers look better than they are; the groups in test are in no other part"
    )


def _deal_groups(groups, shares: dict[str, float], rng) -> dict[str, list]:
    """Deal whole groups out to the parts, each to the part that lacks most of its classes.

    A part lacks ``share * images of the class - images it has``, summed over the classes of the
    group. When a class has only as many groups left as it has parts without one, those parts
    come first: so every part gets a group of every class. That never contradicts itself, since
    groups that hold more than one class are dealt first, while the parts that have one class
    are the parts that have the other.
    """
    totals = {name: len(members) for name, members in _by_class(sum(groups.values(), [])).items()}
    contents = {
        name: {kind: len(members) for kind, members in _by_class(images).items()}
        for name, images in groups.items()
    }
    names = sorted(groups)
    shuffled = [names[index] for index in rng.permutation(len(names))]
    shuffled.sort(key=lambda name: -len(contents[name]))  # stable: mixed groups first
    have = {part: dict.fromkeys(totals, 0) for part in shares}
    left = {kind: sum(kind in content for content in contents.values()) for kind in totals}
    parts: dict[str, list] = {part: [] for part in shares}
    for name in shuffled:
        candidates = list(shares)
        for kind in contents[name]:
            without = [part for part in shares if have[part][kind] == 0]
            if left[kind] <= len(without):
                candidates = [part for part in candidates if part in without]
            left[kind] -= 1
        lacking = {
            part: sum(shares[part] * totals[kind] - have[part][kind] for kind in contents[name])
            for part in candidates
        }
        chosen = max(candidates, key=lacking.__getitem__)  # the earlier part when equal
        for kind, count in contents[name].items():
            have[chosen][kind] += count
        parts[chosen] += groups[name]
    return parts
