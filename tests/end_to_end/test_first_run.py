"""What the first run shows, with patients kept apart: `pytest -m slow`, half a minute a seed.

compact_cnn learns the lesions, and not the gray values; and its heat maps lie on them.
"""

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest

from covid.common.choices import GROUP, MODEL_FILE
from covid.common.screen import QUIET, Screen
from covid.data.images import read_gray
from covid.data.manifest import read_manifest
from covid.data.preprocess import Box, crop, to_square
from covid.metrics import careful_interval
from covid.phantom.scan import lesion_mask, make_patient
from covid.pipeline.options import Options
from covid.pipeline.run import run_all
from covid.training.model_file import model_input, open_model
from minicnn.saliency import grad_cam, share_inside

SMALLEST_LESION = 0.01  # of the lung's pixels: of smaller ones nothing is asked
SEEDS = [pytest.param(seed, id=f"seed{seed}") for seed in (0, 1, 2)]


def lesions(row, seed, box, size):
    """Where lesions show in an infected patient's slice, as the network sees it, (size, size) bool."""
    patient = make_patient(int(row["patient"]), True, seed)
    mask = to_square(lesion_mask(patient, float(row["z"]))[1].astype(np.uint8) * 255)
    return cv2.resize(crop(mask, box), (size, size), interpolation=cv2.INTER_NEAREST) > 127


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_the_first_run_learns_lesions(tmp_path, seed):
    screen, out = Screen(QUIET), tmp_path / "out"
    models = ("compact_cnn",)
    summary = run_all(
        Options(out, models=models, split=GROUP, seed=seed, audit=False, screen=screen)
    )
    way = summary["splits"]["group"]
    found, baselines = way["models"]["compact_cnn"], way["baselines"]
    assert found["test"]["acc"] >= 0.88
    assert careful_interval(found["test"]["measures"]["accuracy"])[0] > 0.80
    assert baselines["gray histogram"]["acc"] <= 0.65

    model = open_model(out / "group/compact_cnn" / MODEL_FILE)
    folder = out / next(iter(way["data"].values()))["folder"]
    with open(out / "synthetic/truth.csv", newline="", encoding="utf-8") as file:
        truth = {Path(row["file"]).name: row for row in csv.DictReader(file)}
    inside = {}
    for row in read_manifest(folder):
        known = truth[Path(row["source"]).name]
        if row["part"] == "test" and float(known["lesion_share"]) >= SMALLEST_LESION:
            x = model_input(model, read_gray(folder / row["file"]))
            box = Box(*(int(row[side]) for side in Box._fields))
            mask = lesions(known, seed, box, len(x))
            inside[Path(row["file"]).name] = share_inside(grad_cam(model, x).on_image, mask)
    assert len(inside) > 80
    assert np.mean(np.array(list(inside.values())) > 0.5) >= 0.8
    assert inside[Path(summary["examples"]["ill"]["file"]).name] > 0.5  # the one that is shown
    assert found["look"]["passed"] is not False  # the check of random weights
