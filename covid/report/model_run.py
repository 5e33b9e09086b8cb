"""What a run found of one model: its part of summary.json as dataclasses, and its csv files.

`covid.report.read_run` makes them from the file and checks every type.
"""

import csv
import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from covid.common.choices import PARTS
from covid.common.csv_cells import csv_rows

# Counts, rows the true class, columns the predicted: (tn, fp), (fn, tp).
Confusion = tuple[tuple[int, int], tuple[int, int]]
Interval = tuple[float | None, float | None]


@dataclass(frozen=True)
class Measure:
    """A measure with its 95 % interval; None where it is undefined.

    `group_low` and `group_high` are of the bootstrap by group, where there are enough groups.
    """

    value: float | None
    low: float | None
    high: float | None
    method: str
    group_low: float | None = None
    group_high: float | None = None

    @property
    def widest(self) -> Interval:
        """The ends of both intervals together: the most careful statement there is."""
        lows = [end for end in (self.low, self.group_low) if end is not None]
        highs = [end for end in (self.high, self.group_high) if end is not None]
        return min(lows, default=None), max(highs, default=None)


@dataclass(frozen=True)
class PartResult:
    """A model's result on one part, all of it at the threshold."""

    loss: float | None
    acc: float
    n: int
    threshold: float
    confusion: Confusion
    answers_one_class: str | None
    prevalence: float
    measures: dict[str, Measure]
    remark: str

    @property
    def chance(self) -> float:
        """The accuracy of always predicting the more frequent class."""
        return max(map(sum, self.confusion)) / max(1, sum(map(sum, self.confusion)))


@dataclass(frozen=True)
class Threshold:
    value: float
    chosen_on: str | None
    method: str


@dataclass(frozen=True)
class Look:
    """The heat map of one image and its sanity check; `passed` is None where it says nothing."""

    image: str
    method: str
    passed: bool | None
    verdict: str


@dataclass(frozen=True)
class Baseline:
    """What the test gives without a network, at the threshold chosen on the validation set."""

    acc: float
    measures: dict[str, Measure]

    @property
    def accuracy(self) -> Measure:
        return self.measures["accuracy"]


@dataclass(frozen=True)
class ModelRun:
    """One model, trained on one split."""

    params: int
    epochs: int
    best_epoch: int | None
    threshold: Threshold
    train: PartResult
    validate: PartResult
    test: PartResult
    look: Look
    name: str = ""
    folder: Path = Path()

    @property
    def parts(self) -> dict[str, PartResult]:
        return {part: getattr(self, part) for part in PARTS}

    @property
    def accuracy(self) -> Measure:
        """On the test part, at the chosen threshold."""
        return self.test.measures["accuracy"]

    @cached_property
    def history(self) -> dict[str, list[float]]:
        """Loss and accuracy of every epoch; empty where history.csv cannot be read."""
        columns: dict[str, list[float]] = {}
        for row in read_csv(self.folder / "history.csv"):
            for key, text in row.items():
                columns.setdefault(str(key), []).append(as_number(text))
        return columns

    @cached_property
    def predictions(self) -> list[dict]:
        """The test images: file, true class, probability p, whether it is correct."""
        rows = []
        for row in read_csv(self.folder / "predictions.csv"):
            column = next((key for key in row if str(key).startswith("p(")), None)
            p = as_number(row.get(column))
            if row.get("part") == "test" and math.isfinite(p):
                correct = row.get("predicted") == row.get("true")
                rows.append({**row, "p": p, "correct": correct})
        return rows


def as_number(text) -> float:
    """A number in a csv file; NaN where it is none."""
    try:
        return float(text)
    except (TypeError, ValueError):
        return math.nan


def read_csv(path: Path) -> list[dict]:
    """The lines of a csv file; none where it is missing or damaged."""
    try:
        with csv_rows(path) as rows:
            return list(rows)
    except (OSError, csv.Error, ValueError):
        return []
