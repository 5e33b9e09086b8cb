"""A run as the report sees it: its splits, the models trained on each, their measures."""

import math
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from covid.page.values import as_number, look, number, read_csv


@dataclass(frozen=True)
class Measure:
    """A number with its interval; None where there is none.

    `group_low` and `group_high` are of the bootstrap by group, where groups are known; `given` is
    whether the summary has it at all, be it without a value.
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None
    method: str = ""
    group_low: float | None = None
    group_high: float | None = None
    given: bool = True

    @property
    def widest(self) -> tuple[float | None, float | None]:
        """The ends of both intervals together: the most careful statement there is."""
        lows = [end for end in (self.low, self.group_low) if end is not None]
        highs = [end for end in (self.high, self.group_high) if end is not None]
        return min(lows, default=None), max(highs, default=None)


@dataclass(frozen=True)
class ModelRun:
    """One model, trained on one split: its entry in the summary and its folder."""

    name: str
    entry: dict
    folder: Path

    def measure(self, name: str, part: str = "test") -> Measure:
        """A measure of a part; an older summary has the accuracy only."""
        found = look(self.entry, part, "measures", name)
        if not isinstance(found, dict) and name == "accuracy":
            ends = look(self.entry, part, "acc_95_percent_interval")
            low, high = ends if isinstance(ends, list) and len(ends) == 2 else (None, None)
            value = look(self.entry, part, "acc")
            found = {"value": value, "low": low, "high": high, "method": "Wilson"}
        if not isinstance(found, dict):
            return Measure(given=False)
        ends = (number(found.get(key)) for key in ("value", "low", "high"))
        by_group = (number(found.get(key)) for key in ("group_low", "group_high"))
        return Measure(*ends, str(found.get("method") or ""), *by_group)

    def confusion(self, part: str = "test", chosen: bool = False) -> list[list[int]] | None:
        """Counts [[tn, fp], [fn, tp]] at 0.5, or at the chosen threshold."""
        keys = ("at_threshold", "confusion") if chosen else ("confusion",)
        rows = look(self.entry, part, *keys)
        fits = isinstance(rows, list) and [len(r) for r in rows if isinstance(r, list)] == [2, 2]
        cells = [number(cell) for row in rows for cell in row] if fits else [None]
        return None if None in cells else [[int(cell) for cell in row] for row in rows]

    @property
    def threshold(self) -> float | None:
        return number(look(self.entry, "threshold", "value"))

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
        """The test images: file, true class, probability of the positive class, whether right."""
        rows = []
        for row in read_csv(self.folder / "predictions.csv"):
            column = next((key for key in row if str(key).startswith("p(")), None)
            p = as_number(row.get(column))
            if row.get("part") == "test" and math.isfinite(p):
                named = row.get("predicted_at_threshold") or row.get("predicted")
                rows.append({**row, "p": p, "correct": named == row.get("true")})
        return rows


@dataclass(frozen=True)
class SplitRun:
    """One way to split: "random" or "group", with all models trained on it."""

    key: str
    title: str
    entry: dict
    folder: Path
    models: dict[str, ModelRun]

    @property
    def nobody(self) -> str:
        """Who is kept apart by it, or is not."""
        return "look-alikes" if "look-alikes" in self.title else "patients"


@dataclass(frozen=True)
class Run:
    """All that the page is made of. `missing` collects what the page had to do without."""

    folder: Path
    summary: dict
    splits: list[SplitRun]
    missing: list[str] = field(default_factory=list)

    @property
    def positive(self) -> str:
        return str(self.summary.get("positive", "?"))

    @property
    def negative(self) -> str:
        return str(self.summary.get("negative", "?"))

    @property
    def synthetic(self) -> bool:
        return bool(self.summary.get("synthetic"))

    @property
    def note(self) -> str:
        return str(self.summary.get("note", ""))

    @property
    def model_names(self) -> list[str]:
        return list(dict.fromkeys(name for split in self.splits for name in split.models))

    def part(self, key: str) -> dict | None:
        """`audit`, `controls`, `folds` or `groups`, where the summary has it."""
        found = self.summary.get(key)
        return found if isinstance(found, dict) and found else None

    @property
    def guessed_groups(self) -> bool:
        """Whether the groups are the audit's look-alikes: nobody said who the patients are."""
        return "look-alikes" in str(look(self.summary, "groups", "source"))

    def split(self, key: str) -> SplitRun | None:
        return next((split for split in self.splits if split.key == key), None)

    def lacks(self, what: str) -> None:
        """Note that something is missing; once is enough."""
        if what not in self.missing:
            self.missing.append(what)
