"""The controls of a run: the same training where it should learn nothing, or read back."""

import json

from covid.common.choices import CONTROLS_INFO
from covid.common.made_files import is_whole
from covid.common.output_files import new_folder
from covid.controls import run_controls, write_controls
from covid.data import disclaimer
from covid.pipeline.options import Options
from covid.pipeline.output_folder import damage_as_error
from covid.pipeline.train_models import Outcome
from minicnn.files import ordinary_file

FASTEST = ("tiny_cnn", "reduced_inception", "compact_cnn", "cnn_dropout", "cnn")  # in a step


def control(options: Options, outcomes: dict[str, Outcome]) -> dict | None:
    """What summary.json holds of the controls: the same training where it should learn nothing.

    They look at the split that keeps patients apart, if its test has enough of them to say anything
    about other patients, else at the random one; and train the fastest model.
    """
    if not options.controls:
        return None
    folder, screen = options.out / "controls", options.screen
    enough = [outcome for outcome in outcomes.values() if outcome.tests_enough_groups]
    outcome = (enough or list(outcomes.values()))[-1 if enough else 0]
    model = min(outcome.trained, key=FASTEST.index)
    images = outcome.prepared[model]
    with screen.phase(f"controls, {model} on images that should not be enough"):
        if not is_whole(folder, CONTROLS_INFO):
            reference = outcome.trained[model].results["test"]
            with new_folder(folder, empty=False):
                found = run_controls(
                    images.split, model, images.recipe, options.seed, folder, screen, reference
                )
                write_controls(found, folder, disclaimer.note(images.split))
        with damage_as_error(folder):
            controls = json.loads(ordinary_file(folder / CONTROLS_INFO).read_text("utf-8"))
            flagged = any(row["flagged"] for row in controls["rows"])
            screen.say(f"  {controls['verdict']}", "yellow" if flagged else None)
    return controls
