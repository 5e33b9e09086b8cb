"""Who imports whom: no circles, and one direction through the rooms of each package.

All imports count: those at the top of a file, inside functions, and under `TYPE_CHECKING`. An
`__init__.py` that only hands names on is no station of its own: whoever imports a name from it
imports the file where the name comes from.
"""

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import minicnn

ROOT = Path(minicnn.__file__).parents[1]
# From left to right; no room imports one to its right. A room is a folder or a file of a package.
MINICNN = "arguments, files, machine, notebook_figure, printing, reprs, seeding, kernels"
MINICNN += " -> numeric_checks, initializers"
MINICNN += " -> layers, losses, metrics, optimizers, preprocessing -> fusion, saving"
MINICNN += " -> graph, callbacks -> training -> models, saliency"
MINICNN += " -> gradcheck, inspection, drawing, explorer -> by_hand, selftest, utils"
COVID = "common -> data, metrics, phantom -> training -> figures -> audit, controls"
COVID += " -> report, story -> pipeline -> cli -> __main__"
# What the benchmarks measure, the images they measure it on, and how a run is started and read
MEASURED = ("covid.training", "covid.figures", "covid.audit", "covid.data", "covid.phantom")
MEASURED += ("covid.common", "covid.metrics", "covid.pipeline")
HANDING_ON = (ast.Expr, ast.Import, ast.ImportFrom, ast.Assign)


class Imports:
    """The imports between the files of some packages.

    Parameters
    ----------
    files : dict of str to str
        Paths such as "minicnn/layers/conv.py", and what is in the files.

    Attributes
    ----------
    edges : dict of str to set of str
        For each module, named as in an import, the modules that it imports.
    faces : set of str
        Packages whose `__init__.py` only hands names on.
    """

    def __init__(self, files: dict[str, str]):
        self.trees = {module_of(path): ast.parse(text) for path, text in files.items()}
        self.packages = {module_of(path) for path in files if path.endswith("__init__.py")}
        self.faces = {
            name for name in self.packages if all(hands_on(node) for node in self.trees[name].body)
        }
        self.edges = {
            name: {self.origin(*one) for one in self.imported_by(name)} - {name, None}
            for name in self.trees
        }

    def imported_by(self, module: str) -> Iterator[tuple[str, str]]:
        """(module, name in it) of all that a module imports; "" for the module itself."""
        for node in ast.walk(self.trees[module]):
            if isinstance(node, ast.Import):
                yield from ((alias.name, "") for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield from ((self.base(node, module), alias.name) for alias in node.names)

    def base(self, node: ast.ImportFrom, module: str) -> str:
        """The module behind `from`, in full where it is relative to `module`."""
        parts = module.split(".")[: None if module in self.packages else -1]
        outer = parts[: len(parts) - node.level + 1] if node.level else []
        return ".".join([*outer, *([node.module] if node.module else [])])

    def origin(self, base: str, name: str) -> str | None:
        """The module that a name comes from; None for those of other packages."""
        if f"{base}.{name}" in self.trees:
            return f"{base}.{name}"
        if base in self.faces:
            for node in self.trees[base].body:
                for alias in node.names if isinstance(node, ast.ImportFrom) else ():
                    if name == (alias.asname or alias.name):
                        return self.origin(self.base(node, base), alias.name)
        while base and base not in self.trees:
            base = base.rpartition(".")[0]
        return base or None

    def circle(self) -> list[str]:
        """A circle of modules, if there is one."""
        stations = self.edges.keys() - self.faces
        return circle_in({name: self.edges[name] & stations for name in stations})

    def rooms(self, package: str) -> dict[str, set[str]]:
        """For each room of a package the other rooms that it imports."""
        found: dict[str, set[str]] = {}
        for module, targets in self.edges.items():
            if module.startswith(f"{package}."):
                inside = {room(one) for one in targets if one.startswith(f"{package}.")}
                found.setdefault(room(module), set()).update(inside - {room(module)})
        return found

    def against(self, package: str, direction: str) -> list[str]:
        """The imports within a package that go against the direction of its rooms."""
        steps = [step.split(", ") for step in direction.split(" -> ")]
        rank = {name: number for number, step in enumerate(steps) for name in step}
        return sorted(
            f"{module} imports {target}"
            for module, targets in self.edges.items()
            for target in targets
            if module.startswith(f"{package}.") and target.startswith(f"{package}.")
            if rank[room(module)] < rank[room(target)]
        )

    def between(self, package: str, other: str, allowed: tuple[str, ...] = ()) -> list[str]:
        """What the modules of one package import of another one, but for what is allowed."""
        return sorted(
            f"{module} imports {target}"
            for module, targets in self.edges.items()
            for target in targets
            if is_in(module, package) and is_in(target, other)
            if not any(is_in(target, name) for name in allowed)
        )


def module_of(path: str) -> str:
    """minicnn/layers/conv.py -> minicnn.layers.conv; a package's `__init__.py` -> the package."""
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def hands_on(node: ast.stmt) -> bool:
    """Whether this statement of an `__init__.py` gives names of other files, now or when asked."""
    is_lazy = isinstance(node, ast.FunctionDef) and node.name in ("__getattr__", "__dir__")
    return is_lazy or isinstance(node, HANDING_ON)


def room(module: str) -> str:
    """minicnn.layers.conv -> layers."""
    return module.split(".")[1]


def is_in(module: str, package: str) -> bool:
    return f"{module}.".startswith(f"{package}.")


def circle_in(graph: dict[str, set[str]]) -> list[str]:
    """A circle, each importing the next one and the last one being the first; [] if none is."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return error.args[1][::-1]
    return []


@pytest.fixture(scope="module")
def imports():
    paths = [
        path for name in ("minicnn", "covid", "benchmarks") for path in ROOT.glob(f"{name}/**/*.py")
    ]
    return Imports(
        {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in paths}
    )


def test_no_circle(imports):
    circle = imports.circle()
    assert not circle, " imports ".join(circle)


@pytest.mark.parametrize("package", ["minicnn", "covid"])
def test_no_circle_of_rooms(imports, package):
    circle = circle_in(imports.rooms(package))
    assert not circle, " imports ".join(circle)


@pytest.mark.parametrize("package, direction", [("minicnn", MINICNN), ("covid", COVID)])
def test_the_direction_of_the_rooms(imports, package, direction):
    rooms = set(direction.replace(",", " ->").split(" -> "))
    assert imports.rooms(package).keys() == rooms, "each room has one place in the direction"
    wrong = imports.against(package, direction)
    assert not wrong, "\n".join(wrong)


def test_the_direction_of_minicnn_is_that_of_its_page():
    page = (ROOT / "minicnn/README.md").read_text(encoding="utf-8")
    assert MINICNN in " ".join(page.split())


def test_benchmarks_covid_minicnn(imports):
    for package, other in (
        ("minicnn", "covid"),
        ("minicnn", "benchmarks"),
        ("covid", "benchmarks"),
    ):
        wrong = imports.between(package, other)
        assert not wrong, "\n".join(wrong)
    wrong = imports.between("benchmarks", "covid", MEASURED)
    assert not wrong, "\n".join(wrong)


# What is planted is found

TOP = "import minicnn.b"
LAZY = "def work():\n    from minicnn import b"
TYPES = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from minicnn.b import B"
FACE = "from minicnn import Handed"


@pytest.mark.parametrize("text", [TOP, LAZY, TYPES, FACE, "from . import b", "from .b import B"])
def test_a_planted_circle_is_found(text):
    files = {"minicnn/__init__.py": "from minicnn.b import B as Handed", "minicnn/a.py": text}
    assert Imports({**files, "minicnn/b.py": "class B: ..."}).circle() == []
    found = Imports({**files, "minicnn/b.py": "from minicnn.a import text"}).circle()
    assert found in (
        ["minicnn.a", "minicnn.b", "minicnn.a"],
        ["minicnn.b", "minicnn.a", "minicnn.b"],
    )


def test_an_init_that_does_more_than_hand_on_can_be_in_a_circle():
    files = {"covid/a.py": "from covid import work"}
    assert Imports({**files, "covid/__init__.py": "from covid.a import work"}).circle() == []
    own = "from covid import a\ndef work(): ..."
    assert set(Imports({**files, "covid/__init__.py": own}).circle()) == {"covid", "covid.a"}


def test_a_planted_import_against_the_direction_is_found():
    files = {"covid/data/split.py": "", "covid/cli/main.py": "from covid.data.split import split"}
    assert Imports(files).against("covid", COVID) == []
    files["covid/data/split.py"] = LAZY.replace("minicnn import b", "covid.cli import main")
    wrong = ["covid.data.split imports covid.cli.main"]
    assert Imports(files).against("covid", COVID) == wrong
    assert circle_in(Imports(files).rooms("covid"))


def test_a_planted_import_of_another_package_is_found():
    files = {"covid/data/split.py": "", "covid/cli/main.py": "", "benchmarks/case.py": ""}
    files["benchmarks/case.py"] = "import covid.data.split\nfrom covid.cli import main"
    found = Imports(files)
    assert found.between("benchmarks", "covid", MEASURED) == [
        "benchmarks.case imports covid.cli.main"
    ]
    assert found.between("covid", "benchmarks") == []
