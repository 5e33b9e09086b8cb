"""`covid look`: heat maps of image files.

What is on the figures is in `covid.figures.heat_maps`; their values go to looks.csv.
"""

import math
from argparse import Namespace
from functools import partial
from pathlib import Path

from covid.cli.commands.image_files import prepared, readable, say_above
from covid.cli.commands.model_inputs import about, answer, levels_for, model_note, prepare_gray
from covid.common.errors import UserError, shown
from covid.common.output_files import free_name, new_folder, write_csv
from covid.common.screen import say
from covid.data.same_names import folded
from covid.data.window import GrayLevels
from covid.figures.heat_maps import COPIES, activation_figure, look_figure
from covid.metrics.text_table import threshold_line
from covid.training.model_file import classes_of, open_model, threshold_of
from minicnn.models import Model
from minicnn.saliency import recommend_method


def look(options: Namespace) -> dict:
    """`covid look`: figures for what can be read; the rest is in "unreadable"."""
    options.out = options.out or free_name("look")
    model = open_model(options.model)
    check_method(model, options.method)
    unreadable: dict[str, str] = {}
    paths, levels = readable("look", options.images, unreadable, partial(levels_for, model))
    answer = {**about(options.model, model), "unreadable": unreadable, "looks": [], "figures": []}
    if paths:
        with new_folder(options.out):
            answer.update(look_at_all(model, paths, levels, options))
        say(answer["note"])
    return answer


def look_at_all(
    model: Model, paths: list[Path], levels: GrayLevels | None, options: Namespace
) -> dict:
    """Draw all images, write looks.csv; the part of --json about that."""
    looks, figures, used = [], [], {}
    prepare = partial(prepare_gray, model, as_is=options.as_is, levels=levels)
    for path, gray, remark in prepared("looking", paths, prepare):
        figure = free_path(options.out, path, used)
        note = image_note(model, path)
        found = look_figure(model, gray, path.name, figure, note, options.seed, options.method)
        guess, text = answer(model, found["probability"])
        looks.append(
            {"file": str(path), "figure": str(figure), "note": remark, "predicted": guess, **found}
        )
        say_above(
            f"{shown(path)}: {text}{remark and f' (note: {remark})'}\n  {found['verdict']}\n"
            f"  {shown(figure)}"
        )
    say(threshold_line(threshold_of(model)))
    write_looks(looks, classes_of(model)[1], options.out / "looks.csv")
    if recommend_method(model).layers:  # there are convolutions
        from covid.figures.model_figures import filters_figure

        path, (gray, _) = paths[0], prepare(paths[0])
        figures = [options.out / f"{kind}-{model.name}.png" for kind in ("filters", "excited")]
        filters_figure(model, path.name, gray, figures[0], image_note(model, path))
        activation_figure(model, figures[1], model_note(model), options.seed)
        say("\n".join(shown(figure) for figure in figures))
    return {"looks": looks, "figures": [str(figure) for figure in figures]}


def check_method(model: Model, method: str) -> None:
    """UserError where the method asked for cannot be used with the model."""
    if method == "grad-cam" and not recommend_method(model).layers:
        raise UserError(
            f"--method grad-cam: {model.name} has no convolution whose maps could be looked at; "
            "choose --method occlusion"
        )


def image_note(model: Model, path: Path) -> str:
    """The small print under a figure of one image."""
    synthetic = "Synthetic image. " if path.name.startswith("synthetic-") else ""
    return f"{synthetic}{model_note(model)}"


def free_path(folder: Path, image: Path, used: dict[str, int]) -> Path:
    """folder/look-<image>.png, or with _2, _3, ... where an image of that name came before.

    Of a long name the beginning: file systems allow 255 bytes, of which a letter may take four.
    `used` has the number given last for each name, and is kept here.
    """
    own = f"look-{image.stem[:50]}"
    stem, number = own, used.get(folded(own), 1)
    while folded(stem) in used:
        number += 1
        stem = f"{own}_{number}"
    used[folded(own)], used[folded(stem)] = number, used.get(folded(stem), 1)
    return folder / f"{stem}.png"


def write_looks(looks: list[dict], positive: str, path: Path) -> None:
    """One line for every image: its answer, the method, and what the check found."""
    correlations = [f"rank_correlation_{number + 1}" for number in range(COPIES)]
    columns = [
        *(
            "file",
            "predicted",
            f"p({positive})",
            "logit",
            "method",
            "source",
            "receptive_field",
            *correlations,
        ),
        *("agreement", "passed", "verdict", "note", "figure"),
    ]
    write_csv(path, columns, map(look_row, looks))


def look_row(look: dict) -> list[str]:
    """One image's line in looks.csv."""
    found = [*look["rank_correlations"], look["agreement"]]
    return [
        *(look["file"], look["predicted"], f"{look['probability']:.6f}", f"{look['logit']:.6f}"),
        *(look["method"], look["source"], " x ".join(map(str, look["receptive_field"] or ()))),
        *("" if math.isnan(number) else f"{number:.4f}" for number in found),
        {True: "yes", False: "no", None: ""}[look["passed"]],
        *(look["verdict"], look["note"], look["figure"]),
    ]
