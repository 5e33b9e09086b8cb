"""Where the progress bar is drawn, and what stands there instead."""

import sys
from types import SimpleNamespace

import pytest
import tqdm
import tqdm.notebook

from minicnn.training.progress import Progress, bar_class


def pretend(monkeypatch, kernel: bool, terminal: bool, widgets: bool = False) -> None:
    shell = SimpleNamespace(kernel=object()) if kernel else None
    ipython = SimpleNamespace(get_ipython=lambda: shell)
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    monkeypatch.setattr(tqdm.notebook, "IProgress", object if widgets else None)


@pytest.mark.parametrize(
    "kernel, terminal, widgets, expected",
    [
        (False, False, False, None),
        (False, True, True, tqdm.tqdm),
        (True, False, False, None),
        (True, True, False, None),
        (True, False, True, tqdm.notebook.tqdm),
    ],
)
def test_the_bar_of_each_place(monkeypatch, kernel, terminal, widgets, expected):
    pretend(monkeypatch, kernel, terminal, widgets)
    assert bar_class() is expected


def test_without_ipython_nothing_of_it_is_imported(monkeypatch):
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: False)
    assert bar_class() is None
    assert "IPython" not in sys.modules


def test_a_notebook_without_widgets_gets_the_line(monkeypatch, capsys):
    pretend(monkeypatch, kernel=True, terminal=False)
    with Progress("Epoch 1/2", 2, "auto") as progress:
        progress.step({"loss": 0.5})
        progress.close({"loss": 0.25})
    out, err = capsys.readouterr()
    assert out.startswith("Epoch 1/2  2 steps  ") and out.endswith("loss 0.2500\n")
    assert err == ""
