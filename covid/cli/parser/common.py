"""Options that several commands have, and that mean the same in each."""

from argparse import Namespace
from pathlib import Path

from covid.cli.parser.command_parser import CommandParser
from covid.cli.parser.values import path, positive, ratios, seed, window
from covid.common.choices import (
    CROPS,
    DEFAULT_COLUMN,
    DEFAULT_RECIPE,
    EPOCHS_ON_DRAWN,
    LUNGS,
    MODEL_NAMES,
    NO_CONTOUR,
    RECIPE_NAMES,
    SPLITS,
)
from covid.common.errors import UserError
from covid.common.screen import QUIET, USUAL, VERBOSE


def new_command(name: str, summary: str, example: str) -> CommandParser:
    """A command's parser with what all commands share: an example, --seed, --json."""
    description = f"{summary[0].upper()}{summary[1:]}."
    command = CommandParser(f"covid {name}", description, f"example:\n  {example}", summary)
    command.set_defaults(command=name)
    add_count(command, "--seed", seed, 0, "of everything random")
    command.add_argument(
        "--json", action="store_true", help="print the result as JSON; all else goes to stderr"
    )
    return command


CLASSES = "folder with two class folders"
CLASSES_OR_PARTS = f"{CLASSES}, or train, val (and test) with the class folders in each"
ANY_IMAGES = f"{CLASSES_OR_PARTS}, or a folder made by `covid split`"


def add_data(command, help_text: str = CLASSES, needed=True) -> None:
    """The images: DIR, or --data DIR."""
    command.needs_images = needed
    command.add_argument("folder", type=path, nargs="?", metavar="DIR", help=help_text)
    command.add_argument("--data", type=path, metavar="DIR", help="the same as DIR")


def add_labels(command) -> None:
    command.add_argument(
        "--labels",
        type=path,
        metavar="FILE.csv",
        help="a csv file with a line for each image, its class in it; DIR (default: the file's folder) "
        "then needs no class folders",
    )


def add_screen(command) -> None:
    """How much is printed: -v, -q."""
    one_of = command.add_mutually_exclusive_group()
    for flags, level, what in (
        (("-v", "--verbose"), VERBOSE, "print a line for each epoch, too"),
        (("-q", "--quiet"), QUIET, "print the results alone"),
    ):
        one_of.add_argument(
            *flags, dest="verbose", action="store_const", const=level, default=USUAL, help=what
        )


def add_open(command) -> None:
    command.add_argument("--open", action="store_true", help="show the report in a browser")


def add_models(command, kind, default: str | tuple[str, ...], about: str) -> None:
    """--models and --model, which are the same; `kind` is `values.models` or `values.model`."""
    names = default if isinstance(default, str) else ",".join(default)
    command.add_argument(
        *("--models", "--model"),
        dest="models",
        type=kind,
        default=default,
        metavar="NAME" if isinstance(default, str) else "A,B",
        help=f"{about} {', '.join(MODEL_NAMES)} (default {names})",
    )


def add_images(command) -> None:
    command.add_argument(
        "images",
        type=path,
        nargs="+",
        metavar="IMAGE",
        help="image files, of any size, folders of them, or patterns such as 'a/*.png'",
    )


def add_count(command, name: str, kind, default: int | None, help_text: str) -> None:
    """An option that takes a number; None: the help says what the default is."""
    if default is not None:
        help_text = f"{help_text} (default {default})"
    command.add_argument(name, type=kind, default=default, metavar="N", help=help_text)


def add_positive(command) -> None:
    command.add_argument(
        "--positive", metavar="NAME", help="the class that is positive (default: Infected)"
    )


def add_crop(command) -> None:
    command.add_argument(
        "--crop",
        choices=CROPS,
        default=LUNGS,
        help="crop to the lungs (default), or to the contours that the article's rule accepts",
    )


def add_no_contour(command) -> None:
    command.add_argument(
        "--no-contour",
        choices=NO_CONTOUR,
        default="keep",
        help="images in which the crop finds no body: keep them whole (default), or drop them",
    )


def add_window(command) -> None:
    command.add_argument(
        "--window",
        type=window,
        metavar="CENTER,WIDTH",
        help="of files of more than 8 bits, the values that become gray, such as -600,1200 for lungs "
        "in HU (default: as many bits as the highest value of all files needs)",
    )


def add_split_choice(command, default: str | None) -> None:
    command.add_argument(
        "--split",
        choices=SPLITS,
        default=default,
        help="random: slice by slice; group: patients kept whole; both: one after the other, group "
        "only where it is known or found by the audit what belongs together (default "
        f"{default or 'random, or group where what belongs together is said'})",
    )
    add_groups(command).add_argument(
        "--group-audit",
        action="store_true",
        help="what the audit finds to belong together counts as one patient",
    )
    add_ratios(command)


def add_ratios(
    command, about="train/validate/test in per cent (default: the recipe's, mostly 50/10/40)"
) -> None:
    command.add_argument("--ratios", type=ratios, metavar="A/B/C", help=about)


def add_groups(command):
    """What says which images are of one patient; returns the options of which one may be given."""
    one_of = command.add_mutually_exclusive_group()
    one_of.add_argument(
        "--group",
        metavar="REGEX",
        help="keep patients whole: what in a file name is the patient, such as '^[^_]+'",
    )
    one_of.add_argument(
        "--group-csv",
        type=path,
        metavar="FILE",
        help="keep patients whole: a csv file with a line for each image",
    )
    command.add_argument(
        "--group-column",
        metavar="NAME",
        help="the column of --group-csv that has the patient (default: patient)",
    )
    return one_of


def add_recipe(command, draws: bool = True) -> None:
    """The recipe and its epochs; `draws`: the command may draw its own images."""
    command.add_argument(
        "--recipe",
        choices=RECIPE_NAMES,
        default=DEFAULT_RECIPE,
        help="practice (default): trains until it has learned; published: the article's protocol",
    )
    drawn = f"; on images drawn for the occasion at most {EPOCHS_ON_DRAWN}"
    add_epochs(command, drawn if draws else "")


def add_epochs(command, more: str = "") -> None:
    add_count(command, "--epochs", positive, None, f"at most so many (default: the recipe's{more})")


def add_checks(command, controls: bool) -> None:
    command.add_argument(
        "--no-audit", dest="audit", action="store_false", help="do not look for leaks in the images"
    )
    command.set_defaults(controls=controls)
    if controls:
        command.add_argument(
            "--no-controls",
            dest="controls",
            action="store_false",
            help="do not train on images that should teach nothing, which takes half of the time",
        )


def add_resume(command) -> None:
    command.add_argument(
        "--resume",
        nargs="?",
        type=path,
        const=True,
        metavar="DIR",
        help="resume the interrupted run in DIR (or in --out); needs no other option",
    )
    what = "write a checkpoint every N steps, too (default: after every epoch)"
    add_count(command, "--checkpoint-steps", positive, None, what)


def add_model_file(command) -> None:
    command.add_argument(
        "model", type=path, metavar="MODEL.npz", help="a model that `covid run` or `train` wrote"
    )


def add_as_is(command) -> None:
    command.add_argument(
        "--as-is",
        action="store_true",
        help="do not enhance and crop the images: they are already, as those in a split folder",
    )


def add_out(command, default: str | None, help_text: str = "new or empty folder") -> None:
    command.add_argument(
        "--out",
        type=path,
        default=None if default is None else Path(default),
        metavar="DIR",
        help=help_text if default is None else f"{help_text} (default: {default})",
    )


def add_image(command) -> None:
    command.add_argument("image", type=path, metavar="IMAGE", help="an image file, of any size")


def add_label(command) -> None:
    command.add_argument(
        "--label", metavar="CLASS", help="the image's class (default: the name of its folder)"
    )


def add_csv(command) -> None:
    command.add_argument(
        "--out", type=path, metavar="FILE.csv", help="write the predictions per image, too"
    )


def group_column(options: Namespace) -> str:
    """--group-column, or what it is by default; UserError where there is no csv file to look at."""
    if options.group_column is None:
        return DEFAULT_COLUMN
    if options.group_csv is None:
        raise UserError("--group-column needs a file: add --group-csv FILE")
    return options.group_column
