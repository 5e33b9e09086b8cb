"""Values with their intervals as rows of marks: where each mark of the macro `intervals` is drawn.

All horizontal places are in per cent of the width, so letters keep their size on a phone.
"""

from dataclasses import dataclass, replace

from covid.audit.confounders import BAR
from covid.common.errors import shortened
from covid.report.formats import fixed, measured, with_interval
from covid.report.model_run import Interval
from covid.report.run_data import Audit, Controls, Folds, Run

NAME_HEIGHT, MARK_HEIGHT, BETWEEN = 18, 12, 2  # pixels
LONGEST = 26  # letters: a drawing does not break lines, and a phone is narrow


@dataclass(frozen=True)
class Mark:
    """A value in [0, 1]; `kind`, "random", "group" or "flag", gives shape and color.

    `text` is the value beside the row's title; `y` in pixels.
    """

    kind: str
    value: float
    interval: Interval
    text: str = ""
    y: int = 0


@dataclass(frozen=True)
class Row:
    """A title with marks below it; `y` in pixels."""

    title: str
    soft: bool  # of less weight: a baseline
    marks: list[Mark]
    y: int


@dataclass(frozen=True)
class Chart:
    """`lines` are (value, text) of vertical lines, `numbers` is all of it as text, `legend`
    (kind of mark, text)."""

    name: str  # of the drawing, for its marks in the page
    title: str
    rows: list[Row]
    lines: list[tuple[float, str]]
    numbers: str
    legend: tuple[tuple[str, str], ...] = ()

    @property
    def bottom(self) -> int:
        return self.rows[-1].y + NAME_HEIGHT + len(self.rows[-1].marks) * MARK_HEIGHT + BETWEEN


def marked(kind: str, value: float, interval: Interval) -> Mark:
    """A mark with its value as text."""
    return Mark(kind, value, interval, fixed(value, 2))


def placed(rows: list[tuple[str, bool, list[Mark]]]) -> list[Row]:
    """(title, soft, marks) below each other."""
    found, y = [], 2
    for title, soft, marks in rows:
        marks = [
            replace(mark, value=min(max(mark.value, 0), 1), y=y + NAME_HEIGHT + k)
            for k, mark in zip(range(6, 1000, MARK_HEIGHT), marks, strict=False)
        ]
        found.append(Row(shortened(title, LONGEST), soft, marks, y))
        y += NAME_HEIGHT + MARK_HEIGHT * len(marks) + BETWEEN
    return found


def accuracy_chart(run: Run) -> Chart:
    """All models and baselines in the test of each split, patients kept apart first."""
    splits = list(run.splits.values())[::-1]
    results = [(name, False, [split.models[name] for split in splits]) for name in run.model_names]
    named = dict.fromkeys(name for split in splits for name in split.baselines or {})
    for name in named:
        found = [split for split in splits if name in (split.baselines or {})]
        results.append((name, True, [split.baselines[name] for split in found]))
    rows, numbers = [], []
    for name, soft, found in results:
        pairs = list(zip(splits, found, strict=False))
        marks = [marked(s.key, one.accuracy.value, one.accuracy.widest) for s, one in pairs]
        rows.append((name, soft, marks))
        numbers += [f"{name}, {s.title}: {measured(one.accuracy)}" for s, one in pairs]
    chance = max(model.test.chance for _, model in run.trained())
    return Chart(
        "accuracy",
        f"Test accuracy with 95 % interval, positive class {run.positive}",
        placed(rows),
        [(chance, f"chance {fixed(chance, 2)}")],
        "; ".join(numbers),
        tuple((split.key, split.title) for split in splits),
    )


def confounder_chart(audit: Audit) -> Chart:
    """The AUC of every property of the images that varies, farthest from 0.5 first."""
    found = audit.varying
    rows = [
        (
            one.title,
            False,
            [marked("flag" if one.flagged else "random", one.auc, (one.low, one.high))],
        )
        for one in found
    ]
    numbers = [f"{one.title} {with_interval(one.auc, one.low, one.high)}" for one in found]
    return Chart(
        "confounders",
        "AUC of one property of the image alone, with 95 % interval",
        placed(rows),
        [(0.5, "chance"), (BAR, f"bar {BAR}")],
        "; ".join(numbers),
    )


def controls_chart(controls: Controls) -> Chart:
    """The AUC of the image and of every control."""
    known = [row for row in controls.rows if row.auc is not None]
    rows = [
        (
            row.title,
            row.name != "image",
            [marked("flag" if row.flagged else "random", row.auc, (row.auc_low, row.auc_high))],
        )
        for row in known
    ]
    numbers = [f"{row.title} {with_interval(row.auc, row.auc_low, row.auc_high)}" for row in known]
    return Chart(
        "controls",
        f"AUC of {controls.model} on image and controls, with 95 % interval",
        placed(rows),
        [(0.5, "chance")],
        "; ".join(numbers),
    )


def folds_chart(folds: Folds) -> Chart:
    """The mean accuracy of each model over the folds, and the accuracy of every fold."""
    rows, numbers = [], []
    for name, model in folds.models.items():
        mean = model.measures.accuracy
        known = mean.mean is not None
        marks = [marked("group", mean.mean, (mean.low, mean.high))] if known else []
        marks += [Mark("random", one.accuracy, (None, None)) for one in model.folds]
        rows.append((name, False, marks))
        numbers.append(f"{name} {with_interval(mean.mean, mean.low, mean.high)}")
    legend = (("group", "mean over the folds, 95 % interval"), ("random", "a fold"))
    title, lines = "Accuracy in the tests", [(0.5, "chance")]
    return Chart("folds", title, placed(rows), lines, "; ".join(numbers), legend)
