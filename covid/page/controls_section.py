"""Controls and cross-validation: trainings that say how far the result can be believed."""

import math

from covid.page import glossary as words
from covid.page.alt_texts import named
from covid.page.markup import Markup, listing, paragraph, section, table, tag
from covid.page.pictures import figure
from covid.page.run_data import Run
from covid.page.values import as_number, look, number, read_csv
from covid.page.verdict import alarmed

FREE = ("lungs_only", "histogram")  # controls that may score, and are never flagged
RULE = (
    "Suspicious are permuted labels that are predicted better than by chance (the model knows test "
    "patients from the training), and images without lungs whose AUC lies at least half as far "
    "above 0.5 as that of the image (a shortcut), each only where the 99 % interval lies above 0.5. "
    "Lungs alone and the gray histogram may score, since ill lungs are denser. Without an interval "
    "nothing is judged."
)
LONGEST_TABLE = 60  # lines of folds.csv
FOLD_MEASURES = {"accuracy": "Accuracy", "auc": "Area under the ROC curve", "loss": "Loss"}


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
        paragraph(
            look(controls, "verdict") or "The controls have no verdict.",
            class_="verdict alarm" if alarmed(run, "controls") else "verdict",
        ),
        paragraph(
            f"The same training of {controls.get('model', words.DASH)} again "
            f"({split_title(run, controls)}), each time on something else. Without lungs, or with "
            "permuted labels, it should learn little or nothing; where it scores like the image, "
            "the image's score is no evidence of reading the lungs."
        ),
        controls_table(run, controls),
        paragraph(RULE),
        without_lungs(controls),
        figure(run, folder / "controls.png", controls_seen(controls), "Image and controls."),
        figure(
            run,
            folder / "masks.png",
            "Slices, the lungs that were found in them, and what each control leaves: lungs "
            "blacked out, border only, lungs only.",
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
        rows.append(
            [
                named(row),
                row.get("what") or words.DASH,
                with_interval(row, "accuracy"),
                with_interval(row, "auc"),
                words.count(row.get("n")),
                judgement(row),
            ]
        )
    header = ["trained on", "which is", "accuracy", "AUC", "n", "judgement"]
    caption = f"Controls, test images, accuracy at 0.5, positive class {run.positive}"
    return table(caption, header, rows, run.note, "numbers")


def judgement(row: dict) -> str | Markup:
    """What `RULE` says of a control."""
    if row.get("name") == "image":
        return "the result itself"
    if row.get("flagged") is True:
        return tag("b", "suspicious", class_="flag")
    if row.get("name") in FREE:
        return "may score"
    return "too few to tell" if number(row.get("auc_low")) is None else "no alarm"


def without_lungs(controls: dict) -> Markup | None:
    """In how many images no lung was found: there the controls are not what their names say."""
    found = controls.get("without_lungs")
    counts = found.items() if isinstance(found, dict) else ()
    known = [f"{words.count(n)} of {name}" for name, n in counts if number(n)]
    if not known:
        return None
    return paragraph(
        f"No lung was found in some images: {words.listed(known)}. Of these nothing is blacked out, "
        "and nothing is left where only lungs are."
    )


def with_interval(row: dict, key: str) -> str:
    """0.512 (0.464 to 0.560)."""
    ends = words.between(row.get(f"{key}_low"), row.get(f"{key}_high"))
    return words.fixed(row.get(key)) + (f" ({ends})" if ends else "")


def controls_seen(controls: dict) -> str:
    """Alternative text of controls/controls.png."""
    said = [f"{named(row)} {with_interval(row, 'accuracy')}" for row in control_rows(controls)]
    return f"Chart of AUC and accuracy of image and controls; accuracies: {'; '.join(said)}."


def folds_section(run: Run) -> Markup | None:
    """Cross-validation, where it was asked for."""
    folds = run.part("folds")
    if folds is None:
        return None
    together = folds.get("kept_together")
    kept = f"kept together: {together}" if together else "cut image by image, which leaks"
    notes = folds.get("notes")
    remarks = [folds.get("weakness"), *(notes if isinstance(notes, list) else ())]
    known = [remark for remark in remarks if isinstance(remark, str) and remark]
    return section(
        "folds",
        "Cross-validation",
        paragraph(
            f"{words.amount(folds.get('k'), 'fold')}, {kept}. The test part of each fold is "
            "another one, and each has a model of its own: the spread says how much the result "
            "depends on which images were met."
        ),
        folds_table(run, folds),
        listing(known) if known else None,
        figure(
            run, run.folder / "folds" / "folds.png", folds_seen(folds), "The tests of all folds."
        ),
        each_fold(run, read_csv(run.folder / "folds" / "folds.csv")[:LONGEST_TABLE]),
    )


def fold_measures(folds: dict) -> list[tuple[str, str, dict]]:
    """(model, measure, its numbers) of all that has a mean."""
    models = folds.get("models")
    return [
        (name, key, entry)
        for name, model in (models.items() if isinstance(models, dict) else ())
        for key, entry in measures_of(model).items()
        if number(look(entry, "mean")) is not None
    ]


def measures_of(model) -> dict:
    measures = look(model, "measures")
    return measures if isinstance(measures, dict) else {}


def folds_seen(folds: dict) -> str:
    """Alternative text of folds/folds.png."""
    means = [
        f"{name} {words.fixed(entry['mean'])}"
        for name, key, entry in fold_measures(folds)
        if key == "accuracy"
    ]
    return f"Chart of the test accuracy of every fold; mean accuracy: {'; '.join(means)}."


def folds_table(run: Run, folds: dict) -> Markup | None:
    """Mean and interval of each model and measure."""
    rows = []
    for name, key, entry in fold_measures(folds):
        title = FOLD_MEASURES.get(key, key)
        ends = words.between(entry.get("low"), entry.get("high")) or words.DASH
        rows.append([name, title, words.fixed(entry["mean"]), ends])
    header = ["model", "measure", "mean over the folds", "95 % interval"]
    return table("Means", header, rows, run.note, "numbers") if rows else None


def each_fold(run: Run, lines) -> Markup:
    """folds.csv as it is, numbers rounded."""
    if not lines:
        run.lacks("no folds.csv that can be read")
        return paragraph("Not here: the folds one by one.", class_="missing")
    header = [str(key).replace("_", " ") for key in lines[0]]
    rows = [[short(value) for value in line.values()] for line in lines]
    return table("Fold by fold", header, rows, run.note, "numbers")


def short(value) -> str:
    """A number with three digits, a whole number or a word as it is."""
    found = as_number(value)
    if not math.isfinite(found) or "." not in str(value):
        return words.DASH if value in (None, "") else str(value)
    return words.fixed(found)
