"""The synthetic patient: every value that differs from one patient to the next."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field

import numpy as np

from covid.phantom.geometry import Frame

IMAGE_SIZE = 384  # pixels, height and width of a slice


@dataclass(frozen=True)
class Opacity:
    """One region of denser lung: an ellipsoid with a ragged, soft edge."""

    center: np.ndarray  # (3,), standard x, y, z in mm; z counted from the top of the scan
    radii: np.ndarray  # (3,), half axes in mm: along the chest wall, across it, along z
    turn: float  # direction of the first half axis in radians, clockwise in the image
    density: float  # HU added to the lung where the opacity is full
    consolidation: float  # share in [0, 1] of the inside that is airless: vessels vanish in it
    softness: float  # width of the edge, as a share of the radius
    roughness: float = 1.0  # of edge and inside: 0 smooth, 1 ragged and patchy, as in COVID-19


@dataclass(frozen=True)
class VesselTree:
    """Blood vessels (or airways) as straight pieces, the thinnest first."""

    start: np.ndarray  # (pieces, 3), float32, standard x, y, z in mm
    end: np.ndarray  # the same of the other ends
    radius: np.ndarray  # (pieces,), float32, mm


@dataclass(frozen=True)
class Patient:
    """One synthetic patient; see :func:`covid.phantom.make_patient`.

    Everything but `infections` and `congestion` is drawn from the same distributions whether the
    patient is infected or not, so that nothing else gives the class away.
    """

    number: int  # with `seed` and a part's name, the key of all random numbers of that part
    seed: int
    infected: bool  # the class; infected is the positive one
    frame: Frame  # size, tilt and position in the image
    fat: float  # thickness under the skin, mm
    breast: float  # height, mm
    lung_size: float  # factors on the standard outlines
    heart_size: float
    lung_asymmetry: float
    dome_height: float  # z of the top of the right half of the diaphragm
    wobble_size: np.ndarray  # bending of all outlines, share of the radius, of each wave
    wobble_phase: np.ndarray  # of each wave, radians
    wobble_rate: np.ndarray  # change of the phase with z
    lung_density: float  # mean HU of healthy lung at the front of the chest
    gravity: float  # HU by which the lung gets denser from front to back
    emphysema: float  # HU lost where the lung is destroyed; 0 for most patients
    atelectasis: float  # HU added along the back of the lower lung, which collapses when lying
    vessel_gain: float  # factor on the vessels' radii
    noise: float  # standard deviation inside the body, HU
    streaks: float  # the same of the streaks at the shoulders
    psf: float  # standard deviation of the point-spread function, pixels
    motion: float  # length of the motion blur near heart and diaphragm, pixels
    calibration: float  # HU by which the whole scan is off
    table_height: float  # mm between the back and the table
    rails: bool = False  # metal rails under the table: never drawn at random; see `shortcuts`
    arteries: VesselTree | None = field(default=None, repr=False)
    airways: VesselTree | None = field(default=None, repr=False)
    nodules: tuple[Opacity, ...] = ()  # small round nodules and scars, in both classes
    infections: tuple[Opacity, ...] = ()  # ground glass, consolidations; empty unless infected
    congestion: tuple[Opacity, ...] = ()  # smooth haze; see `lesions.draw_congestion`

    def key(self, part: str) -> tuple[int, int, int]:
        """Seed numbers for one named part of this patient: independent of all other parts."""
        return self.seed, self.number, zlib.crc32(part.encode())

    def generator(self, part: str, *more: int) -> np.random.Generator:
        """Random generator for one named part (and, for example, one slice)."""
        return np.random.default_rng((*self.key(part), *more))


def draw_body(number: int, infected: bool, seed: int) -> Patient:
    """A patient without vessels, nodules and infections; `infected` changes nothing else here."""
    rng = np.random.default_rng((seed, number, zlib.crc32(b"body")))
    female = rng.random() < 0.5
    width = rng.normal(0.94 if female else 1.0, 0.04)
    depth = width * rng.normal(1.0, 0.04)
    fat = float(np.clip(rng.gamma(5.0, 3.2), 6, 34))
    # The radiographer fits the field of view to the chest: 174 mm is half its standard width
    # without fat.
    spacing = 2 * (174 + fat) * width * rng.uniform(0.98, 1.08) / IMAGE_SIZE
    frame = Frame(
        size=IMAGE_SIZE,
        spacing=spacing,
        center=(IMAGE_SIZE * rng.normal(0.5, 0.008), IMAGE_SIZE * rng.normal(0.57, 0.012)),
        tilt=np.deg2rad(rng.normal(0, 1.6)),
        stretch=(width, depth),
    )
    waves = 5
    # drawn before the others: the order of draws decides every value
    emphysema = 90 * rng.random() if rng.random() < 0.2 else 0.0
    motion = rng.uniform(1.5, 4) if rng.random() < 0.2 else 0.0
    return Patient(
        number=number,
        seed=seed,
        infected=infected,
        frame=frame,
        fat=fat,
        breast=rng.uniform(8, 38) if female else rng.uniform(0, 5),
        lung_size=float(np.clip(rng.normal(1.03, 0.04), 0.92, 1.1)),
        heart_size=float(np.clip(rng.normal(1.0, 0.09), 0.82, 1.2)),
        lung_asymmetry=rng.normal(0, 0.03),
        dome_height=rng.uniform(0.60, 0.68),
        wobble_size=rng.normal(0, 0.012, waves) / np.sqrt(np.arange(1, waves + 1)),
        wobble_phase=rng.uniform(0, 2 * np.pi, waves),
        wobble_rate=rng.normal(0, 2.0, waves),
        lung_density=float(np.clip(rng.normal(-870, 24), -920, -820)),
        gravity=rng.uniform(10, 60),
        emphysema=emphysema,
        atelectasis=max(0.0, rng.normal(40, 70)),
        vessel_gain=rng.uniform(0.85, 1.3),
        noise=rng.uniform(12, 32),
        streaks=rng.uniform(4, 18),
        psf=rng.uniform(0.3, 0.8),
        motion=motion,
        calibration=rng.normal(0, 6),
        table_height=rng.uniform(2, 16),
    )
