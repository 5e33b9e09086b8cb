"""The commands: their options, help and examples.

Only the standard library is imported here, so that `covid --help` answers at once.

    values               what a value may be
    command_parser       the parser of one command, and its errors
    common               options that several commands have
    run_and_train        run, train, synth, preprocess, split
    audit_and_controls   audit, controls, story, report, doctor
    trained_model        evaluate, predict, figures, explain, explore, look
"""

from argparse import Namespace

from covid.cli.parser import audit_and_controls as audits
from covid.cli.parser import run_and_train as makers
from covid.cli.parser import trained_model as models
from covid.cli.parser.command_parser import CommandParser, ShowVersion, did_you_mean
from covid.common.errors import shortened

ABOUT = """\
Lung-CT slices, COVID-19 infected or not: a from-scratch CNN to read and try.
A teaching tool, not for diagnosis."""
HINTS = """\
`covid` alone shows this page; `covid COMMAND --help` shows a command's options,
with an example.

environment:
  MAX_IMAGE_PIXELS  larger images are refused (default 64000000 pixels)
  NO_COLOR          if set to anything: no colors"""
PURPOSES = {
    "one run": (makers.run, makers.train, audits.report),
    "look inside a trained model": (
        *(models.predict, models.look, models.explain, models.explore, models.evaluate),
    ),
    "check what a result is worth": (audits.audit, audits.controls, audits.story),
    "the parts of a run": (makers.synth, makers.preprocess, makers.split, models.figures),
    "this installation": (audits.doctor,),
}
COMMANDS = {make.__name__: make for commands in PURPOSES.values() for make in commands}


def parse(words: list[str]) -> Namespace:
    """The options of a command line, which begins with the command.

    Raises
    ------
    SystemExit
        Code 0 after help and version; 2 after an error, one line on stderr.
    """
    if not words or words[0] == "help":
        # Nothing is asked for wrongly: help is the answer, as of --help, with code 0.
        words = [*words[1:2], "--help"]
    if words[0].startswith("-"):
        command = next((word for word in words if word in COMMANDS), None)
        if command is not None and words[0] not in ("-h", "--help", "--version"):
            COMMANDS[command]().error(
                f"expected options behind the command, found {shortened(words[0])} in front of it; "
                f"write covid {command} first"
            )
        top().read(words)  # which ends, unless it is only "--"
        top().error("expected a command")
    if words[0] not in COMMANDS:
        top().error(f"there is no command {words[0]!r}{did_you_mean(words[0], COMMANDS)}")
    return COMMANDS[words[0]]().read(words[1:])


def top() -> CommandParser:
    """The parser of what stands without a command; its help lists all commands by purpose."""
    lines = [ABOUT]
    for purpose, commands in PURPOSES.items():
        lines += ["", f"{purpose}:"]
        lines += [f"  {make.__name__:<12}{make().summary}" for make in commands]
    parser = CommandParser("covid", "\n".join(lines), f"example:\n  covid run\n\n{HINTS}")
    parser.usage = "covid COMMAND [OPTION ...]"
    about = {"action": ShowVersion, "nargs": 0, "help": "print the version and end"}
    parser.add_argument("--version", **about)
    return parser
