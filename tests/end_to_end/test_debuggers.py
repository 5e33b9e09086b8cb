"""Under a debugger and under a tracer: breakpoints hold, and the numbers are the same."""

import subprocess
import sys

import pytest
from places import ROOT
from subprocesses import (
    HERE,
    SECONDS,
    environment,
    said_by,
    small_model,
    train_and_predict,
)


@pytest.mark.parametrize("backend", ["numba", "numpy", "naive"])
def test_a_breakpoint_in_backward(backend, tmp_path):
    script = tmp_path / "training.py"
    script.write_text(
        HERE + "import minicnn\n"
        f"minicnn.use_backend({backend!r})\n"
        "x, y = noise(2)\n"
        "model = Sequential([Conv2D(3, 3, strides=2, input_shape=(12, 12, 1)), Flatten(), Dense(1)])\n"
        "model.compile('sgd')\n"
        "model.train_on_batch(x, y)\n"
        "print('went', 'on')\n"
    )
    commands = "b minicnn/layers/conv.py:{}\nc\np dz.shape\nn\np dz.dtype\ncl 1\nc\nq\n"
    source = (ROOT / "minicnn/layers/conv.py").read_text().splitlines()
    line = next(n for n, text in enumerate(source, 1) if "x_padded, pads = self.cache" in text)
    run = subprocess.run(
        [sys.executable, "-m", "pdb", str(script)],
        input=commands.format(line),
        env=environment(NUMBA_DISABLE_JIT="1"),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert "(2, 5, 5, 3)" in run.stdout, run.stdout + run.stderr
    assert "went on" in run.stdout
    assert run.stdout.index("(2, 5, 5, 3)") < run.stdout.index("went on")


def test_under_a_debugger_and_under_a_tracer_the_numbers_are_the_same(tmp_path):
    script = tmp_path / "training.py"
    script.write_text(HERE + "print('digest', train_and_predict(small_model()))\n")
    expected = f"digest {train_and_predict(small_model())}"
    debugged = subprocess.run(
        [sys.executable, "-m", "pdb", "-c", "continue", str(script)],
        input="q\n",
        env=environment(),
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert expected in debugged.stdout, debugged.stdout + debugged.stderr
    # Each line of the main thread is reported, as for coverage or a breakpoint with a condition.
    traced = said_by(
        "import sys\nlines = []\n"
        "def trace(*event):\n    lines.append(1)\n    return trace\n"
        "model = small_model()\nsys.settrace(trace)\n"
        "print('digest', train_and_predict(model))\nsys.settrace(None)\nassert len(lines) > 1000"
    )
    assert expected in traced
