"""What can be asked for on the command line: every command's options, help and example.

Only the standard library is imported here, so that `covid --help` answers at once.

    values               what a value may be
    common               options that several commands have
    run_and_train        run, train, synth, preprocess, split
    audit_and_controls   audit, controls, story, report, doctor
    trained_model        evaluate, predict, figures, explain, look
"""

import argparse

from covid.cli.parser.audit_and_controls import (
    add_audit,
    add_controls,
    add_doctor,
    add_report,
    add_story,
)
from covid.cli.parser.common import OneSentenceParser, ShowVersion
from covid.cli.parser.run_and_train import add_preprocess, add_run, add_split, add_synth, add_train
from covid.cli.parser.trained_model import (
    add_evaluate,
    add_explain,
    add_figures,
    add_look,
    add_predict,
)

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
    top.add_argument("--version", action=ShowVersion, nargs=0, help="print the version and end")
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
