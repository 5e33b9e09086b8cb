"""`covid doctor`: it finds what is wrong, tells of what is broken, and does not break itself.

And `minicnn.selftest`, which does the computing for it.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from places import ROOT

from covid.cli.commands import doctor
from covid.cli.main import main
from covid.cli.parser import parse
from covid.training.architectures import MODELS
from minicnn import machine, selftest
from minicnn.kernels import compiled
from minicnn.kernels.runtime import thread_count

NAMES = [*selftest.examples(), "warp_images", *(f"{name}, fused" for name in MODELS)]


def in_a_process(code: str, **variables: str) -> subprocess.CompletedProcess:
    """Run Python code that may spoil things before `main` is called."""
    return subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}"],
        capture_output=True,
        text=True,
        timeout=200,
        env={**os.environ, "PYTHONPATH": str(ROOT), **variables},
    )


def without(*modules: str) -> str:
    """Code that runs the doctor where these modules cannot be imported."""
    blocked = "".join(f"sys.modules[{name!r}] = None\n" for name in modules)
    return f"{blocked}from covid.cli.main import main\nsys.exit(main(['doctor', '--json']))"


@pytest.fixture(scope="module")
def report() -> dict:
    """What it says where all is well."""
    return doctor.doctor(parse(["doctor", "--full"]))


# Where all is well


def test_the_report(capsys):
    assert main(["doctor", "--full"]) == 0
    out = capsys.readouterr().out
    for name in (*doctor.SECTIONS, *NAMES):
        assert name in out
    assert "BROKEN" not in out
    assert out.splitlines()[-2:] == ["All of this works.", "Paste all of this into a bug report."]


def test_json_is_json_and_nothing_else(capsys):
    assert main(["doctor", "--json", "--full"]) == 0
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert set(found) == {*doctor.SECTIONS, "Self-test", "broken"}
    assert found["broken"] == []
    assert "All of this works." in err


def test_what_is_known_of_the_machine(report):
    assert report["Versions"]["numpy"].startswith(f"{np.__version__}, in ")
    assert report["Versions"]["python"].startswith(sys.version.split()[0])
    assert report["Threads"]["of kernels"].startswith(str(thread_count.get_threads()))
    assert "minicnn's own" in report["Threads"]["threading layer"]
    own, every = machine.cores()
    assert 1 <= own <= every
    for answers in (report[section] for section in doctor.SECTIONS):
        assert all(answers.values())


def test_every_kernel_and_model_is_tested(report):
    assert list(report["Self-test"]) == NAMES
    assert all(found["difference"] < 1e-5 for found in report["Self-test"].values())


def test_openblas_tells_its_kernels():
    name = machine.blas_kernels()
    assert name == "unknown" or name.isidentifier()
    threads = machine.blas_threads()
    assert threads == "unknown" or int(threads) >= 1


def test_another_blas_library_is_unknown(monkeypatch):
    monkeypatch.setattr(machine, "openblas_files", lambda: [Path("there is no such library")])
    assert machine.blas_kernels() == machine.blas_threads() == "unknown"


@pytest.mark.parametrize(
    ("given", "answer"),
    [("", "one for each core"), ("3", "3, as NUMBA_NUM_THREADS says")],
)
def test_why_so_many_threads(given, answer, monkeypatch):
    monkeypatch.setenv("NUMBA_NUM_THREADS", given)
    monkeypatch.setattr(thread_count, "_threads", None)
    assert answer in doctor.thread_count()


def test_variables_that_matter_are_shown(monkeypatch):
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    monkeypatch.setenv("SECRET", "of no use to anybody")
    assert "OPENBLAS_CORETYPE=Haswell" in doctor.variables()
    assert "SECRET" not in doctor.variables()


def test_the_home_folder_is_not_named(monkeypatch):
    monkeypatch.setenv("HOME" if os.name != "nt" else "USERPROFILE", "/home/somebody")
    assert doctor.private("in /home/somebody/lib and\n/home/somebody") == "in ~/lib and ~"
    assert doctor.private("/home/somebody-else") == "/home/somebody-else"


def test_what_is_wrong_is_said_and_ends_with_2(monkeypatch, capsys):
    monkeypatch.setattr(compiled, "relu_forward", lambda x: x + np.nan)
    assert main(["doctor", "--full"]) == 2
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line.startswith("  relu_forward")][0].endswith(
        "nan      BROKEN: differs by more than 0.0001"
    )
    # The models are compared with layers whose relu it is.
    broken = ["relu_forward", *(f"{name}, fused" for name in MODELS)]
    assert lines[-2] == f"Broken: {'; '.join(f'Self-test: {name}' for name in broken)}."


# Where something is broken


@pytest.mark.parametrize(
    ("modules", "broken"),
    [
        (("cv2",), ["Versions: opencv", "Threads: of opencv"]),
        (("tqdm",), ["Versions: tqdm"]),
        (("matplotlib",), ["Versions: matplotlib", "Figures: drawn by"]),
        (
            ("numba", "llvmlite"),
            [
                "Versions: numba",
                "Versions: llvmlite",
                "Compiled kernels: compiled for",
                "Compiled kernels: layers' kept in",
                "Compiled kernels: augmentation's in",
                "Self-test: not finished",
            ],
        ),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_a_library_that_is_missing_is_a_line(modules, broken):
    done = in_a_process(without(*modules))
    assert done.returncode == 2, done.stderr
    assert json.loads(done.stdout)["broken"] == broken
    assert "Traceback" not in done.stderr
    assert "BROKEN: ModuleNotFoundError: import of" in done.stderr


def test_without_numpy_it_still_tells_the_rest():
    done = in_a_process(without("numpy"))
    assert done.returncode == 2
    found = json.loads(done.stdout)
    assert "Versions: numpy" in found["broken"] and "Self-test: not finished" in found["broken"]
    assert "Machine: memory" not in found["broken"]
    assert "Traceback" not in done.stderr


def test_other_commands_name_the_doctor_where_a_library_is_missing():
    code = "sys.modules['cv2'] = None\nfrom covid.cli.main import main\nsys.exit(main(['run']))"
    done = in_a_process(code)
    assert done.returncode == 2
    assert done.stderr.startswith("covid run: import of cv2 halted")
    assert done.stderr.endswith("; ask `covid doctor` what is installed\n")
    assert done.stderr.count("\n") == 1


def test_an_answer_that_fails_is_a_line(monkeypatch, capsys):
    def fail():
        raise PermissionError(13, "Permission denied", "/proc")

    monkeypatch.setitem(doctor.SECTIONS, "Machine", {"memory": fail, "cores": doctor.cores})
    assert main(["doctor"]) == 2
    out = capsys.readouterr().out
    assert (
        "  memory                    BROKEN: PermissionError: [Errno 13] Permission denied" in out
    )
    assert "Broken: Machine: memory." in out


def test_where_kernels_cannot_be_kept():
    """No folder to write in: they are compiled anew, and that is said."""
    code = (
        "from minicnn.kernels.runtime import disk_cache\n"
        "disk_cache._StampedKernel._locator_classes = []\n"
        "from covid.cli.commands import doctor\nfrom minicnn.kernels import compiled\nimport numpy as np\n"
        "print(doctor.kept_in('minicnn.kernels.compiled', 'sigmoid_forward'))\n"
        "print(compiled.sigmoid_forward(np.zeros(1, np.float32)))"
    )
    done = in_a_process(code)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("nowhere: every process compiles anew; set NUMBA_CACHE_DIR")
    assert done.stdout.endswith("[0.5]\n")


@pytest.mark.slow
def test_what_takes_long_to_compile_is_left_out_and_that_is_said(tmp_path):
    done = in_a_process(without(), NUMBA_CACHE_DIR=str(tmp_path))
    assert done.returncode == 0, done.stderr
    tested = json.loads(done.stdout)["Self-test"]
    left_out = [name for name, found in tested.items() if not found["checked"]]
    assert left_out == [*selftest.SLOW, *(f"{name}, fused" for name in MODELS)]
    assert all(tested[name]["difference"] < 1e-5 for name in tested if name not in left_out)
    said = done.stderr.splitlines()[-3:]
    assert said[0] == "What was checked works."
    assert said[1].startswith(f"Not checked: {len(left_out)}; `covid doctor --full`")


def test_where_kernels_are_kept(tmp_path):
    code = (
        "from covid.cli.commands import doctor\nfrom minicnn.kernels import compiled\nimport numpy as np\n"
        "compiled.sigmoid_forward(np.zeros(1, np.float32))\n"
        "print(doctor.kept_in('minicnn.kernels.compiled', 'sigmoid_forward'))"
    )
    done = in_a_process(code, NUMBA_CACHE_DIR=str(tmp_path))
    assert done.stdout.startswith(str(tmp_path)), done.stderr
    assert ", writable, 2 files, " in done.stdout


def test_with_the_compiler_switched_off():
    done = in_a_process(without(), NUMBA_DISABLE_JIT="1")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert list(found["Self-test"]) == NAMES[: -len(MODELS)]
    for answer in ("layers' kept in", "augmentation's in"):
        assert "NUMBA_DISABLE_JIT is set" in found["Compiled kernels"][answer]
