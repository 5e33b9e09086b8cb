"""Runs the controls: the same training on images that should not be enough, and their scores."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from covid.common.choices import GROUP, OWN_SPLIT, RANDOM
from covid.common.output_files import scratch_folder
from covid.common.screen import QUIET, USUAL, VERBOSE, Screen
from covid.controls import verdict
from covid.controls.intervals import measured
from covid.controls.results import TITLES, WHAT, Controls, Row
from covid.controls.variant_folders import PERMUTED, UNCHANGED, Material, choose_examples, prepare
from covid.data.split_folder import SplitFolder
from covid.training.baselines import by_logistic
from covid.training.predictions import Result
from covid.training.recipes import Recipe
from covid.training.train import Trained, train_and_evaluate

HISTOGRAMS = ("histogram", "histogram_without_lungs")


def run_controls(
    split: SplitFolder,
    model: str,
    recipe: Recipe,
    seed: int,
    folder: Path,
    screen: Screen | None = None,
    reference: Result | None = None,
) -> Controls:
    """Train on every control and on the image itself, and compare what they score in the test.

    Parameters
    ----------
    split : SplitFolder
        From `covid.data.split_folder.read_split`. Its manifest's column "group" says which images
        belong to one patient, if that is known.
    model : str
        A key of `covid.training.architectures.MODELS`.
    recipe : Recipe
    seed : int
        Of the permuted labels, the trainings and the bootstrap. The result depends on it, the
        images and the recipe only.
    folder : Path
        Where the changed images are while they are needed, in a folder of their own.
    screen : Screen, optional
        Gets the live line of each training, and where all is printed a line for each control.
    reference : Result, optional
        Of the test images as they are, where this model was trained on them with this recipe and
        seed before; it is the same that training once more would give.

    Raises
    ------
    UserError
        An image cannot be read, or a training failed.
    """
    screen = screen or Screen(QUIET)
    with scratch_folder(folder / "images") as images:
        material = prepare(split, recipe.image_size, seed, images, bool(screen.verbose))
        if reference is not None and (reference.groups is None) != (material.groups is None):
            reference = None  # an image without a group among others with one is its own, here
        inferred = split.info.get("members") == "groups"  # see `covid.data.groups.Groups.members`
        members = "groups of look-alikes" if inferred else "patients"
        rows = []
        for name, title in TITLES.items():
            label = f"{len(rows) + 1}/{len(TITLES)} {title}"
            live = min(screen.verbose, USUAL)  # a line for each control, none for each epoch
            train = partial(train_and_evaluate, model, recipe, verbose=live, label=label)
            row = row_of(name, material, train, seed, members, reference)
            rows.append(row)
            if screen.verbose == VERBOSE:
                screen.say(f"  {label}: accuracy {row.accuracy:.3f}, AUC {row.auc:.3f}")
    rows = verdict.flag(rows)
    known = {
        "groups": None if material.groups is None else len(set(test_groups(material))),
        "members": members,
    }
    return Controls(
        split=GROUP if split.info["group"] else OWN_SPLIT if split.info.get("existing") else RANDOM,
        model=model,
        recipe=recipe.name,
        positive=split.positive,
        synthetic=bool(split.info.get("synthetic")),
        seed=seed,
        kept_apart=material.kept_apart,
        **known,
        without_lungs={
            name: int(np.sum((material.lung_shares == 0) & (material.labels == label)))
            for label, name in enumerate((split.negative, split.positive))
        },
        rows=rows,
        verdict=verdict.sentence(rows, **known),
        examples=choose_examples(material, split, recipe.image_size),
    )


def row_of(
    name: str,
    material: Material,
    train: Callable[..., Trained],
    seed: int,
    members: str,
    reference: Result | None,
) -> Row:
    """Train and test one control; `train` is `train_and_evaluate` but for the images and seed."""
    test = material.parts == "test"
    if name in HISTOGRAMS:
        labels, p, threshold = histogram_scores(name, material)
        groups = test_groups(material)
    else:
        result = reference if name == UNCHANGED else None
        if result is None:
            result = train(split=material.folders[name], seed=seed).results["test"]
        labels, p, threshold = result.labels, result.probabilities, result.threshold
        groups = result.groups
    permuted = name == PERMUTED
    what = permuted_text(material.groups, material.permuted, members) if permuted else WHAT[name]
    scores = measured(labels, p, threshold, groups, material.kept_apart, seed)
    return Row(name, TITLES[name], what, int(test.sum()), threshold, **scores._asdict())


def histogram_scores(name: str, material: Material) -> tuple[np.ndarray, np.ndarray, float]:
    """Labels and probabilities of the test images, by logistic regression, and the threshold."""
    outside = name == "histogram_without_lungs"
    features = material.histograms_outside if outside else material.histograms
    p, chosen = by_logistic(features, material.labels, material.parts)
    test = material.parts == "test"
    return material.labels[test], p[test], chosen["value"]


def test_groups(material: Material) -> list[str] | None:
    """The group of each test image, in the order of the manifest; None if not known."""
    if material.groups is None:
        return None
    return [
        group for group, part in zip(material.groups, material.parts, strict=True) if part == "test"
    ]


def permuted_text(groups: list[str] | None, permuted: np.ndarray, members: str) -> str:
    """What was done for the control with permuted labels, (n,); see `permuted_labels`."""
    # A group of both labels: groups could not be given one without emptying a class.
    if groups is None or len(set(zip(groups, permuted.tolist(), strict=True))) > len(set(groups)):
        return "each image got a label at random, in train and in test"
    return f"all images of one of the {members} got one label at random, in train and in test"
