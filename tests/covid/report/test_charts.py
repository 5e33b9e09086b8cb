"""The drawings of the page: every value where it belongs, nothing where there is none."""

import re

import numpy as np
import pytest

from covid.common.choices import DEFAULT_MODELS
from covid.metrics import roc_auc
from covid.report import chart
from covid.report.plots import BOTTOM, LEFT, RIGHT, TOP, UNIT, Axes, plots_of, ticks
from covid.report.read_run import read_run

NAN = float("nan")


def points(path: str) -> np.ndarray:
    """(n, 2): the places of a path without gaps, as values of `UNIT`."""
    xy = np.array(re.findall(r"[ML]([\d.]+) ([\d.]+)", path), float)
    return np.column_stack(
        [(xy[:, 0] - LEFT) / (RIGHT - LEFT), (BOTTOM - xy[:, 1]) / (BOTTOM - TOP)]
    )


def test_a_line_has_gaps_and_a_point_alone_can_be_seen():
    path = Axes((1, 5), (0, 1)).line("", range(1, 6), [0, NAN, 1, NAN, float("inf")]).path
    assert path == f"M{LEFT}.0 {BOTTOM}.0h0M{(LEFT + RIGHT) / 2:.1f} {TOP}.0h0"
    assert UNIT.dots("", [NAN, 1], [0, 1]).path == f"M{RIGHT}.0 {TOP}.0h0"
    assert UNIT.line("", [], []).path == ""


@pytest.mark.parametrize(
    "ends, expected",
    [
        ((0, 1), [0, 0.2, 0.4, 0.6, 0.8, 1]),
        ((0, 24.5), [0, 5, 10, 15, 20]),
        ((0, 0.7), [0, 0.2, 0.4, 0.6]),
    ],
)
def test_ticks_are_round_and_few(ends, expected):
    assert ticks(*ends) == pytest.approx(expected)


def test_the_roc_curve_has_the_area_and_the_threshold_of_the_predictions(run_folder):
    run = read_run(run_folder)
    model = run.splits["group"].models["tiny_cnn"]
    found = {plot.topic: plot for plot in plots_of(model, run)}
    assert list(found) == ["curves", "roc", "precision_recall", "reliability", "scores"]
    p = np.array([row["p"] for row in model.predictions])
    labels = np.array([row["true"] == "Infected" for row in model.predictions]).astype(int)
    _, curve, threshold = found["roc"].series
    x, y = points(curve.path).T
    area = np.sum(np.diff(x) * (y[1:] + y[:-1]) / 2)
    assert area == pytest.approx(roc_auc(labels, p), abs=0.01)
    called = p > model.threshold.value
    place = [called[labels == 0].mean(), called[labels == 1].mean()]
    assert points(threshold.path)[0] == pytest.approx(place, abs=0.002)


def test_a_chart_has_models_and_baselines_of_both_splits(run_folder):
    found = chart.accuracy_chart(read_run(run_folder))
    names = [*DEFAULT_MODELS, "majority class", "mean brightness", "gray histogram"]
    assert [row.title for row in found.rows] == names
    assert [row.soft for row in found.rows] == [False] * 3 + [True] * 3
    assert all([mark.kind for mark in row.marks] == ["group", "random"] for row in found.rows)
    heights = [mark.y for row in found.rows for mark in row.marks]
    assert heights == sorted(set(heights)) and heights[-1] < found.bottom
