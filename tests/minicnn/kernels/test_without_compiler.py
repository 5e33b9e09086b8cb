"""The compiled kernels' source, run as plain Python: numba alone is not what makes it right.

It is also what a debugger sees with NUMBA_DISABLE_JIT=1, so it has to work. A second process is
needed because numba reads the variable when it is imported.
"""

import os
import subprocess
import sys

from places import ROOT

FILES = ("tests/minicnn/kernels/test_kernels_agree.py", "tests/minicnn/test_fusion.py")


def run(*arguments):
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    paths = [str(ROOT), environment.get("PYTHONPATH", "")]
    environment["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
    return subprocess.run(
        [sys.executable, *arguments],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_kernels_agree_without_the_compiler():
    kinds = run(
        "-c", "from minicnn.kernels import compiled; print(type(compiled.relu_forward).__name__)"
    )
    assert kinds.stdout.strip() == "function", kinds.stderr  # and not a compiled dispatcher
    # All fused steps would take minutes as plain Python: one shape of each.
    some = "test_kernels_agree or test_convolutions or test_pooling_that"
    some += " or (test_one_channel and odd) or (test_many_channels and less)"
    result = run("-m", "pytest", "-p", "no:cacheprovider", *FILES, "-k", some)
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-1000:]
