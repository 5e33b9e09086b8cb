"""What can be asked for on the command line: every command's options, help and example.

Only the standard library is imported here, so that `covid --help` answers at once.
"""

import argparse
import math
from pathlib import Path

from covid.errors import shortened, shown

MODEL_NAMES = ("cnn", "cnn_dropout", "tiny_cnn", "reduced_inception")
RECIPE_NAMES = ("practice", "published")
SPLITS = ("random", "group", "both")
NO_CONTOUR_CHOICES = ("keep", "drop")
LOOK_METHODS = ("auto", "grad-cam", "occlusion")
SHORTCUT_NAMES = ("marker", "brightness", "table")
LABELS = ("true", "permuted")
PARTS = ("train", "validate", "test", "all")
LARGEST_COUNT = 1_000_000  # of epochs, steps, patients, slices: more is a slip of the finger
DEFAULT_PREVALENCE = 0.1  # the same as in covid.metrics, which is not imported here
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
        add_story,
        add_preprocess,
        add_split,
        add_train,
        add_evaluate,
        add_predict,
        add_figures,
        add_explain,
        add_audit,
        add_look,
        add_report,
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


def prevalence(text: str) -> float:
    """A share of people who are ill: between 0 and 1, neither of them."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(
            f"expected a number between 0 and 1, such as 0.1, got {shortened(text)!r}"
        )
    return value


def seed(text: str) -> int:
    """A seed: zero or more."""
    return whole_number(text, 0)


def folds(text: str) -> int:
    """A number of folds: two or more."""
    return whole_number(text, 2, LARGEST_COUNT)


def positive(text: str) -> int:
    """A number of something: one or more."""
    return whole_number(text, 1, LARGEST_COUNT)


def none_or_more(text: str) -> int:
    """A number of something: zero or more."""
    return whole_number(text, 0, LARGEST_COUNT)


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
    command.add_argument(
        "--ratios",
        metavar="A/B/C",
        help="train/validate/test in per cent (default: the recipe's, mostly 50/10/40)",
    )


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
    add_split_choice(command, "both")
    command.add_argument(
        "--folds",
        type=folds,
        metavar="K",
        help="train K times more, so that each image is in a test once (cross-validation)",
    )
    add_no_contour(command)
    add_checks(command, controls=True)
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
    command.add_argument(
        "--shortcut",
        action="append",
        default=[],
        metavar="NAME",
        help=f"give the class Infected away by something else than lesions: some of "
        f"{','.join(SHORTCUT_NAMES)}",
    )
    command.add_argument(
        "--near-duplicates",
        type=none_or_more,
        default=0,
        metavar="N",
        help="for each slice, N more up to 2 mm away (default 0)",
    )
    command.add_argument(
        "--labels",
        choices=LABELS,
        default="true",
        help="permuted: file patients under the classes at random (default true)",
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
    add_groups(command)
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
    add_split_choice(command, None)
    add_no_contour(command)
    add_checks(command, controls=False)
    add_resume(command)


def add_evaluate(commands) -> None:
    command = new_command(
        commands,
        "evaluate",
        "measure a trained model on images of known class",
        "covid evaluate results/random/tiny_cnn/model.npz --data results/random/data/enhanced-50-10-40",
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
    command.add_argument(
        "--prevalence",
        type=prevalence,
        default=DEFAULT_PREVALENCE,
        metavar="P",
        help="share of the people tested who are ill, for PPV and NPV (default 0.1: an example, well "
        "below the half of most collections of images)",
    )
    command.add_argument(
        "--figures",
        type=path,
        metavar="DIR",
        help="new or empty folder: draw ROC and other curves, the scores, the most wrong images",
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
        "covid predict results/random/tiny_cnn/model.npz slice1.png slice2.jpg",
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
        "covid figures --data my_images --out figures --model results/random/tiny_cnn/model.npz",
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
        "covid explain results/random/tiny_cnn/model.npz slice.png --layer conv2d --position 70,40,2",
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


def add_look(commands) -> None:
    command = new_command(
        commands,
        "look",
        "show where a model's answer comes from, checked against random models",
        "covid look results/random/tiny_cnn/model.npz slice1.png slice2.jpg --out look",
    )
    add_model_file(command)
    command.add_argument(
        "images", type=path, nargs="+", metavar="IMAGE", help="image files, of any size"
    )
    add_out(command, "look")
    command.add_argument(
        "--method",
        choices=LOOK_METHODS,
        default="auto",
        help="grad-cam: where the last convolution saw what raised the answer; occlusion: what "
        "changes it when covered; auto (default): grad-cam if that convolution sees enough",
    )
    add_as_is(command)


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
