"""Cross-validation: trains a model k times, so that each image is in a test once.

What it leaves in its folder:

    folds.csv                        one line for each model and fold
    folds.png                        the same as a figure
    data/<kind>/fold-<n>/            split folders; their images are links
    <model>/fold-<n>/model.npz, history.csv, predictions.csv
    <model>/fold-<n>/checkpoint.npz  until the run is finished: it resumes from there
"""

import csv
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from covid.data.class_folders import Dataset
from covid.data.fold_split import plan_folds
from covid.data.groups import Groups
from covid.data.manifest import read_manifest
from covid.data.split import Split
from covid.data.split_folder import SplitFolder, open_split, read_split
from covid.data.write_split import write_split
from covid.figures.draw_process import draw
from covid.pipeline.fold_summary import FOLD_COLUMNS, fold_row, summarise_folds
from covid.pipeline.prepare_splits import Prepared
from covid.training.predictions import Result
from covid.training.recipes import Recipe
from covid.training.train import train_and_evaluate, write_training
from minicnn.callbacks import BackupAndRestore
from minicnn.files import atomic_write


def run_folds(
    dataset: Dataset,
    prepared: Mapping[str, Prepared],
    groups: Groups | None,
    k: int,
    folder: Path,
    seed: int,
    note: str,
    checkpoint_steps: int | None = None,
    verbose: int | str = "auto",
    say: Callable[[str], None] = print,
) -> dict:
    """Train and test every model on every fold; write what is listed at the head of this file.

    Called again after an interruption, it resumes from the split folders and checkpoints there are.

    Parameters
    ----------
    dataset : Dataset
        All images.
    prepared : dict of str to Prepared
        By model: a split folder of these images, prepared as the model wants them, and the recipe.
        How the folder is split does not matter, but for how train compares to validate.
    groups : Groups or None
        What no fold may tear apart; None cuts image by image, and the results say so.
    k : int
        Number of folds; see `plan_folds`.
    folder : Path
    seed : int
        Of the folds and, the same for each, of the training.
    note : str
        Small print of the figure.
    checkpoint_steps : int, optional
        Checkpoints every so many steps, besides those after every epoch.
    verbose, say
        As in `Options`.

    Returns
    -------
    folds : dict
        What summary.json holds: see `fold_summary.summarise_folds`.

    Raises
    ------
    UserError
        Too few groups for k folds; a training that fails; a checkpoint that cannot be used.
    """
    plans = {name: _plan(dataset, one.split, groups, k, seed) for name, one in prepared.items()}
    tested: dict[str, list[Result]] = {}
    rows: dict[str, list[dict]] = {}
    for name, one in prepared.items():
        tested[name], rows[name] = [], []
        for number, plan in enumerate(plans[name], start=1):
            split = fold_folder(dataset, plan, one.split, folder, number, k)
            say(f"\n{name}, fold {number} of {k}")
            backup = BackupAndRestore(
                folder / name / f"fold-{number}",
                checkpoint_steps or "epoch",
                delete_checkpoint=False,
            )
            result = _train_and_test(name, one.recipe, split, seed, verbose, backup, say)
            tested[name].append(result)
            rows[name].append(fold_row(number, result, groups_in_test(split)))
    said = [text for folds in plans.values() for fold in folds for text in fold.notes]
    notes = list(dict.fromkeys(said))  # each sentence once
    summary = summarise_folds(k, groups, notes, rows, tested)
    write_folds_csv(rows, folder / "folds.csv")
    draw_folds(summary, dataset.positive, folder / "folds.png", note)
    return summary


def _train_and_test(
    name: str, recipe: Recipe, split: SplitFolder, seed: int, verbose, backup, say
) -> Result:
    """Train a model on one fold, write it beside its checkpoint; returns the test's predictions."""
    if backup.path.exists():
        say(f"resuming from {backup.path}")
    recipe = replace(recipe, ratios=tuple(split.info["ratios"]))
    trained = train_and_evaluate(name, recipe, split, seed, verbose, backup)
    write_training(trained, (split.negative, split.positive), backup.path.parent)
    return trained.results["test"]


def _plan(
    dataset: Dataset, source: SplitFolder, groups: Groups | None, k: int, seed: int
) -> list[Split]:
    return plan_folds(dataset, k, seed, groups, tuple(source.info["ratios"]))


def fold_folder(
    dataset: Dataset, plan: Split, source: SplitFolder, folder: Path, number: int, k: int
) -> SplitFolder:
    """The split folder of one fold, its images linked from `source`; models of one kind share it."""
    path = folder / "data" / source.folder.absolute().name / f"fold-{number}"
    if path.exists():  # whole, from the model before or from before an interruption
        return open_split(path)
    extra = {key: bool(source.info.get(key)) for key in ("enhanced", "synthetic")}
    write_split(dataset, plan, path, extra={**extra, "fold": number, "folds": k}, reuse=source)
    return read_split(path)


def groups_in_test(split: SplitFolder) -> int | None:
    """How many groups have images in the test; None where the groups are not known."""
    rows = read_manifest(split.folder)
    names = {row["group"] for row in rows if row["part"] == "test" and row["file"]}
    return None if "" in names else len(names)


def write_folds_csv(rows: dict[str, list[dict]], path: Path) -> None:
    """Write one line for each model and fold; an unknown number of groups stays empty."""
    with (
        atomic_write(path) as temporary,
        open(temporary, "w", newline="", encoding="utf-8") as file,
    ):
        writer = csv.DictWriter(file, ("model", *FOLD_COLUMNS))
        writer.writeheader()
        for name, folds in rows.items():
            writer.writerows({"model": name, **row} for row in folds)


def draw_folds(summary: dict, positive: str, path: Path, note: str) -> None:
    """Draw folds.png, with what it must not be taken for in its small print."""
    kept = summary["kept_together"]
    how = f"groups kept together: {kept}" if kept else "cut image by image, which leaks"
    title = f"Tests of {summary['k']} folds, positive class {positive} ({how})"
    draw("fold_results", summary["models"], path, title, f"{summary['weakness']} {note}")
