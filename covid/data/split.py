"""Divides images into train, validate and test: class by class, and patient by patient if asked.

A random split of slices puts neighboring slices of one patient into train and test, and the
test then measures memory rather than diagnosis (Yagis et al., Scientific Reports 2021,
doi 10.1038/s41598-021-01681-w). `plan_split(..., groups=...)` keeps each patient in one part.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain, islice

import numpy as np

from covid.common.choices import PARTS
from covid.common.errors import UserError
from covid.data.class_folders import ImageFile
from covid.data.groups import Groups
from covid.data.ratios import DEFAULT_RATIOS, Ratios, parse_ratios


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
    groups : Groups or None
        Which image is of which patient, where that is known.
    keep_together : bool
        Whether the groups were kept whole; if not, they are only noted in manifest.csv.
    notes : list of str
        What a reader of results must know about this split.
    existing : dict of str to str or None
        The part of each folder, where the images came split and were used so.
    """

    parts: dict[str, list[ImageFile]]
    ratios: Ratios
    seed: int
    groups: Groups | None = None
    keep_together: bool = True
    notes: list[str] = field(default_factory=list)
    existing: dict[str, str] | None = None

    @property
    def kept_together(self) -> str | None:
        """By what groups were kept whole, as split.json has it; None for a random split."""
        return self.groups.recorded if self.groups is not None and self.keep_together else None


def plan_split(
    images: Sequence[ImageFile],
    ratios: str | Sequence[float] = DEFAULT_RATIOS,
    seed: int = 0,
    groups: Groups | None = None,
    keep_together: bool = True,
) -> Split:
    """Divide `images` into train, validate and test, each class by the same ratios.

    Without groups each class is shuffled and cut; the sizes are exact by largest remainder.
    With `groups` whole groups are dealt out (see `deal_groups`), so that sizes are only near the
    ratios. Where some class has two groups only, one goes to train and one to test, and
    validate is cut out of the images of train; `Split.notes` says so. The result depends on the
    set of images, the ratios, the seed and the groups, not on the order of `images`.

    Parameters
    ----------
    images : sequence of ImageFile
    ratios : str or three floats
        See `parse_ratios`.
    seed : int
        Not negative.
    groups : Groups, optional
        Which images belong together.
    keep_together : bool
        False splits at random all the same; the groups are then only noted in manifest.csv, where
        a reader sees who is on both sides. The parts are those without `groups`.

    Raises
    ------
    UserError
        Bad ratios or seed; too few images or groups.
    """
    shares = parse_ratios(ratios)
    ordered, rng = in_order(images, seed, groups)
    split = Split({part: [] for part in PARTS}, shares, seed, groups, keep_together)
    if groups is None or not keep_together:
        cut_classes(split, ordered, dict(zip(PARTS, shares, strict=True)), rng)
    else:
        _split_groups(split, ordered, rng)
        split.notes.extend([*nothing_together(groups, ordered), *too_small_parts(split)])
    return split


def nothing_together(groups: Groups, images: Sequence[ImageFile]) -> list[str]:
    """A note where groups keep nothing together, because each has one image only."""
    if len(groups.together(images)) < len(images):
        return []
    return [
        f"each image is a group by itself ({groups.source}), so that nothing is kept together: this "
        "is no stricter than a split at random"
    ]


def too_small_parts(split: Split) -> list[str]:
    """A note where whole groups leave a part with less than half of the images that it should have."""
    sizes = [len(split.parts[part]) for part in PARTS]
    asked = largest_remainder(sum(sizes), split.ratios)
    small = [
        f"{part} has {size} images instead of about {wanted}"
        for part, size, wanted in zip(PARTS, sizes, asked, strict=True)
        if size < wanted / 2
    ]
    return [f"groups are kept whole, so {' and '.join(small)}"] if small else []


def in_order(
    images: Sequence[ImageFile], seed: int, groups: Groups | None
) -> tuple[list[ImageFile], np.random.Generator]:
    """The images in the order of their paths, and the generator of everything random."""
    if seed < 0:
        raise UserError(f"the seed {seed} is negative; choose 0 or more")
    ordered = sorted(images, key=lambda image: (image.class_name, image.path.as_posix()))
    if not ordered:
        raise UserError("there are no images to split")
    unknown = [image for image in ordered if groups is not None and image not in groups.names]
    if unknown:
        raise UserError(
            f"{unknown[0].path}: its group is not known ({groups.source}); make the groups of the "
            "images that are to be split"
        )
    return ordered, np.random.default_rng(seed)


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


def by_class(images: Sequence[ImageFile]) -> dict[str, list[ImageFile]]:
    classes: dict[str, list[ImageFile]] = defaultdict(list)
    for image in images:
        classes[image.class_name].append(image)
    return dict(classes)


def cut_classes(split: Split, images, shares: dict[str, float], rng) -> None:
    """Fill some parts with `images`, shuffled and cut class by class; UserError if one gets none."""
    for class_name, members in by_class(images).items():
        sizes = largest_remainder(len(members), tuple(shares.values()))
        if min(sizes) == 0:
            raise UserError(
                f"class {class_name} has {len(members)} images to divide into "
                f"{' and '.join(shares)}, too few: each part needs at least one; add images or choose "
                "other ratios"
            )
        shuffled = iter([members[index] for index in rng.permutation(len(members))])
        for part, size in zip(shares, sizes, strict=True):
            split.parts[part] += islice(shuffled, size)


def _split_groups(split: Split, images: Sequence[ImageFile], rng: np.random.Generator) -> None:
    """Fill `split.parts` with whole groups."""
    groups = split.groups.together(images)
    class_name, fewest = fewest_groups(groups)
    if fewest < 2:
        only = next(name for name in groups if class_name in by_class(groups[name]))
        raise UserError(
            f"class {class_name} has only the group {only}: train and test need a group each; "
            "choose other groups, or split without groups"
        )
    train, validate, test = split.ratios
    if fewest >= len(PARTS):
        split.parts = deal_groups(groups, dict(zip(PARTS, split.ratios, strict=True)), rng)
        return
    dealt = deal_groups(groups, {"train": train + validate, "test": test}, rng)
    split.parts["test"] = dealt["test"]
    cut_classes(split, dealt["train"], {"train": train, "validate": validate}, rng)
    members = split.groups.members
    split.notes.append(
        f"validation shares {members} with train, because class {class_name} has only {fewest} "
        "groups: its numbers look better than they are; the groups in test are in no other part"
    )


def fewest_groups(groups: dict[str, list[ImageFile]]) -> tuple[str, int]:
    """The class that has images in the fewest groups (the first one if equal), and how many."""
    counts = Counter(chain.from_iterable(by_class(members) for members in groups.values()))
    return min(sorted(counts.items()), key=lambda item: item[1])


def deal_groups(
    groups: dict[str, list[ImageFile]],
    shares: dict[str, float],
    rng: np.random.Generator,
    largest_first: bool = False,
) -> dict[str, list[ImageFile]]:
    """Deal whole groups out to the parts, each to the part that lacks most of its classes.

    A part lacks ``share * images of the class - images it has``, summed over the classes of the
    group. When a class has only as many groups left as it has parts without one, those parts
    come first: so every part gets a group of every class. That never contradicts itself, since
    groups that hold more than one class are dealt first, while the parts that have one class
    are the parts that have the other.

    `largest_first` makes parts of equal shares more even: the small groups fill what the large
    ones left. Parts of unequal shares would get groups of other sizes each, the large ones in
    the large part; so a split into train, validate and test leaves it to chance.
    """
    contents = {
        name: Counter(image.class_name for image in images) for name, images in groups.items()
    }
    totals = sum(contents.values(), Counter())
    names = sorted(groups)
    shuffled = [names[index] for index in rng.permutation(len(names))]
    if largest_first:
        shuffled.sort(key=lambda name: -len(groups[name]))
    shuffled.sort(key=lambda name: -len(contents[name]))  # stable: mixed groups first
    have = {part: Counter() for part in shares}
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
        have[chosen] += contents[name]
        parts[chosen] += groups[name]
    return parts
