"""`python -m minicnn.inspection`: look inside a saved model while it sees one image."""

import argparse
import sys

import numpy as np

from minicnn.inspection import (
    explain,
    explain_gradient,
    gradient_table,
    trace,
    trace_gradients,
    trace_table,
)
from minicnn.models import Model, load_model
from minicnn.preprocessing.image import load_img
from minicnn.preprocessing.model_image import model_image
from minicnn.printing import print_text

LARGEST_FACTOR = 1e9  # of gray values; far from the end of float32
COLOR_MODES = {1: "grayscale", 3: "rgb", 4: "rgba"}
DONE_HERE = ("image_size", "interpolation", "samplewise", "rescale")  # of what metadata ask for
BACKWARD = ("of", "label", "training")  # options that mean something with --backward only


def main(arguments: list[str] | None = None) -> int:
    """Print a table or an explanation; 0, or 2 with one sentence on stderr for bad input."""
    options = parser().parse_args(arguments)
    try:
        print_text(str(inspect(options)))
    except (ValueError, OSError, RuntimeError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m minicnn.inspection",
        description="What the layers of a saved model make of an image, or with --backward the "
        "gradients of its loss. Without --layer: a table of all. With it: one number taken apart.",
    )
    parser.add_argument("model", help="a model that was saved with model.save (.npz)")
    parser.add_argument("image", help="an image file; it is resized to the model's input")
    parser.add_argument("--layer", help="name of a layer, as the table shows it")
    parser.add_argument(
        "--position",
        help="row,col,channel in the layer's output, or the number of a unit, counted from 0; with "
        "--backward an index into a parameter, too; the largest number when missing",
    )
    parser.add_argument("--backward", action="store_true", help="gradients instead of outputs")
    parser.add_argument(
        "--of",
        help="the gradient of what: kernel, bias, input, activation (dz) or output (dy); kernel "
        "when missing, or input where there is none",
    )
    parser.add_argument("--label", type=float, help="the image's label, 0 or 1")
    parser.add_argument("--training", action="store_true", help="drop out as in a training step")
    parser.add_argument("--as-is", action="store_true", help="the image is prepared already")
    return parser


def inspect(options: argparse.Namespace) -> str:
    """The text that the command prints."""
    check_options(options)
    model = load_model(options.model)
    x = prepared_image(model, options.image, options.as_is)
    position = None if options.position is None else parsed_position(options.position)
    layer, way = options.layer, {"training": options.training}
    if options.backward and layer is None:
        return gradient_table(trace_gradients(model, x, options.label, **way))
    if options.backward:
        return str(explain_gradient(model, x, options.label, layer, options.of, position, **way))
    if layer is None:
        return trace_table({"(image)": x, **trace(model, x)})
    if position is None:
        outputs = trace(model, x)
        if layer not in outputs:
            raise ValueError(f"--layer: expected one of {', '.join(outputs)}, got {layer!r}")
        position = np.unravel_index(outputs[layer][0].argmax(), outputs[layer][0].shape)
    return str(explain(model, x, layer, position))


def check_options(options: argparse.Namespace) -> None:
    """ValueError for options that mean nothing without another one."""
    for name in ("position", "of"):
        if getattr(options, name) is not None and options.layer is None:
            raise ValueError(f"--{name}: expected --layer with it")
    for name in BACKWARD:
        given = getattr(options, name)  # 0 is a label
        if given is not None and given is not False and not options.backward:
            raise ValueError(f"--{name}: expected --backward with it")
    if options.backward and options.label is None:
        raise ValueError("--backward: expected --label with it, such as --label 1")


def prepared_image(model: Model, path: str, as_is: bool = False) -> np.ndarray:
    """An image file as the model's input, (1, height, width, channels) float32.

    What `model.metadata["preprocessing"]` asks for is done to it as in
    `minicnn.preprocessing.model_image`. ValueError where it asks for anything else, unless with
    `as_is` that has been done already.
    """
    shape = model.input_shape
    if not isinstance(shape, tuple) or len(shape) != 4 or shape[3] not in COLOR_MODES:
        raise ValueError(
            f"{model.name}: expected a model that takes one gray or color image, got input shape "
            f"{shape}"
        )
    steps = model.metadata.get("preprocessing", {})
    rescale = (steps.get("rescale") or 1) if isinstance(steps, dict) else None
    if not isinstance(rescale, int | float) or not abs(rescale) < LARGEST_FACTOR:
        raise ValueError(
            f"{model.name}: expected metadata['preprocessing'] to be a dict, and rescale in it a "
            f"number, got {steps!r}"
        )
    others = [name for name, setting in steps.items() if setting and name not in DONE_HERE]
    if others == ["crop"]:
        others = []  # which is a part of "enhance"
    if others and not as_is:
        raise ValueError(
            f"{model.name}: its images were prepared with {', '.join(others)}, which is not done "
            "here; use `covid explain`, or add --as-is if the image is prepared already"
        )
    image = load_img(path, COLOR_MODES[shape[3]])
    return model_image(image, shape[1:3], steps)[None]


def parsed_position(text: str) -> tuple[int, ...]:
    """(10, 20, 0) from "10,20,0"."""
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise ValueError(
            f"--position: expected whole numbers such as 10,20,0 or 3, got {text!r}"
        ) from None


if __name__ == "__main__":
    sys.exit(main())
