"""The headline: what the results, the audit and the controls together allow one to say."""

import copy
from pathlib import Path

import pytest
from html_checker import page_of
from page_runs import APART, make_run, write_summary

from covid.report.formats import fixed, percent
from covid.report.read_run import read_run
from covid.report.verdict import headline

NO_DROP = "with no drop beyond the intervals"
DOUBT = "; but a shortcut was found that may explain it"


def with_accuracy(folder: Path, splits=("random", "group"), apart=APART, models=("tiny_cnn",)):
    summary = make_run(folder, splits=splits, apart=apart, figures=False, models=models)
    return summary, headline(read_run(folder))


@pytest.mark.parametrize(
    "apart, expected",
    [
        ((4, 4), f"better than chance on new patients too, {NO_DROP}{DOUBT}."),
        ((0, 0), "not shown to be better than chance on new patients."),
        ((-0.5, 4), f"better than chance on new patients too, {NO_DROP}{DOUBT}."),
        (
            (6, -0.2),
            "this model recognizes patients; nothing shows that it detects disease.",
        ),
        ((6, 1.6), f"the second holds for new ones{DOUBT}."),
    ],
)
def test_other_headlines(tmp_path, apart, expected):
    _, sentence = with_accuracy(tmp_path / "r", apart=dict(zip(APART, apart, strict=True)))
    assert sentence.endswith(expected), sentence


def test_the_headline_of_one_split(tmp_path):
    summary, sentence = with_accuracy(tmp_path / "random", ("random",))
    assert "the audit found near-duplicates of 92 % of the test images in" in sentence
    assert sentence.endswith("so this says little about a new patient.")
    _, sentence = with_accuracy(tmp_path / "group", ("group",), {"group": -3})
    assert sentence.endswith("patients kept apart: worse than chance on unseen patients.")
    _, sentence = with_accuracy(tmp_path / "good", ("group",), {"group": 4})
    assert sentence.endswith(f"better than chance on unseen patients{DOUBT}.")


@pytest.mark.parametrize("apart, found", [(-2, "not disease"), (4, NO_DROP)])
def test_the_headline_does_not_hide_how_few_patients_there_are(tmp_path, summary, apart, found):
    """No interval by group although patients are known: they were too few for one."""
    made, _ = with_accuracy(tmp_path, apart={"random": 4, "group": apart})
    del made["splits"]["group"]["models"]["tiny_cnn"]["test"]["measures"]["accuracy"]["group_low"]
    write_summary(tmp_path, made)
    assert f"{found}, as far as so few patients can tell" in headline(read_run(tmp_path))


def test_a_share_is_all_or_nothing_only_where_it_is():
    shares = (0, 0.001, 0.01, 0.5, 0.99, 0.998, 1, None)
    expected = ["0 %", "under 1 %", "1 %", "50 %", "99 %", "over 99 %", "100 %", "–"]
    assert [percent(share) for share in shares] == expected


def test_without_a_shortcut_a_good_result_stands(tmp_path):
    made, sentence = with_accuracy(tmp_path, ("group",), {"group": 4})
    made["audit"]["shortcuts"] = False
    write_summary(tmp_path, made)
    assert headline(read_run(tmp_path)) == sentence  # the border is still suspicious
    for row in made["controls"]["rows"]:
        row["flagged"] = row["name"] == "permuted_labels"
    write_summary(tmp_path, made)
    assert headline(read_run(tmp_path)).endswith("better than chance on unseen patients.")


@pytest.mark.parametrize(
    "low, high, flagged, expected",
    [
        (0.832, 1.0, True, "suspicious"),
        (0.386, 1.0, False, "too few to tell"),
        (0.29, 0.71, False, "unsuspicious"),
        (0.386, 1.0, True, "suspicious"),  # one format for each class
    ],
)
def test_a_confounder_is_judged_by_its_interval(tmp_path, summary, low, high, flagged, expected):
    row = {"title": "brightest corner", "auc": 1.0, "low": low, "high": high, "flagged": flagged}
    confounders = [{**row, "units": [2, 3]}]
    changed = {**summary, "audit": {**summary["audit"], "confounders": confounders}}
    found = page_of(tmp_path, changed)
    assert ["brightest corner", expected] in [[row[0], row[-1]] for row in found.rows]
    assert "counts once: 3 of the positive class, 2 of the other." in found.words


def test_a_value_of_one_class_alone_is_named_with_its_count(tmp_path, summary):
    row = {"title": "files stored as RGB", "auc": 0.66, "low": 0.6, "high": 0.71, "flagged": True}
    row |= {"units": [40, 40], "found": "162 of 162 files stored as RGB are Infected"}
    others = [{**row, "title": "image width", "auc": 0.7, "flagged": False, "found": ""}]
    audit = {**summary["audit"], "confounders": others + [row], "unseen": "No model sees names."}
    found = page_of(tmp_path, {**summary, "audit": audit})
    rows = [(one[0], one[-1]) for one in found.rows if len(one) == 4]
    expected = [(row["found"], "suspicious"), ("image width", "unsuspicious")]
    assert [row for row in rows if row in expected] == expected
    assert "No model sees names." in found.words


def test_a_control_without_an_interval_is_not_judged(tmp_path, summary):
    names = ("image", "permuted_labels", "border_only", "lungs_only", "lungs_blacked_out")
    row = {**summary["controls"]["rows"][0], "auc": 0.76, "auc_low": None, "flagged": False}
    rows = [{**row, "name": name, "title": name} for name in names]
    rows[2]["auc_low"] = 0.4
    rows[4] |= {"auc_low": 0.7, "flagged": True}
    controls = {**summary["controls"], "rows": rows, "without_lungs": {"Infected": 25, "Other": 0}}
    found = page_of(tmp_path, {**summary, "controls": controls})
    judged = {row[0]: row[-1] for row in found.rows if len(row) == 6}
    expected = ["the result itself", "too few to tell", "no alarm", "may score", "suspicious"]
    assert [judged[name] for name in names] == expected
    assert "No lung was found in some images: 25 of Infected." in found.words


def test_the_headline_of_models_that_recognize_patients(tmp_path):
    summary, sentence = with_accuracy(tmp_path / "run", apart={"random": 4, "group": -2})
    first, second = (
        fixed(summary["splits"][key]["models"]["tiny_cnn"]["test"]["acc"])
        for key in ("random", "group")
    )
    assert sentence == (
        f"On synthetic images: test accuracy {first} with slices split at random, {second} with "
        "patients kept apart: this model recognizes patients, not disease."
    )


def test_inferred_groups_are_not_called_patients(tmp_path, summary):
    changed = copy.deepcopy(summary)
    changed["groups"] = {"source": "the audit's look-alikes", "count": 9}
    changed["splits"]["group"]["title"] = "look-alikes kept apart"
    changed["conclusion"] = None
    found = page_of(tmp_path, changed)
    assert "9 groups inferred from the images alone: the audit's look-alikes" in found.words
    assert "Look-alikes stand for patients" in found.words
    assert "All slices come from" not in found.words and "patients kept apart" not in found.words
    assert "look-alikes, not disease" in headline(read_run(tmp_path))
