"""`covid controls`: from images or a split folder to the controls' results."""

from __future__ import annotations

import tempfile
from argparse import Namespace
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from covid.controls.experiment import run_controls
from covid.controls.output import table, write_controls
from covid.dataset import SplitFolder, parse_ratios, plan_split, read_manifest, scan, write_split
from covid.errors import UserError
from covid.inputs import bad_files_in_words, is_enhanced, is_split, is_synthetic, open_split
from covid.manifest import write_manifest
from covid.output import check_outside, made_aside
from covid.preprocess import enhance_and_crop
from covid.recipes import Recipe, recipe_for
from covid.report import note
from covid.splits import compile_group, group_name

SYNTHETIC_GROUP = "^[^_]+"  # the patient's number in the names of synthetic images


def controls(options: Namespace) -> dict:
    """`covid controls`."""
    ratios = parse_ratios(options.ratios) if options.ratios is not None else None
    recipe = recipe_for(options.recipe, options.model, options.epochs, ratios)
    check_outside(options.out, options.data)
    with (
        made_aside(options.out) as folder,
        bad_files_in_words(),
        split_of(options, recipe) as split,
    ):
        recipe = replace(
            recipe,
            enhance=bool(split.info.get("enhanced")),
            ratios=tuple(split.info["ratios"]),
        )
        result = run_controls(split, options.model, recipe, options.seed)
        write_controls(result, folder, note(split))
    print(f"\n{table(result, note(split))}\n\nEverything is in {options.out}")
    return {"folder": str(options.out), **result.summary()}


@contextmanager
def split_of(options: Namespace, recipe: Recipe):
    """The split folder that was named, or one made for the occasion from two class folders."""
    if is_split(options.data):
        yield given_split(options)
        return
    with tempfile.TemporaryDirectory(prefix="covid-controls-") as folder:
        yield new_split(options, recipe, Path(folder) / "split")


def given_split(options: Namespace) -> SplitFolder:
    """A split folder as it is; UserError for options that would need another one."""
    given = {
        "--ratios": options.ratios,
        "--group": options.group,
        "--split": options.split,
        "--positive": options.positive,
        "--no-contour drop": options.no_contour == "drop",
    }
    names = ", ".join(name for name, used in given.items() if used)
    if names:
        raise UserError(
            f"{options.data} is split already, so that {names} cannot be followed; leave out those, "
            "or name the folder of the source images"
        )
    return open_split(options.data)


def new_split(options: Namespace, recipe: Recipe, folder: Path) -> SplitFolder:
    """Split the images of two class folders into `folder`, prepared as the recipe wants them.

    The manifest gets every image's patient even where slices are split at random: only then do
    permuted labels show whether slices of one patient give each other away.
    """
    dataset = scan(options.data, options.positive)
    pattern = options.group or (SYNTHETIC_GROUP if is_synthetic(dataset) else None)
    by_group = options.split == "group" or (options.split is None and options.group is not None)
    if by_group and pattern is None:
        raise UserError(
            "--split group: which part of a file name is the patient is not said; add --group "
            "REGEX, such as --group '^[^_]+'"
        )
    split = plan_split(dataset, recipe.ratios, options.seed, pattern if by_group else None)
    names = patients(dataset, pattern)
    enhanced = is_enhanced(dataset)
    transform = partial(enhance_and_crop, no_contour=options.no_contour)
    extra = {"enhanced": recipe.enhance or enhanced, "synthetic": is_synthetic(dataset)}
    wanted = transform if recipe.enhance and not enhanced else None
    write_split(dataset, split, folder, wanted, extra=extra)
    rows = read_manifest(folder)
    write_manifest(folder, [{**row, "group": names.get(row["source"], "")} for row in rows])
    return open_split(folder)


def patients(dataset, pattern: str | None) -> dict[str, str]:
    """Source file -> patient; empty where patients are not known."""
    if pattern is None:
        return {}
    compiled = compile_group(pattern)
    return {str(image.path): group_name(image, compiled) for image in dataset}
