"""Data and audit: what the images themselves say about the test, before any model is asked."""

from covid.audit.confounders import BAR
from covid.page import glossary as words
from covid.page.alt_texts import confounders_seen, named, pairs_seen
from covid.page.markup import Markup, join, paragraph, section, table, tag
from covid.page.pictures import figure
from covid.page.run_data import Run
from covid.page.values import look, number
from covid.page.verdict import alarmed

IDENTICAL = {  # key in summary.json: what it counts
    "files": "Files that are byte for byte the same as another",
    "in_both_classes": "… sets of them with files in both classes",
    "pairs_across": "… pairs of them on both sides of the split",
}


def audit_section(run: Run) -> Markup:
    """The audit's verdict and what it rests on, with pictures of the images."""
    return section("audit", "Data, and what the audit says", *audit_parts(run), *pictures(run))


def audit_parts(run: Run) -> list:
    audit = run.part("audit")
    if audit is None:
        run.lacks("no audit")
        return [
            paragraph(
                "Not here: an audit. Whether images of the test part are known from training, and "
                "whether something beside the lungs tells the classes apart, was not looked at.",
                class_="missing",
            )
        ]
    folder = run.folder / "audit"
    return [
        paragraph(
            look(audit, "verdict") or "The audit has no verdict.",
            class_="verdict alarm" if alarmed(run, "audit") else "verdict",
        ),
        leak_table(run, audit),
        figure(run, folder / "pairs.png", pairs_seen(audit), pairs_caption(audit)),
        confounder_table(run, audit),
        figure(
            run,
            folder / "confounders.png",
            confounders_seen(audit),
            "How well one number about the image alone tells the classes apart.",
        ),
    ]


def pairs_caption(audit: dict) -> str:
    near = look(audit, "near_duplicates")
    if number(look(near, "pairs")) == 0:
        return "The most alike images; none are near-duplicates."
    across = "on both sides of the split, " if look(near, "pairs_across") else ""
    return (
        f"Some of the near-duplicates {across}from the most to the least alike. r: how alike two "
        "pictures are, 1 is the same; bits: how many of the 255 bits of their fingerprints differ. "
        "All pairs are listed in audit/pairs.csv."
    )


def leak_table(run: Run, audit: dict) -> Markup:
    """What was found again."""
    near = look(audit, "near_duplicates")
    rows = [["Images compared", words.count(look(audit, "images"))]]
    split = look(audit, "split")
    if isinstance(split, str):
        cut = "slices split at random" if split == "random" else f"kept together by {split}"
        rows.append(["Split that was looked at", cut])
    identical = look(audit, "identical")
    for key, title in IDENTICAL.items():
        value = number(look(identical, key))
        if value is not None and (value or key == "files"):
            rows.append([title, words.count(value)])
    rows += [
        ["Near-duplicate pairs", words.count(look(near, "pairs"))],
        ["… of which on both sides of the split", words.count(look(near, "pairs_across"))],
        ["Test images with a near-duplicate in another part", found_again(near)],
        ["Groups inferred from them (look-alikes)", inferred(look(audit, "inferred_groups"))],
        ["Patients on both sides of the split", both_sides(audit)],
    ]
    return table("Leaks: is the test part known from training?", ["", "found"], rows, run.note)


def found_again(near) -> str:
    found, total = look(near, "test_images_with_one"), look(near, "test_images")
    share = words.percent(look(near, "share"))
    return f"{words.count(found)} of {words.count(total)} ({share})"


def inferred(groups) -> str:
    largest = words.amount(look(groups, "largest"), "image")
    return f"{words.count(look(groups, 'count'))}, the largest with {largest}"


def both_sides(audit: dict) -> str:
    found = look(audit, "patients_on_both_sides")
    if not isinstance(found, dict):
        return "unknown: which slices belong to one patient was not given"
    text = f"{words.count(found.get('count'))} of {words.count(found.get('of'))}"
    examples = found.get("examples")
    if isinstance(examples, list) and examples:
        text += f", such as {words.listed([str(name) for name in examples[:4]])}"
    return text


def confounder_table(run: Run, audit: dict) -> Markup | None:
    """Every number about the image alone, the most telling first."""
    found = look(audit, "confounders")
    rows = [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []
    if not rows:
        run.lacks("no confounders")
        return paragraph("Not here: a search for confounders.", class_="missing")
    rows.sort(key=lambda row: -abs((number(row.get("auc")) or 0.5) - 0.5))
    cells = [
        [
            named(row),
            words.fixed(row.get("auc")),
            words.between(row.get("low"), row.get("high")) or words.DASH,
            judgement(row),
        ]
        for row in rows
    ]
    explained = (
        "The area under the ROC curve (AUC) when the classes are told apart by this number alone: "
        f"0.5 is no better than guessing, 1 is perfect{counted_once(rows[0])}. A model could do "
        f"the same without looking at the lungs. Suspicious: the whole interval is above {BAR}, or "
        "all files of one class have the same format, mode or size and all of the other another "
        f"one. Unsuspicious: the whole interval is below {BAR}. Else there are too few to tell."
    )
    header = ["about the image", "AUC", "95 % interval", "judgement"]
    title = "Confounders: does something beside the lungs tell the classes apart?"
    return join([paragraph(explained), table(title, header, cells, run.note, "numbers")])


def judgement(row: dict) -> str | Markup:
    """Suspicious, unsuspicious, or undecided, from a confounder's mark and interval."""
    if row.get("flagged") is True:
        return tag("b", "suspicious", class_="flag")
    high = number(row.get("high"))
    return "unsuspicious" if high is not None and high < BAR else "too few to tell"


def counted_once(row: dict) -> str:
    """How many groups each class has, where the summary says so: each counts once."""
    units = row.get("units")
    if not isinstance(units, list) or len(units) != 2 or None in map(number, units):
        return ""
    negative, positive = map(words.count, units)
    return (
        f"; each patient, or group of look-alikes where patients are not known, counts once: "
        f"{positive} of the positive class, {negative} of the other"
    )


def pictures(run: Run) -> list:
    """What the images look like, and what preprocessing and augmentation make of them."""
    known = {
        "samples": (
            f"A grid of slices of the classes {run.positive} and {run.negative}, a few of each, "
            "drawn at random, with their file names.",
            "A few slices of each class.",
        ),
        "preprocessing": (
            "Slices as they were read, after contrast enhancement, and cropped to the outline of "
            "the body, a column for each slice.",
            "What preprocessing does.",
        ),
        "augmentation": (
            "One training slice and four copies of it, changed at random as in training.",
            "What augmentation does: every epoch sees each training image changed a little.",
        ),
    }
    folder = run.folder / "figures"
    drawn = [figure(run, folder / f"{name}.png", *texts) for name, texts in known.items()]
    if not any(drawn):
        run.lacks("no pictures of the images")
        drawn.append(paragraph("Not here: pictures of the images.", class_="missing"))
    return drawn
