"""Pulmonary vessels and airways: trees grown once per patient in 3-D, cut by every slice.

A tree is grown towards random points of the lung. Points are joined in the order of their
distance from the hilum, where vessels enter the lung, each to the earlier point that makes
its own way short without a long detour back to the hilum. Radii follow Murray's law (1926),
r**m = r1**m + r2**m, with a branching exponent m somewhat below his 3.
"""

from __future__ import annotations

import cv2
import numpy as np

from covid.phantom.geometry import SCAN_LENGTH_MM, Frame
from covid.phantom.outlines import LEFT, LUNG_TOP, RIGHT, lung_mask
from covid.phantom.patient import Patient, VesselTree

HILUM = {RIGHT: (-36.0, -46.0, 0.45), LEFT: (40.0, -44.0, 0.43)}  # x mm, y mm, z
POINTS_PER_TREE = 1000
TREES_PER_LUNG = 2  # arteries and veins
TWIG_RADIUS = 0.22  # mm, thinnest vessel that is drawn
MURRAY_EXPONENT = 2.6
DETOUR = 0.55  # weight of the way back to the hilum when a point chooses its parent
AIRWAY_MIN_RADIUS = 1.15  # mm; smaller airways cannot be seen on CT
SLAB_MM = 2.5  # thickness of the slice


def lung_points(patient: Patient, count: int, rng: np.random.Generator) -> dict[int, np.ndarray]:
    """Random points inside both lungs: for each side (count, 3), standard mm."""
    # Standard frame at 4 mm: stretch and tilt play no part inside the body.
    frame = Frame(size=80, spacing=4.0, center=(40.0, 46.0), tilt=0.0, stretch=(1.0, 1.0))
    step = 0.04
    heights = np.arange(LUNG_TOP + step / 2, 1.0, step)
    inside = np.stack([lung_mask(patient, z, frame) for z in heights])  # (heights, rows, columns)
    # A margin of one cell to the chest wall: vessels are too thin to be seen there.
    inside = np.stack([cv2.erode(level, np.ones((3, 3), np.uint8)) for level in inside])
    level, row, column = np.nonzero(inside > 0.5)
    jitter = rng.uniform(-0.5, 0.5, (3, len(level)))
    x = (column + jitter[0] - frame.center[0]) * frame.spacing
    y = (row + jitter[1] - frame.center[1]) * frame.spacing
    points = np.column_stack([x, y, (heights[level] + jitter[2] * step) * SCAN_LENGTH_MM])
    sides = {side: points[points[:, 0] * side > 0] for side in (RIGHT, LEFT)}
    return {side: p[rng.integers(len(p), size=count)] for side, p in sides.items()}


def parents(nodes: np.ndarray, reach: np.ndarray) -> np.ndarray:
    """Index of the parent of nodes 1, 2, ...; `nodes` (n, 3) are sorted by `reach` (n,)."""
    squared = np.sum(nodes**2, axis=1)
    found = []
    for first in range(1, len(nodes), 256):  # in blocks: a parent comes earlier in the order
        last = min(first + 256, len(nodes))
        # Squared distances by the binomial formula: (block, last), no third axis.
        cost = squared[first:last, None] + squared[:last] - 2 * nodes[first:last] @ nodes[:last].T
        cost = np.sqrt(np.maximum(cost, 0.0)) + DETOUR * reach[:last]
        cost[reach[:last] >= reach[first:last, None]] = np.inf
        found.append(np.argmin(cost, axis=1))
    return np.concatenate(found)


def grow(points: np.ndarray, hilum: np.ndarray) -> VesselTree:
    """Join points (n, 3) in mm to a tree that starts at `hilum` (3,)."""
    nodes = np.concatenate([hilum[None], points]).astype(np.float32)
    reach = np.linalg.norm(nodes - nodes[0], axis=1)
    order = np.argsort(reach, kind="stable")
    nodes, reach = nodes[order], reach[order]

    parent = parents(nodes, reach)

    powers = np.full(len(nodes), TWIG_RADIUS**MURRAY_EXPONENT)
    for child in range(len(nodes) - 1, 0, -1):
        powers[parent[child - 1]] += powers[child]
    radius = powers[1:] ** (1 / MURRAY_EXPONENT)

    start, end = nodes[parent], nodes[1:]
    grandparent = nodes[np.where(parent > 0, parent[np.maximum(parent - 1, 0)], 0)]
    # The middle of a piece is pushed on in the direction the parent came from: a bent vessel.
    length = np.linalg.norm(end - start, axis=1, keepdims=True)
    came = start - grandparent
    came = came / (np.linalg.norm(came, axis=1, keepdims=True) + 1e-6)
    middle = (start + end) / 2 + 0.14 * length * came
    # Towards its end a vessel has given off twigs too small to be drawn.
    return VesselTree(
        np.concatenate([start, middle]),
        np.concatenate([middle, end]),
        np.concatenate([radius, 0.8 * radius]),
    )


def grow_vessels(patient: Patient) -> tuple[VesselTree, VesselTree]:
    """Vessels of both lungs, and the airways that run beside the arteries."""
    rng = patient.generator("vessels")
    trees, airways = [], []
    for side, points in lung_points(patient, TREES_PER_LUNG * POINTS_PER_TREE, rng).items():
        x, y, z = HILUM[side]
        for number in range(TREES_PER_LUNG):
            shift = rng.normal(0, 3, 3) + [0, 12 * number, 14 * number]
            hilum = np.array([x, y, z * SCAN_LENGTH_MM]) + shift
            tree = grow(points[number::TREES_PER_LUNG], hilum)
            trees.append(tree)
            if number == 0:
                airways.append(_beside(tree))
    return _sorted(trees, patient.vessel_gain), _sorted(airways, 1.0)


def _beside(tree: VesselTree) -> VesselTree:
    """Airways: the thicker arteries' course, moved sideways by one diameter."""
    seen = (tree.radius > AIRWAY_MIN_RADIUS) & (tree.radius < 3.2)
    radius = 0.85 * tree.radius[seen]
    shift = (2.1 * radius)[:, None] * np.array([0.5, 0.85, 0.1])
    return VesselTree(tree.start[seen] + shift, tree.end[seen] + shift, radius)


def _sorted(trees: list[VesselTree], gain: float) -> VesselTree:
    """All trees as one, thinnest pieces first, so that thick ones are drawn over thin ones."""
    radius = np.concatenate([t.radius for t in trees]) * gain
    order = np.argsort(radius, kind="stable")
    return VesselTree(
        np.concatenate([t.start for t in trees])[order].astype(np.float32),
        np.concatenate([t.end for t in trees])[order].astype(np.float32),
        radius[order].astype(np.float32),
    )


def cut(tree: VesselTree, z: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The parts of a tree inside the slab of one slice: both ends and the radius of each piece.

    The ends are (pieces, 2), standard x, y in mm, the radii (pieces,) in mm.
    """
    depth = z * SCAN_LENGTH_MM
    half = SLAB_MM / 2 + 0.5 * tree.radius
    low = np.minimum(tree.start[:, 2], tree.end[:, 2])
    high = np.maximum(tree.start[:, 2], tree.end[:, 2])
    hit = (low < depth + half) & (high > depth - half)
    start, end, half = tree.start[hit], tree.end[hit], half[hit, None]
    rise = end[:, 2:] - start[:, 2:]
    rise = np.where(np.abs(rise) < 1e-3, 1e-3, rise)
    # Where along the piece (0 start, 1 end) it enters and leaves the slab.
    one = np.clip((depth - half - start[:, 2:]) / rise, 0, 1)
    two = np.clip((depth + half - start[:, 2:]) / rise, 0, 1)
    flat = (end - start)[:, :2]
    return start[:, :2] + one * flat, start[:, :2] + two * flat, tree.radius[hit]


def draw_tree(canvas: np.ndarray, tree: VesselTree, z: float, frame: Frame, grow_by: float) -> None:
    """Draw a cut tree into a uint8 mask in place; a pixel's value is its share of vessel.

    `grow_by` (mm) is added to every radius. Vessels thinner than a pixel are drawn one pixel
    wide but fainter: that is the partial-volume effect.
    """
    start, end, radius = cut(tree, z)
    ends = np.concatenate([frame.to_pixels(start), frame.to_pixels(end)])
    ends = np.round(ends * 16).astype(np.int32).reshape(2, -1, 2)
    width = 2 * (radius + grow_by) * frame.pixels(1.0)
    for one, two, pixels in zip(ends[0].tolist(), ends[1].tolist(), width.tolist(), strict=True):
        share = int(255 * min(1.0, 0.25 + 0.75 * pixels / 2.0))
        cv2.line(canvas, one, two, share, max(1, int(pixels)), cv2.LINE_AA, shift=4)
