"""Figure of a cross-validation: what every fold's test gave, and the mean over the folds."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from covid.figures.plots.canvas import BLUE, GRAY, NAME_POINTS, ORANGE, require, sheet, wrap

PANELS = {"accuracy": "accuracy (fraction correct)", "auc": "area under the ROC curve"}


def fold_results(models: dict[str, dict], path: str | Path, title: str, note: str = "") -> Path:
    """One dot for each fold, beside it the mean with its interval; accuracy left, AUC right.

    Parameters
    ----------
    models : dict of str to dict
        By model: "folds", a list with "accuracy" and "auc" of each; "measures", with the "mean",
        "low" and "high" of both; as in `covid.pipeline.fold_summary.summarize_folds`.
    """
    require(len(models) > 0, path, "at least one model")
    width = min(13.5, max(9.0, 2.2 * len(models) + 4))
    with sheet(path, title, note, width, 4.6) as body:
        for axes, (measure, label) in zip(body.subplots(1, 2), PANELS.items(), strict=True):
            for place, model in enumerate(models.values()):
                _dots_and_mean(axes, place, model, measure)
            axes.axhline(0.5, color=GRAY, linestyle="--", linewidth=1, label="a coin", zorder=0)
            axes.set(ylabel=label, ylim=(-0.03, 1.03), xlim=(-0.6, len(models) - 0.4))
            names = [wrap(name, 0.45 * width / len(models), 9) for name in models]
            axes.set_xticks(range(len(models)), names, fontsize=9)
            axes.plot([], [], "o", color=BLUE, alpha=0.6, label="a fold")
            axes.plot([], [], "D-", color=ORANGE, label="mean, 95 % t interval")
            axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=3)
    return Path(path)


def _dots_and_mean(axes: Axes, place: int, model: dict, measure: str) -> None:
    """A model's column: the folds side by side in their order, the mean to their right."""
    values = [row[measure] for row in model["folds"]]
    found = model["measures"][measure]
    # Side by side, so that equal values do not hide each other.
    across = place - 0.2 + np.linspace(-0.15, 0.15, len(values))
    axes.plot(across, values, "o", color=BLUE, alpha=0.6, markersize=7, clip_on=False)
    x = place + 0.15
    axes.plot([x, x], [found["low"], found["high"]], "_-", color=ORANGE, linewidth=2, markersize=9)
    axes.plot(x, found["mean"], "D", color=ORANGE, markersize=7)
    axes.annotate(
        f"{found['mean']:.3f}",
        (x, found["mean"]),
        (9, 0),
        textcoords="offset points",
        va="center",
        fontsize=NAME_POINTS,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5},
    )
