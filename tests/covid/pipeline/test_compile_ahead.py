"""compile_ahead: a second process compiles what training needs; where it ends, it is not missed."""

import multiprocessing

import pytest
from subprocesses import environment, python

from covid.figures import draw_process
from covid.pipeline import compile_ahead
from covid.training.recipes import recipe_for

COLD = """
import multiprocessing
from covid.figures.draw_process import helper
from covid.pipeline import compile_ahead
from covid.training.recipes import recipe_for
from minicnn.kernels.runtime import jit
recipes = {name: recipe_for("practice", name) for name in ("tiny_cnn", "reduced_inception")}
with helper():
    drawing = set(multiprocessing.active_children())
    with compile_ahead.compiling_ahead(recipes, print):
        (process,) = set(multiprocessing.active_children()) - drawing
        compile_ahead.wait_for("tiny_cnn")
        with jit.without_compiling():
            compile_ahead.compile_for("tiny_cnn", recipes["tiny_cnn"])
        assert not compile_ahead._compiled["reduced_inception"].done()
        process.kill()
        compile_ahead.wait_for("reduced_inception")
    assert process.exitcode is not None
print(compile_ahead.any_to_compile(recipes))
"""


@pytest.mark.slow
def test_where_nothing_is_compiled_yet(tmp_path):
    done = python(COLD, env=environment(NUMBA_CACHE_DIR=str(tmp_path)))
    assert done.returncode == 0, done.stderr
    said, cold = done.stdout.splitlines()
    assert said.startswith("compiling kernels in the background")
    assert cold == "True"  # `reduced_inception` was not finished
    assert done.stderr == ""


def test_where_all_is_compiled(monkeypatch, capsys):
    recipes = {"tiny_cnn": recipe_for("practice", "tiny_cnn")}
    compile_ahead.compile_for("tiny_cnn", recipes["tiny_cnn"])
    monkeypatch.setattr(draw_process, "is_helped", lambda: True)
    with compile_ahead.compiling_ahead(recipes, print):
        assert multiprocessing.active_children() == []
        compile_ahead.wait_for("tiny_cnn")
    assert capsys.readouterr().out == ""
