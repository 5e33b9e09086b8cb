"""Runs the controls: the same training on images that should not be enough, and their scores."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import numpy as np

from covid.common.choices import GROUP, RANDOM
from covid.controls import verdict
from covid.controls.intervals import measured
from covid.controls.logistic import fit_logistic
from covid.controls.results import TITLES, WHAT, Controls, Row
from covid.controls.variant_folders import PERMUTED, UNCHANGED, Material, choose_examples, prepare
from covid.data.split_folder import SplitFolder
from covid.training.predictions import Result
from covid.training.recipes import Recipe
from covid.training.train import train_and_evaluate

HISTOGRAMS = ("histogram", "histogram_without_lungs")


def run_controls(
    split: SplitFolder,
    model: str,
    recipe: Recipe,
    seed: int = 0,
    verbose: int | str = "auto",
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
    verbose : int or "auto"
        0: no output. Else a line for each control.
    reference : Result, optional
        Of the test images as they are, where this model was trained on them with this recipe and
        seed before; it is the same that training once more would give.

    Raises
    ------
    UserError
        An image cannot be read, or a training failed.
    """
    with tempfile.TemporaryDirectory(prefix="covid-controls-") as folder:
        progress = verbose != 0
        material = prepare(split, recipe.image_size, seed, Path(folder), progress)
        if reference is not None and (reference.groups is None) != (material.groups is None):
            reference = None  # an image without a group among others with one is its own, here
        inferred = split.info.get("members") == "groups"  # see `covid.data.groups.Groups.members`
        members = "groups of look-alikes" if inferred else "patients"
        rows = []
        for name, title in TITLES.items():
            start = time.perf_counter()
            row = row_of(name, material, model, recipe, seed, members, reference)
            rows.append(row)
            if progress:
                seconds = time.perf_counter() - start
                print(
                    f"control {len(rows)} of {len(TITLES)}, {title}: accuracy {row.accuracy:.3f}, "
                    f"AUC {row.auc:.3f} ({seconds:.1f} s)",
                    flush=True,
                )
    rows = verdict.flag(rows)
    known = {
        "groups": None if material.groups is None else len(set(test_groups(material))),
        "members": members,
    }
    return Controls(
        split=GROUP if split.info["group"] else RANDOM,
        model=model,
        recipe=recipe.name,
        positive=split.positive,
        synthetic=bool(split.info.get("synthetic")),
        seed=seed,
        kept_apart=material.kept_apart,
        **known,
        without_lungs={
            name: int(np.sum(~material.lungs_found & (material.labels == label)))
            for label, name in enumerate((split.negative, split.positive))
        },
        rows=rows,
        verdict=verdict.sentence(rows, **known),
        examples=choose_examples(material, split, recipe.image_size),
    )


def row_of(
    name: str,
    material: Material,
    model: str,
    recipe: Recipe,
    seed: int,
    members: str,
    reference: Result | None,
) -> Row:
    """Train and test one control."""
    test = material.parts == "test"
    if name in HISTOGRAMS:
        labels, p = histogram_scores(name, material)
        groups = test_groups(material)
    else:
        result = reference if name == UNCHANGED else None
        if result is None:
            trained = train_and_evaluate(model, recipe, material.folders[name], seed, verbose=0)
            result = trained.results["test"]
        labels, p = result.labels, result.probabilities
        groups = result.groups
    permuted = name == PERMUTED
    what = permuted_text(material.groups, material.permuted, members) if permuted else WHAT[name]
    scores = measured(labels, p, groups, material.kept_apart, seed)
    return Row(name, TITLES[name], what, int(test.sum()), **scores._asdict())


def histogram_scores(name: str, material: Material) -> tuple[np.ndarray, np.ndarray]:
    """Labels and probabilities of the test images, by logistic regression on histograms."""
    outside = name == "histogram_without_lungs"
    features = material.histograms_outside if outside else material.histograms
    train, test = material.parts == "train", material.parts == "test"
    fitted = fit_logistic(features[train], material.labels[train])
    return material.labels[test], fitted.probabilities(features[test])


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
