"""What an import or a help text does not load. How long it takes is not asserted anywhere."""

import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("numba", "cv2", "PIL", "matplotlib", "tqdm")


def loaded_by(statement: str) -> set[str]:
    """Top-level modules that are loaded after `statement` in a process of its own."""
    code = f"import sys\n{statement}\nprint('loaded:', *{{name.split('.')[0] for name in sys.modules}})"
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(run.stdout.splitlines()[-1].removeprefix("loaded:").split())


def test_importing_minicnn_loads_not_even_numpy():
    assert loaded_by("import minicnn").isdisjoint({"numpy", *HEAVY})


@pytest.mark.parametrize("module", ["minicnn.preprocessing.image", "minicnn.callbacks"])
def test_importing_a_part_loads_nothing_heavy(module):
    assert loaded_by(f"import {module}").isdisjoint(HEAVY)


@pytest.mark.parametrize("arguments", [["--help"], ["train", "--help"], ["run", "--help"]])
def test_help_loads_neither_numpy_nor_anything_heavy(arguments):
    """Through `covid.__main__`, as the installed command and `python -m covid` come in."""
    statement = (
        "import runpy\n"
        f"sys.argv = ['covid', *{arguments}]\n"
        "try:\n    runpy.run_module('covid', run_name='__main__')\n"
        "except SystemExit as end:\n    assert end.code == 0"
    )
    loaded = loaded_by(statement)
    assert "covid" in loaded
    assert loaded.isdisjoint({"numpy", "minicnn", *HEAVY})
