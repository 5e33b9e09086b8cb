"""The README states what was measured or counted, and its commands and links are right."""

import csv
import json
import re

import pytest
from places import ROOT
from tiny_runs import finished_run, slices

import minicnn
from benchmarks import readme
from benchmarks.readme_tables import blocks

PACKAGES = ("minicnn", "covid", "benchmarks")
PAGE = (ROOT / "README.md").read_text(encoding="utf-8")
CI = (ROOT / ".ci/run").read_text(encoding="utf-8")
PAGES = [*ROOT.glob("*.md"), *(page for name in PACKAGES for page in ROOT.glob(f"{name}/**/*.md"))]


def test_every_number_of_the_page_is_a_measured_one():
    found = json.loads((ROOT / "benchmarks/readme.json").read_text(encoding="utf-8"))
    for name, lines in blocks(found).items():
        there = re.search(f"<!-- {name}: begin -->\n(.*)<!-- {name}: end -->", PAGE, re.DOTALL)
        advice = f"python -m benchmarks readme {name} --out benchmarks --write"
        assert there and there[1].strip() == "\n".join(lines).strip(), advice


def test_the_page_is_short():
    assert len(PAGE.split()) < 1000


def test_the_commands():
    first, tests = re.findall(r"^    (.*\.venv/bin/pip install.*)", PAGE, re.MULTILINE)
    assert first == "python3 -m venv .venv && .venv/bin/pip install -e . && .venv/bin/covid run"
    assert tests in re.sub(r'"\$venv/bin/(\w+)"', r".venv/bin/\1", CI).replace(" --quiet", "")


def test_what_there_is_to_look_inside(monkeypatch):
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    monkeypatch.setattr("builtins.breakpoint", lambda: None)
    found = {}
    with minicnn.use_backend(minicnn.backend()):  # afterwards it is as it was
        exec(code, found)
    assert found["dx"].shape == (1, 5, 5, 1)
    kernel = (ROOT / "minicnn/kernels/naive/convolution.py").read_text(encoding="utf-8")
    right, wrong = re.findall(r"`(x\[n, .*?\])`", PAGE)
    assert right in kernel.split("def conv2d_grad_kernel")[1]
    assert wrong not in kernel


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page):
    for link in re.findall(r"\]\((?!https?:)([^)#\s]+)", page.read_text(encoding="utf-8")):
        assert (page.parent / link).exists(), link


def test_measuring_a_tiny_case(tmp_path, capsys):
    call = ["--data", str(slices()), "--group", r"p\d+", "--images", "real", "--seeds", "1"]
    call += ["--models", "tiny_cnn", "--epochs", "1", "--out", str(tmp_path)]
    folder, summary, _ = finished_run()
    assert readme.main(["run", "--run", str(folder), "--out", str(tmp_path)]) == 0
    assert readme.main(["results", *call]) == 0  # adds to what the first call left
    found = json.loads((tmp_path / "readme.json").read_text())
    assert found["run"]["seconds"] == {"warm": summary["seconds"]}
    rows = {(row["split"], row["model"]): row for row in found["results"]}
    names = {"tiny_cnn", "majority class", "mean brightness", "gray histogram"}
    assert rows.keys() == {(split, name) for split in ("random", "group") for name in names}
    with open(tmp_path / "readme.csv", encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == len(rows)
    cells = [f"{rows[split, 'tiny_cnn']['accuracy']:.2f}" for split in ("random", "group")]
    assert f"| `tiny_cnn` | 65,777 | {' | '.join(cells)} |" in capsys.readouterr().out


def test_several_seeds_are_a_range_and_new_results_replace_old_ones():
    def row(seed, accuracy):
        return {**dict(images="real", split="group", model="cnn", seed=seed), "accuracy": accuracy}

    rows = readme.merged([row(0, 0.5), row(1, 0.75)], [row(0, 0.25)])
    assert [one["accuracy"] for one in rows] == [0.25, 0.75]
    assert any(line.endswith("| 0.25–0.75 |") for line in blocks({"results": rows})["results"])
    assert list(blocks({})) == ["lines"]  # no empty table over the one in the README


def test_the_pictures(tmp_path):
    readme.write_pictures(finished_run()[0], tmp_path)
    made = {path.name: path.stat().st_size for path in tmp_path.iterdir()}
    kept = {path.name: path.stat().st_size for path in readme.PICTURES.iterdir()}
    film = {"explorer.gif": 2_000_000, "explorer.png": 300_000}  # of tests/support/film_explorer.py
    assert made.keys() == kept.keys() - film.keys()
    assert all(size < film.get(name, 200_000) for name, size in kept.items())
