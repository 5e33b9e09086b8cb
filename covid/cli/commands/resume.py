"""`--resume`: the options of a run that was started before, and the line that repeats it."""

import os
import shlex
from argparse import Namespace
from dataclasses import replace
from pathlib import Path

from covid.cli.parser import parse
from covid.common.choices import RUN_INFO
from covid.common.errors import UserError
from covid.common.screen import Screen, say
from covid.data.same_names import composed, folded
from covid.pipeline.options import Options
from covid.pipeline.run_record import (
    OPTION_TYPES,
    PATHS,
    as_json,
    read_run_info,
    recorded_options,
)
from covid.training.versions import versions
from minicnn.saving.checkpoint import first_difference


def command_line(options: Options) -> str:
    """The line that repeats a run; where its results go is left out."""
    defaults = vars(parse([options.command]))
    words = ["covid", options.command]
    for name in OPTION_TYPES:
        value = getattr(options, name)
        if value is None or (value == defaults.get(name) and name != "seed"):
            continue
        if name == "group_column" and options.group_csv is None:
            continue
        words.append(flag(name, value, options.command))
        if not isinstance(value, bool):
            words.append(as_typed(value))
    return shlex.join(words)


def flag(name: str, value, command: str) -> str:
    """An option as typed: --seed, --no-audit for a False, --model for the models of `train`."""
    typed = "model" if (name, command) == ("models", "train") else name.replace("_", "-")
    return f"--no-{typed}" if value is False else f"--{typed}"


def as_typed(value) -> str:
    """An option's value as the command line has it."""
    if isinstance(value, (list, tuple)):
        numbers = all(isinstance(item, float) for item in value)
        return "/".join(f"{100 * item:g}" for item in value) if numbers else ",".join(value)
    if value is None or isinstance(value, bool):
        return "it" if value else "nothing of the kind"
    return str(value)


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
        say(
            f"note: {folder} was begun with other versions ({what}); the numbers may "
            "differ in their last digits from those of an uninterrupted run",
            "yellow",
        )
    found = recorded_options(info, folder)
    require_nothing_else(folder, info["options"], found, given)
    screen = Screen(given.verbose)
    return replace(found, command_line=command_line(found), screen=screen)


def require_nothing_else(folder: Path, recorded: dict, found: Options, given: Namespace) -> None:
    """UserError where the command line asks for something else than the run was started with.

    `recorded` are its options as in run.json, `found` the same with paths as they are now.
    """
    defaults = vars(parse([given.command]))
    for name in OPTION_TYPES:
        value = getattr(given, name, None)
        repeated = value == defaults.get(name) or as_json(value) == recorded[name]
        if not repeated and not means_same(name, value, getattr(found, name)):
            raise UserError(
                f"{flag(name, value, given.command)}: the run in {folder} was started with "
                f"{as_typed(recorded[name])}, so it cannot be resumed with {as_typed(value)}; leave "
                "the option out, or start another run"
            )


def means_same(name: str, value, before) -> bool:
    """Whether two different values mean the same: paths, letters in both their Unicode forms.

    Of a class also in another case.
    """
    if before is not None and name in PATHS:
        return os.path.abspath(value) == os.path.abspath(before)
    form = folded if name == "positive" else composed
    return isinstance(value, str) and isinstance(before, str) and form(value) == form(before)


def folder_to_resume(options: Namespace) -> Path:
    """The folder that `--resume` means."""
    folder = options.out if options.resume is True else options.resume
    if folder is None or options.out not in (None, folder):
        raise UserError("--resume: expected one folder; name it, as in --resume results")
    return folder


def has_begun(folder: Path, given: Namespace) -> bool:
    """Whether there is a run to resume; not where it was killed before it had written run.json.

    Then the options must be given again, with which it starts afresh.
    """
    defaults = vars(parse([given.command]))
    repeated = any(getattr(given, name, None) != defaults.get(name) for name in OPTION_TYPES)
    return (folder / RUN_INFO).exists() or not repeated
