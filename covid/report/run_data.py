"""What a whole run found: summary.json as dataclasses, in its own names; of each model: `model_run`.

`covid.report.read_run` makes them from the file and checks every type. Fields that are not in the
file (`name`, `folder`, `key`) have defaults and are filled in there.
"""

import math
from dataclasses import dataclass, field
from pathlib import Path

from covid.report.model_run import Baseline, ModelRun


@dataclass(frozen=True)
class SplitData:
    """The images as one kind of preprocessing left them."""

    enhanced: bool
    files: dict[str, int]
    counts: dict[str, dict[str, int]]
    notes: list[str]


@dataclass(frozen=True)
class SplitRun:
    """One way to split, with all models trained on it; `key` is RANDOM or GROUP."""

    title: str
    kept_together: str | None
    data: dict[str, SplitData]
    models: dict[str, ModelRun]
    baselines: dict[str, Baseline] | None = None  # these three: not in runs of older versions
    best_model: str | None = None
    not_beaten: list[str] | None = None
    key: str = ""
    folder: Path = Path()

    @property
    def best(self) -> ModelRun:
        """The model with the lowest validation loss."""

        def loss(name: str) -> float:
            found = self.models[name].validate.loss
            return math.inf if found is None else found

        given = self.best_model in self.models
        return self.models[self.best_model if given else min(self.models, key=loss)]

    @property
    def strongest_baseline(self) -> str | None:
        """The name of the one with the highest accuracy in the test; None without any."""
        found = self.baselines or {}
        return max(found, key=lambda name: found[name].acc, default=None)

    @property
    def members(self) -> str:
        """What is kept apart by it, or is not."""
        return "look-alikes" if "look-alikes" in self.title else "patients"


@dataclass(frozen=True)
class Example:
    """A test slice of the first page; `lesion_share` of its lungs, where that is known."""

    file: str
    probability: float
    lesion_share: float | None


@dataclass(frozen=True)
class Examples:
    split: str
    model: str
    ill: Example
    healthy: Example


@dataclass(frozen=True)
class Groups:
    """Which images belong together, and who says so."""

    source: str
    count: int

    @property
    def inferred(self) -> bool:
        """Whether they are the audit's look-alikes: nobody said which patient an image is of."""
        return "look-alikes" in self.source


@dataclass(frozen=True)
class Identical:
    files: int
    in_both_classes: int
    pairs_across: int


@dataclass(frozen=True)
class NearDuplicates:
    pairs: int
    pairs_across: int
    test_images_with_one: int
    test_images: int
    share: float | None


@dataclass(frozen=True)
class InferredGroups:
    count: int
    largest: int


@dataclass(frozen=True)
class PatientsOnBothSides:
    count: int
    of: int
    examples: list[str]


@dataclass(frozen=True)
class Confounder:
    """How well one property of the images alone separates the classes."""

    title: str
    auc: float
    low: float
    high: float
    units: tuple[int, int]
    flagged: bool
    found: str | None = None  # the files of one class that have it; "" for most, None in older runs


@dataclass(frozen=True)
class Audit:
    verdict: str
    leaks: bool
    shortcuts: bool
    images: int
    split: str
    identical: Identical
    near_duplicates: NearDuplicates
    inferred_groups: InferredGroups
    patients_on_both_sides: PatientsOnBothSides | None
    confounders: list[Confounder]
    unseen: str | None = None  # not in runs of older versions

    @property
    def alarm(self) -> bool:
        return self.leaks or self.shortcuts

    @property
    def varying(self) -> list[Confounder]:
        """Those that are not the same for all images: flagged ones first, then by distance from 0.5."""
        found = [one for one in self.confounders if one.auc != 0.5]
        return sorted(found, key=lambda one: (not one.flagged, -abs(one.auc - 0.5)))


@dataclass(frozen=True)
class Control:
    """One training on images that should not be enough."""

    name: str
    title: str
    what: str
    n: int
    accuracy: float
    accuracy_low: float | None
    accuracy_high: float | None
    auc: float | None
    auc_low: float | None
    auc_high: float | None
    flagged: bool


@dataclass(frozen=True)
class Controls:
    verdict: str
    split: str
    model: str
    without_lungs: dict[str, int]
    rows: list[Control]

    @property
    def flagged(self) -> list[Control]:
        return [row for row in self.rows if row.flagged]

    @property
    def alarm(self) -> bool:
        return bool(self.flagged)


@dataclass(frozen=True)
class Fold:
    """The test of one fold."""

    fold: int
    n_test: int
    groups_test: int | None
    accuracy: float
    auc: float | None
    loss: float | None


@dataclass(frozen=True)
class FoldMean:
    """Mean over the folds, with its 95 % interval."""

    mean: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class FoldMeans:
    accuracy: FoldMean
    auc: FoldMean
    loss: FoldMean


@dataclass(frozen=True)
class FoldModel:
    folds: list[Fold]
    measures: FoldMeans


@dataclass(frozen=True)
class Folds:
    k: int
    kept_together: str | None
    notes: list[str]
    weakness: str
    models: dict[str, FoldModel]


@dataclass(frozen=True)
class Run:
    """All that the report is made of.

    `missing` collects what the report has to do without; what was not asked for is None.
    """

    note: str
    positive: str
    negative: str
    synthetic: bool
    source: str
    command: str
    seed: int
    recipe: str
    recipes: dict[str, dict]
    versions: dict[str, str]
    groups: Groups | None
    splits: dict[str, SplitRun]
    audit: Audit | None
    controls: Controls | None
    folds: Folds | None
    conclusion: str | None = None  # these three: not in runs of older versions
    doubt: str | None = None
    examples: Examples | None = None
    folder: Path = Path()
    missing: list[str] = field(default_factory=list)

    @property
    def model_names(self) -> list[str]:
        return list(dict.fromkeys(name for split in self.splits.values() for name in split.models))

    def trained(self, name: str | None = None) -> list[tuple[SplitRun, ModelRun]]:
        """Every model (or the one of that name) with its split, model by model."""
        return [
            (split, split.models[wanted])
            for wanted in (self.model_names if name is None else [name])
            for split in self.splits.values()
            if wanted in split.models
        ]

    @property
    def decisive(self) -> SplitRun:
        """The split that says more about a new patient: the last one."""
        return list(self.splits.values())[-1]

    def lacks(self, what: str) -> None:
        """Note that something is missing; once is enough."""
        if what not in self.missing:
            self.missing.append(what)
