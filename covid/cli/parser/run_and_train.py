"""The commands that make something: images, splits, models, results."""

from covid.cli.parser.common import (
    add_checks,
    add_data,
    add_groups,
    add_no_contour,
    add_out,
    add_positive,
    add_recipe,
    add_resume,
    add_split_choice,
    new_command,
)
from covid.cli.parser.values import (
    folds,
    model,
    models,
    none_or_more,
    path,
    positive,
    ratios,
)
from covid.common.choices import DEFAULT_MODEL, DEFAULT_MODELS, LABELS, MODEL_NAMES, SHORTCUT_NAMES
from covid.data.ratios import DEFAULT_RATIOS


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
        type=models,
        default=DEFAULT_MODELS,
        metavar="A,B",
        help=f"some of {','.join(MODEL_NAMES)} (default {','.join(DEFAULT_MODELS)})",
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


def add_train(commands) -> None:
    command = new_command(
        commands,
        "train",
        "train and evaluate one model",
        "covid train --data split --model tiny_cnn --out trained",
    )
    add_data(command)
    command.add_argument(
        "--model",
        dest="models",
        type=model,
        default=DEFAULT_MODEL,
        metavar="NAME",
        help=f"one of {','.join(MODEL_NAMES)} (default {DEFAULT_MODEL})",
    )
    add_out(command, None, "new or empty folder for all results (default: trained, trained-2, ...)")
    add_recipe(command)
    add_split_choice(command, None)
    add_no_contour(command)
    add_checks(command, controls=False)
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
        "--ratios",
        type=ratios,
        default=DEFAULT_RATIOS,
        metavar="A/B/C",
        help="in per cent (default 50/10/40)",
    )
    add_groups(command)
    command.add_argument(
        "--enhance", action="store_true", help="enhance and crop on the way, as `preprocess` does"
    )
    add_no_contour(command)
