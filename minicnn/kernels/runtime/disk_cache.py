"""Compiled kernels kept on disk, in such a way that no disk can stop a training.

numba keeps them in a folder of its own choice: NUMBA_CACHE_DIR, else `__pycache__` beside the
source, else one in the user's home. Where none can be written to, it refuses to compile; where
the disk is full or a file is damaged, it raises in the middle of a step. Here all of that means:
compile, as if there were no file.
"""

import contextlib
import os
import sys

from numba.core.caching import CompileResultCacheImpl, FunctionCache

HINT = "set NUMBA_CACHE_DIR to a folder that can be written to"
_said = False


def keep_on_disk(compiled) -> None:
    """Have a compiled function (numba's dispatcher) look on disk before it compiles.

    The same as numba's `cache=True`, which puts a `FunctionCache` in this place.
    """
    try:
        compiled._cache = SafeCache(compiled.py_func)
    except (RuntimeError, OSError):
        say_once(f"no folder to keep compiled kernels in, so each run compiles anew; {HINT}")


class _Files(CompileResultCacheImpl):
    """What is in a file: the kernel, and a stamp of the source it was compiled from.

    numba has the stamp in another file alone. A process that ended between writing the one and
    the other would leave an old kernel under a new stamp. And it looks at the kernel's own source
    file only, though what the kernel calls, from whatever file, is compiled into it.
    """

    def __init__(self, py_func):
        super().__init__(py_func)
        own_stamp, others = self.locator.get_source_stamp, files_behind(py_func)
        self.locator.get_source_stamp = lambda: (own_stamp(), *map(file_stamp, others))

    def reduce(self, data):
        return self.locator.get_source_stamp(), super().reduce(data)

    def rebuild(self, target_context, payload):
        stamp, reduced = payload
        if stamp != self.locator.get_source_stamp():
            raise ValueError("compiled from another version of the source")
        return super().rebuild(target_context, reduced)


class SafeCache(FunctionCache):
    """numba's cache of one function; whatever goes wrong with its files, there is no error."""

    _impl_class = _Files

    def load_overload(self, sig, target_context):
        """The kernel for these argument types, or None where there is none to be trusted."""
        try:
            found = super().load_overload(sig, target_context)
        except Exception:  # reading a damaged pickle may raise anything
            self._forget()
            return None
        # Of two processes that compile for different types at once, one may overwrite the other's
        # file: numba numbers them.
        return found if found is None or found.signature.args == tuple(sig) else None

    def save_overload(self, sig, data):
        """Write it; where that fails, leave no half of it behind."""
        try:
            super().save_overload(sig, data)
        except Exception as error:  # a full disk, a folder taken away, a damaged file in the way
            self._forget()
            say_once(f"a compiled kernel could not be kept ({error}); {HINT}")

    def _forget(self) -> None:
        """Remove the list of what is kept: it can be deleted even where nothing can be written."""
        with contextlib.suppress(OSError):  # it is not there, or not ours: then it stays
            os.unlink(os.path.join(self.cache_path, f"{self._impl.filename_base}.nbi"))


def files_behind(function) -> list[str]:
    """The other source files from which its own one has imported compiled functions."""
    own, found, waiting = function.__code__.co_filename, set(), [function]
    while waiting:
        for value in waiting.pop().__globals__.values():
            imported = getattr(value, "py_func", None)
            if imported is not None and imported.__code__.co_filename not in found | {own}:
                found.add(imported.__code__.co_filename)
                waiting.append(imported)
    return sorted(found)


def file_stamp(file: str) -> tuple[float, int] | None:
    """What changes when a file does: time of the last change and size; None without a file."""
    try:
        state = os.stat(file)
    except OSError:  # packed into an archive
        return None
    return state.st_mtime, state.st_size


def say_once(sentence: str) -> None:
    """Print the first such sentence on stderr; it will be the same for all kernels that follow."""
    global _said
    if not _said:
        _said = True
        print(f"minicnn: {sentence}", file=sys.stderr, flush=True)
