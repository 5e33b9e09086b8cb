"""The commands that make something: images, splits, models, results."""

from covid.cli.parser import common
from covid.cli.parser.command_parser import CommandParser
from covid.cli.parser.common import new_command
from covid.cli.parser.values import (
    PUBLISHED,
    folds,
    model,
    models,
    none_or_more,
    positive,
    ratios,
)
from covid.common import choices

IMAGES = f"{common.ANY_IMAGES} (default: synthetic images, made for the occasion)"


def run() -> CommandParser:
    command = new_command(
        "run",
        "do everything, from images to results",
        "covid run my_images --models tiny_cnn --group '^[^_]+'",
    )
    common.add_data(command, IMAGES, needed=False)
    common.add_labels(command)
    common.add_positive(command)
    common.add_out(
        command, None, "new or empty folder for all results (default: results, results-2, ...)"
    )
    common.add_models(
        command, models, choices.DEFAULT_MODELS, f"{PUBLISHED} (the article's), or some of"
    )
    common.add_recipe(command)
    common.add_split_choice(command, choices.BOTH)
    command.add_argument(
        "--folds",
        type=folds,
        metavar="K",
        help="train K times more, so that each image is in a test once (cross-validation)",
    )
    common.add_no_contour(command)
    common.add_window(command)
    common.add_checks(command, controls=True)
    common.add_resume(command)
    common.add_screen(command)
    common.add_open(command)
    return command


def train() -> CommandParser:
    command = new_command(
        "train",
        "train and evaluate one model",
        "covid train split --model tiny_cnn --out trained",
    )
    common.add_data(command, IMAGES, needed=False)
    common.add_labels(command)
    common.add_positive(command)
    common.add_models(command, model, choices.DEFAULT_MODEL, "one of")
    common.add_out(
        command, None, "new or empty folder for all results (default: trained, trained-2, ...)"
    )
    common.add_recipe(command)
    common.add_split_choice(command, None)
    common.add_no_contour(command)
    common.add_window(command)
    common.add_checks(command, controls=False)
    common.add_resume(command)
    common.add_screen(command)
    common.add_open(command)
    return command


def synth() -> CommandParser:
    command = new_command(
        "synth",
        "make a folder of synthetic lung-CT slices",
        "covid synth --out synthetic --patients 20 --slices 8 --seed 1",
    )
    common.add_out(command, "synthetic")
    common.add_count(command, "--patients", positive, 120, "half of them infected")
    common.add_count(command, "--slices", positive, 4, "of each patient")
    command.add_argument(
        "--shortcut",
        action="append",
        default=[],
        metavar="NAME",
        help=f"give the class Infected away by something else than lesions: some of "
        f"{','.join(choices.SHORTCUT_NAMES)}",
    )
    what = "for each slice, N more up to 2 mm away"
    common.add_count(command, "--near-duplicates", none_or_more, 0, what)
    command.add_argument(
        "--labels",
        choices=choices.LABELS,
        default="true",
        help="permuted: file patients under the classes at random (default true)",
    )
    return command


def preprocess() -> CommandParser:
    command = new_command(
        "preprocess",
        "enhance (CLAHE) and crop all images of two class folders",
        "covid preprocess my_images --out preprocessed",
    )
    common.add_data(command)
    common.add_out(command, "preprocessed")
    common.add_labels(command)
    common.add_positive(command)
    common.add_crop(command)
    common.add_no_contour(command)
    common.add_window(command)
    return command


def split() -> CommandParser:
    command = new_command(
        "split",
        "split two class folders into train, validate and test",
        "covid split my_images --enhance --out split --group '^[^_]+'",
    )
    common.add_data(command, common.CLASSES_OR_PARTS)
    common.add_out(command, "split")
    common.add_labels(command)
    common.add_positive(command)
    command.add_argument(
        "--ratios",
        type=ratios,
        metavar="A/B/C",
        help="in per cent (default 50/10/40)",
    )
    common.add_groups(command)
    command.add_argument(
        "--enhance", action="store_true", help="enhance and crop on the way, as `preprocess` does"
    )
    common.add_crop(command)
    common.add_no_contour(command)
    common.add_window(command)
    return command
