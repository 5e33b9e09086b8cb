"""What a run needs to be resumed: how it was started, who is at it, what it has done.

In its output folder:

    run.json                               from the first moment: the options
    <split>/<model>/checkpoint.npz         from the first epoch until the run is finished
    folds/<model>/fold-<n>/checkpoint.npz  likewise, with --folds
"""

import json
import os
import platform
import shlex
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from covid.arguments import MODEL_NAMES, NO_CONTOUR_CHOICES, RECIPE_NAMES, SPLITS, listed, parser
from covid.errors import UserError, shortened
from covid.groups import compile_group
from covid.output import write_json
from covid.splits import parse_ratios
from minicnn.checkpoints import CheckpointError, first_difference
from minicnn.models import Model
from minicnn.npz import ModelFileError, read_npz

if TYPE_CHECKING:
    from covid.options import Options

RUN_INFO = "run.json"
SUMMARY = "summary.json"  # written last: a run that has it is finished
NOTHING = type(None)
GROUPINGS = ("group", "group_csv", "group_audit")  # one of them at most
PATHS = ("data", "group_csv")  # the options that are paths, recorded as they were typed
OPTION_TYPES = {  # what run.json records, and what must be found there
    **dict.fromkeys(("recipe", "split", "no_contour", "group_column"), str),
    **dict.fromkeys(("data", "positive", "group", "group_csv"), (str, NOTHING)),
    **dict.fromkeys(("epochs", "checkpoint_steps", "folds"), (int, NOTHING)),
    **dict.fromkeys(("group_audit", "audit", "controls"), bool),
    "seed": int,
    "models": list,
    "ratios": (list, NOTHING),
}


def recorded_options(options: "Options") -> dict:
    """The options that decide about the results, as run.json has them."""
    recorded = {name: getattr(options, name) for name in OPTION_TYPES}
    for name in PATHS:
        recorded[name] = None if recorded[name] is None else str(recorded[name])
    return recorded


def command_line(options: "Options") -> str:
    """The line that repeats a run; where its results go is left out."""
    defaults = vars(parser().parse_args([options.command]))
    words = ["covid", options.command]
    recorded = recorded_options(options)
    if options.group_csv is None:
        del recorded["group_column"]
    for name, value in recorded.items():
        if name == "models" and options.command == "train":
            name, value = "model", value[0]
        default = listed(defaults[name]) if name == "models" else defaults.get(name)
        if value is None or (value == default and name != "seed"):
            continue
        flag = name.replace("_", "-")
        if isinstance(value, bool):
            words.append(f"--{flag}" if value else f"--no-{flag}")
        else:
            words += [f"--{flag}", as_typed(value)]
    return shlex.join(words)


def write_run_info(options: "Options") -> None:
    """Write run.json: what `read_run_info` needs to resume."""
    from covid.train import versions

    info = {
        "command": options.command,
        "options": recorded_options(options),
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
            "can be resumed; start a run with another --out"
        )
    try:
        info = json.loads(path.read_text(encoding="utf-8"))
        if info["command"] not in ("run", "train"):
            raise ValueError(f"an unknown command, {info['command']!r}")
        if not isinstance(info["started_in"], str):
            raise TypeError("no folder where it was started")
        for name, types in OPTION_TYPES.items():
            if not isinstance(info["options"][name], types):
                raise TypeError(f"{name}: {info['options'][name]!r}")
        check_values(info["options"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise UserError(
            f"{path} cannot be resumed, it is damaged or written by another version "
            f"({shortened(error)}); start another run"
        ) from None
    return info


def check_values(options: dict) -> None:
    """ValueError where an option has the right type, and a value that the command line refuses."""
    allowed = {"recipe": RECIPE_NAMES, "split": SPLITS, "no_contour": NO_CONTOUR_CHOICES}
    fits = {name: options[name] in values for name, values in allowed.items()}
    models = options["models"]
    fits["models"] = models != [] and all(name in MODEL_NAMES for name in models)
    for name in ("epochs", "checkpoint_steps"):
        fits[name] = options[name] is None or options[name] >= 1
    fits["seed"] = options["seed"] >= 0
    fits["folds"] = options["folds"] is None or options["folds"] >= 2
    for name in PATHS:
        fits[name] = "\0" not in (options[name] or "")  # no system takes such a path
    fits["group_audit"] = sum(bool(options[name]) for name in GROUPINGS) < 2
    for name, is_right in fits.items():
        if not is_right:
            raise ValueError(f"{name}: {options[name]!r}")
    if options["ratios"] is not None:
        parse_ratios(options["ratios"])
    if options["group"] is not None:
        compile_group(options["group"])


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
        There is nothing to resume, or something else is asked for.
    """
    from covid.options import Options
    from covid.train import versions

    info = read_run_info(folder)
    if info.get("versions") != versions():
        what = first_difference(info.get("versions"), versions())
        print(
            f"note: {folder} was begun with other versions ({what}); the numbers may "
            "differ in their last digits from those of an uninterrupted run"
        )
    recorded = info["options"]
    require_nothing_else(folder, recorded, given)
    options = {name: recorded[name] for name in OPTION_TYPES}
    elsewhere = Path.cwd() != Path(info["started_in"])
    for name in PATHS:
        if recorded[name] is not None:
            options[name] = Path(info["started_in"] if elsewhere else "", recorded[name])
    options["models"] = tuple(recorded["models"])
    options["ratios"] = None if recorded["ratios"] is None else tuple(recorded["ratios"])
    return Options(**options, out=folder, command=info["command"], resume=True)


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
            wanted = list(listed(value))
        elif name == "ratios":
            wanted = list(parse_ratios(value))
        if str(wanted) != str(recorded.get(key)):
            flag = ("no-" if wanted is False else "") + name.replace("_", "-")
            raise UserError(
                f"--{flag}: the run in {folder} was started with "
                f"{as_typed(recorded.get(key))}, so it cannot be resumed with {as_typed(wanted)}; leave "
                "the option out, or start another run"
            )


def as_typed(value) -> str:
    """An option's value as the command line has it."""
    if isinstance(value, (list, tuple)):
        numbers = all(isinstance(item, float) for item in value)
        return "/".join(f"{100 * item:g}" for item in value) if numbers else ",".join(value)
    if value is None or isinstance(value, bool):
        return "it" if value else "nothing of the kind"
    return str(value)


@contextmanager
def checkpoint_errors(path: Path, model: Model) -> Iterator[None]:
    """UserError for a checkpoint that cannot be used, or is not of this seed, recipe and data.

    `fit` compares the model and its data; seed and recipe are in the model's metadata.
    """
    try:
        if path.exists():
            require_same_run(path, model.metadata)
        yield
    except ModelFileError as error:
        raise UserError(f"{error.problem}; delete it to start anew") from None
    except CheckpointError as error:
        raise UserError(str(error)) from None


def require_same_run(path: Path, metadata: dict) -> None:
    """UserError where a checkpoint's model has other metadata; `resumed` speaks of versions."""
    _, meta = read_npz(path, only_meta=True)
    found = (meta or {}).get("metadata")
    if not isinstance(found, dict):
        return  # it is none of ours, and `fit` says so
    there, here = (
        json.loads(json.dumps({**one, "versions": None}, sort_keys=True))
        for one in (found, metadata)
    )
    if there != here:
        raise UserError(
            f"{path}: expected a checkpoint of this run, got one of another run "
            f"({first_difference(there, here)}); delete it to start anew"
        )


@contextmanager
def run_lock(folder: Path) -> Iterator[None]:
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
