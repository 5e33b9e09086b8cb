"""What COVID-19 does to the lungs, and what looks like it without being it.

Ground glass: a hazy patch through which vessels remain visible. Consolidation: airless lung as
dense as soft tissue. COVID-19 pneumonia shows several of them, mostly at the outer border and
the back of both lower lungs (Bernheim et al., Radiology 2020; Simpson et al., 2020).
Nodules, scars and the collapsed strip at the back of a lying patient occur in either class;
so does congestion, smooth and in the middle of the lungs: a little of it in everybody, much in
those that are not infected.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import cv2
import numpy as np

from covid.phantom.fields import enlarged, smooth_noise
from covid.phantom.geometry import SCAN_LENGTH_MM, Frame
from covid.phantom.outlines import LEFT, RIGHT, hemithorax
from covid.phantom.patient import Opacity, Patient

GROUND_GLASS_HU = (220.0, 420.0)  # added to the lung, lower and upper limit
VISIBLE_HU = 60.0  # a twentieth of the lung window: about what an eye can see
SOME_CONGESTION, MUCH_CONGESTION = 0.4, 1.45  # opacities, as shares of the number of infections
SMOOTH_MM = 40.0  # distance over which smooth opacities change
CONSOLIDATION_HU = 30.0  # airless lung: about that of soft tissue


def wall_place(
    patient: Patient, z: float, side: int, angle: float, inside: float
) -> tuple[np.ndarray, float]:
    """A place `inside` mm from the chest wall, and the direction of the wall there.

    `angle`, in radians, is seen from the middle of the lung: 0 towards the side of the body, pi/2
    towards the back. Returned are standard x, y in mm, (2,), and the direction in radians.
    """
    wall = hemithorax(patient, z, side)
    middle = wall.mean(axis=0)
    away = wall - middle
    seen = np.arctan2(away[:, 1], away[:, 0] * side)
    nearest = int(np.argmin(np.abs(np.angle(np.exp(1j * (seen - angle))))))
    tangent = wall[(nearest + 2) % len(wall)] - wall[nearest - 2]
    inwards = -away[nearest] / np.linalg.norm(away[nearest])
    return wall[nearest] + inside * inwards, float(np.arctan2(tangent[1], tangent[0]))


def draw_infections(patient: Patient) -> tuple[Opacity, ...]:
    """Ground glass and consolidations of an infected patient: ragged, mostly along the chest wall."""
    rng = patient.generator("infection")

    def place(z: float, side: int, across: float) -> tuple[np.ndarray, float]:
        # Mostly from the side to the back of the lung.
        angle = rng.normal(0.33 * np.pi, 0.30 * np.pi)
        central = rng.random() < 0.15
        inside = rng.uniform(25, 45) if central else rng.uniform(0, 0.7) * across
        return wall_place(patient, z, side, angle, inside)

    return draw_opacities(patient, rng, place, roughness=1.0, amount=1.0)


def draw_congestion(patient: Patient, congested: bool) -> tuple[Opacity, ...]:
    """Fluid in the lungs of a weak heart, the look-alike of COVID-19: smooth, around the hila.

    Everybody has some, the `congested` much, as large and dense as infections are, so that gray
    values alone do not tell the two apart: texture and place do.
    """
    rng = patient.generator("congestion")

    def place(z: float, side: int, across: float) -> tuple[np.ndarray, float]:
        hilum = np.array([side * 50.0, -40.0])
        return hilum + rng.normal(0, 22, 2) * [1.0, 1.5], rng.uniform(0, np.pi)

    amount = MUCH_CONGESTION if congested else SOME_CONGESTION
    return draw_opacities(patient, rng, place, roughness=0.1, amount=amount)


def draw_opacities(
    patient: Patient, rng: np.random.Generator, place: Callable, roughness: float, amount: float
) -> tuple[Opacity, ...]:
    """Many opacities, from few and faint to many; `place` gives where each lies, and its turn.

    Patients 0 and 1, 2 and 3, ... are as severely ill as each other: one of each such pair is
    infected (`write.infected_patients`), so that severity does not tell the classes apart.
    """
    both = replace(patient, number=patient.number // 2).generator("severity")
    severity = both.beta(3.2, 1.0)  # 0 barely visible, 1 most of the lung
    contrast = both.uniform(0.6, 1.0)
    consolidating = both.random() < 0.5
    opacities = []
    for _ in range(round(amount * (8 + rng.poisson(6 + 26 * severity)))):
        side = RIGHT if rng.random() < 0.55 else LEFT
        z = float(np.clip(rng.normal(0.50, 0.17), 0.17, 0.8))
        along = rng.gamma(3.0, 4.0 + 5.5 * severity) + 9
        across = along * rng.uniform(0.45, 0.95)
        center, turn = place(z, side, across)
        opacities.append(
            Opacity(
                center=np.array([*center, z * SCAN_LENGTH_MM]),
                radii=np.array([along, across, along * rng.uniform(0.7, 1.1)]),
                turn=turn + rng.normal(0, 0.2),
                density=contrast * rng.uniform(*GROUND_GLASS_HU),
                consolidation=rng.uniform(0.1, 0.5) if consolidating and rng.random() < 0.5 else 0,
                softness=rng.uniform(0.25, 0.6),
                roughness=roughness,
            )
        )
    return tuple(opacities)


def draw_nodules(patient: Patient) -> tuple[Opacity, ...]:
    """Small nodules and scars, drawn alike for both classes."""
    rng = patient.generator("nodules")
    opacities = []
    for _ in range(rng.poisson(1.6)):
        side = RIGHT if rng.random() < 0.5 else LEFT
        z = rng.uniform(0.2, 0.8)
        place, turn = wall_place(patient, z, side, rng.uniform(-1.5, 2.0), rng.uniform(4, 40))
        radius = rng.uniform(2.0, 6.0)
        stretch = rng.uniform(2, 5) if rng.random() < 0.3 else 1.0  # a scar is a strip
        opacities.append(
            Opacity(
                center=np.array([*place, z * SCAN_LENGTH_MM]),
                radii=radius * np.array([stretch, 1.0, 1.0]),
                turn=turn + rng.normal(0, 0.8),
                density=rng.uniform(250, 850),
                consolidation=0.0,
                softness=0.25,
                roughness=0.25,
            )
        )
    return tuple(opacities)


def coverage(opacity: Opacity, z: float, x: np.ndarray, y: np.ndarray, ragged: np.ndarray):
    """Share of an opacity in every pixel, float32 in [0, 1]; None where the slice misses it.

    ``1 / (1 + exp((distance + ragged - 1) / (softness / 3)))``, where `distance` is 1 on the
    ellipsoid's surface and `ragged` makes the border irregular.
    """
    depth = (z * SCAN_LENGTH_MM - opacity.center[2]) / opacity.radii[2]
    if abs(depth) > 1.8:
        return None
    dx, dy = x - np.float32(opacity.center[0]), y - np.float32(opacity.center[1])
    cosine, sine = np.float32(np.cos(opacity.turn)), np.float32(np.sin(opacity.turn))
    along = (cosine * dx + sine * dy) / np.float32(opacity.radii[0])
    across = (cosine * dy - sine * dx) / np.float32(opacity.radii[1])
    distance = np.sqrt(along**2 + across**2 + np.float32(depth**2))
    steep = np.float32(3.0 / opacity.softness)
    return 1 / (1 + np.exp(np.clip((distance + ragged - 1) * steep, -20, 20)))


def shares(
    patient: Patient, opacities: tuple[Opacity, ...], z: float, frame: Frame, name: str
) -> Iterator[tuple[Opacity, np.ndarray, np.ndarray, np.ndarray]]:
    """Each opacity that a slice cuts: its coverage, a fine field, and how much denser it is where.

    All have the same spread of densities: in small patches, or in smooth ones `SMOOTH_MM` wide.
    """
    if not opacities:
        return
    x, y = frame.grid()
    key = patient.key(name)
    patchy = smooth_noise((*key, 1), z, frame, 16.0)
    fine = smooth_noise((*key, 2), z, frame, 6.0)
    broad = smooth_noise((*key, 3), z, frame, SMOOTH_MM)
    for opacity in opacities:
        ragged = opacity.roughness * (0.24 * patchy + 0.17 * fine)
        share = coverage(opacity, z, x, y, ragged)
        if share is not None:
            rough = opacity.roughness
            uneven = rough * (0.22 * patchy + 0.28 * fine) + (1 - rough) * 0.5 * broad
            yield opacity, share, fine, np.clip(1 + uneven, 0.2, 1.6)


def opacity_fields(
    patient: Patient, opacities: tuple[Opacity, ...], z: float, frame: Frame, name: str
) -> tuple[np.ndarray, np.ndarray]:
    """All opacities of one kind in one slice, not yet cut off at the border of the lung.

    Returns
    -------
    haze : ndarray (size, size), float32
        HU to be added to the lung.
    solid : ndarray (size, size), float32
        Share of airless lung in [0, 1], where vessels cannot be seen.
    """
    # Opacities are soft: a quarter of the resolution is enough, and 16 times cheaper.
    coarse = frame.coarser(4)
    haze = np.zeros((coarse.size, coarse.size), np.float32)
    solid = np.zeros_like(haze)
    for opacity, share, fine, texture in shares(patient, opacities, z, coarse, name):
        np.maximum(haze, share * opacity.density * texture, out=haze)
        if opacity.consolidation:
            core = np.clip(2.2 * (share - 1 + opacity.consolidation + 0.15 * fine), 0, 1)
            np.maximum(solid, core, out=solid)
    return enlarged(haze, frame.size), enlarged(solid, frame.size)


def visible(patient: Patient, z: float, frame: Frame) -> np.ndarray:
    """Where infections would show if all were lung, (size, size) bool.

    A pixel counts where an infection adds at least `VISIBLE_HU`. Their uneven texture makes no
    holes here, as in an outline drawn by hand.
    """
    coarse = frame.coarser(4)
    denser = np.zeros((coarse.size, coarse.size), np.float32)
    for opacity, share, _, _ in shares(patient, patient.infections, z, coarse, "infections"):
        np.maximum(denser, share * opacity.density, out=denser)
    return enlarged(denser, frame.size) > VISIBLE_HU


def atelectasis(patient: Patient, z: float, lung: np.ndarray, frame: Frame) -> np.ndarray:
    """HU added along the back of the lower lung, float32 (size, size), cut to the lung."""
    coarse = frame.coarser(4)
    inside = cv2.resize(lung, (coarse.size, coarse.size), interpolation=cv2.INTER_AREA)
    distance = cv2.distanceTransform((inside > 0.5).astype(np.uint8), cv2.DIST_L2, 3)
    _, y = coarse.grid()
    behind = np.clip((y - 10) / 30, 0, 1)
    depth = np.exp(-distance * coarse.spacing / 7.0)
    patchy = np.clip(1 + 0.6 * smooth_noise(patient.key("atelectasis"), z, coarse, 22.0), 0, 2.5)
    lower = np.interp(z, [0.35, 0.65], [0.2, 1.0])
    field = (patient.atelectasis * lower * depth * behind * patchy).astype(np.float32)
    return enlarged(field, frame.size) * lung
