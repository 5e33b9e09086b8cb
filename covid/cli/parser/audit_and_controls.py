"""The commands that ask what a result is worth, or whether the program works."""

from covid.cli.parser import common
from covid.cli.parser.command_parser import CommandParser
from covid.cli.parser.common import new_command
from covid.cli.parser.values import model, path, positive
from covid.common.choices import DEFAULT_MODEL, GROUP, RANDOM, STORY_PATIENTS


def audit() -> CommandParser:
    command = new_command(
        "audit",
        "look for leaks between train and test, and for shortcuts",
        "covid audit my_images --group '^[^_]+' --out audit",
    )
    common.add_data(command, common.ANY_IMAGES)
    common.add_out(command, "audit")
    common.add_labels(command)
    common.add_positive(command)
    command.add_argument(
        "--split",
        choices=(RANDOM, GROUP),
        help="of class folders, the split to audit. random (default): slice by slice; group: "
        "patients kept whole, as --group or --group-csv names them",
    )
    common.add_groups(command)
    common.add_ratios(command, "of that split, in per cent (default 50/10/40)")
    common.add_window(command)
    return command


def controls() -> CommandParser:
    command = new_command(
        "controls",
        "train on images that should not be enough, to test a score",
        "covid controls my_images --out controls --group '^[^_]+'",
    )
    common.add_data(command, common.ANY_IMAGES)
    common.add_labels(command)
    common.add_positive(command)
    common.add_models(command, model, DEFAULT_MODEL, "one of")
    common.add_out(command, "controls")
    common.add_recipe(command, draws=False)
    command.add_argument(
        "--split",
        choices=(RANDOM, GROUP),
        help="random: slice by slice, also where patients are known; group: patients kept whole "
        "(default: group where --group or --group-csv says who they are, else random)",
    )
    common.add_groups(command)
    common.add_ratios(command)
    common.add_no_contour(command)
    common.add_window(command)
    common.add_screen(command)
    return command


def story() -> CommandParser:
    command = new_command(
        "story",
        "show with synthetic images how a result can be worth nothing",
        "covid story --out story",
    )
    common.add_out(command, "story")
    what = "synthetic patients, half of them infected"
    common.add_count(command, "--patients", positive, STORY_PATIENTS, what)
    common.add_epochs(command)
    common.add_screen(command)
    return command


def report() -> CommandParser:
    command = new_command(
        "report",
        "write the report of a finished run again, as one page",
        "covid report results",
    )
    command.add_argument(
        "run", type=path, metavar="RUN", help="the output folder of `covid run` or `covid train`"
    )
    common.add_open(command)
    return command


def doctor() -> CommandParser:
    command = new_command(
        "doctor",
        "tell what is installed and test the kernels; for bug reports",
        "covid doctor",
    )
    command.add_argument(
        "--full", action="store_true", help="compile and test also what takes long to compile"
    )
    return command
