"""Controls and cross-validation: trainings that say how far the result can be believed."""

from covid.controls.verdict import MAY_SCORE
from covid.metrics import DEFINITIONS
from covid.report import alt_texts
from covid.report.chart import controls_chart, folds_chart
from covid.report.formats import count
from covid.report.pictures import picture
from covid.report.run_data import Control, Run

FOLD_MEASURES = {
    "accuracy": DEFINITIONS["accuracy"].title,
    "auc": DEFINITIONS["roc_auc"].title,
    "loss": "Loss (binary cross-entropy)",
}


def controls_section(run: Run) -> dict:
    """The same training on images that should teach it nothing."""
    if run.controls is None:
        run.lacks("no controls")
        return {}
    controls = run.controls
    split = run.splits.get(controls.split)
    return {
        "split": split.title if split else controls.split,
        "rows": [(row, judgment(row)) for row in controls.rows],
        "without_lungs": [
            f"{count(n)} of {name}" for name, n in controls.without_lungs.items() if n
        ],
        "chart": controls_chart(controls),
        "masks": picture(run, "controls/masks.png", alt_texts.MASKS),
    }


def judgment(row: Control) -> str:
    """What the rule below the table says of a control."""
    if row.name == "image":
        return "the result itself"
    if row.flagged:
        return "suspicious"
    if row.name in MAY_SCORE:
        return "may score"
    return "too few to tell" if row.auc_low is None else "no alarm"


def folds_section(run: Run) -> dict | None:
    """Cross-validation, where it was asked for."""
    if run.folds is None:
        return None
    return {
        "means": [
            (name, title, getattr(model.measures, key))
            for name, model in run.folds.models.items()
            for key, title in FOLD_MEASURES.items()
        ],
        "chart": folds_chart(run.folds),
    }
