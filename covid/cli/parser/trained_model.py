"""The commands that ask a trained model, or look into it."""

from covid.cli.parser import common
from covid.cli.parser.command_parser import CommandParser
from covid.cli.parser.common import new_command
from covid.cli.parser.values import path, prevalence
from covid.common.choices import DEFAULT_PREVALENCE, LOOK_METHODS, PARTS


def evaluate() -> CommandParser:
    command = new_command(
        "evaluate",
        "measure a trained model on images of known class",
        "covid evaluate results/random/tiny_cnn/model.npz my_images",
    )
    common.add_model_file(command)
    common.add_data(command, "a folder made by `covid split`, or one with two class folders")
    common.add_labels(command)
    command.add_argument(
        "--part", choices=(*PARTS, "all"), help="which part of a split folder (default test)"
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
    common.add_csv(command)
    common.add_as_is(command)
    return command


def predict() -> CommandParser:
    command = new_command(
        "predict",
        "ask a trained model about images",
        "covid predict results/random/tiny_cnn/model.npz slice1.png slice2.jpg",
    )
    common.add_model_file(command)
    common.add_images(command)
    common.add_csv(command)
    common.add_as_is(command)
    return command


def figures() -> CommandParser:
    command = new_command(
        "figures",
        "draw two class folders, and what preprocessing makes of them",
        "covid figures my_images --model results/random/tiny_cnn/model.npz",
    )
    common.add_data(command, common.CLASSES_OR_PARTS)
    common.add_labels(command)
    common.add_positive(command)
    common.add_out(command, "figures")
    common.add_window(command)
    command.add_argument(
        "--model", type=path, metavar="MODEL.npz", help="draw its graph and filters, too"
    )
    return command


def explain() -> CommandParser:
    command = new_command(
        "explain",
        "take one number in a model apart, an output's or a gradient's",
        "covid explain model.npz slice.png --layer conv2d --position 70,40,2",
    )
    common.add_model_file(command)
    common.add_image(command)
    command.add_argument(
        "--layer", metavar="NAME", help="without it: all layers' outputs, in short"
    )
    command.add_argument(
        "--position",
        metavar="ROW,COL,CHANNEL",
        help="of the number, counted from 0; UNIT for a dense layer (default: the largest one); with "
        "--backward an index into a parameter, too (default: the number farthest from 0)",
    )
    command.add_argument(
        "--backward",
        action="store_true",
        help="gradients instead of outputs: of the loss for this image, each beside the slope that "
        "the loss really has",
    )
    command.add_argument(
        "--of",
        choices=("kernel", "bias", "input", "activation", "output"),
        help="the gradient of what: a parameter of the layer, its input (dx), what is in front of "
        "its activation (dz), or its output (dy) (default: kernel, or input where there is none)",
    )
    common.add_label(command)
    command.add_argument(
        "--training",
        action="store_true",
        help="drop out as the next training step would (default: nothing is dropped)",
    )
    common.add_as_is(command)
    return command


def explore() -> CommandParser:
    command = new_command(
        "explore",
        "write a page on which every number of a model can be pointed at",
        "covid explore model.npz slice.png --label Infected --open",
    )
    common.add_model_file(command)
    common.add_image(command)
    common.add_label(command)
    command.add_argument(
        "--out",
        type=path,
        metavar="FILE.html",
        help="the page (default: explorer.html, explorer-2.html, ...)",
    )
    command.add_argument("--open", action="store_true", help="show the page in a browser")
    common.add_as_is(command)
    return command


def look() -> CommandParser:
    command = new_command(
        "look",
        "show where an answer comes from, checked against random models",
        "covid look results/random/tiny_cnn/model.npz slice1.png slice2.jpg",
    )
    common.add_model_file(command)
    common.add_images(command)
    common.add_out(command, None, "new or empty folder (default: look, look-2, ...)")
    command.add_argument(
        "--method",
        choices=LOOK_METHODS,
        default="auto",
        help="grad-cam: where the last convolution saw what raised the answer; occlusion: what "
        "changes it when covered; auto (default): grad-cam if that convolution sees enough",
    )
    common.add_as_is(command)
    return command
