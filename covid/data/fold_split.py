"""Plans k-fold cross-validation: k splits in which every image is in the test exactly once.

One split says how good a model is on one set of test patients, and with few patients that is
mostly luck. Over k folds every patient is tested once, by a model that has not seen them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from covid.common.choices import PARTS
from covid.common.errors import UserError
from covid.data.class_folders import ImageFile
from covid.data.groups import Groups
from covid.data.ratios import DEFAULT_RATIOS, parse_ratios
from covid.data.split import (
    Split,
    cut_classes,
    deal_groups,
    fewest_groups,
    in_order,
    nothing_together,
)

LEAK = (
    "the folds are cut image by image: slices of one patient are in train and in test of every "
    "fold, so that their numbers are not those of new patients"
)


def plan_folds(
    images: Sequence[ImageFile],
    k: int,
    seed: int = 0,
    groups: Groups | None = None,
    ratios: str | Sequence[float] = DEFAULT_RATIOS,
) -> list[Split]:
    """Divide `images` k times into train, validate and test; each is in one test.

    Whole groups are dealt to the k tests, the largest first, so that each gets images of both
    classes and about as many as the others. Of what is left in a fold, validate gets whole
    groups, too, where each class has two there; else it is cut out of the images of train and
    `Split.notes` says so. Without groups each image is one by itself.

    Parameters
    ----------
    images : sequence of ImageFile
    k : int
        At least 2, and at most the number of groups of the class that has fewer.
    seed : int
        Not negative.
    groups : Groups, optional
        What must not be torn apart.
    ratios : str or three floats
        See `parse_ratios`. Only train to validate counts: the test is always 1 / k.

    Returns
    -------
    folds : list of k Split
        Their `ratios` are those aimed at: a test of 1 / k, the rest divided as asked for.

    Raises
    ------
    UserError
        Bad ratios, seed or k; too few images or groups for k folds.
    """
    train, validate, _ = parse_ratios(ratios)
    ordered, rng = in_order(images, seed, groups)
    whole = _units(ordered, groups)
    _check_enough(whole, k, groups)
    tests = list(deal_groups(whole, {f"{n}": 1 / k for n in range(k)}, rng, True).values())
    rest = (k - 1) / k
    shares = (rest * train / (train + validate), rest * validate / (train + validate), 1 / k)
    folds = []
    for test in tests:
        notes = [LEAK] if groups is None else nothing_together(groups, ordered)
        fold = Split({part: [] for part in PARTS}, shares, seed, groups, notes=notes)
        fold.parts["test"] = test
        tested = set(test)
        divide_rest(fold, [image for image in ordered if image not in tested], rng)
        folds.append(fold)
    return folds


def _units(images: Sequence[ImageFile], groups: Groups | None) -> dict[str, list[ImageFile]]:
    """What is dealt out as a whole: the groups, or each image by itself."""
    if groups is not None:
        return groups.together(images)
    return {image.path.as_posix(): [image] for image in images}


def _check_enough(whole: dict[str, list[ImageFile]], k: int, groups: Groups | None) -> None:
    """UserError unless each of k tests can get something of each class."""
    class_name, fewest = fewest_groups(whole)
    if k < 2:
        raise UserError(f"{k} folds: at least 2 are needed; choose more")
    if k > fewest:
        unit = "images" if groups is None else f"groups ({groups.source})"
        advice = f"choose --folds {fewest} or fewer" if fewest > 1 else "leave out --folds"
        raise UserError(
            f"--folds {k}: the test of each fold needs images of each class, and class {class_name} "
            f"has only {fewest} {unit}; {advice}"
        )


def divide_rest(fold: Split, rest: list[ImageFile], rng: np.random.Generator) -> None:
    """Divide what is not in the test of a split into train and validate, by its ratios."""
    shares = dict(zip(PARTS[:2], fold.ratios[:2], strict=True))
    if fold.groups is None:
        cut_classes(fold, rest, shares, rng)
        return
    together = fold.groups.together(rest)
    class_name, fewest = fewest_groups(together)
    if fewest > 1:
        total = sum(shares.values())
        shares = {part: share / total for part, share in shares.items()}
        fold.parts.update(deal_groups(together, shares, rng))
        return
    cut_classes(fold, rest, shares, rng)
    fold.notes.append(
        f"validation shares {fold.groups.members} with train, because class {class_name} has only "
        "1 group besides those in the test: its numbers look better than they are; the groups in "
        "test are in no other part"
    )
