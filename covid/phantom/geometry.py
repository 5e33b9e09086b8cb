"""Shapes and coordinates of the synthetic slices: closed curves in millimeters, drawn on a grid.

Every part of the body is described for one standard patient, in millimeters:

* x grows towards the right edge of the image, which is the *patient's left* side (axial slices
  are looked at from the feet),
* y grows towards the back (down in the image),
* (0, 0) is the center of the vertebral body,
* z in [0, 1] runs from the shoulders (0) to the abdomen (1); it is ``SCAN_LENGTH_MM`` long.

A :class:`Frame` turns those millimeters into the pixels of one patient's image: stretched to
the size of the patient, tilted, shifted.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np

SCAN_LENGTH_MM = 320.0
SUBPIXEL_BITS = 4  # cv2 takes polygon corners in 1/16 pixel
SAMPLES_PER_SPAN = 6  # points drawn between two control points of a curve


class Frame(NamedTuple):
    """Where the standard millimeters of one patient land in an image."""

    size: int  # height and width of the square image, pixels
    spacing: float  # mm per pixel
    center: tuple[float, float]  # pixel (x, y) of the center of the vertebral body
    tilt: float  # rotation of the patient on the table in radians, clockwise in the image
    stretch: tuple[float, float]  # size relative to the standard patient along x and y

    def matrix(self) -> np.ndarray:
        """Affine map (2, 3), float64, not to be changed: standard (x, y, 1) in mm to pixel (x, y)."""
        return _matrix(self)

    def to_pixels(self, points: np.ndarray) -> np.ndarray:
        """Points (n, 2) in standard mm as pixel coordinates (n, 2)."""
        matrix = self.matrix()
        return points @ matrix[:, :2].T + matrix[:, 2]

    def pixels(self, length: float) -> float:
        """A length in standard mm, along no particular direction, in pixels."""
        return length * float(np.sqrt(self.stretch[0] * self.stretch[1])) / self.spacing

    def coarser(self, factor: int) -> Frame:
        """The same view with `factor` times fewer pixels along each axis."""
        # The center of pixel 0 of the coarse grid lies at (factor - 1) / 2 of the fine one.
        x, y = ((c - (factor - 1) / 2) / factor for c in self.center)
        return self._replace(size=self.size // factor, spacing=self.spacing * factor, center=(x, y))

    def grid(self) -> tuple[np.ndarray, np.ndarray]:
        """Standard millimeters x and y of every pixel: two float32 arrays (size, size)."""
        inverse = cv2.invertAffineTransform(self.matrix()).astype(np.float32)
        steps = np.arange(self.size, dtype=np.float32)
        columns, rows = steps[None, :], steps[:, None]
        x = inverse[0, 0] * columns + inverse[0, 1] * rows + inverse[0, 2]
        y = inverse[1, 0] * columns + inverse[1, 1] * rows + inverse[1, 2]
        return x, y


@lru_cache(maxsize=256)  # asked for with every outline
def _matrix(frame: Frame) -> np.ndarray:
    cosine, sine = np.cos(frame.tilt), np.sin(frame.tilt)
    rotation = np.array([[cosine, -sine], [sine, cosine]])
    linear = rotation * np.array(frame.stretch) / frame.spacing
    return np.column_stack([linear, frame.center])


class Keyframes:
    """Values given at some heights, linear in between, constant outside.

    `table` maps height z to values of one shape, for example control points (n, 2).
    """

    def __init__(self, table: dict[float, object]) -> None:
        self.heights = np.array(sorted(table))
        self.values = np.array([table[z] for z in sorted(table)], dtype=np.float64)

    def __call__(self, z: float) -> np.ndarray:
        """The values at height `z`: a new array of the shape given in the table."""
        place = np.interp(z, self.heights, np.arange(len(self.heights)))
        below = min(int(place), len(self.heights) - 2)
        weight = place - below
        return (1 - weight) * self.values[below] + weight * self.values[below + 1]


def closed_curve(control: np.ndarray) -> np.ndarray:
    """Smooth closed curve through control points in order (Catmull and Rom, 1974).

    (n, 2) -> (n * SAMPLES_PER_SPAN, 2)
    """
    t = np.arange(SAMPLES_PER_SPAN)[None, :, None] / SAMPLES_PER_SPAN
    around = np.concatenate([control[-1:], control, control[:2]])[:, None]
    before, start, end, after = around[:-3], around[1:-2], around[2:-1], around[3:]  # (n, 1, 2)
    curve = 0.5 * (
        2 * start
        + (end - before) * t
        + (2 * before - 5 * start + 4 * end - after) * t**2
        + (3 * start - before - 3 * end + after) * t**3
    )
    return curve.reshape(-1, 2)  # (n, samples, 2) -> (n * samples, 2)


def ellipse(x: float, y: float, half_width: float, half_depth: float, turn: float = 0.0):
    """Ellipse (32, 2) about (x, y) in mm; `turn` in radians, clockwise in the image."""
    angle = np.linspace(0, 2 * np.pi, 32, endpoint=False)
    along, across = half_width * np.cos(angle), half_depth * np.sin(angle)
    right = x + along * np.cos(turn) - across * np.sin(turn)
    down = y + along * np.sin(turn) + across * np.cos(turn)
    return np.column_stack([right, down])


def mirrored(points: np.ndarray) -> np.ndarray:
    """The same curve on the other side of the body."""
    return points * [-1.0, 1.0]


def offset(curve: np.ndarray, distance: float) -> np.ndarray:
    """A closed curve moved outwards by `distance` mm along its normals (inwards if negative)."""
    after = np.concatenate([curve[1:], curve[:1]])
    before = np.concatenate([curve[-1:], curve[:-1]])
    tangent = after - before
    tangent = tangent / (np.linalg.norm(tangent, axis=1, keepdims=True) + 1e-9)
    normal = np.column_stack([tangent[:, 1], -tangent[:, 0]])
    signed_area = np.sum(curve[:, 0] * after[:, 1] - after[:, 0] * curve[:, 1])
    return curve + normal * distance * np.sign(signed_area)


def ribbon(line: np.ndarray, half_thickness: np.ndarray | float) -> np.ndarray:
    """Outline of a band along an open line (n, 2); the half thickness may change along it."""
    tangent = np.gradient(line, axis=0)
    tangent = tangent / (np.linalg.norm(tangent, axis=1, keepdims=True) + 1e-9)
    normal = np.column_stack([-tangent[:, 1], tangent[:, 0]])
    shift = normal * np.broadcast_to(half_thickness, len(line))[:, None]
    return np.concatenate([line + shift, (line - shift)[::-1]])


def fill(canvas: np.ndarray, frame: Frame, outline: np.ndarray, value: float) -> None:
    """Paint the inside of an outline (n, 2) in standard mm with one value, in place."""
    corners = np.round(frame.to_pixels(outline) * 2**SUBPIXEL_BITS).astype(np.int32)
    cv2.fillPoly(canvas, [corners], float(value), shift=SUBPIXEL_BITS)


def filled(frame: Frame, *outlines: np.ndarray) -> np.ndarray:
    """Mask (size, size), float32: 1 inside any of the outlines, 0 elsewhere."""
    mask = np.zeros((frame.size, frame.size), np.float32)
    for outline in outlines:
        fill(mask, frame, outline, 1.0)
    return mask
