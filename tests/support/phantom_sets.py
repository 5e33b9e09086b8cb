"""Synthetic sets for the tests of the switches: labels given anew, splits made and trained on."""

import shutil
from functools import partial
from pathlib import Path

import numpy as np

from covid.common.choices import CONTOURS
from covid.data.class_folders import scan
from covid.data.groups import SYNTHETIC_GROUP, groups_by_pattern
from covid.data.preprocess import enhance_and_crop
from covid.data.ratios import DEFAULT_RATIOS
from covid.data.split import plan_split
from covid.data.split_folder import read_split
from covid.data.write_split import write_split
from covid.phantom.write import CLASS_FOLDERS, called_infected
from covid.training.recipes import recipe_for
from covid.training.train import Trained, train_and_evaluate

PATIENTS = 120


def relabel_by_patient(folder: Path, target: Path, seed: int) -> Path:
    """Copy a set of `PATIENTS` patients, filed at random as `--labels permuted` does it."""
    called = called_infected(PATIENTS, seed, "permuted")
    for name in CLASS_FOLDERS.values():
        (target / name).mkdir(parents=True)
    for path in folder.glob("*/*.png"):
        number = int(path.name.removeprefix("synthetic-p")[:3])
        shutil.copy(path, target / CLASS_FOLDERS[number in called] / path.name)
    return target


def trained(
    data: Path, folder: Path, seed: int, by_patient: bool, model: str = "tiny_cnn", **recipe
) -> Trained:
    """Split, enhance, crop, train with the recipe practice, evaluate."""
    dataset = scan(data)
    patients = groups_by_pattern(dataset.images, SYNTHETIC_GROUP)
    split = plan_split(dataset.images, DEFAULT_RATIOS, seed, patients, keep_together=by_patient)
    transform = partial(enhance_and_crop, rule=CONTOURS)
    extra = {"enhanced": True, "crop": CONTOURS, "synthetic": True}
    write_split(dataset, split, folder, transform, progress=False, extra=extra)
    return train_and_evaluate(
        model, recipe_for("practice", model, **recipe), read_split(folder), seed, verbose=0
    )


def accuracy(outcome: Trained) -> float:
    """The share of right answers in the test."""
    return outcome.results["test"].accuracy


def interval_by_patient(outcome: Trained, samples: int = 2000) -> tuple[float, float]:
    """95 % interval of the test accuracy: percentiles of samples of patients, with replacement.

    Slices of one patient are right or wrong together, so that it is patients that are drawn.
    """
    result = outcome.results["test"]
    right = (result.probabilities > 0.5) == (result.labels == 1)
    patients = np.array([Path(file).name.split("_")[0] for file in result.files])
    names = np.unique(patients)
    hits = np.array([right[patients == name].sum() for name in names])
    counts = np.array([np.sum(patients == name) for name in names])
    drawn = np.random.default_rng(0).integers(len(names), size=(samples, len(names)))
    low, high = np.percentile(hits[drawn].sum(1) / counts[drawn].sum(1), [2.5, 97.5])
    return float(low), float(high)
