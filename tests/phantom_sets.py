"""Synthetic sets for the tests of the switches: labels given anew, splits made and trained on."""

import shutil
from functools import partial
from pathlib import Path

from covid.dataset import read_split, scan, write_split
from covid.groups import groups_by_pattern
from covid.phantom.write import CLASS_FOLDERS, called_infected
from covid.preprocess import enhance_and_crop
from covid.recipes import recipe_for
from covid.run import SYNTHETIC_GROUP
from covid.splits import DEFAULT_RATIOS, plan_split
from covid.train import Trained, train_and_evaluate

PATIENTS = 60


def relabel_by_patient(folder: Path, target: Path, seed: int) -> Path:
    """Copy a set of 60 patients, its patients filed at random as `--labels permuted` does it."""
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
    transform = partial(enhance_and_crop, no_contour="keep")
    extra = {"enhanced": True, "synthetic": True}
    write_split(dataset, split, folder, transform, progress=False, extra=extra)
    return train_and_evaluate(
        model, recipe_for("practice", model, **recipe), read_split(folder), seed, verbose=0
    )
