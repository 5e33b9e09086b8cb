"""Soft tissue: chest wall, mediastinum with heart and great vessels, airways."""

from __future__ import annotations

import cv2
import numpy as np

from covid.phantom import tissues as hu
from covid.phantom.fields import enlarged, smooth_noise
from covid.phantom.geometry import Frame, Keyframes, closed_curve, ellipse, fill, filled, offset
from covid.phantom.outlines import (
    HEART_TOP,
    LEFT,
    RIGHT,
    body_outline,
    dome_top,
    mediastinum,
    rib_cage,
)
from covid.phantom.patient import Patient

SKIN_MM = 2.0
CHEST_WALL_MM = 15.0  # ribs and the muscles between them

# Great vessels and windpipe as ellipses: x, y, half width, half depth in mm.
ASCENDING_AORTA = Keyframes(
    {0.27: (-4, -70, 14, 12), 0.36: (-14, -84, 16, 16), 0.46: (-10, -88, 16, 16)}
)
AORTIC_ARCH_HEIGHT = 0.285
DESCENDING_AORTA = Keyframes(
    {0.28: (25, -16, 13, 13), 0.5: (22, -20, 12, 12), 0.8: (12, -26, 11, 11), 1: (6, -26, 9, 9)}
)
UPPER_CAVA = Keyframes({0.20: (-20, -62, 7, 7), 0.45: (-30, -76, 9, 10)})
LOWER_CAVA = Keyframes({0.66: (-22, -48, 12, 11), 1.0: (-20, -34, 11, 9)})
PULMONARY_TRUNK = Keyframes({0.38: (22, -78, 12, 12), 0.47: (20, -92, 14, 14)})
ESOPHAGUS = Keyframes({0.0: (8, -22, 6, 5), 0.3: (4, -26, 7, 5), 0.8: (10, -38, 8, 6)})
TRACHEA = Keyframes({0.0: (0, -45, 9, 9), 0.2: (-1, -44, 8.5, 9), 0.37: (-4, -42, 10, 8)})
CARINA = 0.375  # where the windpipe forks
# Main bronchi below the fork: distance from the midline, y, radius.
BRONCHUS = Keyframes({0.37: (6, -41, 7.5), 0.43: (22, -40, 6.5), 0.50: (40, -40, 4.5)})


def trunk(canvas: np.ndarray, patient: Patient, z: float, frame: Frame) -> np.ndarray:
    """Skin, fat, muscles and chest wall. Returns the body's mask (size, size), float32."""
    skin = body_outline(patient, z)
    body = filled(frame, skin)
    np.copyto(canvas, hu.SKIN, where=body > 0)
    fill(canvas, frame, offset(skin, -SKIN_MM), hu.FAT)

    muscle = filled(frame, offset(body_outline(patient, z, breasts=False), -0.9 * patient.fat))
    if patient.breast > 8:  # glands: strands in the fat of the breasts
        strands = smooth_noise(patient.key("glands"), z, frame, 9.0)
        amount = np.interp(z, [0.25, 0.4, 0.6, 0.7], [0, 1, 1, 0])
        _, y = frame.coarser(8).grid()
        front = enlarged(np.clip((-70 - y) / 30, 0, 1), frame.size)
        glands = amount * front * np.clip(2 * (strands - 0.9), 0, 1)
        deep = filled(frame, offset(skin, -7.0)) > 0
        canvas[deep] += 110 * glands[deep]
    seam = muscle_seams(patient, z, frame)
    np.copyto(canvas, hu.MUSCLE + (hu.FAT - hu.MUSCLE) * 0.9 * seam, where=muscle > 0)

    if z > 0.12:
        cage = rib_cage(patient, z)
        fill(canvas, frame, offset(cage, CHEST_WALL_MM - 1), hu.MUSCLE)
        fill(canvas, frame, offset(cage, 2.0), hu.FAT * 0.3)
        fill(canvas, frame, cage, hu.VISCERAL_FAT)
    # Back muscles on both sides of the spine, never split by the fat around the ribs.
    for side in (RIGHT, LEFT):
        fill(canvas, frame, ellipse(side * 27, 48, 24, 17), hu.MUSCLE - 4)
    fill(canvas, frame, ellipse(0, 16, 34, 26), hu.MUSCLE)
    return body


def muscle_seams(patient: Patient, z: float, frame: Frame) -> np.ndarray:
    """Sheets of fat between muscles, float32 (size, size): 1 in the middle of a sheet.

    Around the chest the muscles lie in layers: sheets follow the distance from the rib cage,
    bent, thick and thin by noise. Between the shoulders they run in all directions.
    """
    half = frame.coarser(2)
    bend = smooth_noise(patient.key("bend"), z, half, 24.0)
    gaps = smooth_noise(patient.key("gaps"), z, half, 32.0)
    thickness = np.clip(1.2 + 2.2 * gaps, 0.0, 7.0)  # mm
    # Where a random field passes through zero: closed cells, like muscles cut across.
    off_crossing = 24.0 * np.minimum(np.abs(bend), np.abs(gaps - 0.4)) / 1.6
    if z > 0.12:
        away = 1 - filled(half, rib_cage(patient, z)).astype(np.uint8)
        distance = cv2.distanceTransform(away, cv2.DIST_L2, 3) * half.spacing
        layer = (distance - CHEST_WALL_MM + 5.0 * bend) / 19.0
        off_layer = 19.0 * np.abs(layer - np.round(layer))
        shoulder = np.interp(z, [0.12, 0.35], [0.0, 1.0])
        off_sheet = np.minimum(off_layer, off_crossing + 6.0 * shoulder)
    else:
        off_sheet = off_crossing
    return enlarged(np.clip(thickness / 2 + 0.7 - off_sheet, 0, 1), frame.size)


def neck(canvas: np.ndarray, z: float, frame: Frame) -> None:
    """Muscles and vessels in front of the spine, above the lungs."""
    if z > 0.22:
        return
    for side in (RIGHT, LEFT):
        fill(canvas, frame, ellipse(side * 26, -40, 8, 8), hu.BLOOD)
        fill(canvas, frame, ellipse(side * 38, -52, 11, 8, side * 0.5), hu.BLOOD)
        fill(canvas, frame, ellipse(side * 17, -48, 8, 13), hu.MUSCLE + 30)  # thyroid


def great_vessels(canvas: np.ndarray, patient: Patient, z: float, frame: Frame) -> None:
    """Mediastinal fat with aorta, venae cavae, pulmonary arteries and esophagus."""
    if z < 0.13:
        return
    outline = mediastinum(patient, z)
    # Thin people have little fat between vessels and lymph nodes.
    fill(canvas, frame, outline, hu.MEDIASTINAL_FAT - 1.3 * patient.fat)
    if z < 0.27:  # branches of the aortic arch
        for x, y, radius in ((-12, -58, 7), (8, -56, 5), (22, -44, 6), (-24, -70, 8), (16, -70, 8)):
            fill(canvas, frame, ellipse(x, y, radius, radius), hu.BLOOD)
    arch = abs(z - AORTIC_ARCH_HEIGHT)
    if arch < 0.03:  # the arch itself lies in the slice, from front right to back left
        fill(canvas, frame, ellipse(10, -44, 36, 13 - 150 * arch, 1.05), hu.BLOOD)
    if 0.27 < z < HEART_TOP + 0.05:
        fill(canvas, frame, ellipse(*ASCENDING_AORTA(z)), hu.BLOOD)
    if 0.38 < z < HEART_TOP + 0.02:
        fill(canvas, frame, ellipse(*PULMONARY_TRUNK(z)), hu.BLOOD)
        swell = 1 - ((z - 0.44) / 0.06) ** 2
        if swell > 0:  # right and left pulmonary arteries, crossing the slice
            fill(canvas, frame, ellipse(-12, -62, 34, 9 * swell + 2, -0.25), hu.BLOOD)
            fill(canvas, frame, ellipse(32, -62, 20, 9 * swell + 2, 0.6), hu.BLOOD)
    if z < 0.5:
        fill(canvas, frame, ellipse(*UPPER_CAVA(z)), hu.BLOOD)
    fill(canvas, frame, ellipse(*ESOPHAGUS(z)), hu.MUSCLE * 0.8)


def heart(canvas: np.ndarray, patient: Patient, z: float, frame: Frame) -> None:
    """Heart in its bag of fat: chambers look like the wall without contrast."""
    bottom = dome_top(patient, LEFT) + 0.17
    if not HEART_TOP < z < bottom:
        return
    outline = mediastinum(patient, z)
    rim = 0.6 + 0.09 * patient.fat  # mm of fat around the heart
    inset = np.interp(z, [HEART_TOP, 0.54, bottom - 0.08, bottom], [6, rim, rim + 1, 30])
    muscle = closed_curve(offset(outline, -inset)[::4])
    muscle = muscle[muscle[:, 1] < -24]  # the rest is spine
    fill(canvas, frame, muscle, hu.HEART)
    groove = smooth_noise(patient.key("heart"), z, frame, 30.0)
    heart_mask = filled(frame, muscle) > 0
    canvas[heart_mask] += (-60 * np.clip(0.5 - np.abs(groove) * 4, 0, 1))[heart_mask]


def behind_heart(canvas: np.ndarray, patient: Patient, z: float, frame: Frame) -> None:
    """Descending aorta and, low down, the lower vena cava."""
    if z > 0.28:
        x, y, width, depth = DESCENDING_AORTA(z)
        fill(canvas, frame, ellipse(x, y, width, depth), hu.BLOOD)
        # Chalk in the wall of an older aorta, here and there.
        if patient.wobble_phase[3] > 4.5 and np.sin(25 * z + patient.wobble_phase[2]) > 0.2:
            chalk = np.array([x - 0.8 * width, y - 0.4 * depth])
            fill(canvas, frame, ellipse(*chalk, 1.2, 2.4), hu.CORTICAL_BONE)
    if z > dome_top(patient, RIGHT):
        fill(canvas, frame, ellipse(*LOWER_CAVA(z)), hu.BLOOD)


def airways(canvas: np.ndarray, z: float, frame: Frame) -> None:
    """Windpipe, its fork and the two main bronchi: air in a thin wall."""
    tubes = []
    if z < CARINA + 0.012:
        tubes.append(ellipse(*TRACHEA(z)))
    elif z < 0.50:
        x, y, radius = BRONCHUS(z)
        # The right bronchus is wider and steeper than the left.
        tubes.append(ellipse(-0.92 * x, y, 1.1 * radius * 1.25, radius, -0.2))
        tubes.append(ellipse(1.02 * x, y, radius * 1.3, 0.9 * radius, 0.2))
    for tube in tubes:
        fill(canvas, frame, offset(tube, 1.8), hu.MUSCLE)
    for tube in tubes:
        fill(canvas, frame, tube, hu.AIR)
