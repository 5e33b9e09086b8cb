"""Line charts of one model: training, ROC, precision and recall, calibration, probabilities.

Drawn in the units of a phone's pixels, 360 x 240, by the macro `plot`; colors are in report.css.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from covid.common.errors import shortened
from covid.metrics import precision_recall_curve, reliability_bins, roc_curve
from covid.report.formats import fixed, measured
from covid.report.model_run import ModelRun
from covid.report.run_data import Run

LEFT, RIGHT, TOP, BOTTOM = 46, 350, 8, 200
MOST_POINTS = 400  # of a curve: more cannot be seen
BINS = 20
LONGEST = 24  # letters of a class


@dataclass(frozen=True)
class Series:
    """What is drawn: an SVG path; `kind` is a class of report.css, `name` stands in the legend."""

    kind: str
    path: str
    name: str = ""


@dataclass(frozen=True)
class Plot:
    """`x_ticks` and `y_ticks` are (place, text)."""

    topic: str
    x_label: str
    y_label: str
    x_ticks: list[tuple[float, str]]
    y_ticks: list[tuple[float, str]]
    series: list[Series]


class Axes:
    """From values to places in the drawing."""

    def __init__(self, x: tuple[float, float], y: tuple[float, float]):
        self.low, self.high = (x[0], y[0]), (x[1], y[1])

    def x(self, value: float) -> float:
        return LEFT + (RIGHT - LEFT) * (value - self.low[0]) / (self.high[0] - self.low[0])

    def y(self, value: float) -> float:
        return BOTTOM - (BOTTOM - TOP) * (value - self.low[1]) / (self.high[1] - self.low[1])

    def line(self, kind: str, xs: Iterable, ys: Iterable, name: str = "") -> Series:
        """A line through points; one that is not finite leaves a gap."""
        points = list(zip(xs, ys, strict=True))
        step = max(1, len(points) // MOST_POINTS)
        path, following = "", False
        for x, y in points[:-1:step] + points[-1:]:
            place = f"{self.x(x):.1f} {self.y(y):.1f}" if math.isfinite(x + y) else ""
            # A point alone between gaps is a line without length: its round ends can be seen.
            path += (f"L{place}" if following else f"M{place}h0") if place else ""
            following = bool(place)
        return Series(kind, path, name)

    def dots(self, kind: str, xs: Iterable, ys: Iterable, name: str = "") -> Series:
        """A dot at each point: a line without length, whose ends are round."""
        places = [
            f"M{self.x(x):.1f} {self.y(y):.1f}h0"
            for x, y in zip(xs, ys, strict=True)
            if math.isfinite(x + y)
        ]
        return Series(f"dots {kind}", "".join(places), name)

    def plot(self, topic: str, x_label: str, y_label: str, series: list[Series]) -> Plot:
        """With five or six round numbers on each axis."""
        x, y = (ticks(*ends) for ends in zip(self.low, self.high, strict=True))
        x_ticks = [(self.x(value), f"{value:.3g}") for value in x]
        y_ticks = [(self.y(value), f"{value:.3g}") for value in y]
        return Plot(topic, x_label, y_label, x_ticks, y_ticks, [one for one in series if one.path])


def ticks(low: float, high: float) -> list[float]:
    """Round numbers in [low, high], at most seven."""
    rough = (high - low) / 6
    power = 10 ** math.floor(math.log10(rough))
    step = next(size * power for size in (1, 2, 5, 10) if size * power >= rough * (1 - 1e-9))
    first = math.ceil(low / step - 1e-9)
    return [k * step for k in range(first, math.floor(high / step + 1e-9) + 1)]


UNIT = Axes((0, 1), (0, 1))


def plots_of(model: ModelRun, run: Run) -> list[Plot]:
    """All charts that the csv files of a model allow."""
    found = training_plots(model)
    if model.predictions:
        p = np.array([row["p"] for row in model.predictions])
        labels = np.array([int(row.get("true") == run.positive) for row in model.predictions])
        if 0 < labels.sum() < len(labels):
            found += [roc(model, labels, p), precision_recall(model, labels, p)]
        found += [reliability(model, labels, p), scores(model, labels, p, run)]
    return found


def training_plots(model: ModelRun) -> list[Plot]:
    """Accuracy and loss of every epoch."""
    found, history = [], model.history
    for key, label in (("acc", "accuracy at 0.5"), ("loss", "loss (cross-entropy)")):
        values = history.get(key, []), history.get(f"val_{key}", [])
        finite = [value for one in values for value in one if math.isfinite(value)]
        if not finite:
            continue
        high = 1 if key == "acc" else 1.05 * max(*finite, math.log(2))
        axes = Axes((0, max(map(len, values)) + 0.5), (0, high or 1))
        chance = 0.5 if key == "acc" else math.log(2)
        series = [
            axes.line("chance", axes.low[:1] + axes.high[:1], (chance, chance), "chance"),
            axes.dots("random", range(1, len(values[0]) + 1), values[0], "training"),
            axes.line("group", range(1, len(values[1]) + 1), values[1], "validation"),
        ]
        if model.best_epoch:
            kept = f"epoch {model.best_epoch} kept"
            series.append(axes.line("threshold", [model.best_epoch] * 2, (0, high), kept))
        found.append(axes.plot("curves", "epoch", label, series))
    return found


def roc(model: ModelRun, labels: np.ndarray, p: np.ndarray) -> Plot:
    """With the area, chance, and the threshold."""
    x, y, _ = roc_curve(labels, p)
    called = p > model.threshold.value
    at = called[labels == 0].mean(), called[labels == 1].mean()
    text = f"threshold {fixed(model.threshold.value)}: sensitivity {at[1]:.3f}, "
    series = [
        UNIT.line("chance", (0, 1), (0, 1), "chance"),
        UNIT.line("random", x, y, f"area {measured(model.test.measures['roc_auc'])}"),
        UNIT.dots("flag", at[:1], at[1:], f"{text}specificity {1 - at[0]:.3f}"),
    ]
    return UNIT.plot("roc", "false positive rate", "sensitivity", series)


def precision_recall(model: ModelRun, labels: np.ndarray, p: np.ndarray) -> Plot:
    """As steps: each has the precision at its right end, which is what the area sums."""
    precision, recall, _ = precision_recall_curve(labels, p)
    xs = np.repeat(np.append(0, recall), 2)[1:-1]
    share, called = labels.mean(), p > model.threshold.value
    at = [(called[labels == 1].mean(), labels[called].mean())] if called.any() else []
    series = [
        UNIT.line(
            "chance", (0, 1), (share, share), f"chance: share of positive images {share:.2f}"
        ),
        UNIT.line(
            "random",
            xs,
            np.repeat(precision, 2),
            f"average precision {measured(model.test.measures['pr_auc'])}",
        ),
        UNIT.dots("flag", *zip(*at, strict=True), "the threshold") if at else Series("", ""),
    ]
    return UNIT.plot("precision_recall", "recall (sensitivity)", "precision", series)


def reliability(model: ModelRun, labels: np.ndarray, p: np.ndarray) -> Plot:
    """Observed share of positive images against predicted probability."""
    bins = reliability_bins(labels, p)
    filled = bins.counts > 0
    points = bins.mean_probability[filled], bins.share_positive[filled]
    series = [
        UNIT.line("chance", (0, 1), (0, 1), "perfect calibration"),
        UNIT.line("random", *points),
        UNIT.dots("random", *points, f"calibration error {measured(model.test.measures['ece'])}"),
    ]
    return UNIT.plot("reliability", "predicted probability", "share of positive images", series)


def scores(model: ModelRun, labels: np.ndarray, p: np.ndarray, run: Run) -> Plot:
    """Histograms of the probabilities, a class each, and the threshold."""
    edges = np.linspace(0, 1, BINS + 1)
    counts = [np.histogram(p[labels == label], edges)[0] for label in (0, 1)]
    axes = Axes((0, 1), (0, 1.05 * max(1, *counts[0], *counts[1])))
    xs = np.repeat(edges, 2)
    stairs = [np.concatenate([[0], np.repeat(one, 2), [0]]) for one in counts]
    value = model.threshold.value
    series = [
        axes.line("random filled", xs, stairs[0], run.negative),
        axes.line("group filled", xs, stairs[1], run.positive),
        axes.line("threshold", (value, value), (0, axes.high[1]), f"threshold {fixed(value)}"),
    ]
    label = f"probability of {shortened(run.positive, LONGEST)}"
    return axes.plot("scores", label, "images", series)
