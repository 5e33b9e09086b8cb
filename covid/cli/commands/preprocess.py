"""`covid preprocess`: the images of two class folders, enhanced and cropped."""

from argparse import Namespace
from functools import partial
from pathlib import Path

from covid.common.errors import UserError, shown
from covid.common.output_files import check_new_folder, check_outside
from covid.common.screen import say
from covid.data.duplicates import duplicate_notes
from covid.data.find_images import class_images
from covid.data.gray_levels import find_levels, levels_notes
from covid.data.manifest import count_statuses, unused_rows
from covid.data.preprocess import enhance_and_crop
from covid.data.split_folder import is_enhanced, is_synthetic
from covid.data.write_split import write_folder


def preprocess(options: Namespace) -> dict:
    """`covid preprocess`."""
    check_new_folder(options.out)
    check_outside(options.out, options.data, labels=options.labels)
    dataset = class_images(options.data, options.positive, options.labels)
    check_not_enhanced(is_enhanced(dataset), options.data, "use them as they are")
    transform = partial(enhance_and_crop, no_contour=options.no_contour, rule=options.crop)
    levels = find_levels(dataset, options.window)
    rows = write_folder(dataset, options.out, transform, levels=levels)
    notes = [*dataset.notes, *duplicate_notes(dataset), *levels_notes(rows)]
    for remark in notes:
        say(f"note: {remark}", "yellow")
    return {
        **report_written(rows, options.out),
        "positive": dataset.positive,
        "synthetic": is_synthetic(dataset),
        "notes": notes,
    }


def check_not_enhanced(enhanced: bool, folder: Path, advice: str) -> None:
    """UserError where images would be enhanced a second time."""
    if enhanced:
        raise UserError(f"{folder}: its images are enhanced and cropped already; {advice}")


def report_written(rows: list[dict], folder: Path) -> dict:
    """Say what was read, what was not and why; returns the same as a dict."""
    statuses = count_statuses(rows)
    unused = unused_rows(rows)
    for row in unused:
        say(f"not used: {shown(row['source'])}: {row['reason']}", "yellow")
    say(", ".join(f"{count} {status}" for status, count in statuses.items()) + f" -> {folder}")
    return {
        "folder": str(folder),
        "files": statuses,
        "not_used": {row["source"]: row["reason"] for row in unused},
    }
