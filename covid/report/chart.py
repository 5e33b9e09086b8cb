"""The accuracies of all models with their intervals: where each mark of chart.html is drawn.

All horizontal places are in per cent of the width, so letters keep their size on a phone.
"""

from dataclasses import dataclass

from covid.common.errors import shortened
from covid.report.formats import measured, with_interval
from covid.report.run_data import Interval, Run

NAME_HEIGHT, ROW_HEIGHT, BETWEEN = 24, 44, 12
LONGEST, LONGEST_TITLE = 34, 24  # letters: a drawing does not break lines, and a phone is narrow


@dataclass(frozen=True)
class Row:
    """One model on one split; `y` in pixels."""

    split: str
    text: str
    value: float
    interval: Interval
    y: int


def accuracy_chart(run: Run) -> dict:
    """Names and rows with their heights, chance, and all of it as text."""
    names, rows, y = [], [], 4
    for name in run.model_names:
        names.append((shortened(name, LONGEST), y))
        y += NAME_HEIGHT
        for split, model in run.trained(name):
            accuracy = model.accuracy
            text = with_interval(accuracy.value, *accuracy.widest)
            title = shortened(split.title, LONGEST_TITLE)
            value = min(max(accuracy.value, 0), 1)
            rows.append(Row(split.key, f"{title}: {text}", value, accuracy.widest, y))
            y += ROW_HEIGHT
        y += BETWEEN
    return {
        "names": names,
        "rows": rows,
        "bottom": y,
        "chance": max(model.test.chance for _, model in run.trained()),
        "title": f"Test accuracy of each model with its 95 % interval; positive class: {run.positive}",
        # Who cannot see the marks can read the numbers.
        "numbers": "; ".join(
            f"{model.name}, {split.title}: {measured(model.accuracy)}"
            for split, model in run.trained()
        ),
    }
