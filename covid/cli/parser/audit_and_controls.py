"""The commands that ask what a result is worth, or whether the program works."""

from covid.cli.parser import common
from covid.cli.parser.common import new_command
from covid.cli.parser.values import path, positive
from covid.common.choices import DEFAULT_MODEL, GROUP, MODEL_NAMES, RANDOM, STORY_PATIENTS


def add_audit(commands) -> None:
    command = new_command(
        commands,
        "audit",
        "look for leaks between train and test, and for shortcuts, in a set of images",
        "covid audit my_images --group '^[^_]+' --out audit",
    )
    common.add_folder(command, "folder with two class folders, or a folder made by `covid split`")
    common.add_out(command, "audit")
    common.add_positive(command)
    command.add_argument(
        "--split",
        choices=(RANDOM, GROUP),
        help="of class folders, the split to audit. random (default): slice by slice; group: "
        "patients kept whole, as --group or --group-csv names them",
    )
    common.add_groups(command)
    common.add_ratios(command, "of that split, in per cent (default 50/10/40)")


def add_controls(commands) -> None:
    command = new_command(
        commands,
        "controls",
        "train on images that must not be enough, to see what a score is worth",
        "covid controls --data my_images --out controls --group '^[^_]+'",
    )
    common.add_required_data(
        command, "a folder made by `covid split`, or a folder with two class folders"
    )
    common.add_positive(command)
    command.add_argument(
        "--model",
        choices=MODEL_NAMES,
        default=DEFAULT_MODEL,
        help=f"which (default {DEFAULT_MODEL})",
    )
    common.add_out(command, "controls")
    common.add_recipe(command)
    command.add_argument(
        "--split",
        choices=(RANDOM, GROUP),
        help="random: slice by slice, also where patients are known; group: patients kept whole "
        "(default: group where --group or --group-csv says who they are, else random)",
    )
    common.add_groups(command)
    common.add_ratios(command)
    common.add_no_contour(command)


def add_story(commands) -> None:
    command = new_command(
        commands,
        "story",
        "show in four chapters how a result can be worth nothing, with synthetic images",
        "covid story --out story",
    )
    common.add_out(command, "story")
    what = "synthetic patients, half of them infected"
    common.add_count(command, "--patients", positive, STORY_PATIENTS, what)
    common.add_epochs(command)


def add_report(commands) -> None:
    command = new_command(
        commands,
        "report",
        "write the report of a finished run again: one page, report.html, in its folder",
        "covid report results",
    )
    command.add_argument(
        "run", type=path, metavar="RUN", help="the output folder of `covid run` or `covid train`"
    )


def add_doctor(commands) -> None:
    parser = new_command(
        commands,
        "doctor",
        "tell what is installed and test the kernels; for bug reports",
        "covid doctor",
    )
    parser.add_argument(
        "--full", action="store_true", help="compile and test also what takes long to compile"
    )
