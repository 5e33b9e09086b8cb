"""What can be asked for on the command line: every command's options, help and example.

Only the standard library is imported here, so that `covid --help` answers at once.
"""

import argparse
import math
from pathlib import Path

from covid.errors import shortened, shown

MODEL_NAMES = ("cnn", "cnn_dropout", "tiny_cnn", "reduced_inception")
RECIPE_NAMES = ("practice", "published")
SPLITS = ("random", "group")
NO_CONTOUR_CHOICES = ("keep", "drop")
PARTS = ("train", "validate", "test", "all")
LARGEST_COUNT = 1_000_000  # of epochs, steps, patients, slices: more is a slip of the finger
ABOUT = (
    "Lung-CT slices, COVID-19 infected or not: a from-scratch CNN to read and try. "
    "A teaching tool, not for diagnosis."
)


class OneSentenceParser(argparse.ArgumentParser):
    """A parser whose errors are one line, like all other errors of the program."""

    def error(self, message: str):
        self.exit(2, f"{self.prog}: {shown(message)}; see `{self.prog} --help`\n")


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
        add_preprocess,
        add_split,
        add_train,
        add_evaluate,
        add_predict,
        add_figures,
        add_explain,
        add_controls,
        add_doctor,
    ):
        add(commands)
    return top


def new_command(commands, name: str, help_text: str, example: str) -> argparse.ArgumentParser:
    """A command's parser with what all commands share: an example, --seed, --json."""
    command = commands.add_parser(
        name,
        help=help_text,
        description=f"{help_text[0].upper()}{help_text[1:]}.",
        epilog=f"example:\n  {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    command.add_argument(
        "--seed", type=seed, default=0, metavar="N", help="of everything random (default 0)"
    )
    command.add_argument(
        "--json", action="store_true", help="print the result as JSON; all else goes to stderr"
    )
    return command


def whole_number(text: str, smallest: int, largest: float = math.inf) -> int:
    """A whole number in [smallest, largest]."""
    try:
        value = int(text)
    except ValueError:
        value = smallest - 1
    if not smallest <= value <= largest:
        bounds = f"at least {smallest}" + (f" and at most {largest}" if largest < math.inf else "")
        raise argparse.ArgumentTypeError(
            f"expected a whole number of {bounds}, got {shortened(text)!r}"
        )
    return value


def seed(text: str) -> int:
    """A seed: zero or more."""
    return whole_number(text, 0)


def positive(text: str) -> int:
    """A number of something: one or more."""
    return whole_number(text, 1, LARGEST_COUNT)


def path(text: str) -> Path:
    """A path; an empty one would be the folder one is in, which nobody means."""
    if not text:
        raise argparse.ArgumentTypeError("expected a path, got an empty text; write . for here")
    return Path(text)


def listed(text: str) -> tuple[str, ...]:
    """The names in a text such as "tiny_cnn, reduced_inception"."""
    return tuple(text.replace(",", " ").split())


def add_data(command) -> None:
    command.add_argument(
        "--data",
        type=path,
        metavar="DIR",
        help="folder with two class folders of images, or a folder made by `covid split` "
        "(default: synthetic images, made for the occasion)",
    )
    add_positive(command)


def add_positive(command) -> None:
    command.add_argument(
        "--positive", metavar="NAME", help="the class folder that is positive (default: Infected)"
    )


def add_no_contour(command) -> None:
    command.add_argument(
        "--no-contour",
        choices=NO_CONTOUR_CHOICES,
        default="keep",
        help="images in which the crop finds no contour: keep them whole (default), or drop them",
    )


def add_split_choice(command) -> None:
    command.add_argument(
        "--split",
        choices=SPLITS,
        default="random",
        help="random: slice by slice; group: patients kept whole (default random)",
    )
    command.add_argument(
        "--group",
        metavar="REGEX",
        help="what in a file name is the patient, such as '^[^_]+'; implies --split group",
    )
    command.add_argument(
        "--ratios",
        metavar="A/B/C",
        help="train/validate/test in per cent (default: the recipe's, mostly 50/10/40)",
    )


def add_recipe(command) -> None:
    command.add_argument(
        "--recipe",
        choices=RECIPE_NAMES,
        default="practice",
        help="practice (default): trains until it has learned; published: the article's protocol",
    )
    command.add_argument(
        "--epochs", type=positive, metavar="N", help="at most so many (default: the recipe's)"
    )


def add_resume(command) -> None:
    command.add_argument(
        "--resume",
        nargs="?",
        type=path,
        const=True,
        metavar="DIR",
        help="go on with the interrupted run in DIR (or in --out); needs no other option",
    )
    command.add_argument(
        "--checkpoint-steps",
        type=positive,
        metavar="N",
        help="write a checkpoint every N steps, too (default: after every epoch)",
    )


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


def add_run(commands) -> None:
    command = new_command(
        commands,
        "run",
        "do everything, from images to results",
        "covid run --data my_images --models tiny_cnn --split group --group '^[^_]+'",
    )
    add_data(command)
    add_out(command, None, "new or empty folder for all results (default: results, results-2, ...)")
    command.add_argument(
        "--models",
        default="tiny_cnn,reduced_inception",
        metavar="A,B",
        help=f"some of {','.join(MODEL_NAMES)} (default tiny_cnn,reduced_inception)",
    )
    add_recipe(command)
    add_split_choice(command)
    add_no_contour(command)
    add_resume(command)


def add_synth(commands) -> None:
    command = new_command(
        commands,
        "synth",
        "make a folder of synthetic lung-CT slices",
        "covid synth --out synthetic --patients 60 --slices 8 --seed 1",
    )
    add_out(command, "synthetic")
    command.add_argument(
        "--patients",
        type=positive,
        default=60,
        metavar="N",
        help="half of them infected (default 60)",
    )
    command.add_argument(
        "--slices", type=positive, default=8, metavar="N", help="of each patient (default 8)"
    )


def add_preprocess(commands) -> None:
    command = new_command(
        commands,
        "preprocess",
        "enhance (CLAHE) and crop all images of two class folders",
        "covid preprocess my_images --out preprocessed",
    )
    command.add_argument("folder", type=path, metavar="DIR", help="folder with two class folders")
    add_out(command, "preprocessed")
    add_positive(command)
    add_no_contour(command)


def add_split(commands) -> None:
    command = new_command(
        commands,
        "split",
        "split two class folders into train, validate and test",
        "covid split my_images --enhance --out split --ratios 50/10/40 --group '^[^_]+'",
    )
    command.add_argument("folder", type=path, metavar="DIR", help="folder with two class folders")
    add_out(command, "split")
    add_positive(command)
    command.add_argument(
        "--ratios", default="50/10/40", metavar="A/B/C", help="in per cent (default 50/10/40)"
    )
    command.add_argument(
        "--group", metavar="REGEX", help="keep groups whole: what in a file name is the patient"
    )
    command.add_argument(
        "--enhance", action="store_true", help="enhance and crop on the way, as `preprocess` does"
    )
    add_no_contour(command)


def add_train(commands) -> None:
    command = new_command(
        commands,
        "train",
        "train and evaluate one model",
        "covid train --data split --model tiny_cnn --out trained",
    )
    add_data(command)
    command.add_argument(
        "--model", choices=MODEL_NAMES, default="tiny_cnn", help="which (default tiny_cnn)"
    )
    add_out(command, None, "new or empty folder for all results (default: trained, trained-2, ...)")
    add_recipe(command)
    add_split_choice(command)
    add_no_contour(command)
    add_resume(command)


def add_evaluate(commands) -> None:
    command = new_command(
        commands,
        "evaluate",
        "measure a trained model on images of known class",
        "covid evaluate results/tiny_cnn/model.npz --data results/data/enhanced-50-10-40",
    )
    add_model_file(command)
    command.add_argument(
        "--data",
        type=path,
        required=True,
        metavar="DIR",
        help="a folder made by `covid split`, or any folder with two class folders",
    )
    command.add_argument(
        "--part", choices=PARTS, help="which part of a split folder (default test)"
    )
    add_csv(command)
    add_as_is(command)


def add_csv(command) -> None:
    command.add_argument(
        "--out", type=path, metavar="FILE.csv", help="write the predictions per image, too"
    )


def add_predict(commands) -> None:
    command = new_command(
        commands,
        "predict",
        "ask a trained model about single images",
        "covid predict results/tiny_cnn/model.npz slice1.png slice2.jpg",
    )
    add_model_file(command)
    command.add_argument(
        "images", type=path, nargs="+", metavar="IMAGE", help="image files, of any size"
    )
    add_csv(command)
    add_as_is(command)


def add_figures(commands) -> None:
    command = new_command(
        commands,
        "figures",
        "draw what is in two class folders and what preprocessing makes of it",
        "covid figures --data my_images --out figures --model results/tiny_cnn/model.npz",
    )
    command.add_argument(
        "--data", type=path, required=True, metavar="DIR", help="folder with two class folders"
    )
    add_positive(command)
    add_out(command, "figures")
    command.add_argument(
        "--model", type=path, metavar="MODEL.npz", help="draw its graph and filters, too"
    )


def add_explain(commands) -> None:
    command = new_command(
        commands,
        "explain",
        "take one number inside a model apart: window, kernel, products, sum",
        "covid explain results/tiny_cnn/model.npz slice.png --layer conv2d --position 70,40,2",
    )
    add_model_file(command)
    command.add_argument("image", type=path, metavar="IMAGE", help="an image file, of any size")
    command.add_argument(
        "--layer", metavar="NAME", help="without it: all layers' outputs, in short"
    )
    command.add_argument(
        "--position",
        metavar="ROW,COL,CHANNEL",
        help="of the number, counted from 0; UNIT for a dense layer (default: the largest one)",
    )
    add_as_is(command)


def add_controls(commands) -> None:
    command = new_command(
        commands,
        "controls",
        "train on images that must not be enough, to see what a score is worth",
        "covid controls --data my_images --out controls --group '^[^_]+'",
    )
    command.add_argument(
        "--data",
        type=path,
        required=True,
        metavar="DIR",
        help="a folder made by `covid split`, or a folder with two class folders",
    )
    add_positive(command)
    command.add_argument(
        "--model", choices=MODEL_NAMES, default="tiny_cnn", help="which (default tiny_cnn)"
    )
    add_out(command, "controls")
    add_recipe(command)
    add_split_choice(command)
    # None: not said. `--split random --group REGEX` splits slice by slice although patients are
    # known: only so can permuted labels show what that is worth.
    command.set_defaults(split=None)
    add_no_contour(command)


def add_doctor(commands) -> None:
    new_command(
        commands,
        "doctor",
        "tell what is installed and test the kernels; for bug reports",
        "covid doctor",
    )
