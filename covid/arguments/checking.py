"""The commands that ask what a result is worth, or whether the program works."""

from covid.arguments.shared import add_groups, add_out, add_positive, new_command
from covid.arguments.values import path, positive


def add_audit(commands) -> None:
    command = new_command(
        commands,
        "audit",
        "look for leaks between train and test, and for shortcuts, in a set of images",
        "covid audit my_images --group '^[^_]+' --out audit",
    )
    command.add_argument(
        "folder",
        type=path,
        metavar="DIR",
        help="folder with two class folders, or a folder made by `covid split`",
    )
    add_out(command, "audit")
    add_positive(command)
    command.add_argument(
        "--split",
        choices=("random", "group"),
        help="of class folders, the split to audit. random (default): slice by slice; group: "
        "patients kept whole, as --group or --group-csv names them",
    )
    add_groups(command)
    command.add_argument(
        "--ratios", metavar="A/B/C", help="of that split, in per cent (default 50/10/40)"
    )


def add_story(commands) -> None:
    command = new_command(
        commands,
        "story",
        "show in four chapters how a result can be worth nothing, with synthetic images",
        "covid story --out story",
    )
    add_out(command, "story")
    command.add_argument(
        "--patients",
        type=positive,
        default=40,
        metavar="N",
        help="synthetic patients, half of them infected (default 40)",
    )
    command.add_argument(
        "--epochs", type=positive, metavar="N", help="at most so many (default: the recipe's)"
    )


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
    new_command(
        commands,
        "doctor",
        "tell what is installed and test the kernels; for bug reports",
        "covid doctor",
    )
