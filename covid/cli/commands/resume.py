"""`--resume`: the options of a run that was started before, and the line that repeats it."""

import shlex
from argparse import Namespace
from dataclasses import replace
from pathlib import Path

from covid.cli.parser import parser
from covid.cli.parser.values import listed
from covid.common.errors import UserError
from covid.data.split import parse_ratios
from covid.pipeline.options import Options
from covid.pipeline.run_record import OPTION_TYPES, PATHS, read_run_info, recorded_options
from covid.training.versions import versions
from minicnn.saving.checkpoint import first_difference


def command_line(options: Options) -> str:
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


def resumed(folder: Path, given: Namespace) -> Options:
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
    found = Options(**options, out=folder, command=info["command"], resume=True)
    return replace(found, command_line=command_line(found))


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


def go_on(options: Namespace) -> dict:
    """`--resume`: what is left to do of a run, as its run.json says it was started."""
    from covid.pipeline import run as runner

    folder = options.out if options.resume is True else options.resume
    if folder is None or options.out not in (None, folder):
        raise UserError("--resume: expected one folder; name it, as in --resume results")
    return {"folder": str(folder), **runner.run_all(resumed(folder, options))}
