"""The results of the controls: the table on the screen, controls.json, .csv and two figures."""

from __future__ import annotations

from pathlib import Path

from covid.common.choices import CONTROLS_INFO
from covid.common.made_files import make_folder
from covid.common.output_files import write_csv, write_json
from covid.controls.results import Controls, interval, interval_text, split_text

COLUMNS = (
    *("name", "title", "what", "n", "threshold", "accuracy", "accuracy_low", "accuracy_high"),
    *("auc", "auc_low", "auc_high", "auc_low_99", "interval", "flagged"),
)


def write_controls(controls: Controls, folder: Path, note: str) -> None:
    """Write controls.json, controls.csv, controls.png and masks.png into `folder`.

    The folder is made where it is missing, files of these names are replaced; `note` is the small
    print. UserError if a figure cannot be written.
    """
    from covid.controls.figures import controls_figure, masks_figure

    make_folder(folder)
    controls_figure(controls, folder / "controls.png", note)
    masks_figure(controls, folder / "masks.png", note)
    write_rows(controls, folder / "controls.csv")
    write_json({"note": note, **controls.summary()}, folder / CONTROLS_INFO)


def write_rows(controls: Controls, path: Path) -> None:
    """One line for each control; an interval's ends are empty where there is none."""
    rows = [{**row, "flagged": int(row["flagged"])} for row in controls.summary()["rows"]]
    write_csv(path, COLUMNS, ([row[name] for name in COLUMNS] for row in rows))


def table(controls: Controls, note: str) -> str:
    """The results for the screen: a line for each control, how to read it, the verdict."""
    header = (
        f"{'control':<31} {'accuracy':>8} {'95 %':>11} {'threshold':>9} {'AUC':>5} {'95 %':>11}"
    )
    lines = [f"{controls.model}, {split_text(controls)}", header, "-" * len(header)]
    for row in controls.rows:
        accuracy = interval(row.accuracy_low, row.accuracy_high)
        auc = interval(row.auc_low, row.auc_high)
        lines.append(
            f"{row.title:<31} {row.accuracy:>8.3f} {accuracy:>11} {row.threshold:>9.3f} "
            f"{row.auc:>5.3f} {auc:>11}" + ("  FLAGGED" if row.flagged else "")
        )
    lines += [f"Intervals: {interval_text(controls)}.", *remarks(controls)]
    return "\n".join([*lines, note, "", controls.verdict])


def remarks(controls: Controls) -> list[str]:
    """What a reader must know beside the values: patients not known, lungs not found."""
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
