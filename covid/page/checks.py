"""Controls and cross-validation: trainings that say how far the result can be believed."""

import math

from covid.page import words
from covid.page.markup import Markup, join, paragraph, section, table
from covid.page.pictures import figure
from covid.page.runs import Run
from covid.page.values import as_number, look, number, read_csv

LONGEST_TABLE = 60  # lines of folds.csv


def controls_section(run: Run) -> Markup:
    """The same training on what should teach it nothing."""
    title = "Controls: does the model read the lungs?"
    controls = run.part("controls")
    if controls is None:
        run.lacks("no controls")
        missing = (
            "Not here: controls. Whether the border of the image or permuted labels would give the "
            "same score was not tried."
        )
        return section("controls", title, paragraph(missing, class_="missing"))
    folder = run.folder / "controls"
    return section(
        "controls",
        title,
        paragraph(look(controls, "verdict") or "The controls have no verdict.", class_="verdict"),
        paragraph(
            f"The same training of {controls.get('model', words.DASH)} again "
            f"({split_title(run, controls)}), each time on something that should teach it little "
            "or nothing. A control that scores like the image itself means that the image's score "
            "is not evidence of reading the lungs."
        ),
        controls_table(run, controls),
        figure(run, folder / "controls.png", controls_seen(controls), "Image and controls."),
        figure(
            run,
            folder / "masks.png",
            "Slices as each control sees them: lungs blacked out, border only, lungs only.",
            "What each control sees. Judge the masks before the scores: a poor mask makes a poor "
            "control.",
        ),
    )


def split_title(run: Run, controls: dict) -> str:
    """The words of the split that the controls were trained on."""
    key = controls.get("split")
    split = run.split(key) if isinstance(key, str) else None
    return split.title if split else str(key)


def control_rows(controls: dict) -> list[dict]:
    rows = controls.get("rows")
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def controls_table(run: Run, controls: dict) -> Markup:
    """A line for each control."""
    rows = []
    for row in control_rows(controls):
        judgement = "suspicious" if row.get("flagged") is True else "as it should be"
        rows.append(
            [
                row.get("title") or row.get("name") or words.DASH,
                row.get("what") or words.DASH,
                with_interval(row, "accuracy"),
                with_interval(row, "auc"),
                words.count(row.get("n")),
                "the result itself" if row.get("name") == "image" else judgement,
            ]
        )
    header = ["trained on", "which is", "accuracy", "AUC", "n", "judgement"]
    caption = f"Controls, test images, positive class {run.positive}"
    return table(caption, header, rows, run.note, "numbers")


def with_interval(row: dict, key: str) -> str:
    """0.512 (0.464 to 0.560)."""
    ends = words.between(row.get(f"{key}_low"), row.get(f"{key}_high"))
    return words.fixed(row.get(key)) + (f" ({ends})" if ends else "")


def controls_seen(controls: dict) -> str:
    """Alternative text of controls/controls.png."""
    said = [
        f"{row.get('title') or row.get('name')} {with_interval(row, 'accuracy')}"
        for row in control_rows(controls)
    ]
    return f"Chart of the accuracy of image and controls with 95 % intervals: {'; '.join(said)}."


def folds_section(run: Run) -> Markup | None:
    """Cross-validation by group, where it was asked for."""
    folds = run.part("folds")
    if folds is None:
        return None
    lines = read_csv(run.folder / "folds" / "folds.csv")[:LONGEST_TABLE]
    return section(
        "folds",
        "Cross-validation",
        paragraph(look(folds, "verdict")) if isinstance(look(folds, "verdict"), str) else None,
        paragraph(
            "The test part of each fold is another one. The spread over the folds says how much the "
            "result depends on which images were met."
        ),
        folds_table(run, folds),
        each_fold(run, lines),
    )


def folds_table(run: Run, folds: dict) -> Markup | None:
    """Mean and interval of each model and measure."""
    rows = []
    models = look(folds, "models")
    for name, measures in models.items() if isinstance(models, dict) else ():
        for key, entry in measures.items() if isinstance(measures, dict) else ():
            mean = number(look(entry, "mean"))
            if mean is None:
                continue
            ends = words.between(look(entry, "low"), look(entry, "high")) or words.DASH
            rows.append([name, words.MEASURES.get(key, (key,))[0], words.fixed(mean), ends])
    header = ["model", "measure", "mean over the folds", "95 % interval"]
    return table("Means", header, rows, run.note, "numbers") if rows else None


def each_fold(run: Run, lines) -> Markup | None:
    """folds.csv as it is, numbers rounded."""
    if not lines:
        run.lacks("no folds.csv that can be read")
        return paragraph("Not here: the folds one by one.", class_="missing")
    header = [str(key).replace("_", " ") for key in lines[0]]
    rows = [[short(value) for value in line.values()] for line in lines]
    return join([table("Fold by fold", header, rows, run.note, "numbers")])


def short(value) -> str:
    """A number with three digits, a whole number or a word as it is."""
    found = as_number(value)
    if not math.isfinite(found) or "." not in str(value):
        return words.DASH if value in (None, "") else str(value)
    return words.fixed(found)
