"""What the program was started with: its streams, its limits, and the variables of its libraries.

All of it is looked at before a library is imported: some would end the process on the spot.
"""

import os
import subprocess
import sys
import threading

from covid.common.errors import UserError, shortened

MIB = 2**20
# Of address space, for the libraries and their buffers: the least with which a model could be
# trained on two cores was 1000 MiB.
LEAST_MEMORY, LEAST_PER_CORE = 1024 * MIB, 64 * MIB
# OpenCV ends the process for anything else than a number; for too many threads it starts them all.
OPENCV_NUMBERS = {"OPENCV_FOR_THREADS_NUM": 4}  # with the most digits
OPENCV_NUMBERS |= {f"OPENCV_IO_MAX_IMAGE_{what}": 18 for what in ("WIDTH", "HEIGHT", "PIXELS")}
# By how the names of their variables begin: what libraries do here that reads them all.
TRIALS = {
    "OPENCV_": "import cv2, numpy as np; cv2.imdecode(cv2.imencode('.png', np.eye(9))[1], 0)",
    "NUMBA_CPU_": "import numba; numba.njit(lambda: 0)()",
    "TQDM_": "import tqdm; tqdm.tqdm([], disable=True)",
}
THREAD_VARIABLES = ("OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS", "OPENCV_FOR_THREADS_NUM")
OWN = ("covid", "minicnn")


def open_streams() -> None:
    """Have a nowhere for each of stdin, stdout and stderr that is closed (`covid run >&-`).

    Else the next file that is opened would have its number, and get what is printed.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest free number, which is this one
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, "w" if number else "r", closefd=False))  # noqa: SIM115


def check_limits() -> None:
    """UserError where the libraries could not even be loaded, or a variable would end them."""
    for name, digits in OPENCV_NUMBERS.items():
        given = os.environ.get(name, "0")
        if not (given.isascii() and given.isdigit() and len(given) <= digits):
            raise UserError(
                f"{name}: expected this environment variable to be a number of at most {digits} "
                f"digits, got {given[:60]!r}; correct it or unset it"
            )
    try:
        import resource
    except ImportError:  # Windows
        return
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    needed = LEAST_MEMORY + LEAST_PER_CORE * (os.cpu_count() or 1)
    if limit != resource.RLIM_INFINITY and limit < needed:
        raise UserError(
            f"this process may use {limit // MIB} MiB of address space, expected at least "
            f"{needed // MIB} MiB; raise the limit (ulimit -v)"
        )


def try_libraries() -> None:
    """UserError where a library does not survive its variables: a process of its own tries that."""
    for start, code in TRIALS.items():
        given = sorted(name for name in os.environ if name.startswith(start))
        if not given:
            continue
        # No files of the current folder
        code = f"import sys; sys.path[:] = filter(None, sys.path); {code}"
        try:
            done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        except OSError:  # no process to be had: the libraries have to do without a trial
            return
        if done.returncode:
            reason = (done.stderr.strip().splitlines() or ["no message"])[-1].strip()
            raise UserError(
                f"{', '.join(given)}: a library ends with what is in these environment variables "
                f"({shortened(reason, 200)}); correct or unset them"
            )


def threads_for(cores: int) -> int:
    """How many threads a run on so many cores has: of libraries, kernels, and other processes."""
    return 10 + 6 * cores


def startable(count: int) -> int:
    """How many threads can be started now, up to `count`; `ulimit -u` may say few, or none."""
    threads, ended = [], threading.Event()
    try:
        for _ in range(count):
            thread = threading.Thread(target=ended.wait, daemon=True)
            thread.start()
            threads.append(thread)
    except RuntimeError:  # "can't start new thread"
        pass
    finally:
        ended.set()
    for thread in threads:
        thread.join()
    return len(threads)


def save_threads() -> bool:
    """Where there are few threads to be had, make the libraries use one each; whether that is so.

    NumPy's OpenBLAS starts its own when it is imported, and ends the process if it cannot.
    """
    enough = threads_for(os.cpu_count() or 1)
    few = startable(enough) < enough
    if few:
        os.environ.update(dict.fromkeys(THREAD_VARIABLES, "1"))
    return few


def not_importable(error: Exception) -> str | None:
    """The library that has raised this while it was imported; None for an error of another kind."""
    trace, library = error.__traceback__, None
    while trace is not None:
        package = trace.tb_frame.f_globals.get("__name__", "").partition(".")[0]
        if trace.tb_frame.f_code.co_name == "<module>" and package not in (*OWN, "__main__"):
            library = package
        trace = trace.tb_next
    return library
