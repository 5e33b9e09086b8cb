"""The outlines that change with height: body, rib cage, mediastinum, diaphragm.

Each is a small table of hand-set control points for the standard patient, in millimeters
(axes: see `geometry`), proportioned after the cross-sections of general anatomy. In between
the heights of a table the points move linearly.
"""

from __future__ import annotations

import numpy as np

from covid.phantom.fields import blur
from covid.phantom.geometry import Frame, Keyframes, closed_curve, filled, mirrored
from covid.phantom.patient import Patient

# Skin, from the front midline around the patient's left side to the back midline.
BODY = Keyframes(
    {
        0.00: [(0, -78), (40, -80), (64, -66), (98, -78), (150, -70), (215, -40), (266, 0)]
        + [(264, 50), (200, 80), (110, 84), (45, 74), (0, 70)],
        0.12: [(0, -96), (40, -98), (75, -99), (120, -98), (172, -78), (225, -42), (256, -5)]
        + [(250, 42), (195, 75), (110, 84), (45, 76), (0, 70)],
        0.22: [(0, -120), (40, -126), (85, -130), (135, -118), (178, -88), (215, -48), (240, -5)]
        + [(232, 35), (180, 68), (105, 82), (45, 78), (0, 71)],
        0.32: [(0, -141), (40, -147), (85, -149), (130, -137), (168, -107), (200, -64), (216, -15)]
        + [(210, 30), (165, 66), (100, 82), (45, 80), (0, 72)],
        0.50: [(0, -152), (40, -157), (85, -157), (128, -142), (158, -110), (177, -65), (183, -15)]
        + [(176, 30), (148, 64), (95, 82), (45, 82), (0, 74)],
        0.70: [(0, -160), (40, -163), (85, -160), (125, -143), (153, -110), (167, -65), (170, -15)]
        + [(163, 28), (138, 62), (92, 80), (45, 80), (0, 74)],
        1.00: [(0, -162), (40, -164), (85, -159), (124, -142), (152, -108), (168, -62), (170, -12)]
        + [(162, 30), (134, 62), (90, 78), (45, 78), (0, 72)],
    }
)

# Inside of one half of the rib cage: front midline, side, back, and along the spine.
HEMITHORAX = Keyframes(
    {
        0.10: [(54, -12)] * 12,
        0.14: [(42, -38), (52, -42), (64, -39), (73, -30), (78, -17), (76, -3), (70, 6)]
        + [(60, 11), (49, 10), (40, 0), (36, -14), (37, -28)],
        0.22: [(15, -80), (40, -90), (70, -85), (93, -63), (104, -32), (102, 0), (90, 25)]
        + [(67, 38), (45, 34), (31, 14), (20, -12), (15, -45)],
        0.32: [(5, -114), (40, -121), (80, -112), (108, -84), (122, -45), (121, -5), (107, 28)]
        + [(79, 45), (50, 43), (32, 22), (15, -16), (7, -60)],
        0.50: [(3, -130), (40, -135), (85, -127), (118, -97), (134, -50), (133, -5), (118, 32)]
        + [(86, 50), (52, 48), (33, 24), (13, -20), (5, -65)],
        0.70: [(3, -135), (42, -140), (88, -130), (121, -100), (138, -52), (137, -6), (121, 34)]
        + [(88, 53), (53, 50), (34, 25), (13, -20), (5, -65)],
        1.00: [(3, -135), (42, -138), (88, -128), (120, -98), (136, -52), (135, -6), (119, 32)]
        + [(86, 51), (52, 48), (34, 25), (13, -20), (5, -65)],
    }
)
HEMITHORAX_RIB_POINTS = 9  # the first nine control points follow the ribs
LUNG_TOP = 0.105  # no lung above this height

# Everything between the lungs: front tip, patient's left side, spine, patient's right side.
MEDIASTINUM = Keyframes(
    {
        0.20: [(0, -84), (14, -78), (22, -60), (26, -36), (28, -14), (26, 6)]
        + [(-26, 6), (-24, -12), (-22, -34), (-25, -52), (-20, -72), (-10, -82)],
        0.28: [(0, -112), (8, -98), (22, -74), (33, -44), (38, -16), (26, 6)]
        + [(-26, 6), (-14, -24), (-20, -42), (-29, -60), (-24, -82), (-8, -100)],
        0.38: [(0, -126), (10, -108), (27, -86), (32, -58), (37, -22), (26, 6)]
        + [(-26, 6), (-10, -24), (-28, -36), (-36, -58), (-28, -90), (-8, -112)],
        0.47: [(0, -130), (16, -114), (40, -88), (48, -60), (42, -22), (26, 6)]
        + [(-26, 6), (-8, -25), (-34, -38), (-42, -62), (-34, -94), (-10, -118)],
        0.58: [(0, -132), (32, -122), (56, -98), (63, -66), (44, -30), (26, 6)]
        + [(-26, 6), (-6, -26), (-34, -40), (-48, -70), (-40, -104), (-14, -126)],
        0.68: [(0, -135), (42, -129), (70, -103), (77, -70), (44, -28), (26, 6)]
        + [(-26, 6), (-4, -26), (-28, -38), (-46, -68), (-40, -108), (-16, -130)],
        0.78: [(0, -136), (50, -133), (80, -110), (77, -80), (40, -26), (26, 6)]
        + [(-26, 6), (-4, -26), (-22, -36), (-34, -60), (-30, -110), (-14, -132)],
        0.88: [(0, -136), (45, -132), (66, -112), (56, -70), (32, -24), (26, 6)]
        + [(-26, 6), (-10, -26), (-20, -36), (-28, -60), (-26, -110), (-12, -132)],
    }
)
HEART_TOP = 0.48  # below this height the mediastinum is mostly heart

# Height at which the diaphragm has reached the rib cage, for each hemithorax control point:
# early at the front, last in the recess behind.
DOME_REACHES_WALL = np.array(
    [0.13, 0.14, 0.16, 0.19, 0.23, 0.26, 0.29, 0.31, 0.30, 0.24, 0.18, 0.13]
)
DOME_CENTER = np.array([66.0, -42.0])
RIGHT, LEFT = -1, 1  # sign of x


def wobble(patient: Patient, points: np.ndarray, z: float) -> np.ndarray:
    """Bend an outline a little, differently for every patient, slowly changing with height."""
    angle = np.arctan2(points[:, 1] + 40.0, points[:, 0])
    waves = np.arange(2, 2 + len(patient.wobble_phase))
    phase = patient.wobble_phase + z * patient.wobble_rate
    radius = 1.0 + np.sum(
        patient.wobble_size[:, None] * np.sin(waves[:, None] * angle + phase[:, None]), axis=0
    )
    return points * radius[:, None]


def body_outline(patient: Patient, z: float, breasts: bool = True) -> np.ndarray:
    """Skin line at height `z`, in standard mm; as if there were no breasts, if so asked."""
    half = BODY(z)
    # Breasts: points 1..4 of the half outline move outwards, most at mid-height.
    bulge = breasts * patient.breast * np.exp(-(((z - 0.47) / 0.13) ** 2))
    half[1:5] += np.array([(0.0, -0.2), (0.25, -1.0), (0.6, -0.85), (0.5, -0.2)]) * bulge
    # The fat of the patient lies outside the standard 12 mm.
    center = np.array([0.0, -40.0])
    reach = np.linalg.norm(half - center, axis=1, keepdims=True)
    half = center + (half - center) * (1 + (patient.fat - 12.0) / reach)
    half[[0, -1], 0] = 0.0
    whole = np.concatenate([half, mirrored(half)[-2:0:-1]])
    return closed_curve(wobble(patient, whole, z))


def hemithorax_control(patient: Patient, z: float, side: int) -> np.ndarray:
    """Control points (12, 2) of the inside of the rib cage on one side."""
    size = patient.lung_size * (1 + 0.5 * side * patient.lung_asymmetry)
    points = HEMITHORAX(z) * [size, patient.lung_size]
    return wobble(patient, points * [side, 1.0], z)


def hemithorax(patient: Patient, z: float, side: int) -> np.ndarray:
    """Inside of the rib cage on one side (`RIGHT` or `LEFT` of the patient)."""
    return closed_curve(hemithorax_control(patient, z, side))


def rib_cage(patient: Patient, z: float) -> np.ndarray:
    """Inside of the whole rib cage, both halves and what lies between."""
    left = hemithorax_control(patient, z, LEFT)[:HEMITHORAX_RIB_POINTS]
    right = hemithorax_control(patient, z, RIGHT)[:HEMITHORAX_RIB_POINTS]
    return closed_curve(np.concatenate([left, right[::-1]]))


def mediastinum(patient: Patient, z: float) -> np.ndarray:
    """Outline of everything between the two lungs."""
    points = MEDIASTINUM(z)
    heart = np.interp(z, [0.40, 0.55], [1.0, patient.heart_size])
    # Only the front moves: behind lie the spine and the aorta.
    front = np.clip((-10.0 - points[:, 1]) / 40.0, 0.0, 1.0)
    points[:, 0] *= 1 + (heart - 1) * front
    points[:, 1] *= patient.lung_size
    return closed_curve(wobble(patient, points, z))


def dome_top(patient: Patient, side: int) -> float:
    """Height z of the top of the diaphragm; the right one stands higher."""
    return patient.dome_height + (0.03 if side == LEFT else 0.0)


def dome(patient: Patient, z: float, side: int) -> np.ndarray | None:
    """Cut through one dome of the diaphragm at height `z`; None above its top."""
    below = z - dome_top(patient, side)
    if below <= 0:
        return None
    # A paraboloid: the radius grows with the square root of the depth below the top.
    reach = np.minimum(np.sqrt(below / DOME_REACHES_WALL), 1.04)[:, None]
    center = DOME_CENTER * [side, 1.0]
    wall = hemithorax_control(patient, z, side)
    return closed_curve(center + (wall - center) * reach)


def dome_mask(patient: Patient, z: float, side: int, frame: Frame) -> np.ndarray | None:
    """Share of abdomen in every pixel on one side, float32 in [0, 1], or None above the dome.

    Where the dome is flat, one slice holds lung and liver above each other: the edge is blurred.
    """
    outline = dome(patient, z, side)
    if outline is None:
        return None
    below = z - dome_top(patient, side)
    return blur(filled(frame, outline), frame.pixels(0.35 / np.sqrt(below + 0.002)))


def lung_mask(patient: Patient, z: float, frame: Frame) -> np.ndarray:
    """Share of lung in every pixel, float32 in [0, 1]."""
    if z <= LUNG_TOP:
        return np.zeros((frame.size, frame.size), np.float32)
    mask = filled(frame, hemithorax(patient, z, LEFT), hemithorax(patient, z, RIGHT))
    mask[filled(frame, mediastinum(patient, z)) > 0] = 0
    for side in (LEFT, RIGHT):
        abdomen = dome_mask(patient, z, side, frame)
        if abdomen is not None:
            mask *= np.maximum(1 - abdomen, 0)  # a blurred 1 may end a hair above 1
    # The very top of the lung is cut at a slant: it fades in.
    return mask * min(1.0, (z - LUNG_TOP) / 0.02)
