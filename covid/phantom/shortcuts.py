"""Switches that make the synthetic data set lie: shortcuts, near-duplicates, permuted labels.

A network learns whatever separates the classes most easily. In real collections that is often
not the disease: each hospital burns its own mark into the image, sets its scanner in its own way
and has its own table, and the sick came from one hospital, the healthy from another (DeGrave et
al., Nature Machine Intelligence 2021, doi 10.1038/s42256-021-00338-7). Here each of these faults
can be put in on purpose, so that one knows what an audit or a control ought to find.

Every shortcut is in **all** slices of the positive class and in none of the negative one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from covid.common.choices import LABELS
from covid.common.errors import UserError, shortened
from covid.phantom.geometry import SCAN_LENGTH_MM
from covid.phantom.patient import Patient
from covid.phantom.scan import render_slice

SHORTCUTS = {
    "marker": "a small bright letter R in the lower left corner, as scanners burn in",
    "brightness": "40 of 255 gray levels darker, as if the display window were set otherwise",
    "table": "two metal rails under the table, as if another scanner were used",
}

# The mark, as 5 x 7 squares of MARK_SCALE pixels.
MARK = ("####.", "#...#", "#...#", "####.", "#.#..", "#..#.", "#...#")
MARK_SCALE = 4  # pixels
# Top left pixel (row, column): no body, table or clothes come here. The mark is a bright region of
# more than 200 pixels and so a contour of its own: the article's crop reaches to it in both windows.
MARK_PLACE = (351, 6)
# Gray levels of 255, added before clipping. Stretching the gray levels (`data.preprocess`) undoes
# an offset except for what clipping does: in a darker image bones come out of the white, and CLAHE
# amplifies that. The difference from a normal image shows only side by side.
OFFSET = -40.0
NEAREST_MM, FARTHEST_MM = 0.3, 2.0  # from a slice to its near-duplicates


@dataclass(frozen=True)
class Switches:
    """What is wrong with a data set on purpose; by default nothing. UserError for other values."""

    shortcuts: tuple[str, ...] = ()  # keys of `SHORTCUTS`, in their order there
    near_duplicates: int = 0  # for each slice, how many more are made up to 2 mm away
    # "permuted": which patients are filed under the positive class is drawn at random, whether or
    # not their lungs have lesions
    labels: str = "true"

    def __post_init__(self) -> None:
        for name in self.shortcuts:
            if name not in SHORTCUTS:
                raise UserError(
                    f"--shortcut: expected some of {','.join(SHORTCUTS)}, got "
                    f"{shortened(name)!r}; choose some of these"
                )
        if self.near_duplicates < 0:
            raise UserError(
                f"synthetic data: the near-duplicates must be 0 or more, got {self.near_duplicates}"
            )
        if self.labels not in LABELS:
            raise UserError(
                f"synthetic data: the labels must be one of {', '.join(LABELS)}, got {self.labels!r}"
            )
        in_order = tuple(name for name in SHORTCUTS if name in self.shortcuts)
        object.__setattr__(self, "shortcuts", in_order)  # named twice is named once

    def sentences(self) -> list[str]:
        """One sentence for each switch that is on."""
        found = [f"Shortcut {name}: {SHORTCUTS[name]}." for name in self.shortcuts]
        if self.shortcuts:
            found.append("Shortcuts are in every slice of the class Infected, in no other.")
        if self.near_duplicates:
            found.append(
                f"Near-duplicates: each slice has {self.near_duplicates} more beside it, "
                f"{NEAREST_MM:g} to {FARTHEST_MM:g} mm up or down, each with noise of its own."
            )
        if self.labels == "permuted":
            found.append(
                "Labels permuted: patients were filed under the two classes at random, whether or "
                "not there are lesions in their lungs. There is nothing to learn."
            )
        return found


def near_heights(patient: Patient, index: int, z: float, count: int) -> list[float]:
    """Heights of the near-duplicates of a patient's slice number `index`, which is at height `z`.

    Each distance is drawn from a generator of its own, so that more of them change none.
    """
    heights = []
    for copy in range(count):
        rng = patient.generator("near-duplicates", index, copy)
        distance = rng.uniform(NEAREST_MM, FARTHEST_MM) * rng.choice([-1, 1])
        heights.append(float(np.clip(z + distance / SCAN_LENGTH_MM, 0, 1)))
    return heights


def render(patient: Patient, z: float, window: str, shortcuts: tuple[str, ...]) -> np.ndarray:
    """A slice (384, 384), uint8, as `render_slice` makes it, with these shortcuts in it."""
    if "table" in shortcuts:
        patient = replace(patient, rails=True)
    image = render_slice(patient, z, window, OFFSET if "brightness" in shortcuts else 0.0)
    if "marker" in shortcuts:
        image[mark_squares()] = 255
    return image


def mark_squares() -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of the pixels of the mark."""
    squares = np.array([[letter == "#" for letter in line] for line in MARK])
    rows, columns = np.nonzero(np.kron(squares, np.ones((MARK_SCALE, MARK_SCALE))))
    return rows + MARK_PLACE[0], columns + MARK_PLACE[1]
