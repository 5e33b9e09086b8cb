"""`covid explore`: a page that takes a model apart on an image, forward and backward."""

import shlex
import webbrowser
from argparse import Namespace
from os.path import splitext

from covid.cli.commands.model_inputs import about, prepare_gray
from covid.common.choices import EXPLORER
from covid.common.errors import UserError
from covid.common.output_files import free_name
from covid.common.screen import program, say
from covid.training.model_file import classes_of, open_model


def explore(options: Namespace) -> dict:
    """Write the page; with --open show it in the browser."""
    from covid.figures.explorer_page import Slice, explorer_page, without_lesions

    model = open_model(options.model)
    gray, remark = prepare_gray(model, options.image, options.as_is)
    if remark:
        say(f"note: {remark}", "yellow")
    classes = classes_of(model)
    label = label_of(options, classes)
    slices = [Slice(f"{classes[label]}: {options.image.name}", gray, label)]
    twin = None if options.as_is else without_lesions(model, options.image)
    if twin is not None:
        slices.append(Slice("the same slice without lesions", twin, 0))
    words = ["explain", str(options.model), str(options.image)]
    command = f"{program()} {shlex.join([*words, '--as-is'] if options.as_is else words)}"
    path = options.out or free_name(*splitext(EXPLORER))
    explorer_page(model, path, slices, command, options.model.parent)
    say(f"{path}: open it in a browser; it needs no network")
    if options.open and not webbrowser.open(path.absolute().as_uri()):
        say(f"note: no browser could be started; open {path} in one", "yellow")
    return {**about(options.model, model), "page": str(path), "label": classes[label]}


def label_of(options: Namespace, classes: tuple[str, str]) -> int:
    """0 or 1: the class that --label names, or the image's folder."""
    name = options.label if options.label is not None else options.image.absolute().parent.name
    if name in classes:
        return classes.index(name)
    expected = " or ".join(classes)
    if options.label is not None:
        raise UserError(f"--label: expected {expected}, got {name!r}; choose one of them")
    raise UserError(
        f"{options.image}: its folder is not called {expected}, so its class is not known, and "
        "without it there is no loss; add --label"
    )
