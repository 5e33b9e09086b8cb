"""The end of the page: how to repeat it, the model card, the checklist, the literature."""

from covid.page import glossary as words
from covid.page.alt_texts import named
from covid.page.checklist import items
from covid.page.literature import REFERENCES
from covid.page.markup import Markup, folded, join, listing, paragraph, section, table, tag
from covid.page.run_data import ModelRun, Run
from covid.page.values import look, number
from covid.page.verdict import chance

FILES = {
    "summary.json": "all numbers of this page",
    "run.json": "how the run was started",
    "model.npz": "a trained model",
    "history.csv": "loss and accuracy of every epoch",
    "predictions.csv": "the probability of every image",
    "manifest.csv": "every image, where it came from, what became of it",
    "split.json": "how the images were split",
    "audit.json": "all that the audit found",
    "pairs.csv": "every pair of near-duplicates",
    "images.csv": "every image as the audit measured it",
    "controls.json": "all that the controls found",
    "controls.csv": "the same as a table",
    "folds.csv": "the cross-validation, fold by fold",
}


def reproduce_section(run: Run) -> Markup:
    """Command, seed, versions, files."""
    parts = []
    command = run.summary.get("command")
    if isinstance(command, str) and command:
        parts += [
            paragraph(
                "On a machine of the same kind, with the versions below, this command gives the "
                "same numbers:"
            ),
            tag("pre", tag("code", command), tabindex="0"),
        ]
    else:
        run.lacks("no command: the summary is of an older version")
        parts.append(paragraph("Not here: the command, which was not recorded.", class_="missing"))
    parts.append(paragraph(f"Seed of everything random: {run.summary.get('seed', words.DASH)}."))
    versions = run.summary.get("versions")
    known = versions.items() if isinstance(versions, dict) else ()
    parts.append(table("Versions", ["program", "version"], [list(pair) for pair in known]))
    parts.append(files_table(run))
    return section("repeat", "How to repeat it", *parts)


def files_table(run: Run) -> Markup:
    """The files beside this page that have numbers in them."""
    found = {
        path.relative_to(run.folder).as_posix()
        for pattern in ("*", "*/*", "*/*/*", "*/*/*/*")
        for path in run.folder.glob(pattern)
        if path.name in FILES
    }
    folds = {name for name in found if name.startswith("folds/") and name.count("/") > 1}
    rows = [[tag("code", name), FILES[name.rsplit("/", 1)[-1]]] for name in sorted(found - folds)]
    if folds:
        rows.append([tag("code", "folds/"), "the models of all folds, and the files of each"])
    listed = table("Files beside this page", ["file", "what is in it"], rows, kind="files")
    return folded(
        f"{words.amount(len(rows), 'file')} beside this page, and what is in them", listed
    )


def card_section(run: Run) -> Markup:
    """What the models are for, what they are not, where they fail."""
    kind = "synthetic images" if run.synthetic else "images"
    who = f"{words.listed(run.model_names)}, trained from scratch by minicnn"
    entries = {
        "Models": who,
        "Intended use": "learning how a convolutional network works, and how a result is judged; "
        "for students, teachers and everybody who reads code",
        "Not intended": "diagnosis, triage, any decision about a person, a comparison of methods "
        "in medicine. This is no medical device, was not tested as one, and no number on this "
        "page says how it would do in a clinic",
        "Answer": f"a probability that a slice is of the class {run.positive}; not that a person "
        "is ill",
        "Data": f"two folders of {kind}, named {run.positive} and {run.negative}; see the section "
        "What was done",
        "Measures": "sensitivity, specificity, areas under the curves and others, with 95 % "
        "intervals, on test images that took no part in training; see the section Results",
    }
    pairs = [item for term, text in entries.items() for item in (tag("dt", term), tag("dd", text))]
    return section(
        "card",
        "Model card",
        tag("dl", *pairs),
        tag("h3", "Limits"),
        listing(limits(run)),
        tag("h3", "Known failures"),
        listing(failures(run)),
        tag("h3", "Checklist"),
        checklist(run),
    )


def limits(run: Run) -> list[str]:
    """What the numbers cannot say."""
    found = [
        "The folder names are taken for the truth; nobody has checked them here.",
        "One slice is judged at a time, not a whole examination, and nothing else is known of the "
        "patient.",
        "All images come from one collection; there is no test on images of another hospital.",
        f"One training with one seed ({run.summary.get('seed', words.DASH)}); another seed gives "
        "other numbers."
        if run.part("folds") is None
        else "Apart from the cross-validation, one training with one seed.",
    ]
    if run.synthetic:
        found.insert(0, "The images are synthetic; nothing follows from them for real patients.")
    groups = run.part("groups")
    if groups is None:
        found.append("Which slices belong to one patient was not given.")
    elif run.guessed_groups:
        found.append(
            "Which slices belong to one patient was not given. Look-alikes stand for patients; one "
            "patient may be several groups of them, so that some of a leak may have stayed."
        )
    elif number(groups.get("count")) is not None:
        found.append(f"All slices come from {words.amount(groups['count'], 'group')}.")
    return found


def failures(run: Run) -> list[str]:
    """What went wrong on the test images, in counts, and what audit and controls flagged."""
    found = [
        said
        for split in run.splits
        for model in split.models.values()
        if (said := mistakes(run, model, split.title))
    ]
    rows = look(run.summary, "audit", "confounders")
    flagged = [
        named(row)
        for row in (rows if isinstance(rows, list) else [])
        if isinstance(row, dict) and row.get("flagged") is True
    ]
    if flagged:
        found.append(
            f"The classes can be told apart without looking at the lungs, by {words.listed(flagged)}."
        )
    controls = look(run.summary, "controls", "rows")
    suspicious = [
        named(row)
        for row in (controls if isinstance(controls, list) else [])
        if isinstance(row, dict) and row.get("flagged") is True and row.get("name") != "image"
    ]
    if suspicious:
        found.append(f"Controls that scored better than they should: {words.listed(suspicious)}.")
    return found or ["None is known, because no counts are."]


def mistakes(run: Run, model: ModelRun, title: str) -> str | None:
    """Missed and falsely alarmed, at the threshold that was chosen."""
    chosen = model.confusion(chosen=True)
    counts = chosen or model.confusion()
    if counts is None:
        return None
    (tn, fp), (fn, tp) = counts
    guess = chance(model)
    correct = (tn + tp) / max(1, tn + fp + fn + tp)
    worse = (
        " Always naming one class would be right more often." if guess and correct < guess else ""
    )
    at = "the chosen threshold" if chosen else "0.5"
    return (
        f"{model.name}, {title}: misses {fn:,} of {fn + tp:,} slices of {run.positive} and takes "
        f"{fp:,} of {tn + fp:,} of {run.negative} for {run.positive}, at {at}.{worse}"
    )


def checklist(run: Run) -> Markup:
    """Items that a report of such a study should have, and where they are."""
    caption = "What a report should say, after CLAIM 2020, and where it is here"
    rows = [
        [item, tag("a", where, href=f"#{anchor}") if anchor else where]
        for item, where, anchor in items(run)
    ]
    return table(caption, ["item", "where"], rows, kind="files")


def literature_section() -> Markup:
    """The sources of the methods and warnings on this page."""
    entries = [
        join([text, " ", tag("a", link.removeprefix("https://"), href=link) if link else None])
        for text, link in REFERENCES
    ]
    return section(
        "literature", "Literature", tag("ul", *(tag("li", e) for e in entries), class_="refs")
    )
