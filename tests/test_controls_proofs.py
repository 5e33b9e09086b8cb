"""Proofs that take minutes: controls stay quiet on clean synthetic slices and find what is planted.

What is planted stands in one class only and has nothing to do with lungs. All images go through
enhancing and cropping as in `covid run`.
"""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from covid.controls import run_controls
from covid.controls.command import patients
from covid.dataset import plan_split, read_gray, read_manifest, read_split, scan, write_split
from covid.images import write_png
from covid.manifest import write_manifest
from covid.phantom import make_patient, render_slice, write_dataset
from covid.phantom.write import infected_patients
from covid.preprocess import enhance_and_crop
from covid.recipes import recipe_for

pytestmark = pytest.mark.slow
SEEDS = (0, 1, 2)
GROUP = "^[^_]+"


def marker(image):
    """A bright square in the corner, large enough that the contour crop keeps it."""
    return cv2.rectangle(image.copy(), (8, 8), (35, 35), 255, -1)


def offset(image):
    """12 gray levels brighter."""
    return cv2.add(image, np.full_like(image, 12))


def without_table(image):
    """All below the body as dark as the air above it."""
    bright = cv2.morphologyEx((image > 150).astype(np.uint8), cv2.MORPH_OPEN, np.ones((7, 7)))
    _, _, table, _ = cv2.connectedComponentsWithStats(bright)
    _, top, _, height, _ = table[1 + np.argmax(table[1:, cv2.CC_STAT_AREA])]
    changed = image.copy()
    changed[top + height + 3 :] = np.median(image[:60, 100:400])
    return changed


def found_in(folder, seed, group=GROUP, transform=enhance_and_crop):
    """The controls of two class folders; their rows by name."""
    dataset = scan(folder)
    target = folder.parent / f"{folder.name}-split"
    extra = {"enhanced": transform is not None, "synthetic": True}
    planned = plan_split(dataset, "50/10/40", seed, group)
    write_split(dataset, planned, target, transform, progress=False, extra=extra)
    names = patients(dataset, GROUP)  # known although slices may be split at random
    rows = [{**row, "group": names[row["source"]]} for row in read_manifest(target)]
    write_manifest(target, rows)
    recipe = recipe_for("practice", "tiny_cnn")
    controls = run_controls(read_split(target), "tiny_cnn", recipe, seed, 0)
    return controls, {row.name: row for row in controls.rows}


@pytest.mark.parametrize("seed", SEEDS)
def test_clean_slices_raise_no_flag(tmp_path, seed):
    write_dataset(tmp_path / "clean", 60, 8, seed, progress=False)
    controls, rows = found_in(tmp_path / "clean", seed)
    assert not [name for name, row in rows.items() if row.flagged]
    assert controls.verdict.startswith("No leak and no shortcut found")
    assert rows["histogram"].auc_low > 0.5  # infected lungs are denser
    # Chance is not far away from any control that has nothing to go by.
    for name in ("permuted_labels", "lungs_blacked_out", "border_only", "histogram_without_lungs"):
        assert rows[name].auc < 0.7


@pytest.mark.parametrize(
    ("plant", "in_class", "flagged"),
    [
        (marker, "Infected", {"lungs_blacked_out", "border_only", "histogram_without_lungs"}),
        (offset, "Infected", {"histogram_without_lungs"}),
        (without_table, "Not_Infected", {"lungs_blacked_out", "border_only"}),
    ],
)
@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_planted_in_one_class_is_flagged(tmp_path, plant, in_class, flagged, seed):
    folder = tmp_path / "planted"
    write_dataset(folder, 60, 8, seed, progress=False)
    for path in (folder / in_class).iterdir():
        write_png(path, plant(read_gray(path)))
    controls, rows = found_in(folder, seed)
    assert {name for name, row in rows.items() if row.flagged} >= flagged
    assert not rows["permuted_labels"].flagged
    assert controls.verdict.startswith("Shortcut")


@pytest.mark.parametrize("seed", SEEDS)
def test_near_duplicates_leak_if_split_at_random_and_do_not_by_patient(tmp_path, seed):
    """16 slices of each of 30 patients, one or two millimetres apart."""
    folder, infected = tmp_path / "near", infected_patients(30, seed)
    for name in ("Infected", "Not_Infected"):
        (folder / name).mkdir(parents=True)
    for number in range(30):
        patient = make_patient(number, number in infected, seed)
        name = "Infected" if number in infected else "Not_Infected"
        for index in range(16):
            image = cv2.resize(render_slice(patient, 0.42 + 0.005 * index), (150, 150))
            write_png(folder / name / f"synthetic-p{number:03d}_s{index:02d}_lung.png", image)
    leaking, rows = found_in(folder, seed, None, None)
    assert rows["permuted_labels"].flagged
    assert rows["permuted_labels"].auc > 0.9
    assert leaking.verdict.startswith("Leak")
    folder.rename(tmp_path / "apart")
    _, rows = found_in(tmp_path / "apart", seed, GROUP, None)
    assert not rows["permuted_labels"].flagged
