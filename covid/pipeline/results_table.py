"""The results of a run on the screen: the conclusion, and a line for each model and baseline."""

import textwrap

from covid.common.choices import GROUP
from covid.metrics import accuracies_differ, careful_interval
from covid.metrics.text_table import value_text

WIDTH = 80  # letters
NOT_CHOSEN = "*"  # behind a threshold


def results_table(summary: dict) -> str:
    """All of it as text; train and validation are in summary.json and in the report."""
    splits = list(summary["splits"].values())
    rows = [
        row
        for split in splits
        for row in (
            *(model_row(name, model) for name, model in split["models"].items()),
            *(baseline_row(name, one) for name, one in split["baselines"].items()),
        )
    ]
    header, *lines = aligned(rows)
    text = [*textwrap.wrap(summary["conclusion"], WIDTH), "", header, "-" * len(header)]
    for split in splits:
        count = len(split["models"]) + len(split["baselines"])
        text += [f"{split['title']}:", *lines[:count]]
        lines = lines[count:]
        for name, model in split["models"].items():
            text += textwrap.wrap(remark(name, model), WIDTH)
    starred = any(row["threshold"].endswith(NOT_CHOSEN) for row in rows)
    for note in footnotes(summary, starred):
        text += textwrap.wrap(note, WIDTH)
    return "\n".join(text)


def model_row(name: str, model: dict) -> dict[str, str]:
    """The cells of a model's line, by column."""
    size = {"parameters": f"{model['params']:,}", "epochs": str(model["epochs"])}
    chosen = model["threshold"]["chosen_on"] is not None
    return {"model": name, **size, **cells(model["test"], chosen)}


def baseline_row(name: str, test: dict) -> dict[str, str]:
    return {"model": name, "parameters": "", "epochs": "", **cells(test, bool(test["chosen_on"]))}


def cells(test: dict, chosen: bool) -> dict[str, str]:
    """What a line says of the test."""
    measures = test["measures"]
    low, high = careful_interval(measures["accuracy"])
    balanced = measures["balanced_accuracy"]["value"]
    return {
        "accuracy (95 %)": f"{test['acc']:.3f}" + ("" if low is None else f" {low:.3f}-{high:.3f}"),
        "balanced": value_text(balanced) if accuracies_differ(measures) else "",
        "AUC": value_text(measures["roc_auc"]["value"]),
        "threshold": f"{test['threshold']:.3f}{'' if chosen else NOT_CHOSEN}",
    }


def aligned(rows: list[dict[str, str]]) -> list[str]:
    """Header and rows as lines, names to the left; without the columns in which nothing stands."""
    used = [name for name in rows[0] if any(row[name] for row in rows)]
    table = [used, *([row[name] for name in used] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    gap = "  " if sum(widths) + 2 * (len(widths) - 1) <= WIDTH else " "
    return [
        gap.join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in table
    ]


def remark(name: str, model: dict) -> str:
    """What a model's numbers alone do not say; empty if nothing."""
    found = []
    if model["test"]["answers_one_class"]:
        found.append(f"{name} calls every test image {model['test']['answers_one_class']}.")
    if model["class_weight"]:
        weights = ", ".join(f"{one} {value:.2f}" for one, value in model["class_weight"].items())
        found.append(f"{name} was trained with class weights: {weights}.")
    return " ".join(found)


def footnotes(summary: dict, starred: bool) -> list[str]:
    """How to read the table, and what it does not show."""
    notes = [
        "Of the test images, with the widest 95 % interval there is. Threshold: above it an image is "
        f"called {summary['positive']}; chosen on the validation images"
        f"{f' ({NOT_CHOSEN}: none was chosen)' if starred else ''}.",
        summary["note"],
    ]
    if GROUP not in summary["splits"]:
        notes.append(
            "Slices were split at random: slices of one patient are in train and in test, so these "
            "numbers say little about a new patient."
            + ("" if summary.get("groups") else " Try --group REGEX.")
        )
    return notes
