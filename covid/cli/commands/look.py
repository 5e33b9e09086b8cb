"""`covid look`: heat maps of image files.

What is on the figures is in `covid.figures.heat_maps`; their values go to looks.csv.
"""

import math
from argparse import Namespace
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from covid.cli.commands.image_files import prepared, readable, say_above
from covid.cli.commands.model_inputs import about, answer, levels_for, model_note, prepare_gray
from covid.common.errors import UserError, shown
from covid.common.output_files import free_name, new_folder, write_csv
from covid.common.screen import say
from covid.data.same_names import distinct
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
    looks, figures = [], []
    prepare = partial(prepare_gray, model, as_is=options.as_is, levels=levels)
    places = figure_paths(options.out, paths)
    images = prepared("looking", paths, prepare)
    for figure, (path, gray, remark) in zip(places, images, strict=True):
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


def figure_paths(folder: Path, images: Sequence[Path]) -> list[Path]:
    """folder/look-<image>.png for each image, made `distinct`.

    Of a long name the beginning: file systems allow 255 bytes, of which a letter may take four.
    """
    stems = distinct([f"look-{image.stem[:50]}" for image in images])
    return [folder / f"{stem}.png" for stem in stems]


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
