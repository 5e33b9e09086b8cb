"""The inside of the lungs: air-filled tissue, fissures, opacities, airways and vessels."""

from __future__ import annotations

import cv2
import numpy as np

from covid.phantom import lesions, vessels
from covid.phantom import tissues as hu
from covid.phantom.fields import smooth_noise
from covid.phantom.geometry import Frame
from covid.phantom.outlines import LEFT, RIGHT
from covid.phantom.patient import Patient

FISSURE_HU = 110.0  # two layers of pleura, thinner than a pixel
FISSURE_RANGE = (0.24, 0.74)  # heights at which the oblique fissures are seen


def fissures(z: float, frame: Frame, bend: np.ndarray) -> np.ndarray:
    """The oblique fissure of each lung, float32 (size, size): 1 on the line, 0 elsewhere.

    It descends from back to front: lower slices cut it further forward. `bend` is a smooth
    random field that makes the line uneven.
    """
    line = np.zeros((frame.size, frame.size), np.uint8)
    if FISSURE_RANGE[0] < z < FISSURE_RANGE[1]:
        x = np.linspace(16, 140, 24)
        middle = np.interp(z, FISSURE_RANGE, [34.0, -96.0])
        for side in (RIGHT, LEFT):
            points = np.column_stack([side * x, middle - 6 * side + 0.0012 * (x - 70) ** 2])
            pixels = frame.to_pixels(points)
            column, row = np.clip(np.round(pixels), 0, frame.size - 1).astype(int).T
            pixels[:, 1] += 4.0 * bend[row, column]
            corners = np.round(pixels * 16).astype(np.int32)
            cv2.polylines(line, [corners], False, 255, 1, cv2.LINE_AA, 4)
    return line * np.float32(1 / 255)


def tissue(patient: Patient, z: float, lung: np.ndarray, frame: Frame) -> np.ndarray:
    """HU (size, size), float32, of the lungs; meaningful where `lung` (the mask) is above 0.

    Air-filled tissue, denser towards the back; opacities; over them vessels and airways.
    """
    cloudy = smooth_noise(patient.key("cloudy"), z, frame, 26.0)
    grainy = smooth_noise(patient.key("grainy"), z, frame, 3.2)
    _, y = frame.grid()
    field = patient.lung_density + patient.gravity * np.clip((y + 130) / 180, 0, 1)
    field += 9 * cloudy + 14 * grainy
    if patient.emphysema:
        holes = smooth_noise(patient.key("emphysema"), z, frame, 13.0)
        upper = np.interp(z, [0.3, 0.7], [1.0, 0.4])
        field -= patient.emphysema * upper * np.clip(1.5 * (holes - 0.2), 0, 1)

    field += lesions.atelectasis(patient, z, lung, frame)
    nodule, _ = lesions.opacity_fields(patient, patient.nodules, z, frame, "nodules")
    haze, solid = lesions.opacity_fields(patient, patient.infections, z, frame, "infections")
    fluid, flooded = lesions.opacity_fields(patient, patient.congestion, z, frame, "congestion")
    field += nodule + fluid + haze * (1 + 0.25 * grainy)
    field = np.minimum(field, lesions.CONSOLIDATION_HU)
    solid = np.maximum(solid, flooded)
    field += solid * (lesions.CONSOLIDATION_HU - field)

    field += FISSURE_HU * fissures(z, frame, cloudy)

    # Airways first: each runs beside an artery, which is drawn over its near wall.
    tube = np.zeros((frame.size, frame.size), np.uint8)
    vessels.draw_tree(tube, patient.airways, z, frame, 0.9)
    field += (tube * np.float32(0.55 / 255)) * np.maximum(-100 - field, 0)
    tube[:] = 0
    vessels.draw_tree(tube, patient.airways, z, frame, -0.1)
    field += (tube * np.float32(1 / 255)) * (hu.AIR - field)
    vessel = np.zeros((frame.size, frame.size), np.uint8)
    vessels.draw_tree(vessel, patient.arteries, z, frame, 0.0)
    field += (vessel * np.float32(1 / 255)) * np.maximum(hu.BLOOD - field, 0)
    return field
