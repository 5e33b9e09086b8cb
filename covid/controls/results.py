"""What the controls found, as data: a row for each control, and all of them."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

from covid.controls.material import Example

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
    """What one control scored in the test.

    Attributes
    ----------
    name, title, what : str
        For files, for people, and half a sentence of what was done.
    n : int
        Images in the test.
    accuracy, auc : float
        In [0, 1]. With permuted labels: how well these are predicted.
    accuracy_low, accuracy_high, auc_low, auc_high : float or None
        95 % intervals.
    auc_low_99 : float or None
        Lower end of the 99 % interval, on which `flagged` rests.
    interval : str
        How they were made; see `covid.controls.intervals.measured`.
    flagged : bool
        Whether the control found something; see `covid.controls.verdict`.
    """

    name: str
    title: str
    what: str
    n: int
    accuracy: float
    accuracy_low: float | None
    accuracy_high: float | None
    auc: float
    auc_low: float | None
    auc_high: float | None
    auc_low_99: float | None
    interval: str
    flagged: bool = False


@dataclass(frozen=True)
class Controls:
    """All that the controls of one split and one model found.

    Attributes
    ----------
    split : {"random", "group"}
    model, recipe, positive : str
    synthetic : bool
    seed : int
    groups : int or None
        How many the test has; None where they are not known.
    kept_apart : bool
        Whether groups are known and none is both in train and in test.
    members : {"patients", "groups of look-alikes"}
        What the groups are, if there are any.
    without_lungs : dict of str to int
        Class -> images in which no lung was found, of all parts.
    rows : list of Row
    verdict : str
        One sentence.
    examples : list of Example
        For the figure.
    """

    split: str
    model: str
    recipe: str
    positive: str
    synthetic: bool
    seed: int
    groups: int | None
    kept_apart: bool
    members: str
    without_lungs: dict[str, int]
    rows: list[Row]
    verdict: str
    examples: list[Example] = field(repr=False)

    def summary(self) -> dict:
        """What goes into controls.json and into summary.json."""
        kept = {key: value for key, value in vars(self).items() if key != "examples"}
        return {**kept, "rows": [asdict(row) for row in self.rows]}
