"""Alternative texts: what is to be seen on a figure, computed from the numbers it shows."""

import math

from covid.page import glossary as words
from covid.page.run_data import ModelRun, SplitRun
from covid.page.values import look, number

PARTS = ("train", "validate", "test")


def pairs_seen(audit: dict) -> str:
    """Of audit/pairs.png."""
    near = look(audit, "near_duplicates")
    if number(look(near, "pairs")) == 0:
        return (
            "Pairs of slices side by side, the most alike there are, with their file names; none "
            "of them are near-duplicates."
        )
    return (
        "Pairs of nearly equal slices side by side, with their file names and distance; there are "
        f"{words.amount(look(near, 'pairs'), 'such pair')}, "
        f"{words.count(look(near, 'pairs_across'))} of them across the parts of the split."
    )


def confounders_seen(audit: dict) -> str:
    """Of audit/confounders.png."""
    found = look(audit, "confounders")
    rows = [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []
    rows = [row for row in rows if number(row.get("auc")) is not None]
    if not rows:
        return "A chart of confounders; no area under the curve is known."
    most = max(rows, key=lambda row: abs(row["auc"] - 0.5))
    flagged = [named(row) for row in rows if row.get("flagged") is True]
    suspects = f"suspicious: {words.listed(flagged)}" if flagged else "none is surely suspicious"
    return (
        f"Chart of {words.amount(len(rows), 'number')} about the images, each with the AUC of "
        "telling the classes apart by it alone; farthest from 0.5 is "
        f"{named(most)} with {words.fixed(most['auc'])}; {suspects}."
    )


def named(row: dict) -> str:
    """A confounder or control in words."""
    return str(row.get("title") or row.get("name") or words.DASH).replace("_", " ")


def seen(topic: str, split: SplitRun, model: ModelRun, positive: str, negative: str) -> str:
    """Of a figure of one model; `topic` is the beginning of its file name."""
    where = f"of {model.name} on {words.amount(look(model.entry, 'test', 'n'), 'test slice')}"
    how = f"{split.title}; positive class {positive}"
    texts = {
        "curves": lambda: curves_seen(model),
        "confusion": lambda: confusion_seen(model, positive, negative),
        "roc": lambda: f"ROC curve {where}: area {words.in_words(model.measure('roc_auc'))}",
        "precision_recall": lambda: (
            f"Precision-recall curve {where}: area {words.in_words(model.measure('pr_auc'))}"
        ),
        "reliability": lambda: (
            f"Reliability diagram {where}: stated probability against observed share; expected "
            f"calibration error {words.in_words(model.measure('ece'))}, Brier score "
            f"{words.in_words(model.measure('brier'))}"
        ),
        "scores": lambda: scores_seen(model, where),
        "most_wrong": lambda: most_wrong_seen(model, where),
        "filters": lambda: (
            f"The filters of the first convolution of {model.name} as small gray squares, and what "
            "they make of one slice"
        ),
        "graph": lambda: (
            f"The layers of {model.name} from input to output, with their shapes; "
            f"{words.count(look(model.entry, 'params'))} parameters"
        ),
        "look": lambda: look_seen(model),
        "excited": lambda: f"Inputs that excite filters of {model.name} most",
    }
    words_of_it = texts.get(topic, lambda: f"Figure {topic.replace('_', ' ')} of {model.name}")()
    return f"{words_of_it}; {how}."


def curves_seen(model: ModelRun) -> str:
    """Loss at the beginning and the end, in training and validation."""
    history = model.history
    text = f"Accuracy and loss of {model.name} while training"
    for key, name in (("loss", "training loss"), ("val_loss", "validation loss")):
        values = [value for value in history.get(key, []) if math.isfinite(value)]
        if values:
            text += (
                f"; {name} {words.fixed(values[0])} after the first epoch, "
                f"{words.fixed(values[-1])} after the last of {len(history[key])}"
            )
    return text


def confusion_seen(model: ModelRun, positive: str, negative: str) -> str:
    """All counts."""
    parts = []
    for part in PARTS:
        counts = model.confusion(part)
        if counts is not None:
            (tn, fp), (fn, tp) = counts
            parts.append(
                f"{part}: of {tp + fn} {positive} {tp} found, of {tn + fp} {negative} {fp} taken "
                f"for {positive}"
            )
    return f"Confusion matrices of {model.name} at 0.5; " + ("; ".join(parts) or "no counts known")


def look_seen(model: ModelRun) -> str:
    """Which image, which method, and what the sanity check found."""
    found = look(model.entry, "look")
    image, method = look(found, "image"), look(found, "method")
    text = f"The slice {image}" if isinstance(image, str) else "A slice"
    text += f" with the heat map of {model.name}"
    text += f" by {method}" if isinstance(method, str) else ""
    text += ", beside it the maps of the same model with random weights, the sanity check"
    passed = look(found, "passed")
    if isinstance(passed, bool):
        text += ", which it passes" if passed else ", which it fails: the map says nothing"
    return text


def scores_seen(model: ModelRun, where: str) -> str:
    """Median probability of each class."""
    text = f"Histogram of the probabilities {where}, by class"
    by_class: dict[str, list[float]] = {}
    for row in model.predictions:
        by_class.setdefault(str(row.get("true")), []).append(row["p"])
    for name, values in sorted(by_class.items()):
        text += f"; median {words.fixed(sorted(values)[len(values) // 2])} for {name}"
    return text


def most_wrong_seen(model: ModelRun, where: str) -> str:
    """How many mistakes there are to choose from."""
    wrong = sum(not row["correct"] for row in model.predictions)
    known = f": {wrong} are wrong in all" if model.predictions else ""
    return f"The most wrong images {where}{known}; each with its name and probability"
