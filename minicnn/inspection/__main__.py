"""`python -m minicnn.inspection`: look inside a saved model while it sees one image."""

import argparse
import sys

import numpy as np

from minicnn.inspection import explain, trace, trace_table
from minicnn.models import Model, load_model

LARGEST_FACTOR = 1e9  # of gray values; far from the end of float32
COLOR_MODES = {1: "grayscale", 3: "rgb", 4: "rgba"}


def main(arguments: list[str] | None = None) -> int:
    """Print the trace or an explanation; 0, or 2 with one sentence on stderr for bad input."""
    parser = argparse.ArgumentParser(
        prog="python -m minicnn.inspection",
        description="What the layers of a saved model make of an image. Without --layer: a table "
        "of all outputs. With it: one number of that layer's output taken apart.",
    )
    parser.add_argument("model", help="a model that was saved with model.save (.npz)")
    parser.add_argument("image", help="an image file; it is resized to the model's input")
    parser.add_argument("--layer", help="name of a layer, as the table shows it")
    parser.add_argument(
        "--position",
        help="row,col,channel in the layer's output, or the number of a unit, counted from 0; "
        "the place of the largest number when missing",
    )
    options = parser.parse_args(arguments)
    try:
        print(inspect(options.model, options.image, options.layer, options.position))
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def inspect(model_path: str, image_path: str, layer: str | None, position: str | None) -> str:
    """The text that the command prints."""
    if position is not None and layer is None:
        raise ValueError("--position: expected --layer with it")
    model = load_model(model_path)
    x = prepared_image(model, image_path)
    if layer is None:
        return trace_table({"(image)": x, **trace(model, x)})
    if position is not None:
        return str(explain(model, x, layer, parsed_position(position)))
    outputs = trace(model, x)
    if layer not in outputs:
        raise ValueError(f"--layer: expected one of {', '.join(outputs)}, got {layer!r}")
    output = outputs[layer][0]
    return str(explain(model, x, layer, np.unravel_index(output.argmax(), output.shape)))


def prepared_image(model: Model, path: str) -> np.ndarray:
    """An image file as the model's input, (1, height, width, channels) float32.

    What `model.metadata["preprocessing"]` says is done to it: `rescale` is a factor, and
    `samplewise` subtracts the image's mean and divides by its standard deviation + 1e-6.
    """
    from minicnn.preprocessing.image import img_to_array, load_img

    shape = model.input_shape
    if not isinstance(shape, tuple) or len(shape) != 4 or shape[3] not in COLOR_MODES:
        raise ValueError(
            f"{model.name}: expected a model that takes one gray or color image, got input shape "
            f"{shape}"
        )
    x = img_to_array(load_img(path, COLOR_MODES[shape[3]], target_size=shape[1:3]))
    steps = model.metadata.get("preprocessing", {})
    rescale = (steps.get("rescale") or 1) if isinstance(steps, dict) else None
    if not isinstance(rescale, int | float) or not abs(rescale) < LARGEST_FACTOR:
        raise ValueError(
            f"{model.name}: expected metadata['preprocessing'] to be a dict, and rescale in it a "
            f"number, got {steps!r}"
        )
    steps = {name: setting for name, setting in steps.items() if name != "rescale"}
    x = x * np.float32(rescale)
    if steps.pop("samplewise", False):
        x = (x - x.mean()) / (x.std() + 1e-6)
    others = [name for name, setting in steps.items() if setting]
    if others:
        print(f"note: not applied to the image: {', '.join(others)}", file=sys.stderr)
    return x[None].astype(np.float32)


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
