"""Bones: spine, ribs, sternum, collar bones, shoulder blades, upper arms."""

from __future__ import annotations

import numpy as np

from covid.phantom import tissues as hu
from covid.phantom.fields import smooth_noise
from covid.phantom.geometry import (
    SCAN_LENGTH_MM,
    Frame,
    closed_curve,
    ellipse,
    fill,
    offset,
    ribbon,
)
from covid.phantom.outlines import LEFT, RIGHT, hemithorax_control
from covid.phantom.patient import Patient

VERTEBRA_MM = 24.0  # one vertebra and its disc
RIB_GAP_MM = 24.0  # between neighboring ribs, one above the other
RIB_HEIGHT_MM = 12.0
RIB_DROP_MM = 95.0  # how far a rib descends from the spine to its front end
RIB_HALF_THICKNESS_MM = 4.4
CORTEX_MM = 1.4


def bone(canvas: np.ndarray, frame: Frame, outline: np.ndarray, cortex: float = CORTEX_MM) -> None:
    """A bone's cross-section: dense rim, spongy inside."""
    fill(canvas, frame, outline, hu.CORTICAL_BONE)
    fill(canvas, frame, offset(outline, -cortex), hu.SPONGY_BONE)


def sponginess(canvas: np.ndarray, patient: Patient, z: float, frame: Frame) -> None:
    """Spongy bone is a meshwork: uneven where a slice cuts it. After all bones are drawn."""
    spongy = (canvas > hu.SPONGY_BONE - 5) & (canvas < 2 * hu.SPONGY_BONE)
    mesh = smooth_noise(patient.key("spongy"), z, frame, 2.6)
    canvas[spongy] += 55 * mesh[spongy]


def spine(canvas: np.ndarray, patient: Patient, z: float, frame: Frame) -> None:
    """Vertebral body or disc, arch around the spinal canal, spinous and transverse processes."""
    phase = 2 * np.pi * (z * SCAN_LENGTH_MM / VERTEBRA_MM + patient.wobble_phase[0])
    level = np.cos(phase)  # 1 at the middle of a vertebra, -1 in a disc
    width, depth = 17.0 + 3.0 * z - 1.2 * level, 13.0 + 3.0 * z - 0.8 * level
    body = closed_curve(
        np.array([(0, -1.0), (0.62, -0.84), (0.96, -0.2), (0.9, 0.62), (0.5, 0.92), (0, 0.78)]
                 + [(-0.5, 0.92), (-0.9, 0.62), (-0.96, -0.2), (-0.62, -0.84)])
        * [width, depth]
    )  # fmt: skip
    canal_y = depth + 9.0
    # The arch: two plates from the canal's sides to the spinous process.
    reach = 40.0 + 6.0 * level
    for side in (RIGHT, LEFT):
        plate = np.array([(side * 13, depth - 1), (side * 14, canal_y), (0, canal_y + 13)])
        bone(canvas, frame, ribbon(plate, np.array([3.5, 4.0, 3.5])), 1.2)
        if level > -0.2:
            out = 28.0 + 5 * level
            process = np.array([(side * 12, canal_y - 1), (side * out, canal_y + 10)])
            bone(canvas, frame, ribbon(process, np.array([4.5, 3.2])), 1.2)
    process = np.array([(0.0, canal_y + 9), (0.0, canal_y + 9 + 0.5 * reach)])
    bone(canvas, frame, ribbon(process, np.array([3.8, 2.6])), 1.2)
    fill(canvas, frame, ellipse(0, canal_y, 10.0, 8.5), hu.FAT * 0.3)
    fill(canvas, frame, ellipse(0, canal_y, 7.0, 6.0), hu.SPINAL_CORD)
    if level > -0.55:
        bone(canvas, frame, body)
    else:
        fill(canvas, frame, body, hu.DISC)


def rib_arch(patient: Patient, z: float, side: int) -> np.ndarray:
    """The line (n, 2) in the chest wall on which ribs are seen, from the spine to the front."""
    control = hemithorax_control(patient, z, side)
    wall = offset(closed_curve(control), 6.0)
    # Samples of control points 8 (beside the spine) back to 0 (front).
    return wall[: 8 * (len(wall) // len(control)) + 1][::-1]


def ribs(canvas: np.ndarray, patient: Patient, z: float, frame: Frame) -> None:
    """Ribs descend from the back to the front: each slice cuts several, each obliquely."""
    for side in (RIGHT, LEFT):
        line = rib_arch(patient, z, side)
        steps = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
        if steps[-1] < 60:  # above the lungs
            continue
        share = steps / steps[-1]
        # Height of rib 0's middle along the arch; nearly level beside the spine, then descending.
        drop = RIB_DROP_MM * share**1.15
        first = (0.055 * SCAN_LENGTH_MM + 5 * patient.wobble_phase[1] + side) % RIB_GAP_MM
        for number in range(-4, 13):
            above = (z * SCAN_LENGTH_MM - first - number * RIB_GAP_MM - drop) / (RIB_HEIGHT_MM / 2)
            hit = np.flatnonzero(np.abs(above) < 1)
            if len(hit) < 2:
                continue
            fine = np.linspace(hit[0], hit[-1], 14)
            points = np.column_stack(
                [np.interp(fine, np.arange(len(line)), line[:, axis]) for axis in (0, 1)]
            )
            end = np.linspace(-1, 1, len(points))
            thickness = RIB_HALF_THICKNESS_MM * np.sqrt(np.maximum(1 - np.abs(end) ** 3, 0.05))
            if share[hit].mean() > 0.86:  # the front ends are cartilage
                fill(canvas, frame, ribbon(points, 1.3 * thickness), hu.CARTILAGE)
            else:
                fill(canvas, frame, ribbon(points, thickness), hu.CORTICAL_BONE)
                marrow = ribbon(points[1:-1], 0.62 * thickness[1:-1])
                fill(canvas, frame, marrow, 1.6 * hu.SPONGY_BONE)


def sternum(canvas: np.ndarray, patient: Patient, z: float, frame: Frame) -> None:
    """Breast bone in the front midline: wide handle, narrow body."""
    if not 0.20 < z < 0.74:
        return
    front = hemithorax_control(patient, z, LEFT)[0, 1] - 10.0
    half_width = np.interp(z, [0.20, 0.24, 0.33, 0.36, 0.66, 0.74], [18, 32, 26, 16, 19, 8])
    outline = np.array(
        [(-1.0, -0.4), (-0.6, -1.0), (0.6, -1.0), (1.0, -0.4), (0.95, 0.6), (0, 0.9), (-0.95, 0.6)]
    ) * [half_width, 6.0]
    bone(canvas, frame, closed_curve(outline + [0.0, front]))


def shoulders(canvas: np.ndarray, patient: Patient, z: float, frame: Frame) -> None:
    """Collar bones, shoulder blades and the heads of the upper arms."""
    for side in (RIGHT, LEFT):
        flip = np.array([float(side), 1.0])
        # one shoulder is higher
        height = z + 0.012 * side * patient.wobble_phase[2] / np.pi
        if height < 0.13:
            size = 24.0 * np.sqrt(max(0.05, 1 - ((height - 0.03) / 0.10) ** 2))
            bone(canvas, frame, ellipse(183, -4, size, 1.08 * size) * flip, 1.8)
        if 0.07 < height < 0.22:
            # A collar bone rises outwards: lower slices cut its inner end.
            middle = np.interp(height, [0.07, 0.22], [130, 26])
            front = np.interp(height, [0.07, 0.22], [-66, -100])
            line = np.array([(middle - 26, front - 5), (middle, front), (middle + 26, front + 7)])
            bone(canvas, frame, ribbon(line * flip, np.array([4.5, 6.5, 4.0])))
        if height < 0.44:
            # A thin curved blade behind the ribs, thicker towards the arm.
            reach = np.interp(height, [0.0, 0.12, 0.30, 0.44], [0.75, 1.0, 0.8, 0.25])
            inner, outer = np.array([98.0, 62.0]), np.array([166.0, 10.0])
            bend = (inner + outer) / 2 + [-4.0, 12.0]
            t = np.linspace(0, reach, 10)[:, None]
            line = (1 - t) ** 2 * inner + 2 * t * (1 - t) * bend + t**2 * outer
            rounded = np.sqrt(1.02 - np.linspace(-1, 1, 10) ** 6)
            thickness = rounded * np.linspace(2.0, 3.0 + 3.0 * reach, 10)
            bone(canvas, frame, ribbon(line * flip, thickness), 1.6)
            if 0.04 < height < 0.24:
                spur = np.array([(138, 40), (156, 55), (178, 58)]) * flip
                bone(canvas, frame, ribbon(spur, np.array([3.0, 2.6, 2.0])), 1.2)
