"""The lessons: each is run from its first cell to its last, and kept without outputs."""

import ast
import shutil

import pytest
from notebooks import outputs_of, run_notebook
from places import ROOT

nbformat = pytest.importorskip("nbformat")

LESSONS = sorted((ROOT / "minicnn/lessons").glob("*.ipynb"))
MAY_IMPORT = {"minicnn", "numpy", "matplotlib", "sklearn", "unittest"}

SLOW = pytest.mark.slow  # those that train


def stem(path) -> str:
    return path.stem


each_lesson = pytest.mark.parametrize("path", LESSONS, ids=stem)


def code_cells(notebook) -> list:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


@pytest.mark.parametrize(
    "path", [pytest.param(p, marks=SLOW if p.stem[0] in "45" else []) for p in LESSONS], ids=stem
)
def test_it_runs_to_its_end(path, tmp_path, monkeypatch):
    notebook = nbformat.read(shutil.copy(path, tmp_path), as_version=4)
    shown = [outputs_of(cell) for cell in code_cells(run_notebook(notebook, tmp_path, monkeypatch))]
    assert sum("image/png" in one for one in shown) >= 2
    assert not any("stderr" in one for one in shown)


@each_lesson
def test_it_is_kept_without_outputs_and_neatly_written(path):
    text = path.read_text(encoding="utf-8")
    notebook = nbformat.reads(text, as_version=4)
    nbformat.validate(notebook)
    assert nbformat.writes(notebook) + "\n" == text
    assert notebook.metadata.keys() == {"kernelspec", "language_info"}
    assert all(not cell.metadata for cell in notebook.cells)
    for cell in code_cells(notebook):
        assert (cell.outputs, cell.execution_count) == ([], None)


@each_lesson
def test_its_frame(path):
    cells = nbformat.read(path, as_version=4).cells
    number = path.stem.partition("_")[0]
    assert cells[0].source.startswith(f"# {number}. ")
    assert "In the end you will know" in cells[0].source
    assert "never a diagnostic one" in cells[0].source
    assert "## Exercises" in cells[-1].source


@each_lesson
def test_it_needs_nothing_but_minicnn_numpy_and_matplotlib(path):
    notebook = nbformat.read(path, as_version=4)
    tree = ast.parse("\n".join(cell.source for cell in code_cells(notebook)))
    names = [
        name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [node.module] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
        )
    ]
    assert {name.partition(".")[0] for name in names} <= MAY_IMPORT
