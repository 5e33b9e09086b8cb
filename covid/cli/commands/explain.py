"""`covid explain`: what is inside a model, or one number of it taken apart, forward or backward."""

from argparse import Namespace

import numpy as np

from covid.cli.commands.model_inputs import about, label_of, levels_for, prepare_image
from covid.common.errors import UserError, shortened
from covid.common.screen import put, say
from covid.training.model_file import classes_of, open_model
from minicnn.models import Model

BACKWARD = ("of", "label", "training")  # options that mean something with --backward only


def explain(options: Namespace) -> dict:
    """`covid explain`: a table of all layers, or one number of one layer taken apart."""
    check_options(options)
    model = open_model(options.model)
    label = label_of(model, options) if options.backward else None
    if options.layer is not None:
        check_layer(model, options)
    levels = levels_for(model, [options.image])
    x, remark = prepare_image(model, options.image, options.as_is, levels)
    if remark:
        say(f"note: {remark}", "yellow")
    if label is None:
        found = table(model, x) if options.layer is None else output(model, x, options)
    else:
        y = classes_of(model).index(label)
        gradients = gradient_tables if options.layer is None else gradient
        found = {"label": label, **gradients(model, x, y, options)}
    return {**about(options.model, model), **found}


def check_options(options: Namespace) -> None:
    """UserError for options that mean nothing without another one."""
    for name in ("position", "of"):
        if getattr(options, name) is not None and options.layer is None:
            raise UserError(f"--{name} needs a layer: add --layer, such as --layer conv2d")
    for name in BACKWARD:
        if getattr(options, name) not in (None, False) and not options.backward:
            raise UserError(f"--{name} is about gradients: add --backward")


def check_layer(model: Model, options: Namespace) -> None:
    """UserError unless the model has that layer, and the layer the gradient asked for."""
    from minicnn.inspection import gradients_of

    known = {layer.name: layer for layer in model.layers if layer.nodes[0].inputs}
    if options.layer not in known:
        raise UserError(
            f"--layer: expected one of {', '.join(known)}, got {options.layer!r}; choose one"
        )
    gradients = gradients_of(known[options.layer])
    if options.of not in (None, *gradients):
        raise UserError(
            f"--of: expected one of {', '.join(gradients)} for {options.layer}, got "
            f"{options.of!r}; choose one"
        )


def table(model: Model, x: np.ndarray) -> dict:
    """All layers' outputs."""
    from minicnn.inspection import trace, trace_table

    outputs = trace(model, x)
    put(trace_table(outputs))
    return {"layers": {name: list(output.shape[1:]) for name, output in outputs.items()}}


def output(model: Model, x: np.ndarray, options: Namespace) -> dict:
    """One number of a layer's output."""
    from minicnn.inspection import explain as take_apart
    from minicnn.inspection import trace

    array = trace(model, x)[options.layer][0]
    try:
        place = position(options.position)
        if place is None:
            place = tuple(int(i) for i in np.unravel_index(array.argmax(), array.shape))
        explanation = take_apart(model, x, options.layer, place)
    except ValueError as error:
        raise UserError(f"--position: {error}; choose another") from None
    put(explanation)
    return explanation.as_dict()


def gradient_tables(model: Model, x: np.ndarray, y: int, options: Namespace) -> dict:
    """All layers' gradients."""
    from minicnn.inspection import gradient_summary, gradient_table, trace_gradients

    gradients = trace_gradients(model, x, y, training=options.training)
    put(gradient_table(gradients))
    return {"layers": gradient_summary(gradients)}


def gradient(model: Model, x: np.ndarray, y: int, options: Namespace) -> dict:
    """One number of a gradient."""
    from minicnn.inspection import explain_gradient

    try:
        place, way = position(options.position), {"training": options.training}
        explanation = explain_gradient(model, x, y, options.layer, options.of, place, **way)
    except ValueError as error:
        raise UserError(f"--position: {error}; choose another") from None
    except RuntimeError as error:
        raise UserError(f"{error}; ask `python -m minicnn.gradcheck` what is wrong") from None
    put(explanation)
    return explanation.as_dict()


def position(text: str | None) -> tuple[int, ...] | None:
    """(70, 40, 2) from "70,40,2"; None without a text."""
    if text is None:
        return None
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise ValueError(
            f"expected whole numbers such as 70,40,2, got {shortened(text)!r}"
        ) from None
