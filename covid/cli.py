"""The command line: `covid run`, `covid synth`, and so on.

This file says what can be asked for; what is then done is in `covid.commands`, which is
imported only when a command runs, so that `covid --help` answers at once.
"""

import argparse
import contextlib
import json
import os
import sys
from pathlib import Path

from covid.errors import UserError

MODEL_NAMES = ("cnn", "cnn_dropout", "tiny_cnn", "reduced_inception")
RECIPE_NAMES = ("practice", "published")
ABOUT = (
    "Lung-CT slices, COVID-19 infected or not: a from-scratch CNN to read and try. "
    "A teaching tool, not for diagnosis."
)


def main(arguments: list[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    arguments : list of str, optional
        Without the program's name; those of the process when missing.

    Returns
    -------
    code : int
        0, or 2 for a user's error (one sentence on stderr), or 130 after Ctrl-C.
    """
    options = parser().parse_args(arguments)
    try:
        run_command(options)
    except (UserError, OSError) as error:
        print(f"covid {options.command}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"\ncovid {options.command}: stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    return 0


def run_command(options: argparse.Namespace) -> None:
    """Call the command's function; with --json, stdout gets its result and nothing else."""
    from covid import commands

    command = getattr(commands, options.command)
    if not options.json:
        command(options)
        return
    with contextlib.redirect_stdout(sys.stderr):
        result = command(options)
    print(json.dumps(result, indent=2))


def parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    top = argparse.ArgumentParser(prog="covid", description=ABOUT)
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
    )
    command.add_argument(
        "--seed", type=seed, default=0, metavar="N", help="of everything random (default 0)"
    )
    command.add_argument(
        "--json", action="store_true", help="print the result as JSON; all else goes to stderr"
    )
    return command


def seed(text: str) -> int:
    """A seed: zero or more."""
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError("expected zero or more")
    return value


def positive(text: str) -> int:
    """A number of something: one or more."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("expected one or more")
    return value


def add_data(command, default: str) -> None:
    command.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        help=f"folder with two class folders of images, or a folder made by `covid split` "
        f"(default: {default})",
    )
    add_positive(command)


def add_positive(command) -> None:
    command.add_argument(
        "--positive", metavar="NAME", help="the class folder that is positive (default: Infected)"
    )


def add_no_contour(command) -> None:
    command.add_argument(
        "--no-contour",
        choices=("keep", "drop"),
        default="keep",
        help="images in which the crop finds no contour: keep them whole, or drop them",
    )


def add_split_choice(command) -> None:
    command.add_argument(
        "--split",
        choices=("random", "group"),
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
        help="practice: trains until it has learned; published: the article's protocol",
    )
    command.add_argument(
        "--epochs", type=positive, metavar="N", help="at most so many (default: the recipe's)"
    )


def add_model_file(command) -> None:
    command.add_argument("model", type=Path, metavar="MODEL.npz", help="a model that was trained")


def add_as_is(command) -> None:
    command.add_argument(
        "--as-is",
        action="store_true",
        help="the images are enhanced and cropped already, as those in a split folder are",
    )


def add_run(commands) -> None:
    command = new_command(
        commands,
        "run",
        "do everything, from images to results",
        "covid run --data my_images --models tiny_cnn --split group --group '^[^_]+'",
    )
    add_data(command, "synthetic images, made for the occasion")
    command.add_argument(
        "--out", type=Path, metavar="DIR", help="new folder for all results (default: results)"
    )
    command.add_argument(
        "--models",
        default="tiny_cnn,reduced_inception",
        metavar="A,B",
        help=f"some of {','.join(MODEL_NAMES)} (default tiny_cnn,reduced_inception)",
    )
    add_recipe(command)
    add_split_choice(command)
    add_no_contour(command)


def add_synth(commands) -> None:
    command = new_command(
        commands,
        "synth",
        "make a folder of synthetic lung-CT slices",
        "covid synth --out synthetic --patients 40 --slices 12 --seed 1",
    )
    command.add_argument("--out", type=Path, default=Path("synthetic"), metavar="DIR")
    command.add_argument("--patients", type=positive, default=40, metavar="N")
    command.add_argument("--slices", type=positive, default=12, metavar="N", help="of each patient")


def add_preprocess(commands) -> None:
    command = new_command(
        commands,
        "preprocess",
        "enhance (CLAHE) and crop all images of two class folders",
        "covid preprocess my_images --out enhanced",
    )
    command.add_argument("folder", type=Path, metavar="DIR", help="folder with two class folders")
    command.add_argument("--out", type=Path, default=Path("preprocessed"), metavar="DIR")
    add_positive(command)
    add_no_contour(command)


def add_split(commands) -> None:
    command = new_command(
        commands,
        "split",
        "split two class folders into train, validate and test",
        "covid split enhanced --out split --ratios 50/10/40 --group '^[^_]+'",
    )
    command.add_argument("folder", type=Path, metavar="DIR", help="folder with two class folders")
    command.add_argument("--out", type=Path, default=Path("split"), metavar="DIR")
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
    add_data(command, "synthetic images, made for the occasion")
    command.add_argument("--model", choices=MODEL_NAMES, default="tiny_cnn")
    command.add_argument(
        "--out", type=Path, metavar="DIR", help="new folder for all results (default: trained)"
    )
    add_recipe(command)
    add_split_choice(command)
    add_no_contour(command)


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
        type=Path,
        required=True,
        metavar="DIR",
        help="a folder made by `covid split`, or any folder with two class folders",
    )
    command.add_argument(
        "--part",
        choices=("train", "validate", "test", "all"),
        default="test",
        help="which part of a split folder (default test)",
    )
    command.add_argument("--out", type=Path, metavar="FILE.csv", help="predictions per image")
    add_as_is(command)


def add_predict(commands) -> None:
    command = new_command(
        commands,
        "predict",
        "ask a trained model about single images",
        "covid predict results/tiny_cnn/model.npz slice1.png slice2.jpg",
    )
    add_model_file(command)
    command.add_argument("images", type=Path, nargs="+", metavar="IMAGE")
    command.add_argument("--out", type=Path, metavar="FILE.csv", help="write the answers, too")
    add_as_is(command)


def add_figures(commands) -> None:
    command = new_command(
        commands,
        "figures",
        "draw what is in two class folders and what preprocessing makes of it",
        "covid figures --data my_images --out figures --model results/tiny_cnn/model.npz",
    )
    command.add_argument(
        "--data", type=Path, required=True, metavar="DIR", help="folder with two class folders"
    )
    add_positive(command)
    command.add_argument("--out", type=Path, default=Path("figures"), metavar="DIR")
    command.add_argument(
        "--model", type=Path, metavar="MODEL.npz", help="draw its graph and filters, too"
    )


def add_explain(commands) -> None:
    command = new_command(
        commands,
        "explain",
        "take one number inside a model apart: window, kernel, products, sum",
        "covid explain results/tiny_cnn/model.npz slice.png --layer conv2d --position 70,40,2",
    )
    add_model_file(command)
    command.add_argument("image", type=Path, metavar="IMAGE")
    command.add_argument(
        "--layer", metavar="NAME", help="without it: all layers' outputs, in short"
    )
    command.add_argument(
        "--position", metavar="ROW,COL,CHANNEL", help="of the number; UNIT for a dense layer"
    )
    add_as_is(command)


if __name__ == "__main__":
    sys.exit(main())
