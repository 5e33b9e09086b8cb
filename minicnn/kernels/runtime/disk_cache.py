"""Compiled kernels kept on disk, in such a way that no disk can stop a training.

`njit(cache=True)` refuses to compile where no folder can be written to, raises in the middle of a
step where the disk is full or a file is damaged, and takes an old kernel where a function it calls
has changed in another file. Here all of that means: compile, as if there were no file.

What is read from a file is run. So kernels are kept beside their sources, which are run anyway, or
in a folder that nobody but this user can write to; never below the current folder, which `~` would
be in numba's own choice where no home folder is known.
"""

import contextlib
import functools
import os
import stat
import sys
from pathlib import Path

from numba.core import caching
from numba.core.caching import CompileResultCacheImpl, FunctionCache

HINT = "set NUMBA_CACHE_DIR to the full path of a folder that only you can write to"


def keep_on_disk(compiled) -> None:
    """Have numba's dispatcher look on disk before it compiles, as `cache=True` would."""
    try:
        compiled._cache = SafeCache(compiled.py_func)
    except Exception:  # no place for it; NUMBA_CACHE_LOCATOR_CLASSES may name anything
        say_once(f"no folder to keep compiled kernels in, so each run compiles anew; {HINT}")


class _PrivateFolder:
    """A place for kernels, made for this user alone; one that others could change is not taken."""

    @classmethod
    def get_suitable_cache_subpath(cls, py_file):
        # Not numba's own, which may have been made with wider permissions.
        return f"minicnn_{super().get_suitable_cache_subpath(py_file)}"

    def ensure_cache_path(self):
        folder = Path(self.get_cache_path())
        if folder.is_absolute():
            folder.parent.mkdir(parents=True, exist_ok=True)
            folder.mkdir(mode=0o700, exist_ok=True)
        problem = why_not_private(folder)
        if problem is not None:
            say_once(f"compiled kernels are not kept in {folder.parent}: {problem}; {HINT}")
            raise OSError(problem)
        super().ensure_cache_path()


class _GivenFolder(_PrivateFolder, caching.UserProvidedCacheLocator):
    """That in NUMBA_CACHE_DIR."""


class _FolderOfUser(_PrivateFolder, caching.UserWideCacheLocator):
    """That in the user's folder of caches."""


def why_not_private(folder: Path) -> str | None:
    """Why others might be able to put something into a folder; None where they are not."""
    if not folder.is_absolute():
        return "this is no full path"
    if not hasattr(os, "geteuid"):
        return None
    state = folder.lstat()
    if not stat.S_ISDIR(state.st_mode) or state.st_uid != os.geteuid():
        return f"{folder.name} in it is no folder of yours"
    if state.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return f"others can write to {folder.name} in it"
    for parent in (around := folder.parent.resolve(), *around.parents):
        if parent.stat().st_mode & (stat.S_IWOTH | stat.S_ISVTX) == stat.S_IWOTH:
            return f"others can rename what is in {parent}"
    return None


class _StampedKernel(CompileResultCacheImpl):
    """What a file holds: the kernel, and a stamp of all source files it was compiled from.

    numba keeps a stamp of the kernel's own file alone, and in another file: a process that ended
    between writing the two would leave an old kernel under a new stamp.
    """

    _locator_classes = [_GivenFolder, caching.InTreeCacheLocator, _FolderOfUser]

    def __init__(self, py_func):
        super().__init__(py_func)
        states = map(os.stat, source_files(py_func))
        self.stamp = [(state.st_mtime, state.st_size) for state in states]

    def reduce(self, data):
        return self.stamp, super().reduce(data)

    def rebuild(self, target_context, payload):
        stamp, reduced = payload
        if stamp != self.stamp:
            raise ValueError("compiled from another version of the source")
        return super().rebuild(target_context, reduced)


class SafeCache(FunctionCache):
    """numba's cache of one function; whatever goes wrong with its files, there is no error."""

    _impl_class = _StampedKernel

    def load_overload(self, sig, target_context):
        """The kernel for these argument types; None where there is none, or none to be trusted."""
        with contextlib.suppress(Exception):  # reading a damaged pickle may raise anything
            found = super().load_overload(sig, target_context)
            # Two processes may have written kernels for different types to a file of one number.
            if found is None or found.signature.args == tuple(sig):
                return found
        with contextlib.suppress(OSError):  # not there, or not ours
            os.unlink(os.path.join(self.cache_path, f"{self._impl.filename_base}.nbi"))
        return None

    def save_overload(self, sig, data):
        """Write the kernel; a failure costs a message only."""
        try:
            super().save_overload(sig, data)
        except Exception as error:  # a full disk, a folder taken away
            reason = getattr(error, "strerror", None) or error  # the same for all kernels
            say_once(f"a compiled kernel could not be kept ({reason}); {HINT}")


def source_files(function) -> list[str]:
    """The files of a function and of all compiled functions that it and they import."""
    files, waiting = set(), [function]
    while waiting:
        function = waiting.pop()
        if function.__code__.co_filename not in files:
            files.add(function.__code__.co_filename)
            values = function.__globals__.values()
            waiting += [value.py_func for value in values if hasattr(value, "py_func")]
    return sorted(files)


@functools.cache
def say_once(sentence: str) -> None:
    """Print a sentence on stderr, the first time that it is said."""
    print(f"minicnn: {sentence}", file=sys.stderr, flush=True)
