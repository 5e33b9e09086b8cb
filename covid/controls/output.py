"""The results of the controls: the table on the screen, controls.json, .csv and two figures."""

from __future__ import annotations

import csv
from pathlib import Path

from covid.controls.intervals import BY_GROUP, BY_IMAGE
from covid.controls.results import Controls
from covid.output import write_json
from minicnn.files import atomic_write

COLUMNS = (
    *("name", "title", "what", "n", "accuracy", "accuracy_low", "accuracy_high"),
    *("auc", "auc_low", "auc_high", "auc_low_99", "interval", "flagged"),
)


def write_controls(controls: Controls, folder: Path, note: str) -> None:
    """Write controls.json, controls.csv, controls.png and masks.png into `folder`.

    Parameters
    ----------
    controls : Controls
    folder : Path
        Made where it is missing; files of these names are replaced.
    note : str
        The small print.

    Raises
    ------
    UserError
        A figure cannot be written.
    """
    from covid.plots.controls import controls_figure, masks_figure

    folder.mkdir(parents=True, exist_ok=True)
    controls_figure(controls, folder / "controls.png", note)
    masks_figure(controls, folder / "masks.png", note)
    write_rows(controls, folder / "controls.csv")
    write_json({"note": note, **controls.summary()}, folder / "controls.json")


def write_rows(controls: Controls, path: Path) -> None:
    """One line for each control; an interval's ends are empty where there is none."""
    rows = controls.summary()["rows"]
    with (
        atomic_write(path) as temporary,
        open(temporary, "w", newline="", encoding="utf-8") as file,
    ):
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows({**row, "flagged": int(row["flagged"])} for row in rows)


def table(controls: Controls, note: str) -> str:
    """The results for the screen: a line for each control, how to read it, the verdict."""
    header = f"{'control':<34} {'accuracy':>8} {'95 %':>13}  {'AUC':>5} {'95 %':>13}"
    lines = [f"{controls.model}, {split_in_words(controls)}", header, "-" * len(header)]
    for row in controls.rows:
        accuracy = interval(row.accuracy_low, row.accuracy_high)
        auc = interval(row.auc_low, row.auc_high)
        lines.append(
            f"{row.title:<34} {row.accuracy:>8.3f} {accuracy:>13}  {row.auc:>5.3f} {auc:>13}"
            + ("  FLAGGED" if row.flagged else "")
        )
    lines += [f"Intervals: {interval_in_words(controls)}.", *remarks(controls)]
    return "\n".join([*lines, note, "", controls.verdict])


def interval(low: float | None, high: float | None) -> str:
    """Such as 0.512-0.731."""
    return "none" if low is None else f"{low:.3f}-{high:.3f}"


def split_in_words(controls: Controls) -> str:
    """How the images were divided."""
    if controls.split == "random":
        return "slices split at random"
    if controls.kept_apart:
        return f"{controls.members} kept apart"
    return f"{controls.members} on both sides of the split"


def interval_in_words(controls: Controls) -> str:
    """What the intervals rest on."""
    method, n = controls.rows[0].interval, controls.rows[0].n
    if method == BY_GROUP:
        return f"bootstrap of {controls.members}, {controls.groups} in the test"
    if method == BY_IMAGE and controls.groups is None:
        return (
            f"Wilson and DeLong, as if the {n} test images were independent; patients are not "
            "known, and with several slices of each the truth is less certain"
        )
    if method == BY_IMAGE:
        return (
            f"Wilson and DeLong by image, for further slices of these {controls.groups} "
            f"{controls.members}; they say nothing of other patients"
        )
    return f"none, because {controls.groups} {controls.members} in the test are too few"


def remarks(controls: Controls) -> list[str]:
    """What a reader must know beside the numbers: patients not known, lungs not found."""
    found = []
    if controls.groups is None:
        found.append(
            "Patients are not known, so labels were permuted image by image: that slices of one "
            "patient give each other away cannot show. Name the patients (--group)."
        )
    if any(controls.without_lungs.values()):
        counts = ", ".join(f"{name} {count}" for name, count in controls.without_lungs.items())
        found.append(
            f"No lung found in: {counts} images. They stay as they are where lungs are blacked "
            "out, and are black where lungs are all that is left."
        )
    return found
