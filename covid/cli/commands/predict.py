"""`covid predict`: a trained model asked about single images."""

from argparse import Namespace
from functools import partial

from covid.cli.commands.model_inputs import (
    about,
    answer,
    levels_for,
    model_note,
    prepare_image,
    probability,
    readable,
)
from covid.common.errors import shown
from covid.common.output_files import check_csv, write_csv
from covid.common.screen import say
from covid.metrics.text_table import threshold_line
from covid.training.model_file import classes_of, open_model, threshold_of


def predict(options: Namespace) -> dict:
    """`covid predict`: answers for what can be read; the rest is in "unreadable"."""
    check_csv(options.out)
    model = open_model(options.model)
    threshold = threshold_of(model)
    answers: list[dict] = []
    unreadable: dict[str, str] = {}
    levels = levels_for(model, options.images)
    prepare = partial(prepare_image, model, as_is=options.as_is, levels=levels)
    for path, x, remark in readable("predict", options.images, prepare, unreadable):
        p = probability(model, x)
        guess, text = answer(model, p)
        answers.append({"file": str(path), "predicted": guess, "probability": p, "note": remark})
        say(f"{shown(path)}: {text}{remark and f' (note: {remark})'}")
    if answers:
        say(f"{threshold_line(threshold)}\n{model_note(model)}")
        if options.out is not None:
            columns = ("file", "predicted", f"p({classes_of(model)[1]})", "threshold", "note")
            rows = (
                (row["file"], row["predicted"], f"{row['probability']:.6f}")
                + (f"{threshold['value']:.6f}", row["note"])
                for row in answers
            )
            write_csv(options.out, columns, rows)
    return {**about(options.model, model), "predictions": answers, "unreadable": unreadable}
