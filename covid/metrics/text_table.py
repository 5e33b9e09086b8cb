"""The measures of a result as text: what `covid evaluate` prints."""

from covid.common.errors import shortened, shown
from covid.metrics import DEFINITIONS, accuracies_differ, careful_interval


def result_text(part: str, summary: dict, classes: tuple[str, str], threshold: dict) -> str:
    """Everything there is to say of one part.

    `summary` comes from `Result.summary`, `classes` are (negative, positive), `threshold` has
    "value", "chosen_on" and "method", as in a model's metadata.
    """
    differ = accuracies_differ(summary["measures"])
    value = value_text(summary["measures"]["balanced_accuracy"]["value"])
    balanced = f", balanced {value}" * differ
    interval = interval_text(*careful_interval(summary["measures"]["accuracy"]))
    lines = [
        f"{part}: accuracy {summary['acc']:.4f}{balanced} (95 % interval {interval}, "
        f"n = {summary['n']}), loss {summary['loss']:.4f}",
        f"  {threshold_line(threshold)}",
        *confusion_lines(summary["confusion"], classes),
        f"  PPV and NPV: at a prevalence of {summary['prevalence']:g} (--prevalence), not that of "
        "these images",
        "",
        *table_lines(summary["measures"]),
    ]
    notes = [summary["remark"]] if summary["remark"] else []
    if summary["answers_one_class"]:
        notes.insert(0, f"Every image is called {summary['answers_one_class']}.")
    if part == threshold["chosen_on"]:
        notes.append(
            "The threshold was chosen on these same images, so these results are optimistic."
        )
    return "\n".join([*lines, *(f"  note: {text}" for text in notes)])


def confusion_lines(confusion: list[list[int]], classes: tuple[str, str]) -> list[str]:
    """The confusion matrix as text."""
    (true_negative, false_positive), (false_negative, true_positive) = confusion
    return [
        f"  {classes[1]} (positive): {true_positive} recognized, {false_negative} missed",
        f"  {classes[0]}: {true_negative} recognized, {false_positive} taken for {classes[1]}",
    ]


def threshold_line(threshold: dict) -> str:
    """The threshold and where it comes from."""
    on = threshold["chosen_on"]
    how = threshold["method"] if on is None else f"{threshold['method']}, chosen on {on}"
    return f"threshold {threshold['value']:.4f} ({shortened(shown(how), 80)})"


def table_lines(measures: dict[str, dict]) -> list[str]:
    """One line for each measure: value, interval, the method, the interval by group if there is one."""
    header = ("measure", "value", "95 % interval", "method", "by group")
    rows = [
        (
            DEFINITIONS[name].short,
            value_text(entry["value"]),
            interval_text(entry["low"], entry["high"]),
            entry["method"],
            interval_text(entry["group_low"], entry["group_high"]) if "group_low" in entry else "",
        )
        for name, entry in measures.items()
    ]
    if not any(by_group for *_, by_group in rows):
        header, rows = header[:-1], [row[:-1] for row in rows]
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    rule = tuple("-" * width for width in widths)
    lines = (map(str.ljust, row, widths) for row in (header, rule, *rows))
    return ["  " + "  ".join(line).rstrip() for line in lines]


def glossary(classes: tuple[str, str]) -> str:
    """What each measure is, in half a sentence."""
    negative, positive = classes
    width = max(len(measure.short) for measure in DEFINITIONS.values())
    return "\n".join(
        f"  {measure.short:<{width}}  {measure.sentence(positive, negative)}"
        for measure in DEFINITIONS.values()
    )


def value_text(value: float | None) -> str:
    """Three digits, or "undefined"."""
    return "undefined" if value is None else f"{value:.3f}"


def interval_text(low: float | None, high: float | None) -> str:
    """Both ends, or that there is none."""
    return "none" if low is None or high is None else f"{low:.3f} to {high:.3f}"
