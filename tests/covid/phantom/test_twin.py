"""The healthy twin: the slice without its lesions, and nothing else changed."""

import csv

import cv2
import numpy as np
import pytest
from tiny_runs import slices

from covid.phantom import write_dataset
from covid.phantom.scan import lesion_mask, make_patient
from covid.phantom.twin import healthy_twin


def truth(folder):
    with open(folder / "truth.csv", newline="") as file:
        return list(csv.DictReader(file))


def test_only_the_lesions_are_gone():
    rows = [row for row in truth(slices()) if row["infected"] == "1"]
    assert rows
    for row in rows:
        path = slices() / row["file"]
        there = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        difference = np.abs(there.astype(int) - healthy_twin(path))
        patient = make_patient(int(row["patient"]), True, 1)
        lung, lesion = lesion_mask(patient, float(row["z"]))
        # Blur carries a lesion some pixels over its edge; elsewhere noise differs, where tissue does.
        around = cv2.dilate(lung.astype(np.uint8), np.ones((9, 9))) > 0
        assert difference[~around].max() <= 3
        if float(row["lesion_share"]) > 0.05:
            assert difference[lesion].mean() > 10


def test_there_is_none_of_other_images(tmp_path):
    healthy = next(row["file"] for row in truth(slices()) if row["infected"] == "0")
    assert healthy_twin(slices() / healthy) is None
    assert healthy_twin(tmp_path / "synthetic-p000_s00_lung.png") is None
    assert healthy_twin(tmp_path / "slice.png") is None


@pytest.mark.parametrize("damage", ["pixel", "info"])
def test_there_is_none_where_the_program_would_draw_something_else(tmp_path, damage):
    folder = tmp_path / "set"
    write_dataset(folder, 2, 1, seed=3, progress=False)
    path = next((folder / "Infected").iterdir())
    assert healthy_twin(path) is not None
    if damage == "pixel":
        image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        image[0, 0] ^= 1
        cv2.imwrite(str(path), image)
    else:
        (folder / "synthetic.json").write_text('{"seed": "x"}')
    assert healthy_twin(path) is None


def test_switches_are_as_in_the_image(tmp_path):
    folder = tmp_path / "set"
    settings = {"shortcuts": ("marker",), "near_duplicates": 1}
    write_dataset(folder, 2, 1, seed=3, progress=False, **settings)
    for path in (folder / "Infected").iterdir():
        twin = healthy_twin(path)
        assert twin is not None
        assert (twin == 255).sum() > 0 and not np.array_equal(
            twin, cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        )
