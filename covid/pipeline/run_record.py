"""What a run needs to be resumed: run.json, which says how it was started.

In its output folder:

    run.json                               from the first moment: the options
    <split>/<model>/checkpoint.npz         from the first epoch until the run is finished
    folds/<model>/fold-<n>/checkpoint.npz  likewise, with --folds
"""

import json
import os
import platform
from pathlib import Path
from types import UnionType
from typing import get_args, get_origin, get_type_hints

from covid.common.choices import MODEL_NAMES, NO_CONTOUR, RECIPE_NAMES, RUN_INFO, SPLITS
from covid.common.errors import UserError, shortened
from covid.common.output_files import write_json
from covid.data.groups import compile_group
from covid.data.ratios import parse_ratios
from covid.data.window import parse_window
from covid.pipeline.options import OF_ONE_CALL, Options
from covid.training.versions import versions
from minicnn.files import ordinary_file

GROUPINGS = ("group", "group_csv", "group_audit")  # one of them at most
IN_JSON = {Path: str, tuple: list}  # paths are recorded as they were typed
HINTS = {name: hint for name, hint in get_type_hints(Options).items() if name not in OF_ONE_CALL}
PATHS = [name for name, hint in HINTS.items() if Path in get_args(hint)]


def json_types(hint) -> tuple[type, ...]:
    """The types that run.json may hold for an option of this type, such as (str, NoneType)."""
    kinds = get_args(hint) if isinstance(hint, UnionType) else (hint,)
    plain = [get_origin(kind) or kind for kind in kinds]
    return tuple(IN_JSON.get(kind, kind) for kind in plain)


OPTION_TYPES = {name: json_types(hint) for name, hint in HINTS.items()}


def as_json(value):
    """An option's value as run.json has it."""
    if isinstance(value, Path):
        return str(value)
    return list(value) if isinstance(value, tuple) else value


def write_run_info(options: Options) -> None:
    """Write run.json: what `read_run_info` reads."""
    info = {
        "command": options.command,
        "options": {name: as_json(getattr(options, name)) for name in OPTION_TYPES},
        "started_in": str(Path.cwd()),
        "out": os.path.abspath(options.out),
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
            "can be resumed; repeat the options of the run as well, or start one with another --out"
        )
    try:
        info = json.loads(ordinary_file(path).read_text(encoding="utf-8"))
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


def recorded_options(info: dict, out: Path) -> Options:
    """The options in run.json; relative paths begin in the folder where the run was started.

    What is not there any more is looked for beside `out`: both may have been moved together.
    """
    values = {name: info["options"][name] for name in OPTION_TYPES}
    elsewhere = Path.cwd() != Path(info["started_in"])
    for name, value in values.items():
        if name in PATHS and value is not None:
            values[name] = place = Path(info["started_in"] if elsewhere else "", value)
            if not place.exists() and isinstance(info.get("out"), str):
                way = os.path.relpath(Path(info["started_in"], value), info["out"])
                moved = Path(os.path.normpath(out / way))
                values[name] = moved if moved.exists() else place
        elif isinstance(value, list):
            values[name] = tuple(value)
    return Options(**values, out=out, command=info["command"], resume=True)


def check_values(options: dict) -> None:
    """ValueError where an option has the right type, and a value that the command line refuses."""
    allowed = {"recipe": RECIPE_NAMES, "split": SPLITS, "no_contour": NO_CONTOUR}
    smallest = {"seed": 0, "epochs": 1, "checkpoint_steps": 1, "folds": 2}
    fits = {name: options[name] in values for name, values in allowed.items()}
    fits["models"] = options["models"] != [] and all(m in MODEL_NAMES for m in options["models"])
    for name, least in smallest.items():
        fits[name] = options[name] is None or options[name] >= least
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
    if options["window"] is not None:
        parse_window(options["window"])
