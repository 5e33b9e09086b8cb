"""`covid run`: everything from images to results, in one call.

    images -> split folders (enhanced, cropped) -> training -> evaluation -> files and figures

What it leaves in the output folder:

    summary.json                 all results, with seed, versions and counts
    data/<kind>/                 the split images, manifest.csv, split.json
    <model>/model.npz            the trained model
    <model>/history.csv          loss and accuracy of every epoch
    <model>/predictions.csv      one line for every image
    figures/*.png
    synthetic/                   the synthetic images, where no --data was given
"""

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from covid import figures
from covid.dataset import (
    Dataset,
    SplitFolder,
    count_statuses,
    read_manifest,
    read_split,
    scan,
    write_split,
)
from covid.errors import UserError
from covid.phantom import write_dataset
from covid.preprocess import enhance_and_crop
from covid.recipes import Recipe, recipe_for
from covid.splits import plan_split
from covid.train import Trained, train_and_evaluate, versions, write_training

DISCLAIMER = "A teaching tool, not for diagnosis."
SYNTHETIC_GROUP = "^[^_]+"  # the patient's number in the names of synthetic images


@dataclass(frozen=True)
class Options:
    """What the command line was asked for; see `covid run --help`."""

    out: Path
    data: Path | None = None
    positive: str | None = None
    models: tuple[str, ...] = ("tiny_cnn", "reduced_inception")
    recipe: str = "practice"
    split: str = "random"
    group: str | None = None
    ratios: tuple[float, float, float] | None = None
    no_contour: str = "keep"
    epochs: int | None = None
    seed: int = 0
    verbose: int | str = "auto"
    say: Callable[[str], None] = print


def run_all(options: Options) -> dict:
    """Do everything; returns what summary.json holds.

    Raises
    ------
    UserError
        For images or options that cannot be used; the output folder is then as it was before.
    """
    recipes = recipes_for(options)
    check_new(options.out)
    try:
        splits = prepare_all(options, recipes)
    except BaseException:
        shutil.rmtree(options.out, ignore_errors=True)  # it was not there before
        raise
    trained = {}
    for name, recipe in recipes.items():
        split = splits[data_kind(recipe)]
        options.say(f"\n{name}, recipe {recipe.name}")
        trained[name] = train_and_evaluate(name, recipe, split, options.seed, options.verbose)
        write_training(trained[name], (split.negative, split.positive), options.out / name)
        figures.model_figures(trained[name], split, options.out / "figures", note(split))
    summary = summarise(options, recipes, splits, trained)
    write_json(summary, options.out / "summary.json")
    figures.overview(summary, options.out / "figures", summary["note"])
    options.say("\n" + results_table(summary) + f"\n\nEverything is in {options.out}")
    return summary


def recipes_for(options: Options) -> dict[str, Recipe]:
    """Each model's recipe; raises before anything has been written."""
    if options.split == "group" and options.group is None and options.data is not None:
        raise UserError(
            "--split group: expected --group REGEX to say which part of a file name is the "
            "patient, such as --group '^[^_]+'"
        )
    return {
        name: recipe_for(options.recipe, name, options.epochs, options.ratios)
        for name in options.models
    }


def data_kind(recipe: Recipe) -> str:
    """The name of the split folder a recipe needs, such as enhanced-50-10-40."""
    parts = "-".join(f"{100 * ratio:g}" for ratio in recipe.ratios)
    return f"{'enhanced' if recipe.enhance else 'raw'}-{parts}"


def prepare_all(options: Options, recipes: dict[str, Recipe]) -> dict[str, SplitFolder]:
    """Make or read the images, and write every split folder that the recipes need."""
    if options.data is not None and (options.data / "split.json").exists():
        split = read_split(options.data)
        options.say(f"Images: the split folder {options.data}, as it is")
        return {data_kind(recipe): split for recipe in recipes.values()}
    dataset = find_images(options)
    splits = {}
    for recipe in recipes.values():
        if data_kind(recipe) not in splits:
            splits[data_kind(recipe)] = prepare(options, recipe, dataset)
    figures.data_figures(
        dataset,
        next(iter(splits.values())),
        next(iter(recipes.values())),
        options.out / "figures",
        note(next(iter(splits.values()))),
        options.seed,
    )
    return splits


def find_images(options: Options) -> Dataset:
    """The user's images, or synthetic ones made now."""
    if options.data is not None:
        return scan(options.data, options.positive)
    options.say("No --data: making synthetic images (nothing in them comes from a person)")
    folder = options.out / "synthetic"
    write_dataset(folder, seed=options.seed, progress=options.verbose != 0)
    return scan(folder)


def prepare(options: Options, recipe: Recipe, dataset: Dataset) -> SplitFolder:
    """Split the images and write them, enhanced and cropped if the recipe wants it."""
    group = options.group or SYNTHETIC_GROUP if options.split == "group" else None
    split = plan_split(dataset, recipe.ratios, options.seed, group)
    folder = options.out / "data" / data_kind(recipe)
    folder.parent.mkdir(parents=True, exist_ok=True)
    transform = partial(enhance_and_crop, no_contour=options.no_contour)
    rows = write_split(
        dataset,
        split,
        folder,
        transform if recipe.enhance else None,
        progress=options.verbose != 0,
        extra={"enhanced": recipe.enhance, "synthetic": is_synthetic(dataset)},
    )
    written = read_split(folder)
    options.say(describe_data(written, count_statuses(rows)))
    for row in rows:
        if row["status"] in ("unreadable", "skipped"):
            options.say(f"  not used: {row['source']}: {row['reason']}")
    for remark in split.notes:
        options.say(f"  note: {remark}")
    return written


def is_synthetic(dataset: Dataset) -> bool:
    """Whether all images have the names that `covid synth` gives."""
    return all(image.path.name.startswith("synthetic-") for image in dataset.images)


def describe_data(split: SplitFolder, statuses: dict[str, int]) -> str:
    """Two lines for the user: what was read, how it was split."""
    read = sum(statuses.get(key, 0) for key in ("kept", "no_contour_kept", "no_contour_dropped"))
    unused = statuses["total"] - read
    text = f"Images: {statuses['total']} files, {read} read, {unused} skipped"
    if split.info["enhanced"]:
        kept, dropped = (statuses.get(f"no_contour_{key}", 0) for key in ("kept", "dropped"))
        text += f"; without contour: {kept} kept whole, {dropped} dropped"
    how = f"by group {split.info['group']}" if split.info["group"] else "at random"
    counts = ", ".join(f"{part} {len(files)}" for part, files in split.parts.items())
    return f"{text}\nSplit {how}: {counts}; positive class: {split.positive}"


def note(split: SplitFolder) -> str:
    """The small print under every figure."""
    kind = "Synthetic images. " if split.info.get("synthetic") else ""
    return f"{kind}{DISCLAIMER} Positive class: {split.positive}."


def summarise(
    options: Options,
    recipes: dict[str, Recipe],
    splits: dict[str, SplitFolder],
    trained: dict[str, Trained],
) -> dict:
    """All that summary.json holds."""
    first = next(iter(splits.values()))
    return {
        "note": note(first),
        "positive": first.positive,
        "negative": first.negative,
        "synthetic": bool(first.info.get("synthetic")),
        "seed": options.seed,
        "split": options.split,
        "group": first.info.get("group"),
        "recipe": options.recipe,
        "data": {
            kind: {
                "folder": os.path.relpath(split.folder, options.out),
                "files": count_statuses(read_manifest(split.folder)),
                "counts": split.info["counts"],
                "notes": split.info["notes"],
            }
            for kind, split in splits.items()
        },
        "versions": versions(),
        "recipes": {name: recipe.as_dict() for name, recipe in recipes.items()},
        "models": {name: result.summary() for name, result in trained.items()},
    }


def results_table(summary: dict) -> str:
    """The results as the article's slides show them, with an interval for the test accuracy."""
    header = (
        f"{'model':<18} {'parameters':>11} {'epochs':>6}  {'train loss/acc':>15} "
        f"{'validate':>15} {'test loss/acc':>15}  {'95 % interval':>14}"
    )
    lines = [header, "-" * len(header)]
    for name, row in summary["models"].items():
        pairs = [
            f"{row[part]['loss']:.4f}/{row[part]['acc']:.4f}"
            for part in ("train", "validate", "test")
        ]
        low, high = row["test"]["acc_95_percent_interval"]
        lines.append(
            f"{name:<18} {row['params']:>11,} {row['epochs']:>6}  {pairs[0]:>15} {pairs[1]:>15} "
            f"{pairs[2]:>15}  {low:>6.3f}-{high:.3f}"
        )
    lines.append(summary["note"])
    if summary["group"] is None:
        lines.append(
            "Slices were split at random: slices of one patient are in train and in test, so "
            "these numbers say little about a new patient. Try --split group."
        )
    return "\n".join(lines)


def check_new(folder: Path) -> None:
    """UserError if the folder has something in it."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(f"{folder}: exists already; choose another --out or delete it")


def free_name(stem: str) -> Path:
    """results, or results-2, results-3, ... if that exists."""
    folder, number = Path(stem), 2
    while folder.exists():
        folder, number = Path(f"{stem}-{number}"), number + 1
    return folder


def write_json(content: dict, path: Path) -> None:
    """Write a JSON file under a temporary name, then rename it."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    temporary.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    os.replace(temporary, path)
