"""What is missing, old or damaged is said, and the rest of the report is there."""

import copy
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from html_checker import Checker, page_of
from page_runs import of_first_version, write_summary

from covid.cli.main import main
from covid.common.errors import UserError
from covid.page import write_page
from covid.page.reading import read_run
from covid.page.writing import page as page_text


@pytest.mark.parametrize(
    "key, sentence",
    [
        ("audit", "Not here: an audit."),
        ("controls", "Not here: controls."),
        ("recipes", "Not here: the settings of the training."),
        ("command", "Not here: the command, which was not recorded."),
    ],
)
@pytest.mark.parametrize("value", ["gone", None, {}, 3])
def test_a_missing_part_is_named(tmp_path, summary, key, sentence, value):
    changed = {**summary, key: value}
    if value == "gone":
        del changed[key]
    elif key == "command" and value == 3:
        changed[key] = 3
    found = page_of(tmp_path, changed)
    assert sentence in found.words


def test_a_run_without_files_and_figures(tmp_path, summary):
    write_summary(tmp_path, summary)
    run = read_run(tmp_path)
    assert run.missing == []
    found = Checker(write_page(tmp_path).read_text())
    assert found.all("img") == []
    assert "Not here (tiny_cnn, patients kept apart): curves, confusion, roc" in found.words
    assert "the numbers of history.csv and the numbers of predictions.csv" in found.words


def test_a_run_of_the_first_version(tmp_path, capsys, run_folder, summary):
    there = shutil.copytree(run_folder, tmp_path / "old")
    of_first_version(there, summary)
    assert main(["report", str(there), "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert "no audit" in result["missing"] and result["synthetic"] is True
    found = Checker(Path(result["report"]).read_text())
    assert "test accuracy" in result["sentence"] and result["sentence"] in found.words
    topics = [image["alt"].split(" ")[0] for image in found.all("img")]
    assert "Confusion" in topics and "Accuracy" in topics
    assert "this summary is of an older version" in found.words


def test_null_values_are_dashes_with_a_reason(tmp_path, summary):
    changed = copy.deepcopy(summary)
    for split in changed["splits"].values():
        for model in split["models"].values():
            model["test"]["measures"]["ppv"] = dict.fromkeys(("value", "low", "high"))
    row = next(
        row for row in page_of(tmp_path, changed).rows if row[0] == "Positive predictive value"
    )
    assert row[1] == "– no image was called positive"


def test_damaged_files_beside_the_summary(tmp_path, run_folder):
    there = shutil.copytree(run_folder, tmp_path / "run")
    (there / "random/tiny_cnn/history.csv").write_bytes(b'"\xff\x00,\n"')
    (there / "random/tiny_cnn/predictions.csv").write_text("part,p(x)\ntest\ntest,many\n")
    (there / "random/figures/roc-tiny_cnn.png").write_bytes(b"no picture")
    (there / "folds/folds.csv").write_text("a\n1,2,3\n")
    found = Checker(write_page(there).read_text())
    assert "The figure random/figures/roc-tiny_cnn.png is damaged and not shown." in found.words
    assert "Not here (tiny_cnn, slices split at random): the numbers of history.csv" in found.words


def test_any_value_may_be_of_any_type(tmp_path, summary):
    """Each value of the summary in turn becomes something else: a page or a sentence, no more."""
    rng = np.random.default_rng(4)
    odd = [None, True, -1, 1e400, "", "text", [], [1], {}, {"a": 1}, [[1, 2], [3, "x"]], 10**400]
    places = list(paths(summary))
    outcomes = set()
    for index in rng.choice(len(places), 60, replace=False):
        changed = copy.deepcopy(summary)
        *around, last = places[index]
        inner = changed
        for key in around:
            inner = inner[key]
        inner[last] = odd[rng.integers(len(odd))]
        write_summary(tmp_path, changed)
        try:
            Checker(page_text(read_run(tmp_path)))
            outcomes.add("page")
        except UserError:
            outcomes.add("sentence")
    assert "page" in outcomes


def paths(content, before=()):
    """The place of every value in nested dicts and lists."""
    items = content.items() if isinstance(content, dict) else enumerate(content)
    for key, value in items:
        yield (*before, key)
        if isinstance(value, (dict, list)):
            yield from paths(value, (*before, key))
