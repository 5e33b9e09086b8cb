"""`covid explain`: what is inside a model, or one number of it taken apart."""

from argparse import Namespace

import numpy as np

from covid.cli.commands.model_inputs import about, prepare_image
from covid.common.errors import UserError, shortened
from covid.common.screen import say
from covid.training.model_file import open_model


def explain(options: Namespace) -> dict:
    """`covid explain`: a table of all layers, or one number of one layer taken apart."""
    from minicnn.inspection import explain as take_apart
    from minicnn.inspection import trace, trace_table

    if options.layer is None and options.position is not None:
        raise UserError("--position needs a layer: add --layer, such as --layer conv2d")
    model = open_model(options.model)
    x, remark = prepare_image(model, options.image, options.as_is)
    if remark:
        say(f"note: {remark}", "yellow")
    outputs = trace(model, x[None])
    if options.layer is None:
        print(trace_table(outputs))
        shapes = {name: list(output.shape[1:]) for name, output in outputs.items()}
        return {**about(options.model, model), "layers": shapes}
    if options.layer not in outputs:
        raise UserError(
            f"--layer: expected one of {', '.join(outputs)}, got {options.layer!r}; choose one"
        )
    output = outputs[options.layer][0]
    try:
        explanation = take_apart(model, x[None], options.layer, place(options.position, output))
    except (ValueError, IndexError) as error:
        raise UserError(f"--position: {error}; choose another") from None
    print(explanation)
    return {
        **about(options.model, model),
        "layer": explanation.layer,
        "position": list(explanation.position),
        "value": explanation.value,
        "explanation": str(explanation).splitlines(),
    }


def place(text: str | None, output: np.ndarray) -> tuple[int, ...]:
    """(70, 40, 2) from "70,40,2"; without a text the place of the largest number."""
    if text is None:
        return tuple(int(i) for i in np.unravel_index(output.argmax(), output.shape))
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise ValueError(
            f"expected whole numbers such as 70,40,2, got {shortened(text)!r}"
        ) from None
