"""`covid predict`: a trained model asked about single images."""

from argparse import Namespace
from functools import partial

from covid.cli.commands.model_inputs import about, model_note, prepare_image, probability, readable
from covid.common.errors import shown
from covid.common.output_files import check_csv, write_csv
from covid.common.screen import say
from covid.training.model_file import classes_of, open_model
from minicnn.metrics import THRESHOLD


def predict(options: Namespace) -> dict:
    """`covid predict`: answers for what can be read; the rest is in "unreadable"."""
    check_csv(options.out)
    model = open_model(options.model)
    classes = classes_of(model)
    answers: list[dict] = []
    unreadable: dict[str, str] = {}
    prepare = partial(prepare_image, model, as_is=options.as_is)
    for path, x, remark in readable("predict", options.images, prepare, unreadable):
        p = probability(model, x)
        guess = classes[int(p > THRESHOLD)]
        answers.append({"file": str(path), "predicted": guess, "probability": p, "note": remark})
        say(f"{shown(path)}: p({classes[1]}) = {p:.4f}, {guess}{remark and f' (note: {remark})'}")
    if answers:
        say(model_note(model))
        if options.out is not None:
            columns = ("file", "predicted", f"p({classes[1]})", "note")
            rows = ({**row, "probability": f"{row['probability']:.6f}"} for row in answers)
            write_csv(options.out, columns, (row.values() for row in rows))
    return {**about(options.model, model), "predictions": answers, "unreadable": unreadable}
