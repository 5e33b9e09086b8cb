"""Under a debugger and under a tracer: breakpoints hold, and the numbers are the same."""

import re
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


def test_the_recipe_of_the_readme(tmp_path):
    """Its script under pdb, with the commands that its text names, in that order."""
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    recipe = page.split("**Step through a backward pass.**")[1].split("**Break a kernel")[0]
    code, text = re.search(r"```python\n(.*?)```(.*)", recipe, re.S).groups()
    script = tmp_path / "step.py"
    script.write_text(code)
    named = re.findall(r"`([^`]+)`", text)
    first, kernel, c, cache, dz, n, x_padded, again, *rest = named
    assert (first[:2], kernel[:2], c, n, again, rest[0]) == ("b ", "b ", "c", "n", "c", "n")
    assert (cache, dz, x_padded, rest[1:]) == (
        *("self.cache", "dz", "x_padded"),
        ["tap_row", "tap_col", "pixel"],
    )
    commands = ["p dy.shape", first, kernel, c, f"p {cache}._fields", f"p {dz}.shape", n]
    commands += [f"p {x_padded}.shape", again, n, *[""] * 14]
    tap_row, tap_col, pixel = rest[1:]
    commands += [f"p {tap_row}, {tap_col}, bool({pixel} == x[n, in_row, in_col, c])"]
    commands += ["cl 1", "cl 2", "c"]
    run = subprocess.run(
        [sys.executable, str(script)],
        input="\n".join([*commands, ""]),
        env=environment(),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    steps = re.compile(r"\(Pdb\) (\(.*\))|\(Pdb\) > .*?(\w+)\(\)\n")
    said = [shown or f"in {frame}" for shown, frame in steps.findall(run.stdout)]
    assert said == [
        *("(1, 3, 3, 2)", "in compute_gradients", "('x_padded', 'pads')", "(1, 3, 3, 2)"),
        *("in compute_gradients", "(1, 5, 5, 1)"),
        *["in conv2d_grad_kernel"] * 16,
        "(0, 0, True)",
    ], run.stdout
