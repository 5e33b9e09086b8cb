"""`covid controls`: from images or a split folder to the controls' results."""

from __future__ import annotations

import sys
from argparse import Namespace
from dataclasses import replace
from pathlib import Path

from covid.cli.commands.ending import end
from covid.cli.parser.common import group_column
from covid.common.choices import GROUP
from covid.common.output_files import check_new_folder, check_outside, new_folder, scratch_folder
from covid.common.screen import QUIET, Screen, fitted
from covid.controls.run import run_controls
from covid.controls.write import table, write_controls
from covid.data.disclaimer import note
from covid.data.existing_split import refuse_another_split
from covid.data.find_images import find_images
from covid.data.gray_levels import find_levels
from covid.data.groups import SYNTHETIC_GROUP, groups_by_pattern, known_groups, require_groups
from covid.data.prepare_split import prepare_split
from covid.data.split_folder import (
    SplitFolder,
    bad_files_as_errors,
    check_kept,
    is_split,
    is_synthetic,
    open_split,
)
from covid.pipeline.prepare_splits import counts
from covid.training.recipes import Recipe, recipe_for


def controls(options: Namespace) -> dict:
    """`covid controls`; two class folders are split for the occasion."""
    (model,), screen = options.models, Screen(options.verbose, total=2)
    recipe = recipe_for(options.recipe, model, options.epochs, options.ratios)
    check_new_folder(options.out)
    check_outside(options.out, options.data, labels=options.labels)
    out = options.out
    with new_folder(out), bad_files_as_errors(), scratch_folder(out / "split") as folder:
        with screen.phase("images") as phase:
            if is_split(options.data):
                split = given_split(options)
            else:
                split = new_split(options, recipe, folder / "all")
            phase.result = counts(split)
        enhance, ratios = bool(split.info.get("enhanced")), tuple(split.info["ratios"])
        recipe = replace(recipe, enhance=enhance, ratios=ratios)
        with screen.phase(f"controls, {model} on images that should not be enough"):
            result = run_controls(split, model, recipe, options.seed, out, screen)
            write_controls(result, out, note(split))
    end(fitted(table(result, note(split)), sys.stdout), out, options)
    return {"folder": str(out), **result.summary()}


def given_split(options: Namespace) -> SplitFolder:
    """A split folder as it is; UserError for options that would need another one."""
    split = open_split(options.data)
    given = {
        "--labels": options.labels,
        "--ratios": options.ratios,
        "--group": options.group,
        "--group-csv": options.group_csv,
        "--group-column": options.group_column,
        "--split": options.split,
        "--no-contour drop": options.no_contour == "drop",
        "--window": options.window,
    }
    check_kept(split, options.positive, given)
    return split


def new_split(options: Namespace, recipe: Recipe, folder: Path) -> SplitFolder:
    """Split the images of two class folders into `folder`, prepared as the recipe wants them.

    The manifest gets every image's patient even where slices are split at random: only then do
    permuted labels show whether slices of one patient give each other away.
    """
    dataset = find_images(options.data, options.positive, options.labels)
    if dataset.existing is not None:
        given = {"--ratios": options.ratios, "--split": options.split}
        refuse_another_split(options.data, given)
    groups = known_groups(dataset, options.group, options.group_csv, group_column(options))
    by_group = options.split == GROUP or (options.split is None and groups is not None)
    if groups is None and is_synthetic(dataset):
        groups = groups_by_pattern(dataset, SYNTHETIC_GROUP)
    if by_group:
        require_groups(groups)
    return prepare_split(
        *(dataset, folder, recipe.ratios, options.seed, groups, by_group),
        enhance=recipe.enhance,
        rule=recipe.crop,
        no_contour=options.no_contour,
        progress=options.verbose != QUIET,
        levels=find_levels(dataset, options.window),
        image_size=recipe.image_size,
    )
