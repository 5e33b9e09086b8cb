"""The sections of the report, their order, and what stands in them."""

import pytest
from html_checker import page_of

from covid.report.formats import fixed


def test_the_check_stands_right_below_its_heat_map(page, summary):
    verdict = summary["splits"]["group"]["models"]["tiny_cnn"]["look"]["verdict"]
    assert f"not the model (Adebayo 2018). {verdict}" in page.words


def test_verdicts_and_disclaimer_are_seen_before_anything_is_opened(page, summary):
    for part, title in (("audit", "Data audit"), ("controls", "Controls")):
        assert f"{title} {summary[part]['verdict']}" in page.words
    start = page.words[:300]
    assert "not a medical device" in start and "Synthetic images." in start
    assert "Positive class: Infected" in start
    assert ["file format: png or not"] not in [row[:1] for row in page.rows]  # the same for all


def test_sections_are_in_order(page):
    titles = [a["id"] for name, a in page.tags if name == "h2" and a]
    order = "results models inside controls audit folds done repeat card literature"
    assert titles == [f"{anchor}-title" for anchor in order.split()]


def test_measures_of_both_splits_stand_side_by_side(page, summary):
    for key, title in (
        ("sensitivity", "Sensitivity"),
        ("roc_auc", "Area under the ROC curve (AUC)"),
    ):
        values = [
            fixed(models["compact_cnn"]["test"]["measures"][key]["value"])
            for models in (summary["splits"][split]["models"] for split in ("random", "group"))
        ]
        row = next(row for row in page.rows if row[0] == title and len(row) == 3)
        assert [cell.split(" ")[0] for cell in row[1:]] == values


def test_the_wider_interval_is_shown_too(page, summary):
    accuracy = summary["splits"]["group"]["models"]["tiny_cnn"]["test"]["measures"]["accuracy"]
    low, high = fixed(accuracy["group_low"]), fixed(accuracy["group_high"])
    assert f"{low} to {high} by group" in page.words
    assert f"{fixed(accuracy['value'])} (95 % interval {low} to {high})" in page.words


def test_the_most_wrong_images_are_those_of_predictions_csv(page, run_folder):
    lines = (run_folder / "group/compact_cnn/predictions.csv").read_text().splitlines()[1:]
    wrong = [
        line.split(",") for line in lines if line.startswith("test") and line.split(",")[6] == "0"
    ]
    worst = max(wrong, key=lambda row: abs(float(row[4]) - (row[2] == "Infected")))
    caption = page.words.index(f"patients kept apart: the most wrong of {len(wrong)} errors")
    assert worst[1] in page.words[caption : caption + 200]


def test_command_seed_versions_and_files(page, summary):
    assert summary["command"] in page.words
    assert ["numpy", "2.4.6"] in page.rows
    assert ["random/tiny_cnn/history.csv", "loss, and accuracy at 0.5, of every epoch"] in page.rows


@pytest.mark.parametrize("key", ["audit", "controls"])
def test_a_part_that_was_left_out_is_named(tmp_path, summary, key):
    found = page_of(tmp_path, {**summary, key: None})
    assert f"Not available: {'an audit' if key == 'audit' else key}." in found.words
    assert ["Whether the parts are independent", "not done"] in found.rows or key != "audit"
