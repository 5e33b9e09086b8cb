"""What a machine is: its processor, its memory, and which kernels NumPy's BLAS library has picked.

Only the standard library is imported before something is asked for, so that `covid doctor` can
report whatever is missing.
"""

import ctypes
import os
import platform
import shutil
from pathlib import Path

GIB = 2**30
# Where NumPy's packages for Linux and Windows, and for macOS, keep their libraries
LIBRARY_FOLDERS = ("../numpy.libs", ".dylibs")
# OpenBLAS' functions have other names in the builds that NumPy's packages bring along.
NAME_STYLES = ("scipy_{}64_", "scipy_{}", "{}64_", "{}")


def processor() -> str:
    """The processor's name, such as "AMD EPYC 7763"."""
    information = Path("/proc/cpuinfo")
    if information.exists():
        for row in information.read_text(errors="replace").splitlines():
            if row.startswith("model name"):
                return row.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def cores() -> tuple[int, int]:
    """How many cores this process may use, and how many the machine has."""
    every = os.cpu_count() or 1
    return (len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else every), every


def memory() -> str:
    """Total and free memory as text, or "unknown"."""
    information = Path("/proc/meminfo")
    if information.exists():
        rows = (row.split() for row in information.read_text().splitlines())
        kib = {row[0].rstrip(":"): int(row[1]) for row in rows if len(row) > 1}
        total, free = kib["MemTotal"] * 1024, kib["MemAvailable"] * 1024
        return f"{total / GIB:.1f} GiB, {free / GIB:.1f} GiB of it available"
    if "SC_PHYS_PAGES" in getattr(os, "sysconf_names", {}):
        return f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / GIB:.1f} GiB"
    return "unknown"


def free_disk() -> str:
    """How much can still be written where the program was started."""
    return f"{shutil.disk_usage(os.getcwd()).free / GIB:.1f} GiB free in {os.getcwd()}"


def blas_library() -> str:
    """What NumPy was built with for matrix products, as it says itself."""
    import numpy as np

    found = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    return f"{found.get('name', 'unknown')} {found.get('version', '')}".strip()


def blas_kernels() -> str:
    """Which of its kernels NumPy's OpenBLAS uses, in its own words; "unknown" for other libraries.

    OpenBLAS carries kernels for many processors and picks a set when it is loaded, unless the
    environment variable OPENBLAS_CORETYPE names one.
    """
    function = openblas_function("openblas_get_corename")
    if function is None:
        return "unknown"
    function.restype = ctypes.c_char_p
    return function().decode()


def blas_threads() -> str:
    """How many threads NumPy's OpenBLAS may use; "unknown" for other libraries."""
    function = openblas_function("openblas_get_num_threads")
    return "unknown" if function is None else str(function())


def openblas_function(name: str):
    """A function of the OpenBLAS that NumPy has loaded, to be called without arguments, or None."""
    for path in openblas_files():
        try:
            library = ctypes.CDLL(str(path))  # the one that is loaded already, not a second one
        except OSError:
            continue
        for style in NAME_STYLES:
            if hasattr(library, style.format(name)):
                return getattr(library, style.format(name))
    return None


def openblas_files() -> list[Path]:
    """Library files of OpenBLAS beside NumPy, and those this process uses, on Linux."""
    import numpy as np

    here = Path(np.__file__).parent
    found = [
        path.resolve() for part in LIBRARY_FOLDERS for path in (here / part).glob("*openblas*")
    ]
    mapped = Path("/proc/self/maps")
    if mapped.exists():
        rows = (row.split(maxsplit=5) for row in mapped.read_text(errors="replace").splitlines())
        names = {row[5] for row in rows if len(row) == 6 and "openblas" in Path(row[5]).name}
        found += [Path(name) for name in sorted(names)]
    return found
