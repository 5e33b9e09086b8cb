"""What is missing, old or damaged is said, and the rest of the report is there."""

import copy
import shutil

import numpy as np
import pytest
from html_checker import Checker, page_of
from page_runs import write_summary

from covid.cli.main import main
from covid.common.errors import UserError
from covid.report import write_page
from covid.report.read_run import read_run
from covid.report.write import page as page_text


def test_a_run_without_files_and_figures(tmp_path, summary):
    write_summary(tmp_path, summary)
    run = read_run(tmp_path)
    assert run.missing == []
    found = Checker(write_page(tmp_path).read_text())
    assert found.all("img") == []
    assert (
        "Not available (tiny_cnn, patients kept apart): the values of history.csv, the v"
        in found.words
    )


def test_a_run_of_an_older_version_has_no_baselines(tmp_path, summary):
    changed = copy.deepcopy(summary)
    for key in ("conclusion", "doubt", "examples"):
        del changed[key]
    for split in changed["splits"].values():
        for key in ("baselines", "best_model", "not_beaten"):
            del split[key]
    found = page_of(tmp_path, changed)
    assert "Chance" in found.words and "Best baseline" not in found.words


def test_null_values_are_dashes_with_a_reason(tmp_path, summary):
    changed = copy.deepcopy(summary)
    for split in changed["splits"].values():
        for model in split["models"].values():
            model["test"]["measures"]["ppv"] |= dict.fromkeys(("value", "low", "high"))
    row = next(
        row
        for row in page_of(tmp_path, changed).rows
        if row[0] == "Positive predictive value (PPV)"
    )
    assert row[1] == "– no image was called positive"


def test_damaged_files_beside_the_summary(tmp_path, run_folder):
    there = shutil.copytree(run_folder, tmp_path / "run")
    (there / "random/tiny_cnn/history.csv").write_bytes(b'"\xff\x00,\n"')
    (there / "random/tiny_cnn/predictions.csv").write_text("part,p(x)\ntest\ntest,many\n")
    (there / "random/figures/look-tiny_cnn.png").write_bytes(b"no picture")
    found = Checker(write_page(there).read_text())
    assert "The figure random/figures/look-tiny_cnn.png is damaged and not shown." in found.words
    assert (
        "Not available (tiny_cnn, slices split at random): the values of history.csv" in found.words
    )


@pytest.mark.slow
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
    assert outcomes == {"page", "sentence"}


def paths(content, before=()):
    """The place of every value in nested dicts and lists."""
    items = content.items() if isinstance(content, dict) else enumerate(content)
    for key, value in items:
        yield (*before, key)
        if isinstance(value, (dict, list)):
            yield from paths(value, (*before, key))


@pytest.mark.parametrize(
    "place, value, sentence",
    [
        ("", [], "expected an object, found []"),
        ("audit", 3, "audit: expected an object, found 3"),
        ("audit", "gone", "audit: expected an object, found nothing"),
        ("command", "gone", "command: expected a text, found nothing"),
        ("splits", {}, 'splits: expected "random", "group" or both, found []'),
        ("splits.random.models", {}, "models: expected the same models in each split, found []"),
        ("splits.random.models.tiny_cnn.test.n", -1, "test.n: expected a count, found -1"),
        ("splits.random.models.tiny_cnn.test.confusion", [[1, 2]], "expected 2 values, found [[1"),
        ("splits.random.models.tiny_cnn.test.measures", {}, "expected all measures, found []"),
        (
            "splits.random.models.tiny_cnn.test.measures.accuracy.value",
            None,
            "accuracy.value: expected a number, found null",
        ),
        ("audit.confounders", [{"title": 1}], "confounders[0].title: expected a text, found 1"),
        ("synthetic", "<b>\n", 'synthetic: expected true or false, found "<b>\\n"'),
    ],
)
def test_a_summary_that_does_not_fit_is_one_sentence(tmp_path, summary, place, value, sentence):
    """It says where, what was expected, what was found and what to do."""
    changed = copy.deepcopy(summary)
    *around, last = place.split(".")
    inner = changed
    for key in around:
        inner = inner[key]
    if place:
        inner[last] = value
    if value == "gone":
        del inner[last]
    write_summary(tmp_path, changed if place else value)
    with pytest.raises(UserError) as caught:
        read_run(tmp_path)
    said = str(caught.value)
    assert said.startswith(f"{tmp_path / 'summary.json'}: ") and sentence in said
    assert said.endswith(f"delete it, and `covid run --resume {tmp_path}` trains and writes anew")


def test_a_summary_of_the_first_version_is_refused(tmp_path, capsys, summary):
    old = {key: summary[key] for key in ("note", "positive", "negative", "synthetic", "source")}
    write_summary(tmp_path, {**old, "seed": 0, "models": summary["splits"]["random"]["models"]})
    assert main(["report", str(tmp_path)]) == 2
    assert "damaged or of another version" in capsys.readouterr().err
