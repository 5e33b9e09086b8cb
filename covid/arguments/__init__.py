"""What can be asked for on the command line: every command's options, help and example.

Only the standard library is imported here, so that `covid --help` answers at once.

    values     what a value may be
    shared     options that several commands have
    making     run, train, synth, preprocess, split
    checking   audit, controls, story, report, doctor
    asking     evaluate, predict, figures, explain, look
"""

import argparse

from covid.arguments.asking import add_evaluate, add_explain, add_figures, add_look, add_predict
from covid.arguments.checking import add_audit, add_controls, add_doctor, add_report, add_story
from covid.arguments.making import add_preprocess, add_run, add_split, add_synth, add_train
from covid.arguments.shared import OneSentenceParser
from covid.arguments.values import (
    LABELS,
    LOOK_METHODS,
    SHORTCUT_NAMES,
    listed,
)

__all__ = [
    "LABELS",
    "LOOK_METHODS",
    "SHORTCUT_NAMES",
    "listed",
    "parser",
]

ABOUT = (
    "Lung-CT slices, COVID-19 infected or not: a from-scratch CNN to read and try. "
    "A teaching tool, not for diagnosis."
)


def parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    top = OneSentenceParser(
        prog="covid",
        description=ABOUT,
        epilog="example:\n  covid run\n\n`covid COMMAND --help` has an example of each command.\n\n"
        "environment:\n  MAX_IMAGE_PIXELS  larger images are refused (default 64000000 pixels)",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for add in (
        add_run,
        add_synth,
        add_story,
        add_preprocess,
        add_split,
        add_train,
        add_evaluate,
        add_predict,
        add_figures,
        add_explain,
        add_look,
        add_audit,
        add_controls,
        add_report,
        add_doctor,
    ):
        add(commands)
    return top
