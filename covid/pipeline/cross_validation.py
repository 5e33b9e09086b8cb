"""Cross-validation: trains a model k times, so that each image is in a test once.

What it leaves in its folder:

    folds.csv                        one line for each model and fold
    data/<kind>/fold-<n>/            split folders; their images are links
    <model>/fold-<n>/model.npz, history.csv, predictions.csv
    <model>/fold-<n>/checkpoint.npz  until the run is finished: it resumes from there
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from covid.common.choices import FOLDS, SPLIT_INFO
from covid.common.made_files import is_whole
from covid.common.output_files import write_csv
from covid.data.class_folders import Dataset
from covid.data.fold_split import plan_folds
from covid.data.groups import Groups
from covid.data.manifest import read_manifest
from covid.data.split import Split
from covid.data.split_folder import SplitFolder, read_split
from covid.data.write_split import write_split
from covid.pipeline.fold_summary import FOLD_COLUMNS, fold_row, summarize_folds
from covid.pipeline.options import Options
from covid.pipeline.prepare_splits import Prepared, reopen_split
from covid.pipeline.train_models import train_in
from covid.training.predictions import Result


def run_folds(
    options: Options,
    dataset: Dataset,
    prepared: Mapping[str, Prepared],
    groups: Groups | None,
) -> dict:
    """Train and test every model on every fold; write what is listed at the head of this file.

    Called again after an interruption, it resumes from the split folders and checkpoints there are.

    Parameters
    ----------
    options : Options
        `folds` is their number, `seed` that of the folds and of each training.
    dataset : Dataset
        All images.
    prepared : dict of str to Prepared
        By model: a split folder of these images, prepared as the model wants them, and the recipe.
        How the folder is split does not matter, but for how train compares to validate.
    groups : Groups or None
        What no fold may tear apart; None cuts image by image, and the results say so.

    Returns
    -------
    folds : dict
        What summary.json holds: see `fold_summary.summarize_folds`.

    Raises
    ------
    UserError
        Too few groups for k folds; a training that fails; a checkpoint that cannot be used.
    """
    k, folder = options.folds, options.out / FOLDS
    plans = {
        name: plan_folds(dataset, k, options.seed, groups, tuple(one.split.info["ratios"]))
        for name, one in prepared.items()
    }
    tested: dict[str, list[Result]] = {name: [] for name in prepared}
    rows: dict[str, list[dict]] = {name: [] for name in prepared}
    for name, one in prepared.items():
        for number, plan in enumerate(plans[name], start=1):
            split = fold_folder(dataset, plan, one.split, folder, number, k)
            recipe = replace(one.recipe, ratios=tuple(split.info["ratios"]))
            place = folder / name / f"fold-{number}"
            with options.screen.phase(f"training {name}, fold {number} of {k}") as phase:
                result = train_in(options, place, name, recipe, split).results["test"]
                phase.result = f"{result.accuracy:.2f} in its test"
            tested[name].append(result)
            rows[name].append(fold_row(number, result, groups_in_test(split)))
    said = [text for folds in plans.values() for fold in folds for text in fold.notes]
    notes = list(dict.fromkeys(said))  # each sentence once
    summary = summarize_folds(k, groups, notes, rows, tested)
    lines = ([name, *row.values()] for name, folds in rows.items() for row in folds)
    write_csv(folder / "folds.csv", ("model", *FOLD_COLUMNS), lines)
    return summary


def fold_folder(
    dataset: Dataset, plan: Split, source: SplitFolder, folder: Path, number: int, k: int
) -> SplitFolder:
    """The split folder of one fold, its images linked from `source`; models of one kind share it."""
    path = folder / "data" / source.folder.absolute().name / f"fold-{number}"
    if is_whole(path, SPLIT_INFO):  # from the model before or from before an interruption
        return reopen_split(path)
    extra = {key: source.info.get(key) for key in ("enhanced", "crop", "synthetic", "gray_levels")}
    write_split(dataset, plan, path, extra={**extra, "fold": number, "folds": k}, reuse=source)
    return read_split(path)


def groups_in_test(split: SplitFolder) -> int | None:
    """How many groups have images in the test; None where the groups are not known."""
    rows = read_manifest(split.folder)
    names = {row["group"] for row in rows if row["part"] == "test" and row["file"]}
    return None if "" in names else len(names)
