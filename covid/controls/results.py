"""What the controls found, as data: a row for each control, and all of them."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

from covid.common.choices import OWN_SPLIT, RANDOM
from covid.controls.intervals import BY_GROUP, BY_IMAGE
from covid.controls.variant_folders import Example

TITLES = {
    "image": "the image as it is",
    "permuted_labels": "permuted labels",
    "lungs_blacked_out": "lungs blacked out",
    "border_only": "border only",
    "lungs_only": "lungs only",
    "histogram": "gray histogram",
    "histogram_without_lungs": "gray histogram without the lungs",
}
WHAT = {
    "image": "the reference",
    "lungs_blacked_out": "the convex hull of each lung is black",
    "border_only": "a frame of a tenth of the image on each side, without lung; all else is black",
    "lungs_only": "all but the lungs is black",
    "histogram": "how many pixels are how bright, not where; logistic regression, no network",
    "histogram_without_lungs": "the same of the pixels outside the lungs",
}


@dataclass(frozen=True)
class Row:
    """What one control scored in the test."""

    name: str  # for files
    title: str  # for people
    what: str  # half a sentence of what was done
    n: int  # images in the test
    threshold: float  # of the probability, chosen on this control's own validation images
    accuracy: float  # in [0, 1], as the AUC; of permuted labels: how well these are predicted
    accuracy_low: float | None  # 95 % intervals
    accuracy_high: float | None
    auc: float
    auc_low: float | None
    auc_high: float | None
    auc_low_99: float | None  # lower end of the 99 % interval, on which `flagged` rests
    interval: str  # how they were made; see `covid.controls.intervals.measured`
    flagged: bool = False  # whether the control found something; see `covid.controls.verdict`


@dataclass(frozen=True)
class Controls:
    """All that the controls of one split and one model found."""

    split: str  # "random", "group" or `OWN_SPLIT`
    model: str
    recipe: str
    positive: str
    synthetic: bool
    seed: int
    groups: int | None  # in the test; None where they are not known
    kept_apart: bool  # whether groups are known and none is both in train and in test
    members: str  # what the groups are: "patients" or "groups of look-alikes"
    without_lungs: dict[str, int]  # class -> images in which no lung was found, of all parts
    rows: list[Row]
    verdict: str  # one sentence
    examples: list[Example] = field(repr=False)  # for the figure

    def summary(self) -> dict:
        """What goes into controls.json and into summary.json."""
        kept = {key: value for key, value in vars(self).items() if key != "examples"}
        return {**kept, "rows": [asdict(row) for row in self.rows]}


def interval(low: float | None, high: float | None) -> str:
    """Such as 0.512-0.731."""
    return "none" if low is None else f"{low:.3f}-{high:.3f}"


def split_text(controls: Controls) -> str:
    """How the images were divided."""
    if controls.split == RANDOM:
        return "slices split at random"
    if controls.split == OWN_SPLIT:
        return OWN_SPLIT
    if controls.kept_apart:
        return f"{controls.members} kept apart"
    return f"{controls.members} on both sides of the split"


def interval_text(controls: Controls) -> str:
    """What the intervals rest on."""
    method, n = controls.rows[0].interval, controls.rows[0].n
    if method == BY_GROUP:
        return f"bootstrap of {controls.members}, {controls.groups} in the test"
    if method == BY_IMAGE and controls.groups is None:
        return (
            f"Wilson and DeLong, as if the {n} test images were independent; patients are not "
            "known, and with several slices of each the truth is less certain"
        )
    if method == BY_IMAGE:
        return (
            f"Wilson and DeLong by image, for further slices of these {controls.groups} "
            f"{controls.members}; they say nothing of other patients"
        )
    return f"none, because {controls.groups} {controls.members} in the test are too few"
