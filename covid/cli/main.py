"""The command line: `covid run`, `covid synth`, and so on.

Commands and options are in `covid.cli.parser`; what is then done is in `covid.cli.commands`, of
which a file is imported only when its command runs, so that `covid --help` answers at once.
"""

import argparse
import contextlib
import errno
import importlib
import io
import os
import sys
import time
import warnings
from collections.abc import Callable

from covid.cli.parser import parse
from covid.common import screen, surroundings
from covid.common.errors import UserError
from covid.common.signals import ending_as_ctrl_c

# Command -> what of its result makes it end with code 2, if there is any. In the results of others
# a file that could not be used is no failure.
FAILURES = {"predict": "unreadable", "look": "unreadable", "doctor": "broken"}


def main(arguments: list[str] | None = None, helped: bool = False) -> int:
    """Run one command.

    Parameters
    ----------
    arguments : list of str, optional
        Without the program's name; those of the process when missing.
    helped : bool
        Whether a second process may draw figures. It imports the main module of this one again, as
        `multiprocessing` does: only the program itself is known to bear that.

    Returns
    -------
    code : int
        0; 2 for a user's error or a library that cannot be imported (one sentence on stderr);
        130 after Ctrl-C, SIGTERM or SIGHUP; 141 if the reader of stdout has gone, as in
        `covid explain ... | head`.

    Raises
    ------
    SystemExit
        From the parser: code 0 after help, 2 for options it cannot read.
    """
    started = time.perf_counter()
    surroundings.open_streams()
    options = parse(sys.argv[1:] if arguments is None else arguments)
    options.started = started
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A file name may hold bytes that are no text; to print it must not end the program.
            stream.reconfigure(errors="backslashreplace")
    try:
        surroundings.check_limits()
        surroundings.try_libraries()
        with ending_as_ctrl_c():
            code = run_command(options, helped and not surroundings.save_threads())
        sys.stdout.flush()
        return code
    except KeyboardInterrupt as error:
        return complain(options, str(error) or "stopped", 130)
    except BrokenPipeError:
        # Python flushes stdout once more when it ends; that must not fail, too.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except UserError as error:
        return complain(options, str(error), 2)
    except ImportError as error:
        reason = " ".join(str(error).split())  # NumPy's has a page of advice
        return complain(options, f"{reason}; ask `covid doctor` what is installed", 2)
    except OSError as error:
        where = f"{error.filename}: " if error.filename is not None else ""
        problem = f"{where}{error.strerror or error}"
        remedy = "check the path, its permissions and the disk"
        if error.errno in (errno.EMFILE, errno.ENFILE):
            remedy = "set a higher limit of open files (ulimit -n)"
        return complain(options, f"{problem}; {remedy}", 2)
    except MemoryError:
        return complain(options, "not enough memory; take a smaller model or fewer images", 2)
    except Exception as error:
        library = surroundings.not_importable(error)
        if library is None:
            raise
        reason = f"{library} cannot be imported ({error})"
        remedy = "correct the environment variables that are meant for it"
        return complain(options, f"{reason}; {remedy}, or ask `covid doctor`", 2)


def complain(options: argparse.Namespace, sentence: str, code: int) -> int:
    """Print one sentence that starts with the command's name; returns the exit code."""
    screen.complain(f"covid {options.command}", sentence)
    return code


def run_command(options: argparse.Namespace, helped: bool) -> int:
    """Call the command's function; with --json, stdout gets its result and nothing else.

    Returns 2 when some files that were named could not be used, a figure could not be drawn, or the
    doctor found something broken, else 0.
    """
    from covid.common.output_files import json_text
    from covid.figures import draw_process

    helped = helped and options.command in draw_process.HELPED
    with draw_process.helper() if helped else contextlib.nullcontext():
        command = function_of(options.command)
        with contextlib.redirect_stdout(sys.stderr if options.json else sys.stdout):
            result = command(options)
    if options.json:
        print(json_text(result))
    failures = (FAILURES.get(options.command), "not_drawn")
    return 2 if any(result.get(key) for key in failures) else 0


def function_of(command: str) -> Callable[[argparse.Namespace], dict]:
    """The function that does what the command says: it and its file have the command's name."""
    if command != "doctor":  # which must run where numba cannot be imported
        from minicnn.kernels.runtime.thread_count import get_threads
        from minicnn.preprocessing.image_header import pixel_limit

        try:
            get_threads()
            pixel_limit()
        except ValueError as error:  # a variable of the environment is no number
            raise UserError(str(error)) from None
        import_numba()
    return getattr(importlib.import_module(f"covid.cli.commands.{command}"), command)


def import_numba() -> None:
    """Import numba without SciPy's linear algebra, which takes a quarter of a second.

    Numba wants it for `np.dot` in compiled functions; no kernel has any.
    """
    name = "scipy.linalg"
    if name in sys.modules:
        return
    sys.modules[name] = None  # "there is none"
    try:
        with warnings.catch_warnings():
            # A value that numba cannot read counts as none; it would show a traceback of it.
            warnings.filterwarnings("ignore", "Environment variable", RuntimeWarning)
            import numba.np.arraymath  # noqa: F401
    finally:
        del sys.modules[name]


if __name__ == "__main__":
    sys.exit(main())
