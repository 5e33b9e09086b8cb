"""What a run needs to be gone on with: how it was started, who is at it, how it is told to stop.

run.json                  in the output folder from the first moment: the options
<model>/checkpoint.npz    from the first epoch until the run is finished
"""

import json
import os
import platform
import signal
import threading
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

from covid.arguments import parser
from covid.errors import UserError
from covid.output import write_json
from covid.splits import parse_ratios
from minicnn.checkpoints import BackupAndRestore

if TYPE_CHECKING:
    from covid.run import Options

RUN_INFO = "run.json"
SUMMARY = "summary.json"  # written last: a run that has it is finished
HERE = ("out", "verbose", "say", "resume", "command")  # options of a call, not of the run


def write_run_info(options: "Options") -> None:
    """Write run.json: what `read_run_info` needs to go on."""
    from covid.train import versions

    recorded = {
        field.name: str(value) if isinstance(value, Path) else value
        for field in fields(options)
        if field.name not in HERE
        for value in [getattr(options, field.name)]
    }
    info = {
        "command": options.command,
        "options": recorded,
        "started_in": str(Path.cwd()),
        "versions": versions(),
        "machine": platform.machine(),
    }
    write_json(info, options.out / RUN_INFO)


def read_run_info(folder: Path) -> dict:
    """What run.json holds; UserError where there is none that can be used."""
    path = folder / RUN_INFO
    if not folder.is_dir():
        raise UserError(f"--resume: there is no folder {folder}; name the output folder of a run")
    if not path.is_file():
        raise UserError(
            f"--resume: {folder} has no {RUN_INFO}, so it is not the output folder of a run that "
            "can be gone on with; start a run with another --out"
        )
    try:
        info = json.loads(path.read_text(encoding="utf-8"))
        command, recorded = info["command"], dict(info["options"])
        if command not in ("run", "train") or not all(map(str, info["versions"])):
            raise ValueError(f"unknown command {command!r}")
        Path(info["started_in"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"{path} is damaged ({error}): the run cannot be gone on with; start another one"
        ) from None
    info["options"] = recorded
    return info


def resumed(folder: Path, given: Namespace) -> "Options":
    """The options with which the run in `folder` was started.

    Parameters
    ----------
    folder : Path
        The output folder.
    given : Namespace
        The command line of now: what it asks for besides must be what the run was started with.

    Raises
    ------
    UserError
    """
    from covid.run import Options

    info = read_run_info(folder)
    recorded = info["options"]
    known = {field.name for field in fields(Options)} - set(HERE)
    if set(recorded) != known:
        raise UserError(
            f"{folder / RUN_INFO}: expected the options {', '.join(sorted(known))}, found "
            f"{', '.join(sorted(recorded))}; it was written by another version of this program"
        )
    require_nothing_else(folder, recorded, given)
    data = None if recorded["data"] is None else Path(recorded["data"])
    if data is not None and not data.exists():
        data = Path(info["started_in"]) / data
    changes = {
        "data": data,
        "models": tuple(recorded["models"]),
        "ratios": None if recorded["ratios"] is None else tuple(recorded["ratios"]),
    }
    try:
        return Options(**{**recorded, **changes, "out": folder, "resume": True})
    except TypeError as error:
        raise UserError(f"{folder / RUN_INFO} is damaged ({error}); start another run") from None


def require_nothing_else(folder: Path, recorded: dict, given: Namespace) -> None:
    """UserError where the command line asks for something else than the run was started with."""
    defaults = vars(parser().parse_args([given.command]))
    for name, value in vars(given).items():
        if name in ("command", "json", "out", "resume") or value == defaults.get(name):
            continue
        key, wanted = name, value
        if name == "model":
            key, wanted = "models", [value]
        elif name == "models":
            wanted = [part for part in value.replace(",", " ").split() if part]
        elif name == "ratios":
            wanted = list(parse_ratios(value))
        elif name == "split" and recorded["group"] is not None:
            continue  # --group says it, too
        if str(wanted) != str(recorded.get(key)):
            raise UserError(
                f"--{name.replace('_', '-')}: the run in {folder} was started with "
                f"{shown(recorded.get(key))}, so it cannot be gone on with {shown(wanted)}; leave "
                "the option out, or start another run"
            )


def shown(value) -> str:
    """An option's value as the command line has it."""
    if isinstance(value, list):
        return ",".join(map(str, value))
    return "nothing of the kind" if value is None else str(value)


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Keep a second process away from a run that is being worked at; UserError there.

    The lock is the system's: it goes with the process, however that ends.
    """
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(
                f"{folder}: another process is working at this run; wait for it, or stop it first"
            ) from None
        except OSError:
            pass  # a file system without locks
        yield
    finally:
        os.close(descriptor)


@contextmanager
def finishing_the_step(backup: BackupAndRestore) -> Iterator[None]:
    """Let Ctrl-C and SIGTERM wait for the end of the step and a checkpoint; a second one does not.

    Only the main thread may do so; in another one nothing is changed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def ask(number, frame):
        if backup.stop_requested:
            raise KeyboardInterrupt
        backup.stop_requested = True

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
