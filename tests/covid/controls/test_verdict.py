"""The rules: what is flagged, and the one sentence that says so."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from covid.controls.intervals import BY_GROUP, NO_INTERVAL
from covid.controls.results import TITLES, Row
from covid.controls.verdict import flag, sentence


def a_row(name, auc, spread=0.1):
    low, high = (None, None) if spread is None else (auc - spread, min(1.0, auc + spread))
    sure = None if spread is None else auc - 1.3 * spread  # the end of the wider 99 % interval
    method = NO_INTERVAL if spread is None else BY_GROUP
    return Row(name, TITLES[name], "", 100, 0.5, auc, low, high, auc, low, high, sure, method)


def rows_with(spread=0.1, **aucs):
    return [a_row(name, aucs.get(name, 0.5), spread) for name in TITLES]


@pytest.mark.parametrize(
    ("aucs", "flagged", "beginning"),
    [
        ({"image": 0.9}, [], "No leak and no shortcut found: "),
        ({"image": 0.9, "histogram": 0.9, "lungs_only": 0.9}, [], "No leak and no shortcut"),
        ({"image": 0.9, "permuted_labels": 0.66}, ["permuted_labels"], "Leak: "),
        ({"image": 0.9, "border_only": 0.8}, ["border_only"], "Shortcut: "),
        ({"image": 0.9, "border_only": 0.65}, [], "No leak and no shortcut"),  # less than half
        # 0.52 at 95 %, 0.49 at 99 %
        (
            {"image": 0.7, "border_only": 0.62},
            [],
            "No leak and no shortcut found for sure, but none",
        ),
        ({"image": 0.7, "permuted_labels": 0.62}, [], "No leak and no shortcut found for sure"),
        ({"image": 0.7, "lungs_only": 0.7}, [], "No leak and no shortcut found: "),
        ({"image": 0.55, "border_only": 0.9}, ["border_only"], "Shortcut: "),
        ({"image": 0.7, "lungs_blacked_out": 0.9}, ["lungs_blacked_out"], "Shortcut: "),
        (
            {"image": 0.9, "histogram": 0.95, "histogram_without_lungs": 0.9},
            ["histogram_without_lungs"],
            "Shortcut: without the lungs",
        ),
        ({"image": 0.55}, [], "No leak and no shortcut found, but the image itself"),
        (
            {"image": 1.0, "permuted_labels": 0.98, "border_only": 0.97},
            ["permuted_labels", "border_only"],
            "Leak: ",
        ),
        ({"image": 0.2, "border_only": 0.1}, [], "No leak and no shortcut found, but"),
    ],
)
def test_what_is_flagged_and_what_is_said(aucs, flagged, beginning):
    rows = flag(rows_with(**aucs))
    assert [row.name for row in rows if row.flagged] == flagged
    said = sentence(rows, 12)
    assert said.startswith(beginning)
    assert re.findall(r"\.(?!\d)", said) == ["."]  # one sentence
    assert "\n" not in said


def test_without_intervals_nothing_is_flagged_and_that_is_said():
    rows = flag(rows_with(spread=None, image=0.99, border_only=0.99, permuted_labels=0.99))
    assert not any(row.flagged for row in rows)
    assert sentence(rows, 2).startswith("Nothing can be said: the test has only 2 patients")
    assert "2 groups of look-alikes, fewer" in sentence(rows, 2, "groups of look-alikes")


def test_beside_a_leak_a_shortcut_is_a_guess():
    rows = flag(rows_with(image=0.9, permuted_labels=0.8, border_only=0.8))
    assert "separated, by these patients or by a shortcut (AUC: " in sentence(rows, 12)


def test_a_model_of_one_answer_is_not_blamed_on_the_patients():
    rows = flag([replace(row, auc_low=None, auc_low_99=None) for row in rows_with(image=0.5)])
    assert "all its images got the same answer" in sentence(rows, 20)


def test_a_shortcut_that_the_model_missed_is_not_said_to_be_its_score():
    rows = flag(rows_with(image=0.5, border_only=0.9))
    assert "this one is not significantly above chance" in sentence(rows, 12)
    constant = [replace(row, auc_low=None) if row.name == "image" else row for row in rows]
    assert "this one is not significantly above chance" in sentence(constant, 12)


def test_unknown_patients_are_mentioned():
    assert "while patients are unknown" in sentence(flag(rows_with(image=0.9)), None)
