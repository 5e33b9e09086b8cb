"""Where compiled kernels are kept: installed read-only, on a full disk, damaged, made of other sources."""

import contextlib
import ctypes
import os
import pickle
import shutil
import stat
import sys
from pathlib import Path

import pytest
from places import ROOT, SUPPORT
from subprocesses import (
    SECONDS,
    digest,
    environment,
    noise,
    python,
    said_by,
    start,
    tiny_model,
    train_and_predict,
)

from minicnn.kernels.runtime import disk_cache

pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
TRAIN = "print(train_and_predict(tiny_model()))"
NO_FOLDER = "minicnn: no folder to keep compiled kernels in"
NOT_KEPT = "minicnn: a compiled kernel could not be kept"
COMPILING = "minicnn: compiling kernels"


def unwritable_copy(folder: Path) -> None:
    """A copy of the packages which everybody may read and nobody may change."""
    for package in ("minicnn", "covid"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / package, folder / package, ignore=ignored)
    for name in ("places.py", "subprocesses.py"):
        shutil.copy(SUPPORT / name, folder)
    for path in [*folder.rglob("*"), folder]:
        path.chmod(0o555 if path.is_dir() else 0o444)


@pytest.fixture
def installed_read_only(tmp_path):
    folder = tmp_path / "read-only"
    unwritable_copy(folder)
    yield folder
    for path in [folder, *folder.rglob("*")]:
        if path.is_dir():
            path.chmod(stat.S_IRWXU)


def obey_permissions() -> None:
    """In a child process: permissions bind root, too, after the exec that follows."""
    if os.geteuid() == 0:
        drop_from_bounding_set, override_permissions = 24, 1  # linux/prctl.h, linux/capability.h
        ctypes.CDLL(None).prctl(drop_from_bounding_set, override_permissions, 0, 0, 0)


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="root is bound in other ways")
def test_installed_read_only_and_no_home(installed_read_only):
    code = """
import minicnn, covid, tempfile
from pathlib import Path
from minicnn.utils import plot_model
for place in (Path(minicnn.__file__).parent, Path.home()):
    try:
        place.mkdir(exist_ok=True)
        (place / "file").write_text("")
    except OSError:
        continue
    raise SystemExit(77)
print(train_and_predict(tiny_model()))
with tempfile.TemporaryDirectory() as pictures:
    plot_model(tiny_model(), Path(pictures) / "model.png")
print(minicnn.__file__)
"""
    env = environment(
        PYTHONPATH=str(installed_read_only),
        HOME=str(installed_read_only / "nobody"),
        XDG_CACHE_HOME=None,
        NUMBA_CACHE_DIR=None,
        MPLCONFIGDIR=None,
    )
    run = python(code, env=env, cwd=installed_read_only, preexec_fn=obey_permissions)
    if run.returncode == 77:
        pytest.skip("permissions do not bind root here")
    assert run.returncode == 0, run.stderr
    found, path = run.stdout.split()
    assert path.startswith(str(installed_read_only))
    assert found == train_and_predict(tiny_model())
    notices = [line for line in run.stderr.splitlines() if line.startswith(NO_FOLDER)]
    assert len(notices) == 1
    assert "NUMBA_CACHE_DIR" in notices[0]


# Whose folder it is


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Where a kernel of this file would be kept, or None, with nothing kept beside the sources."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(disk_cache.caching.InTreeCacheLocator, "from_function", nowhere)
    monkeypatch.setattr(disk_cache.caching.config, "CACHE_DIR", "")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    disk_cache.say_once.cache_clear()

    def found() -> Path | None:
        with contextlib.suppress(RuntimeError):
            return Path(disk_cache.SafeCache(nowhere).cache_path)

    return found


def nowhere(*arguments):
    return None


linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other places, other rules")


@linux
def test_the_users_own_folder_is_made_private(place, tmp_path):
    before = os.umask(0o002)
    try:
        folder = place()
    finally:
        os.umask(before)
    assert folder.parent == tmp_path / "home" / ".cache" / "numba"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert place() == folder


@linux
@pytest.mark.parametrize(
    "variables",
    [{"HOME": None}, {"HOME": "here"}, {"XDG_CACHE_HOME": ""}, {"XDG_CACHE_HOME": "here"}],
    ids=str,
)
def test_never_below_the_current_folder(variables, place, tmp_path, monkeypatch, capsys):
    for name, value in variables.items():
        if value is None:
            monkeypatch.delenv(name)
        else:
            monkeypatch.setenv(name, value)
    monkeypatch.setattr("pwd.getpwuid", lambda number: {}[number])  # no entry of this user
    planted = tmp_path / "~" / ".cache" / "numba"
    planted.mkdir(parents=True)
    before = list(tmp_path.rglob("*"))
    assert place() is None
    assert list(tmp_path.rglob("*")) == before
    said = capsys.readouterr().err
    assert "full path" in said and said.count("\n") == 1


@linux
def test_a_folder_that_was_named_has_to_be_safe(place, tmp_path, monkeypatch, capsys):
    named = tmp_path / "named"
    monkeypatch.setattr(disk_cache.caching.config, "CACHE_DIR", "named")
    other = place()
    assert other.parent == tmp_path / "home" / ".cache" / "numba"  # as if none were named
    assert "not kept in named: this is no full path" in capsys.readouterr().err
    monkeypatch.setattr(disk_cache.caching.config, "CACHE_DIR", str(named))
    folder = place()
    assert folder.parent == named

    for change, undo, reason in (
        (lambda: folder.chmod(0o770), lambda: folder.chmod(0o700), "others can write to"),
        (lambda: folder.chmod(0o702), lambda: folder.chmod(0o700), "others can write to"),
        (lambda: named.chmod(0o777), lambda: named.chmod(0o1777), "others can rename"),
    ):
        change()
        assert place() == other
        assert reason in capsys.readouterr().err
        disk_cache.say_once.cache_clear()
        undo()
        assert place() == folder
    folder.rename(tmp_path / "moved")
    folder.symlink_to(tmp_path / "moved")
    assert place() == other
    assert "no folder of yours" in capsys.readouterr().err
    folder.unlink()
    folder.write_text("a file")
    assert place() == other


@linux
def test_a_folder_of_somebody_else_is_not_taken(place, monkeypatch, capsys):
    folder = place()
    monkeypatch.setattr(os, "geteuid", lambda: folder.stat().st_uid + 1)
    assert place() is None
    assert "no folder of yours" in capsys.readouterr().err


# Disks and files


@pytest.mark.skipif(os.name != "posix", reason="needs a limit for the size of files")
def test_a_disk_that_is_full(tmp_path):
    env = environment(NUMBA_CACHE_DIR=str(tmp_path))
    full = "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n"
    run = python(full + TRAIN, env=env)
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == train_and_predict(tiny_model())
    assert [line.startswith(NOT_KEPT) for line in run.stderr.splitlines()].count(True) == 1
    assert not list(tmp_path.rglob("*.nb?"))


@pytest.fixture(scope="module")
def kept_kernels(tmp_path_factory) -> Path:
    """A folder with a tiny model's kernels, compiled by two processes that began together."""
    folder = tmp_path_factory.mktemp("kernels")
    env = environment(NUMBA_CACHE_DIR=str(folder))
    both = [start(TRAIN, env=env) for _ in range(2)]
    expected = train_and_predict(tiny_model())
    for process in both:
        said, complaints = process.communicate(timeout=SECONDS)
        assert process.returncode == 0, complaints
        assert said.strip() == expected
        assert complaints.count(COMPILING) == 1  # both were cold
    return folder


def test_two_cold_processes_leave_what_a_third_can_use(kept_kernels):
    run = python(TRAIN, env=environment(NUMBA_CACHE_DIR=str(kept_kernels)))
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == train_and_predict(tiny_model())
    assert COMPILING not in run.stderr
    assert not list(kept_kernels.rglob("*.tmp*"))


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def clear(path: Path) -> None:
    path.write_bytes(b"")


def garble(path: Path) -> None:
    path.write_bytes(b"garbage" * 50)


def make_older(path: Path) -> None:
    """As if compiled from a source that has changed since."""
    _, kernel = pickle.loads(path.read_bytes())
    path.write_bytes(pickle.dumps(("the stamp of another source", kernel)))


DAMAGES = {
    "._forward_partial-*.nbi": cut,
    "._grad_kernel-*.nbi": clear,
    "._column_sums-*.nbc": cut,
    ".sigmoid_forward-*.nbc": garble,
    "._momentum_update-*.nbc": make_older,
}


def test_a_change_in_any_file_that_a_kernel_is_made_of_counts(monkeypatch):
    from minicnn.kernels.fused import pooled_dense

    kernel = pooled_dense._forward
    files = disk_cache.source_files(kernel.py_func)
    parts = {"pooled_dense.py", "pooled_planes.py", "elementwise.py"}
    assert parts <= {Path(file).name for file in files}
    stamp = kernel._cache._impl.stamp
    assert stamp == [(os.stat(file).st_mtime, os.stat(file).st_size) for file in files]
    monkeypatch.setattr(disk_cache, "source_files", lambda function: [__file__])
    assert stamp != disk_cache.SafeCache(kernel.py_func)._impl.stamp


@pytest.mark.slow
def test_damaged_files_are_compiled_anew_and_replaced(kept_kernels, tmp_path):
    folder = tmp_path / "kernels"
    shutil.copytree(kept_kernels, folder)
    env = environment(NUMBA_CACHE_DIR=str(folder))
    before = {}
    for pattern, damage in DAMAGES.items():
        (path,) = folder.rglob("*" + pattern)
        damage(path)
        before[path] = path.read_bytes()
    for compiles in (True, False):
        run = python(TRAIN, env=env)
        assert run.returncode == 0, run.stderr
        assert run.stdout.strip() == train_and_predict(tiny_model())
        assert (COMPILING in run.stderr) == compiles
    assert all(path.read_bytes() != damaged for path, damaged in before.items())


@pytest.mark.slow
def test_a_kernel_for_other_types_is_not_taken(tmp_path):
    """numba numbers its files, and two processes may give the same number at the same time."""
    code = "for kind in ('float32', 'float64'):\n"
    code += "    print(digest(tiny_model().astype(kind).predict(noise()[0])))"
    x = noise()[0]
    expected = [digest(tiny_model().astype(kind).predict(x)) for kind in ("float32", "float64")]
    env = environment(NUMBA_CACHE_DIR=str(tmp_path))
    assert said_by(code, env=env).split() == expected
    overwritten = [path for path in tmp_path.rglob("*.1.nbc")]
    assert len(overwritten) >= 2
    for path in overwritten:
        shutil.copy(path.with_name(path.name.replace(".1.nbc", ".2.nbc")), path)
    assert said_by(code, env=env).split() == expected
