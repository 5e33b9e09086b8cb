"""The scanner's table, and the metal rails under the table of another scanner."""

from __future__ import annotations

import numpy as np

from covid.phantom import tissues as hu
from covid.phantom.outlines import body_outline
from covid.phantom.patient import Patient

RAIL_FROM_MIDDLE = 100.0  # mm, to the left and to the right
# Rails do not touch the table: each is a contour by itself, large enough that the contour crop
# (`covid.data.preprocess`) keeps it, and it leaves the contour of the table as it is.
RAIL_BELOW = 5.0  # mm
RAIL_WIDTH, RAIL_HEIGHT = 26.0, 13.0  # mm


def draw(canvas: np.ndarray, patient: Patient) -> None:
    """A curved shell around foam, with a mattress on it; drawn in place.

    It belongs to the scanner, so it is drawn in pixels and does not tilt with the patient.
    """
    rows = np.arange(patient.frame.size, dtype=np.float32)
    x = (rows - patient.frame.size / 2) * patient.frame.spacing  # mm from the middle
    # Lowest point of the back over all heights: the table does not move along the body.
    lowest = max(
        patient.frame.to_pixels(body_outline(patient, z))[:, 1].max() for z in (0.0, 0.3, 0.6, 0.9)
    )
    top = lowest + (patient.table_height + 6 - 0.00115 * x**2) / patient.frame.spacing
    side = 200.0  # mm; the shell's edges bend upwards and close
    thickness = (24 - 0.0002 * x**2) / patient.frame.spacing
    thickness *= np.sqrt(np.clip(1 - (x / side) ** 8, 0, 1))
    shell = 1.8 / patient.frame.spacing
    pad = 7.0 / patient.frame.spacing
    # Depth of every row, (size, 1), against the table's depth in every column, (size,).
    depth = np.arange(patient.frame.size, dtype=np.float32)[:, None]
    for upper, lower, value in (
        (top - pad, top, hu.MATTRESS),
        (top, top + thickness, hu.TABLE_SHELL),
        (top + shell, top + thickness - shell, hu.TABLE_FOAM),
    ):
        canvas[(depth > upper) & (depth < lower)] = value
    if patient.rails:
        columns = np.abs(np.abs(x) - RAIL_FROM_MIDDLE) < RAIL_WIDTH / 2
        upper = top + thickness + RAIL_BELOW / patient.frame.spacing
        lower = upper + RAIL_HEIGHT / patient.frame.spacing
        canvas[columns & (depth > upper) & (depth < lower)] = hu.TABLE_RAIL
