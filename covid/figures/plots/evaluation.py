"""Figures of one set of predictions: its curves, its calibration, its scores, its worst errors.

Each shows one part of one model's images. `answers` are (labels, probabilities, threshold): (n,)
integers, 1 for the positive class; (n,) floats of that class; the threshold chosen on other images.
A measure is a dict of `covid.metrics.measure`. Titles come from the caller and name the positive
class.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from covid.figures.plots.canvas import (
    BLUE,
    GRAY,
    GREEN,
    GRID,
    ORANGE,
    axes_at,
    require,
    sheet,
    wrap,
)
from covid.figures.plots.images import sample_grid
from covid.metrics import Band, precision_recall_curve, reliability_bins, roc_curve

Answers = tuple[np.ndarray, np.ndarray, float]


def roc(
    answers: Answers, auc: dict, band: Band | None, path: Path, title: str, note: str = ""
) -> Path:
    """The ROC curve with its band, the area under it (a measure), and the threshold on it."""
    labels, probabilities, threshold = answers
    _require_both(labels, path)
    false_positive_rate, true_positive_rate, _ = roc_curve(labels, probabilities)
    with _curve_axes(path, title, note, 4.6) as axes:
        if band is not None:
            text = f"95 % of resamples ({band.drawn} drawn anew), point by point"
            style = {"color": BLUE, "alpha": 0.15, "linewidth": 0, "label": text}
            axes.fill_between(band.false_positive_rate, band.low, band.high, **style)
        axes.plot(false_positive_rate, true_positive_rate, color=BLUE, linewidth=2)
        axes.lines[-1].set_label(_with_interval("area", auc))
        axes.plot([0, 1], [0, 1], "--", color=GRAY, linewidth=1, label="chance: area 0.5")
        called = probabilities > threshold
        x, y = called[labels == 0].mean(), called[labels == 1].mean()
        text = f"threshold {threshold:.3f}: sensitivity {y:.3f}, specificity {1 - x:.3f}"
        _mark_threshold(axes, x, y, text)
        axes.set_xlabel("false positive rate (1 - specificity)")
        axes.set_ylabel("true positive rate (sensitivity)")
    return path


def precision_recall(
    answers: Answers, average: dict, path: Path, title: str, note: str = ""
) -> Path:
    """The precision-recall curve as steps, the average precision (a measure), and chance level.

    Chance level is the share of positive images.
    """
    labels, probabilities, threshold = answers
    _require_both(labels, path)
    precision, recall, _ = precision_recall_curve(labels, probabilities)
    share = float(np.mean(labels))
    with _curve_axes(path, title, note, 4.75) as axes:
        # Each step has the precision at its right end: that is what the average precision sums.
        axes.step(np.append(0, recall), np.append(precision[0], precision), color=BLUE, linewidth=2)
        axes.lines[-1].set_label(_with_interval("average precision", average))
        text = f"share of positive images {share:.3f}: chance"
        axes.axhline(share, color=GRAY, linestyle="--", linewidth=1, label=text, zorder=0)
        called = probabilities > threshold
        if called.any():
            x, y = called[labels == 1].mean(), labels[called].mean()
            text = f"threshold {threshold:.3f}: precision {y:.3f}, recall {x:.3f}"
            _mark_threshold(axes, x, y, text)
        axes.set_xlabel("recall (sensitivity)")
        axes.set_ylabel("precision (share of positive ones among those called positive)")
    return path


def reliability(
    answers: Answers, errors: dict[str, dict], path: Path, title: str, note: str = ""
) -> Path:
    """Predicted probability against observed share, and the images in each bin.

    `errors` has the measures "ece" and "brier".
    """
    labels, probabilities, _ = answers
    require(len(labels) > 0, path, "at least one image")
    bins = reliability_bins(labels, probabilities)
    middles, width = (bins.edges[1:] + bins.edges[:-1]) / 2, bins.edges[1]
    with sheet(path, title, note, 7.5, 6.8, by_hand=True) as body:
        above = axes_at(body, 0.75, 0.95, 6.6, 3.85)
        below = axes_at(body, 0.75, 4.95, 6.6, 1.3, sharex=above)
        above.tick_params(labelbottom=False)  # those of `below` are for both
        above.plot([0, 1], [0, 1], "--", color=GRAY, linewidth=1, label="perfect calibration")
        filled = bins.counts > 0
        predicted, observed = bins.mean_probability[filled], bins.share_positive[filled]
        above.vlines(predicted, predicted, observed, color=ORANGE, linewidth=2, label="gap")
        above.plot(predicted, observed, "o-", color=BLUE, markersize=7, linewidth=1, clip_on=False)
        text = _with_interval(f"calibration error ({len(middles)} bins)", errors["ece"])
        above.lines[-1].set_label(f"{text}\n{_with_interval('Brier score', errors['brier'])}")
        _unit_square(above)
        above.set_ylabel("share of positive images")
        above.legend(loc="lower center", bbox_to_anchor=(0.5, 1), fontsize=9)
        below.bar(middles, bins.counts, width=0.9 * width, color=BLUE, alpha=0.6)
        style = {"textcoords": "offset points", "ha": "center", "fontsize": 8}
        for x, n in zip(middles[filled], bins.counts[filled], strict=True):
            below.annotate(f"{n:.0f}", (x, n), (0, 2), **style)
        below.set(ylabel="images", xlabel="probability of the positive class")
        below.set_ylim(0, 1.2 * bins.counts.max())
        below.yaxis.get_major_locator().set_params(integer=True)
    return path


def scores(
    answers: Answers, classes: tuple[str, str], path: Path, title: str, note: str = ""
) -> Path:
    """Histograms of the probabilities, one class above the other; `classes`: negative, positive."""
    labels, probabilities, threshold = answers
    require(len(labels) > 0, path, "at least one image")
    edges = np.linspace(0, 1, 21)
    names = [wrap(classes[0], 5, 10), wrap(f"{classes[1]} (positive)", 5, 10)]
    head = 0.3 + 0.17 * max(name.count("\n") for name in names)
    with sheet(path, title, note, 9, 5.1 + 2 * head, by_hand=True) as body:
        upper = axes_at(body, 0.75, head, 8.1, 2.2)
        lower = axes_at(body, 0.75, 2.3 + 2 * head, 8.1, 2.2, sharex=upper, sharey=upper)
        upper.tick_params(labelbottom=False)  # those of `lower` are for both
        for axes, label, color in ((upper, 1, ORANGE), (lower, 0, BLUE)):
            own = probabilities[labels == label]
            axes.hist(own, edges, color=color, alpha=0.7)
            called = int(np.sum(own > threshold))
            sides = f"{len(own) - called} left, {called} right of the threshold"
            axes.set_title(f"{names[label]}: {sides}", fontsize=10)
            axes.axvline(threshold, color=GREEN, linewidth=2, label=f"threshold {threshold:.3f}")
            axes.set_ylabel("images")
            axes.yaxis.get_major_locator().set_params(integer=True)
        upper.legend(loc="best", fontsize=9)
        lower.set(xlabel="probability of the positive class", xlim=(0, 1))
    return path


def most_wrong(
    errors: dict[str, list[tuple[str, float, np.ndarray]]], path: Path, title: str, note: str = ""
) -> Path:
    """The images whose probability was farthest on the wrong side.

    `errors`: kind of error -> (file name, probability, image), the worst first.
    """
    if not any(errors.values()):
        with sheet(path, title, note, 7.5, 2.0) as body:
            text = "No image lies on the wrong side of the threshold."
            body.text(0.5, 0.5, text, ha="center", va="center", fontsize=12)
        return path
    return sample_grid(
        {kind: [image for _, _, image in found] for kind, found in errors.items()},
        path,
        title,
        note,
        {kind: [name for name, _, _ in found] for kind, found in errors.items()},
        {kind: [f"p = {p:.3f}" for _, p, _ in found] for kind, found in errors.items()},
    )


def _with_interval(name: str, measure: dict) -> str:
    """Such as "area 0.912, 95 % interval 0.880 to 0.944 (DeLong), 0.851 to 0.960 (by group)"."""
    text = f"{name} {measure['value']:.3f}"
    if measure["low"] is None:
        return f"{text}, no interval"
    interval = f"95 % interval {measure['low']:.3f} to {measure['high']:.3f}"
    text = f"{text}, {interval} ({measure['method']})"
    if measure.get("group_low") is None:
        return text
    return f"{text}, {measure['group_low']:.3f} to {measure['group_high']:.3f} (by group)"


@contextmanager
def _curve_axes(path: Path, title: str, note: str, height: float) -> Iterator[Axes]:
    """A unit square for a curve, the legend below: a curve may run anywhere in the axes."""
    with sheet(path, title, note, 7.5, 6.2, by_hand=True) as body:
        axes = axes_at(body, 0.65, 0.1, 6.7, height)
        yield axes
        _unit_square(axes)
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.13), fontsize=9)


def _mark_threshold(axes: Axes, x: float, y: float, text: str) -> None:
    axes.plot(x, y, "o", color=ORANGE, markersize=9, label=text, clip_on=False, zorder=5)


def _unit_square(axes: Axes) -> None:
    """Both axes from 0 to 1, with a little room for what lies on the edges."""
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01))
    axes.grid(**GRID)


def _require_both(labels: np.ndarray, path: Path) -> None:
    require(0 < np.sum(labels) < len(labels), path, "images of both classes")
