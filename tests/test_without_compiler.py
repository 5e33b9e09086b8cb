"""The compiled kernels' source, run as plain Python: numba alone is not what makes it right.

It is also what a debugger sees with NUMBA_DISABLE_JIT=1, so it has to work. A second process is
needed because numba reads the variable when it is imported.
"""

import os
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parent


def run(*arguments):
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    paths = [str(TESTS.parent), environment.get("PYTHONPATH", "")]
    environment["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
    return subprocess.run(
        [sys.executable, *arguments],
        env=environment,
        cwd=TESTS.parent,
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_kernels_agree_without_the_compiler():
    kinds = run(
        "-c", "from minicnn.kernels import compiled; print(type(compiled.relu_forward).__name__)"
    )
    assert kinds.stdout.strip() == "function", kinds.stderr  # and not a compiled dispatcher
    result = run("-m", "pytest", "-p", "no:cacheprovider", str(TESTS / "test_kernels_agree.py"))
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-1000:]
