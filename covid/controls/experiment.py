"""Runs the controls: the same training on images that must not be enough, and what they score."""

from __future__ import annotations

import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from covid.controls import verdict
from covid.controls.intervals import measured
from covid.controls.logistic import fit_logistic
from covid.controls.material import Example, Material, choose_examples, prepare
from covid.dataset import SplitFolder
from covid.recipes import Recipe
from covid.train import train_and_evaluate

HISTOGRAMS = ("histogram", "histogram_without_lungs")
TITLES = {
    "image": "the image as it is",
    "permuted_labels": "permuted labels",
    "lungs_blacked_out": "lungs blacked out",
    "border_only": "border only",
    "lungs_only": "lungs only",
    "histogram": "gray histogram",
    "histogram_without_lungs": "gray histogram without the lungs",
}
WHAT = {
    "image": "the reference",
    "lungs_blacked_out": "the convex hull of each lung is black",
    "border_only": "a frame of a tenth of the image on each side, without lung; all else is black",
    "lungs_only": "all but the lungs is black",
    "histogram": "how many pixels are how bright, not where; logistic regression, no network",
    "histogram_without_lungs": "the same of the pixels outside the lungs",
}


@dataclass(frozen=True)
class Row:
    """What one control scored in the test.

    Attributes
    ----------
    name, title, what : str
        For files, for people, and half a sentence of what was done.
    n : int
        Images in the test.
    accuracy, auc : float
        In [0, 1]. With permuted labels: how well these are predicted.
    accuracy_low, accuracy_high, auc_low, auc_high : float or None
        95 % intervals.
    interval : str
        How they were made; see `covid.controls.intervals.measured`.
    flagged : bool
        Whether the control found something; see `covid.controls.verdict`.
    """

    name: str
    title: str
    what: str
    n: int
    accuracy: float
    accuracy_low: float | None
    accuracy_high: float | None
    auc: float
    auc_low: float | None
    auc_high: float | None
    interval: str
    flagged: bool = False


@dataclass(frozen=True)
class Controls:
    """All that the controls of one split and one model found.

    Attributes
    ----------
    split : {"random", "group"}
    model, recipe, positive : str
    synthetic : bool
    seed : int
    groups : int or None
        How many groups (patients) the test has; None where they are not known.
    kept_apart : bool
        Whether groups are known and none is both in train and in test.
    without_lungs : dict of str to int
        Class -> images in which no lung was found, of all parts.
    rows : list of Row
    verdict : str
        One sentence.
    examples : list of Example
        For the figure.
    """

    split: str
    model: str
    recipe: str
    positive: str
    synthetic: bool
    seed: int
    groups: int | None
    kept_apart: bool
    without_lungs: dict[str, int]
    rows: list[Row]
    verdict: str
    examples: list[Example] = field(repr=False)

    def summary(self) -> dict:
        """What goes into controls.json and into summary.json."""
        kept = {key: value for key, value in vars(self).items() if key != "examples"}
        return {**kept, "rows": [asdict(row) for row in self.rows]}


def run_controls(
    split: SplitFolder, model: str, recipe: Recipe, seed: int = 0, verbose: int | str = "auto"
) -> Controls:
    """Train on every control and on the image itself, and compare what they score in the test.

    Parameters
    ----------
    split : SplitFolder
        As `covid.dataset.read_split` gives it. Its manifest's column "group" says which images
        belong to one patient, if that is known.
    model : str
        A key of `covid.models.MODELS`.
    recipe : Recipe
    seed : int
        Of the permuted labels, the trainings and the bootstrap. The result depends on it, the
        images and the recipe only.
    verbose : int or "auto"
        0: no word. Else a line for each control.

    Raises
    ------
    UserError
        An image cannot be read, or a training failed.
    """
    with tempfile.TemporaryDirectory(prefix="covid-controls-") as folder:
        progress = verbose != 0
        material = prepare(split, recipe.image_size, seed, Path(folder), progress)
        rows = []
        for name, title in TITLES.items():
            start = time.perf_counter()
            row = row_of(name, material, model, recipe, seed)
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
        "kept_apart": material.kept_apart,
    }
    return Controls(
        split="group" if split.info["group"] else "random",
        model=model,
        recipe=recipe.name,
        positive=split.positive,
        synthetic=bool(split.info.get("synthetic")),
        seed=seed,
        **known,
        without_lungs={
            name: int(np.sum(~material.lungs_found & (material.labels == label)))
            for label, name in enumerate((split.negative, split.positive))
        },
        rows=rows,
        verdict=verdict.sentence(rows, **known),
        examples=choose_examples(material, split, recipe.image_size),
    )


def row_of(name: str, material: Material, model: str, recipe: Recipe, seed: int) -> Row:
    """Train and test one control."""
    test = material.parts == "test"
    if name in HISTOGRAMS:
        labels, p = histogram_scores(name, material)
        groups = test_groups(material)
    else:
        trained = train_and_evaluate(model, recipe, material.folders[name], seed, verbose=0)
        result = trained.results["test"]
        labels, p = result.labels, result.probabilities
        groups = groups_in_order(material, name, result.files)
    numbers = measured(labels, p, groups, material.kept_apart, seed)
    what = WHAT.get(name) or permuted_in_words(material)
    method = numbers._asdict()
    interval = method.pop("method")
    return Row(name, TITLES[name], what, int(test.sum()), **method, interval=interval)


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
        group
        for group, part in zip(material.groups, material.parts, strict=True)
        if part == "test"
    ]


def groups_in_order(material: Material, name: str, files: list[str]) -> list[str] | None:
    """The group of each test image, in the order in which a training's result lists its files."""
    if material.groups is None:
        return None
    names = zip(material.parts, material.written[name], material.groups, strict=True)
    group_of = {written: group for part, written, group in names if part == "test"}
    return [group_of[Path(file).as_posix()] for file in files]


def permuted_in_words(material: Material) -> str:
    """What was done for the control with permuted labels."""
    if material.groups is None:
        return "each image got the label of another one, in train and in test"
    return "each patient's images got one label by lot, in train and in test"
