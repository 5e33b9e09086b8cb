"""Which controls are flagged, and one sentence on all of them.

The rules, each on the 99 % interval of the AUC. The table shows those of 95 %; but four controls
can be flagged, and at 95 % one run in ten would flag one by chance alone. At 99 % it is one in
fifty (Bonferroni correction).

- permuted_labels is flagged if its interval lies above 0.5. Permuted labels can only be predicted
  from patients seen in training: test images have near-duplicates in train (a leak).
- lungs_blacked_out, border_only and histogram_without_lungs are flagged if the interval lies above
  0.5 and the AUC has at least half of what the image has above 0.5. The classes then differ in
  something outside the lungs (a shortcut), and the model may well have learned that. Where there
  is a leak it may have learned the single patients instead, who are known by bones and table, too.
- lungs_only and histogram are never flagged: infected lungs are denser, so they should score. That
  brightness alone is enough is an alarm only where it is so without the lungs, too.

Where there is no interval, nothing is flagged.
"""

from __future__ import annotations

from dataclasses import replace

from covid.controls.intervals import NO_INTERVAL
from covid.controls.results import Row

CHANCE = 0.5
ENOUGH = 0.5  # of what the image has above chance
MAY_SCORE = ("lungs_only", "histogram")
SHORTCUTS = ("lungs_blacked_out", "border_only", "histogram_without_lungs")


def flag(rows: list[Row]) -> list[Row]:
    """The rows with `flagged` as the rules say."""
    image = next(row for row in rows if row.name == "image")
    return [replace(row, flagged=is_flagged(row, image)) for row in rows]


def is_flagged(row: Row, image: Row) -> bool:
    """Whether a row found something; see above."""
    if row.auc_low_99 is None or row.auc_low_99 <= CHANCE:
        return False
    return row.name == "permuted_labels" or (row.name in SHORTCUTS and has_enough(row, image))


def has_enough(row: Row, image: Row) -> bool:
    """Whether a row has at least half of what the image has above chance."""
    return row.auc - CHANCE >= ENOUGH * (image.auc - CHANCE)


def sentence(rows: list[Row], groups: int | None, members: str = "patients") -> str:
    """The verdict, one sentence.

    Parameters
    ----------
    rows : list of Row
        Flagged.
    groups : int or None
        How many the test has, None where they are not known.
    members : str
        What the groups are: "patients", or "groups of look-alikes".
    """
    by_name = {row.name: row for row in rows}
    image = by_name["image"]
    if image.interval == NO_INTERVAL:
        return (
            f"Nothing can be said: the test has only {groups} {members}, fewer than five of a "
            "class, so that every score may be theirs alone."
        )
    if image.auc_low is None and not any(row.flagged for row in rows):
        return (
            "Nothing can be said: the test has one image of a class only, or all its images got "
            "the same answer."
        )
    found = []
    if by_name["permuted_labels"].flagged:
        found.append(
            "Leak: permuted labels, which no new patient's image shows, are predicted "
            f"with an AUC of {by_name['permuted_labels'].auc:.2f}, so the model knows {members} "
            "of the test from the training"
        )
    shortcuts = [by_name[name] for name in SHORTCUTS if by_name[name].flagged]
    if shortcuts:
        meaning = (
            "so the score does not show that the model reads lungs"
            if image.auc_low is not None and image.auc_low > CHANCE
            else "which a better model could learn; this one is not significantly above chance"
        )
        # A model that knows the patients separates them by bones and table as well.
        name, by = ("", f", by these {members} or by a shortcut") if found else ("Shortcut: ", "")
        found.append(
            f"{name}without the lungs the classes are still separated{by} (AUC: "
            f"{auc_list(shortcuts)}; the image {image.auc:.2f}), {meaning}"
        )
    if found:
        return "; ".join(found) + "."
    if image.auc_low <= CHANCE:
        return (
            f"No leak and no shortcut found, but the image itself (AUC {image.auc:.2f}) is not "
            "significantly above chance, so there was little to find."
        )
    unsure = [by_name[name] for name in ("permuted_labels", *SHORTCUTS)]
    unsure = [row for row in unsure if has_enough(row, image)]
    if unsure:
        return (
            "No leak and no shortcut found for sure, but none ruled out: at least half of what the "
            f"image scores above chance is still reached (AUC: {auc_list(unsure)}; the image "
            f"{image.auc:.2f}), on a test set too small to distinguish that from chance."
        )
    blind = "" if groups is not None else ", though a leak does not show while patients are unknown"
    return (
        "No leak and no shortcut found: permuted labels and images without lungs score about as "
        f"chance does, or far less than the image (AUC {image.auc:.2f}){blind}."
    )


def auc_list(rows: list[Row]) -> str:
    """Such as "border only 0.81, lungs blacked out 0.93"."""
    return ", ".join(f"{row.title} {row.auc:.2f}" for row in rows)
