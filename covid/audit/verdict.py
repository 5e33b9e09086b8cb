"""What the audit found: in one sentence, and as summary.json has it."""

from __future__ import annotations

from collections import Counter

import numpy as np

from covid.audit.findings import Audit
from covid.common.choices import OWN_SPLIT, RANDOM

NAMED = 3  # confounders, or values of file properties, named in a sentence; others are counted


def verdict(audit: Audit) -> str:
    """One sentence: does the test measure more than memory, and could a shortcut do the work?"""
    return f"{leak_clause(audit)}; {shortcut_clause(audit)}."


def summarize(audit: Audit) -> dict:
    """What summary.json and audit.json hold; no path but examples, nothing per image."""
    identical = audit.pairs.select(audit.pairs.identical)
    sizes = np.bincount(audit.inferred)
    test_images = audit.test_images
    return {
        "verdict": verdict(audit),
        "leaks": audit.leaks,
        "images": len(audit.prints),
        "unreadable": len(audit.prints.unreadable),
        "flat": int(audit.prints.flat.sum()),
        "split": audit.split.kept_together or (OWN_SPLIT if audit.split.existing else RANDOM),
        "parts": dict(sorted(Counter(audit.parts).items())),
        "identical": {
            "groups": len(audit.identical_groups),
            "files": sum(map(len, audit.identical_groups)),
            "in_both_classes": sum(
                len({image.label for image in group}) > 1 for group in audit.identical_groups
            ),
            "pairs_across": int(audit.crosses(identical).sum()),
        },
        "near_duplicates": {
            "pairs": len(audit.pairs),
            "pairs_across": int(audit.across.sum()),
            "test_images_with_one": audit.test_images_with_one,
            "test_images": test_images,
            "share": audit.test_images_with_one / test_images if test_images else None,
            "validate_images_with_one": audit.validate_images_with_one,
        },
        "inferred_groups": {
            "count": len(sizes),
            "largest": int(sizes.max(initial=0)),
            "of_several_images": int((sizes > 1).sum()),
        },
        "patients_on_both_sides": audit.patients_on_both_sides,
        "confounders": [found.summary() for found in audit.confounders],
        "shortcuts": audit.shortcuts,
        "file_values": {
            "tested": len(audit.values),
            "found": [value.summary() for value in audit.values if value.found],
        },
        "unseen": unseen_sentence(audit),
    }


def leak_clause(audit: Audit) -> str:
    """What stands on both sides."""
    with_one, images = audit.test_images_with_one, audit.test_images
    found = []
    if with_one:
        found.append(
            f"as the images alone show, {with_one} of {images} test images "
            f"({percent(with_one, images)}) {'has' if with_one == 1 else 'have'} a near-duplicate "
            "in the training or validation set"
        )
    patients = audit.patients_on_both_sides
    if patients is not None and patients["count"]:
        verb = "stands" if patients["count"] == 1 else "stand"
        found.append(
            f"{patients['count']} of {patients['of']} {audit.members} {verb} on both sides"
        )
    if found:
        return (
            f"{audit.split_title} leaks: {', and '.join(found)}, so its test rewards memorization; "
            "keep patients apart"
        )
    if not images:
        return "No test image could be read, so nothing is known of leaks"
    member = "patient" if audit.members == "patients" else "group"
    checked = "" if patients is None else f" and no {member} stands on both sides"
    return (
        f"No leak was found in {audit.split_title[0].lower()}{audit.split_title[1:]}: none of "
        f"{images} test images has a near-duplicate in the training or validation set{checked}"
    )


def shortcut_clause(audit: Audit) -> str:
    """What separates the classes without a look at the lungs."""
    if not audit.confounders:
        return "one class has no readable image, so nothing is known of shortcuts"
    flagged = [one for one in audit.confounders if one.flagged]
    measures = [f"{one.title} (AUC {one.auc:.2f})" for one in flagged if not one.found]
    values = [one.found for one in flagged if one.found]
    clauses = []
    if measures:
        clauses.append(
            f"the classes can be separated without the lungs, by {first(measures)} alone"
        )
    if values:
        few = " (perhaps of a few patients only: name them with --group)" * (audit.names is None)
        clauses.append(f"some images give their class away without the lungs: {first(values)}{few}")
    if clauses:
        return "; ".join(clauses)
    strongest = audit.confounders[0]
    highest = f"highest AUC: {strongest.title}, {strongest.auc:.2f}"
    if not audit.enough_groups:
        return (
            f"too few independent {audit.units_title} ({audit.units}) to find or rule out a "
            f"confounder ({highest})"
        )
    return f"no confounder found ({highest})"


def unseen_sentence(audit: Audit) -> str:
    """What tags and names give away, which no model sees; empty where they give nothing away."""
    if not audit.unseen:
        return ""
    return (
        "No model sees names and tags of files, but they show that the classes come from different "
        f"sources: {first([value.sentence for value in audit.unseen])}."
    )


def first(names: list[str]) -> str:
    """The first few, and how many more there are."""
    more = [f"{len(names) - NAMED} more"] if len(names) > NAMED else []
    return listed(names[:NAMED] + more)


def listed(names: list[str]) -> str:
    """a, b and c."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def percent(count: float, total: float = 1) -> str:
    """A share as text: 0.953, or 953 of 1000, as "95 %"; neither 0 % nor 100 % unless it is."""
    share = 100 * count / total
    if 0 < share < 1:
        return "under 1 %"
    return "over 99 %" if 99 < share < 100 else f"{share:.0f} %"
