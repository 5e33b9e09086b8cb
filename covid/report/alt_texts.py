"""Alternative texts: what is to be seen on a figure, computed from the numbers it shows."""

import math
from collections import defaultdict

from covid.report.formats import amount, count, fixed, measured
from covid.report.model_run import ModelRun
from covid.report.run_data import Audit, Run, SplitRun

MASKS = (
    "A typical slice of each class and the one with the worst lung mask: the lungs that were found, "
    "and what each control leaves: lungs blacked out, border only, lungs only."
)


def images_alt(name: str, run: Run) -> str:
    """Of figures/<name>.png, which show what the images look like."""
    return {
        "samples": f"A grid of slices of the classes {run.positive} and {run.negative}, a few of "
        "each, drawn at random, with their file names.",
        "preprocessing": "Slices as they were read, after contrast enhancement, and cropped, a "
        "column for each slice.",
        "augmentation": "A training slice and four random augmentations of it.",
    }[name]


def pairs_alt(audit: Audit) -> str:
    """Of audit/pairs.png."""
    near = audit.near_duplicates
    if not near.pairs:
        return (
            "Pairs of slices side by side, the most similar ones, with their file names; none of "
            "them are near-duplicates."
        )
    return (
        "Pairs of nearly identical slices side by side, with their file names and distance; there "
        f"are {amount(near.pairs, 'such pair')}, {count(near.pairs_across)} of them across the "
        "parts of the split."
    )


def model_alt(topic: str, split: SplitRun, model: ModelRun, run: Run) -> str:
    """Of a figure of one model; `topic` is the beginning of its file name."""
    name, measures = model.name, model.test.measures
    of = f"of {name} on {amount(model.test.n, 'test slice')}"
    texts = {
        "curves": lambda: curves_alt(model),
        "roc": lambda: f"ROC curve {of}: area {measured(measures['roc_auc'])}",
        "precision_recall": lambda: (
            f"Precision-recall curve {of}: area {measured(measures['pr_auc'])}"
        ),
        "reliability": lambda: (
            f"Reliability diagram {of}: predicted probability against observed share; expected "
            f"calibration error {measured(measures['ece'])}, Brier score "
            f"{measured(measures['brier'])}"
        ),
        "scores": lambda: scores_alt(model, of),
        "most_wrong": lambda: most_wrong_alt(model, of),
        "filters": lambda: (
            f"The filters of the first convolution of {name} as small gray squares, and their "
            "outputs for one slice"
        ),
        "graph": lambda: (
            f"The layers of {name} from input to output, with their shapes; "
            f"{count(model.params)} parameters"
        ),
        "look": lambda: look_alt(model),
    }
    return f"{texts[topic]()}; {split.title}; positive class {run.positive}."


def curves_alt(model: ModelRun) -> str:
    """Loss at the beginning and the end, in training and validation."""
    text = f"Accuracy and loss of {model.name} during training"
    for key, name in (("loss", "training loss"), ("val_loss", "validation loss")):
        losses = [value for value in model.history.get(key, []) if math.isfinite(value)]
        if losses:
            text += (
                f"; {name} {fixed(losses[0])} after the first epoch, {fixed(losses[-1])} after "
                f"the last of {len(model.history[key])}"
            )
    return text


def look_alt(model: ModelRun) -> str:
    """Which image, which method, and what the sanity check found."""
    results = {True: "passes", False: "fails: the map says nothing", None: "cannot take"}
    return (
        f"The slice {model.look.image} with the heat map of {model.name} by {model.look.method}, "
        "beside it the maps of the same model with random weights, the sanity check, which it "
        f"{results[model.look.passed]}"
    )


def scores_alt(model: ModelRun, of: str) -> str:
    """Median probability of each class."""
    by_class = defaultdict(list)
    for row in model.predictions:
        by_class[str(row.get("true"))].append(row["p"])
    medians = "".join(
        f"; median {fixed(sorted(values)[len(values) // 2])} for {name}"
        for name, values in sorted(by_class.items())
    )
    return f"Histogram of the probabilities {of}, by class{medians}"


def most_wrong_alt(model: ModelRun, of: str) -> str:
    """How many errors there are to choose from."""
    wrong = sum(not row["correct"] for row in model.predictions)
    known = f": {wrong} are wrong in all" if model.predictions else ""
    return f"The most wrong images {of}{known}; each with its name and probability"
