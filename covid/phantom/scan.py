"""From a synthetic patient to an image: lungs put into the body, table, blur, noise, window."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from covid.phantom import abdomen, lesions, lungs, organs, skeleton, table, vessels
from covid.phantom import tissues as hu
from covid.phantom.fields import blur
from covid.phantom.geometry import filled
from covid.phantom.outlines import body_outline, dome_top, lung_mask
from covid.phantom.patient import Patient, draw_body

Z_STEPS = 1_000_000  # heights that differ by less share their noise


def make_patient(patient: int, infected: bool, seed: int, congested: bool = False) -> Patient:
    """Draw the synthetic patient of this number; both integers are 0 or more.

    `infected` adds ground glass and consolidations to the lungs, `congested` their look-alike, and
    both change nothing else: the same number and seed give the same body with and without them.

    Raises
    ------
    ValueError
        If `patient` or `seed` is negative.
    """
    for name, value in (("patient", patient), ("seed", seed)):
        if value < 0:
            raise ValueError(f"make_patient: {name} must be 0 or more, got {value}")
    body = draw_body(int(patient), bool(infected), int(seed))
    arteries, tubes = vessels.grow_vessels(body)
    return replace(
        body,
        arteries=arteries,
        airways=tubes,
        nodules=lesions.draw_nodules(body),
        infections=lesions.draw_infections(body) if infected else (),
        congestion=lesions.draw_congestion(body, congested),
    )


def clothes(canvas: np.ndarray, patient: Patient, z: float) -> None:
    """Folds of cloth on the chest: thin wavy lines in the air above the body."""
    rng = patient.generator("clothes")
    frame = patient.frame
    skin = frame.to_pixels(body_outline(patient, z))
    upper = skin[skin[:, 1] < frame.center[1] - 0.08 * frame.size]
    order = np.argsort(upper[:, 0])
    columns = np.linspace(0.04, 0.96, 90) * frame.size
    height = np.interp(columns, upper[order, 0], upper[order, 1])
    for _ in range(3):
        phase, speed = rng.uniform(0, 6, 5), rng.uniform(2, 9, 5)
        waves = np.arange(1, 6)[:, None]
        wave = np.sin(waves * columns / (0.09 * frame.size) + (phase + speed * z)[:, None]) / waves
        lift = rng.uniform(2, 9) + np.abs(4.5 * wave.sum(axis=0))
        middle, span = rng.uniform(0.3, 0.7), rng.uniform(0.08, 0.21)
        seen = np.abs(columns / frame.size - middle) < span
        line = np.column_stack([columns, height - lift])[seen]
        points = np.round(line * 16).astype(np.int32)
        cv2.polylines(canvas, [points], False, hu.CLOTHES - rng.uniform(0, 70), 1, cv2.LINE_8, 4)


def hounsfield(patient: Patient, z: float) -> np.ndarray:
    """One slice without blur and noise, HU, float32 (size, size)."""
    frame = patient.frame
    canvas = np.full((frame.size, frame.size), hu.AIR, np.float32)
    table.draw(canvas, patient)
    clothes(canvas, patient, z)
    organs.trunk(canvas, patient, z, frame)
    organs.neck(canvas, z, frame)
    organs.great_vessels(canvas, patient, z, frame)
    organs.heart(canvas, patient, z, frame)
    abdomen.draw(canvas, patient, z, frame)
    lung = lung_mask(patient, z, frame)
    if lung.any():
        canvas += lung * (lungs.tissue(patient, z, lung, frame) - canvas)
    organs.behind_heart(canvas, patient, z, frame)
    organs.airways(canvas, z, frame)
    skeleton.spine(canvas, patient, z, frame)
    skeleton.ribs(canvas, patient, z, frame)
    skeleton.sternum(canvas, patient, z, frame)
    skeleton.shoulders(canvas, patient, z, frame)
    skeleton.sponginess(canvas, patient, z, frame)
    return canvas


def lesion_mask(patient: Patient, z: float) -> tuple[np.ndarray, np.ndarray]:
    """The truth of a slice: its lung pixels, and those of them in a lesion; each (size, size) bool."""
    lung = lung_mask(patient, z, patient.frame) > 0.5
    return lung, lung & lesions.visible(patient, z, patient.frame)


def motion_blur(image: np.ndarray, patient: Patient, z: float) -> np.ndarray:
    """Heart beat and breathing: a box blur from front to back near heart and diaphragm."""
    near = np.exp(-(((z - dome_top(patient, -1)) / 0.12) ** 2))
    length = 1 + patient.motion * near
    if length < 1.5:
        return image
    taps = np.ones(2 * int(np.ceil((length - 1) / 2)) + 1, np.float32)
    taps[[0, -1]] = 1 - (len(taps) - length) / 2
    moved = cv2.filter2D(image, -1, (taps / taps.sum())[:, None])
    body = filled(patient.frame, body_outline(patient, z))  # the table stands still
    return image + body * (moved - image)


def noise(patient: Patient, z: float, body: np.ndarray) -> np.ndarray:
    """CT noise in HU, float32 (size, size).

    Reconstructed CT noise has no slow component, is stronger behind thick tissue, and runs in
    streaks along the rays: horizontally between the shoulders, radially outside the body.
    `body` is the share of tissue in every pixel, float32 in [0, 1].
    """
    rng = patient.generator("noise", round(z * Z_STEPS))
    size = patient.frame.size
    white = rng.standard_normal((size, size), dtype=np.float32)
    grain = cv2.GaussianBlur(white, (0, 0), 0.75) - 0.8 * cv2.GaussianBlur(white, (0, 0), 2.0)
    rays = rng.standard_normal((720, 24), dtype=np.float32)  # (angle, distance)
    rays = cv2.resize(rays, (size, 1440), interpolation=cv2.INTER_LINEAR)
    middle = (patient.frame.center[0], patient.frame.center[1] - 0.08 * size)
    flags = cv2.WARP_POLAR_LINEAR | cv2.WARP_INVERSE_MAP | cv2.INTER_LINEAR
    radial = cv2.warpPolar(rays, (size, size), middle, 0.75 * size, flags)
    lines = rng.standard_normal((size // 2, 12), dtype=np.float32)
    lines = cv2.resize(lines, (size, size), interpolation=cv2.INTER_CUBIC)
    shoulders = patient.streaks * float(np.interp(z, [0.0, 0.1, 0.3], [1.2, 1.0, 0.12]))
    thick = 0.35 + 0.65 * body
    # The blurs leave white noise with a standard deviation of about 0.3.
    return thick * (patient.noise * (grain / 0.3 + 0.35 * radial) + shoulders * lines)


def scanned(patient: Patient, z: float) -> np.ndarray:
    """One slice as the scanner sees it: blurred, noisy, HU, float32 (size, size)."""
    exact = hounsfield(patient, z)
    # Rails under the table leave the noise as it is: they change their own pixels and no others.
    body = ((exact > -400) & (exact < hu.TABLE_RAIL)).astype(np.float32)
    image = motion_blur(blur(exact, patient.psf), patient, z)
    image += noise(patient, z, blur(body, 24.0)) + patient.calibration
    steps = np.arange(image.shape[0], dtype=np.float32) - (image.shape[0] - 1) / 2
    outside = np.hypot(steps[:, None], steps[None, :]) > 0.66 * image.shape[0]
    image[outside] = hu.OUTSIDE_VIEW
    return image


def render_slice(
    patient: Patient, z: float, window: str = "lung", offset: float = 0.0
) -> np.ndarray:
    """One synthetic axial slice as an 8-bit image.

    ``gray = 255 * (HU - (center - width / 2)) / width + offset``, clipped to [0, 255].

    Parameters
    ----------
    patient : Patient
    z : float
        Height in [0, 1], from the shoulders to the abdomen.
    window : {"lung", "mediastinal"}
        See `tissues.WINDOWS`.
    offset : float
        Gray levels added before the clipping: what a display's level knob does.

    Returns
    -------
    ndarray (size, size), uint8
        Depends on these arguments only, not on what was rendered before.

    Raises
    ------
    ValueError
        If `z` lies outside [0, 1] or the window is unknown.
    """
    if not 0.0 <= z <= 1.0:
        raise ValueError(f"render_slice: z must lie in [0, 1] (shoulders to abdomen), got {z}")
    if window not in hu.WINDOWS:
        raise ValueError(
            f"render_slice: window must be one of {sorted(hu.WINDOWS)}, got {window!r}"
        )
    center, width = hu.WINDOWS[window]
    share = (scanned(patient, z) - (center - width / 2)) / width
    return np.round(255 * np.clip(share + offset / 255, 0, 1)).astype(np.uint8)
