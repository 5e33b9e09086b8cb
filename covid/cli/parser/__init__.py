"""The commands: their options, help and examples.

Only the standard library is imported here, so that `covid --help` answers at once.

    values               what a value may be
    common               options that several commands have
    run_and_train        run, train, synth, preprocess, split
    audit_and_controls   audit, controls, story, report, doctor
    trained_model        evaluate, predict, figures, explain, look
"""

import argparse

from covid.cli.parser import audit_and_controls as audits
from covid.cli.parser import run_and_train as makers
from covid.cli.parser import trained_model as models
from covid.cli.parser.common import OneSentenceParser, ShowVersion

ABOUT = (
    "Lung-CT slices, COVID-19 infected or not: a from-scratch CNN to read and try. "
    "A teaching tool, not for diagnosis."
)


COMMANDS = (  # in the order of the help
    *(makers.add_run, makers.add_synth, audits.add_story, makers.add_preprocess, makers.add_split),
    *(makers.add_train, models.add_evaluate, models.add_predict, models.add_figures),
    *(models.add_explain, models.add_look, audits.add_audit, audits.add_controls),
    *(audits.add_report, audits.add_doctor),
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
    top.add_argument(
        "--version",
        action=ShowVersion,
        nargs=0,
        default=argparse.SUPPRESS,
        help="print the version and end",
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for add in COMMANDS:
        add(commands)
    return top
