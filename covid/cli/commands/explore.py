"""`covid explore`: a page that takes a model apart on an image, forward and backward."""

import shlex
from argparse import Namespace
from os.path import splitext

from covid.cli.commands.model_inputs import about, label_of, levels_for, prepare_gray
from covid.common.choices import EXPLORER
from covid.common.output_files import check_file, free_name
from covid.common.screen import program, say
from covid.training.model_file import classes_of, open_model


def explore(options: Namespace) -> dict:
    """Write the page; with --open show it in the browser."""
    from covid.figures.explorer_page import Slice, explorer_page, without_lesions

    if options.out is not None:
        check_file(options.out, options.model, options.image)
    model = open_model(options.model)
    label = label_of(model, options)
    levels = levels_for(model, [options.image])
    gray, remark = prepare_gray(model, options.image, options.as_is, levels)
    if remark:
        say(f"note: {remark}", "yellow")
    slices = [Slice(f"{label}: {options.image.name}", gray, classes_of(model).index(label))]
    twin = None if options.as_is else without_lesions(model, options.image)
    if twin is not None:
        slices.append(Slice("the same slice without lesions", twin, 0))
    words = ["explain", str(options.model), str(options.image)]
    command = f"{program()} {shlex.join([*words, '--as-is'] if options.as_is else words)}"
    path = options.out or free_name(*splitext(EXPLORER))
    explorer_page(model, path, slices, command, options.model.parent)
    say(f"{path}: open it in a browser; it needs no network")
    if options.open:
        from covid.cli.commands.ending import open_page

        open_page(path)
    return {**about(options.model, model), "page": str(path), "label": label}
