"""What an import or a help text does not load. How long it takes is not asserted anywhere."""

import ast
import configparser
import subprocess
import sys

import pytest
from places import ROOT

import minicnn
from covid.cli.main import main

HEAVY = ("numba", "cv2", "PIL", "matplotlib", "tqdm")


def loaded_by(statement: str) -> set[str]:
    """Top-level modules that are loaded after `statement` in a process of its own."""
    code = f"import sys\n{statement}\nprint('loaded:', *{{name.split('.')[0] for name in sys.modules}})"
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
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


def loaded_by_covid(*arguments: str) -> set[str]:
    """Through `covid.__main__`, as the installed command and `python -m covid` come in."""
    return loaded_by(
        "import runpy\n"
        f"sys.argv = ['covid', *{arguments}]\n"
        "try:\n    runpy.run_module('covid', run_name='__main__')\n"
        "except SystemExit as end:\n    assert end.code == 0"
    )


@pytest.mark.parametrize("arguments", [["--help"], ["train", "--help"], ["run", "--help"]])
def test_help_loads_neither_numpy_nor_anything_heavy(arguments):
    loaded = loaded_by_covid(*arguments)
    assert "covid" in loaded
    assert loaded.isdisjoint({"numpy", "minicnn", *HEAVY})


def test_the_version_loads_nothing_heavy(capsys):
    assert loaded_by_covid("--version").isdisjoint({"numpy", *HEAVY})
    with pytest.raises(SystemExit) as end:
        main(["--version"])
    assert (end.value.code, capsys.readouterr().out) == (0, f"covid {minicnn.__version__}\n")


def test_the_version_is_a_literal_that_setuptools_can_read_without_an_import():
    settings = configparser.ConfigParser()
    settings.read(ROOT / "setup.cfg")
    assert settings["metadata"]["version"] == "attr: minicnn.__version__"
    tree = ast.parse((ROOT / "minicnn/__init__.py").read_text())
    assigned = {ast.unparse(n.targets[0]): n.value for n in tree.body if isinstance(n, ast.Assign)}
    assert ast.literal_eval(assigned["__version__"]) == minicnn.__version__
