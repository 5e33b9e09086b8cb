"""`covid predict`: a trained model asked about images, one by one."""

from argparse import Namespace
from collections import Counter
from functools import partial

from covid.cli.commands.image_files import prepared, readable, say_above
from covid.cli.commands.model_inputs import (
    about,
    answer,
    levels_for,
    model_note,
    prepare_image,
    probability,
)
from covid.common.errors import shown
from covid.common.output_files import check_csv, write_csv
from covid.common.screen import say
from covid.metrics.text_table import threshold_line
from covid.training.model_file import classes_of, open_model, threshold_of


def predict(options: Namespace) -> dict:
    """`covid predict`: answers for what can be read; the rest is in "unreadable"."""
    check_csv(options.out, options.model, *options.images)
    model = open_model(options.model)
    threshold = threshold_of(model)
    answers: list[dict] = []
    unreadable: dict[str, str] = {}
    paths, levels = readable("predict", options.images, unreadable, partial(levels_for, model))
    prepare = partial(prepare_image, model, as_is=options.as_is, levels=levels)
    for path, x, remark in prepared("predicting", paths, prepare):
        p = probability(model, x)
        guess, text = answer(model, p)
        answers.append({"file": str(path), "predicted": guess, "probability": p, "note": remark})
        say_above(f"{shown(path)}: {text}{remark and f' (note: {remark})'}")
    if len(answers) > 1:
        counts = Counter(row["predicted"] for row in answers)
        called = ", ".join(f"{counts[name]} {shown(name)}" for name in classes_of(model)[::-1])
        say(f"{len(answers)} images: {called}")
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
