"""A set of moderate size: grays alone do not tell its classes apart, and the crop keeps its lungs."""

import csv

import numpy as np
import pytest

from covid.data.images import read_gray
from covid.data.preprocess import SIZE, enhance_and_crop, lung_box, to_square
from covid.phantom import write_dataset
from covid.phantom.patient import draw_body
from covid.phantom.scan import lesion_mask
from covid.phantom.write import TRUTH
from covid.training.baselines import histogram
from covid.training.logistic import fit_logistic

PATIENTS, SLICES, SEED = 40, 3, 5
FOLDS = 5


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """The lines of truth.csv, and the images."""
    folder = tmp_path_factory.mktemp("moderate") / "set"
    write_dataset(folder, PATIENTS, SLICES, SEED, progress=False, processes=True)
    with open(folder / TRUTH, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return rows, [read_gray(folder / row["file"]) for row in rows]


def test_grays_alone_do_not_tell_the_classes_apart(drawn):
    """Logistic regression, cross-validated by pairs of patients: what a network must exceed."""
    rows, images = drawn
    cropped = [enhance_and_crop(image, rule="lungs").image for image in images]
    labels = np.array([int(row["infected"]) for row in rows])
    folds = np.array([int(row["patient"]) // 2 % FOLDS for row in rows])
    for name, features in (
        ("histogram", np.array([histogram(image) for image in cropped])),
        ("mean brightness", np.array([[image.mean()] for image in cropped])),
    ):
        right = 0
        for fold in range(FOLDS):
            test = folds == fold
            fitted = fit_logistic(features[~test], labels[~test])
            right += np.sum((fitted.probabilities(features[test]) > 0.5) == labels[test])
        assert right / len(labels) <= 0.65, name


def test_the_crop_keeps_the_lungs(drawn):
    for row, image in zip(*drawn, strict=True):
        body = draw_body(int(row["patient"]), row["infected"] == "1", SEED)
        lung, _ = lesion_mask(body, float(row["z"]))
        lung = to_square(lung.astype(np.uint8)) > 0
        box = lung_box(to_square(image))
        kept = lung[box.top : box.bottom, box.left : box.right].sum() / lung.sum()
        assert kept >= 0.98, row["file"]
        assert (box.right - box.left) * (box.bottom - box.top) < 0.8 * SIZE**2  # it does crop
