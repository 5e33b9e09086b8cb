"""The results of a run on the screen: what makes them doubtful, the conclusion, and a line for each model and baseline."""

import textwrap

from covid.common.choices import GROUP, OWN_SPLIT, RANDOM
from covid.metrics import accuracies_differ, careful_interval
from covid.metrics.text_table import value_text

WIDTH = 80  # letters
NOT_CHOSEN = "*"  # behind a threshold


def results_table(summary: dict) -> str:
    """All of it as text; train and validation are in summary.json and in the report."""
    splits = list(summary["splits"].values())
    rows = [row_of(name, split) for split in splits for name in tests_of(split)]
    differ = any(accuracies_differ(one["measures"]) for s in splits for one in tests_of(s).values())
    header, *lines = aligned(rows, "" if differ else "balanced")
    doubt = [*wrapped(summary["doubt"]), ""] if summary.get("doubt") else []
    text = [*doubt, *wrapped(summary["conclusion"]), "", header, "-" * len(header)]
    for split in splits:
        count = len(tests_of(split))
        text += [f"{split['title']}:", *lines[:count], *wrapped(*remarks(split))]
        lines = lines[count:]
    starred = any(row["threshold"].endswith(NOT_CHOSEN) for row in rows)
    return "\n".join([*text, *wrapped(*footnotes(summary, starred))])


def wrapped(*sentences: str) -> list[str]:
    return [line for text in sentences for line in textwrap.wrap(text, WIDTH)]


def tests_of(split: dict) -> dict[str, dict]:
    """By name the test of each model, then that of each baseline."""
    return {name: one["test"] for name, one in split["models"].items()} | split["baselines"]


def row_of(name: str, split: dict) -> dict[str, str]:
    """The cells of a line by column."""
    test, model = tests_of(split)[name], split["models"].get(name)
    measures = test["measures"]
    low, high = careful_interval(measures["accuracy"])
    chosen = (model["threshold"] if model else test)["chosen_on"]
    return {
        "model": name,
        "parameters": f"{model['params']:,}" if model else "",
        "epochs": str(model["epochs"]) if model else "",
        "accuracy (95 %)": f"{test['acc']:.3f}" + ("" if low is None else f" {low:.3f}-{high:.3f}"),
        "balanced": value_text(measures["balanced_accuracy"]["value"]),
        "AUC": value_text(measures["roc_auc"]["value"]),
        "threshold": f"{test['threshold']:.3f}{'' if chosen else NOT_CHOSEN}",
    }


def aligned(rows: list[dict[str, str]], left_out: str) -> list[str]:
    """Header and rows as lines, names to the left, without one of the columns."""
    used = [name for name in rows[0] if name != left_out]
    table = [used, *([row[name] for name in used] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    gap = "  " if sum(widths) + 2 * (len(widths) - 1) <= WIDTH else " "
    return [
        gap.join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in table
    ]


def remarks(split: dict) -> list[str]:
    """What the lines of a split do not say."""
    said = {name: one["test"]["answers_one_class"] for name, one in split["models"].items()}
    found = [f"{name} calls every test image {one}." for name, one in said.items() if one]
    weights = next(iter(split["models"].values()))["class_weight"]
    if weights:
        text = ", ".join(f"{name} {value:.2f}" for name, value in weights.items())
        found.append(f"Trained with class weights: {text}.")
    return found


def footnotes(summary: dict, starred: bool) -> list[str]:
    """How to read the table, and what it does not show."""
    star = f" ({NOT_CHOSEN}: none was chosen)" if starred else ""
    notes = [
        "Of the test images, with the widest 95 % interval there is. Threshold: above it an image is "
        f"called {summary['positive']}; chosen on the validation images{star}.",
        summary["note"],
    ]
    if GROUP not in summary["splits"]:
        advice = "" if summary.get("groups") else " Try --group REGEX."
        how = "Slices were split at random: slices of one patient are in train and in test"
        if summary["splits"][RANDOM]["title"] == OWN_SPLIT:
            how = f"Nothing says that {OWN_SPLIT} keeps patients apart"
        notes.append(f"{how}, so these numbers say little about a new patient.{advice}")
    return notes
