"""Under the diaphragm: liver, spleen, stomach, bowel and kidneys."""

from __future__ import annotations

import numpy as np

from covid.phantom import tissues as hu
from covid.phantom.fields import enlarged, smooth_noise
from covid.phantom.geometry import Frame, closed_curve, ellipse, fill, filled, offset
from covid.phantom.outlines import LEFT, RIGHT, dome_mask, dome_top, hemithorax, rib_cage
from covid.phantom.patient import Patient


def bowel(layer: np.ndarray, frame: Frame, folds: np.ndarray, texture: np.ndarray) -> None:
    """Loops of bowel behind the front wall, some with gas: where the noise `folds` is high."""
    _, y = frame.coarser(8).grid()
    front = enlarged(np.clip((-60 - y) / 20, 0, 1), frame.size)
    loops = np.clip(2.5 * (folds - 0.35), 0, 1)
    layer += loops * front * (hu.BOWEL - hu.VISCERAL_FAT + 25 * texture)
    layer[(front > 0.5) & (folds > 1.25) & (texture > 0.1)] = hu.AIR + 60


def stomach_and_spleen(
    layer: np.ndarray, patient: Patient, z: float, frame: Frame, texture: np.ndarray
) -> None:
    """Under the left dome: stomach with a bubble of gas, spleen behind it."""
    size = min(1.0, (z - dome_top(patient, LEFT)) / 0.08)
    stomach = closed_curve(ellipse(62, -72, 40 * size, 34 * size, 0.7)[::3])
    fill(layer, frame, stomach, hu.MUSCLE)
    content = filled(frame, offset(stomach, -3.5)) > 0
    layer[content] = (hu.STOMACH_CONTENT + 40 * np.clip(texture - 0.4, 0, 2))[content]
    # The patient lies on the back: gas rises to the front and ends at a level surface.
    level = frame.to_pixels(np.array([[62.0, -88.0 + 14 * np.sin(patient.wobble_phase[4])]]))
    gas = content & (np.arange(frame.size)[:, None] < level[0, 1])
    layer[gas] = hu.AIR + 20
    spleen = np.array([(88, -20), (112, -40), (128, -22), (122, 14), (100, 36), (84, 30)])
    middle = spleen.mean(axis=0)
    fill(layer, frame, closed_curve(middle + (spleen - middle) * size), hu.SPLEEN)


def kidneys(layer: np.ndarray, frame: Frame) -> None:
    """Beside the spine, with fat in their middle."""
    for side in (RIGHT, LEFT):
        fill(layer, frame, ellipse(side * 52, 4, 22, 17, side * -0.6), hu.KIDNEY)
        fill(layer, frame, ellipse(side * 46, 0, 8, 6, side * -0.6), hu.VISCERAL_FAT)


def liver_mask(
    layer: np.ndarray, patient: Patient, z: float, frame: Frame, dome: np.ndarray
) -> np.ndarray:
    """Mask of the right lobe, which fills the right `dome`; the left lobe is drawn at once."""
    below = z - dome_top(patient, RIGHT)
    if below > 0.06:  # the left lobe crosses the midline
        reach = np.interp(below, [0.06, 0.16, 0.30, 0.42], [-20, 42, 34, -30])
        front = np.interp(below, [0.06, 0.3], [-116, -126])
        lobe = [(-60, front), (reach, front + 6), (reach + 8, -96), (reach - 26, -66)]
        lobe += [(-30, -44), (-60, -40)]
        fill(layer, frame, closed_curve(np.array(lobe)), hu.LIVER)
    if below < 0.22:
        return dome > 0.02
    shrink = np.interp(below, [0.22, 0.40], [0.0, 30.0])
    outline = offset(hemithorax(patient, z, RIGHT), -shrink) - [8.0, 0.0]
    return filled(frame, outline) * dome > 0.5


def draw(canvas: np.ndarray, patient: Patient, z: float, frame: Frame) -> None:
    """Everything under the diaphragm, in place; does nothing above the right dome."""
    right = dome_mask(patient, z, RIGHT, frame)
    if right is None:
        return
    left = dome_mask(patient, z, LEFT, frame)
    below = z - dome_top(patient, RIGHT)
    belly = filled(frame, rib_cage(patient, z)) if below > 0.2 else right
    texture = smooth_noise(patient.key("abdomen"), z, frame, 7.0)
    folds = smooth_noise(patient.key("folds"), z, frame, 17.0)
    layer = np.full_like(canvas, hu.VISCERAL_FAT)
    if below > 0.12:
        bowel(layer, frame, folds, texture)
    if left is not None:
        belly = np.maximum(belly, left)
        stomach_and_spleen(layer, patient, z, frame, texture)
    if z > 0.93:
        kidneys(layer, frame)
    liver = liver_mask(layer, patient, z, frame, right)
    veins = np.clip(0.6 - 4 * np.abs(folds), 0, 1)
    layer[liver] = (hu.LIVER + 2 * texture - 14 * veins)[liver]
    canvas += belly * (layer - canvas)
