"""From the user's images, or synthetic ones, to split folders that models can train on.

Source      the images of a run, and what is known of them before they are split
Prepared    the split folder of one model, and its recipe as it can be carried out on it
"""

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from covid import report
from covid.common.errors import UserError, shown
from covid.data import disclaimer
from covid.data.class_folders import Dataset, scan
from covid.data.duplicates import duplicate_notes
from covid.data.groups import SYNTHETIC_GROUP, Groups, groups_by_pattern, known_groups
from covid.data.manifest import count_statuses, unused_rows
from covid.data.preprocess import enhance_and_crop
from covid.data.split import plan_split
from covid.data.split_folder import (
    SplitFolder,
    check_positive,
    is_enhanced,
    is_split,
    is_synthetic,
    open_split,
    read_split,
    refuse_for_split,
)
from covid.data.write_split import write_split
from covid.figures import dataset_figures
from covid.options import Options
from covid.phantom import write_dataset
from covid.training.recipes import Recipe


@dataclass(frozen=True)
class Source:
    """The images of a run before they are split.

    Attributes
    ----------
    dataset : Dataset
        Of a split folder: its training images.
    enhanced : bool
        Whether they were enhanced and cropped already.
    groups : Groups or None
        Which patient an image belongs to, where that is known.
    given : SplitFolder or None
        Where the user named a folder that is split already: it is used as it is.
    """

    dataset: Dataset
    enhanced: bool
    groups: Groups | None = None
    given: SplitFolder | None = None

    @property
    def synthetic(self) -> bool:
        return is_synthetic(self.dataset)


@dataclass(frozen=True)
class Prepared:
    """The images of one model, ready for training.

    Attributes
    ----------
    split : SplitFolder
    recipe : Recipe
        As it is carried out: `enhance` and `ratios` are those of the images there are.
    """

    split: SplitFolder
    recipe: Recipe


def find_source(options: Options) -> Source:
    """The user's images, or synthetic ones made now; and their groups, where they are known."""
    if options.data is not None and is_split(options.data):
        return use_split(options)
    dataset = find_images(options)
    return Source(dataset, is_enhanced(dataset), groups_of(options, dataset))


def use_split(options: Options) -> Source:
    """A split folder, after a look whether what is asked for can be had with it."""
    check_leaves_split_alone(options)
    split = open_split(options.data)
    if options.command == "run" and options.split == "random" and split.info["group"]:
        # `covid train` splits at random where nothing is said; only in `covid run` somebody said it.
        raise UserError(
            f"--split random: {options.data} was split by groups ({split.info['group']}) and is "
            "taken as it is; leave out --split, or name the folder of the source images"
        )
    check_positive(split, options.positive)
    options.say(f"Images: the split folder {options.data}, as it is")
    train = scan(options.data / "train", split.positive)
    return Source(train, bool(split.info.get("enhanced")), None, split)


def check_leaves_split_alone(options: Options) -> None:
    """UserError for options that would need another split."""
    given = {
        "--ratios": options.ratios is not None,
        "--group": options.group is not None,
        "--group-csv": options.group_csv is not None,
        "--group-audit": options.group_audit,
        "--folds": options.folds is not None,
        "--split group": options.split == "group" and not has_group_option(options),
        # `covid run` makes both where nothing is said; only to `covid train` somebody said it.
        "--split both": options.split == "both" and options.command == "train",
        "--no-contour drop": options.no_contour == "drop",
    }
    refuse_for_split(options.data, given)


def has_group_option(options: Options) -> bool:
    """Whether the user has said how images belong together."""
    return options.group is not None or options.group_csv is not None or options.group_audit


def find_images(options: Options) -> Dataset:
    """The user's images, or synthetic ones made now."""
    if options.data is not None:
        return scan(options.data, options.positive)
    folder = options.out / "synthetic"
    if folder.exists():  # whole, from before an interruption
        return scan(folder, options.positive)
    options.say("No --data: making synthetic images (nothing in them comes from a person)")
    write_dataset(folder, seed=options.seed, progress=options.verbose != 0)
    return scan(folder, options.positive)


def groups_of(options: Options, dataset: Dataset) -> Groups | None:
    """Which patient an image belongs to, as the user says or as synthetic images have it.

    Raises
    ------
    UserError
        A split by group is asked for, and nothing says what the groups are.
    """
    groups = known_groups(dataset, options.group, options.group_csv, options.group_column)
    if groups is not None or options.group_audit:
        return groups
    if is_synthetic(dataset):
        return groups_by_pattern(dataset, SYNTHETIC_GROUP)
    if options.split == "group":
        raise UserError(
            "--split group: which patient an image belongs to is not said; add --group REGEX, such "
            "as --group '^[^_]+', or --group-csv FILE.csv, or --group-audit"
        )
    return None


def prepare_all(
    options: Options,
    source: Source,
    recipes: dict[str, Recipe],
    name: str,
    together: Groups | None,
    made: dict[str, SplitFolder] | None = None,
) -> dict[str, Prepared]:
    """The split folders that the recipes need, and what each model gets.

    Parameters
    ----------
    recipes : dict of str to Recipe
        By model.
    name : {"random", "group"}
        The split; its folder in the output folder.
    together : Groups or None
        What must not be torn apart.
    made : dict of str to SplitFolder, optional
        By model: the same images, prepared for another split. They are linked, not made again.
    """
    splits: dict[str, SplitFolder] = {}
    prepared = {}
    for model, wanted in recipes.items():
        enhance = source.enhanced or (wanted.enhance and source.given is None)
        recipe = replace(wanted, enhance=enhance)
        if source.given is not None:
            split = source.given
            recipe = replace(recipe, ratios=tuple(split.info["ratios"]))
        else:
            kind = data_kind(recipe)
            if kind not in splits:
                reuse = (made or {}).get(model)
                folder = options.out / name / "data" / kind
                splits[kind] = prepare(options, source, recipe, folder, together, reuse)
            split = splits[kind]
        prepared[model] = Prepared(split, recipe)
        mention_difference(options, model, wanted, recipe)
    return prepared


def mention_difference(options: Options, name: str, wanted: Recipe, recipe: Recipe) -> None:
    """Say so where a model does not get its images as its recipe wants them."""
    if wanted.enhance != recipe.enhance:
        words = {True: "enhanced and cropped", False: "as they came from the scanner"}
        options.say(
            f"note: the recipe {wanted.name} wants images {words[wanted.enhance]} for {name}; these "
            f"are {words[recipe.enhance]}, and it trains on them so"
        )


def data_kind(recipe: Recipe) -> str:
    """The name of the split folder a recipe needs, such as enhanced-50-10-40."""
    parts = "-".join(f"{100 * ratio:g}" for ratio in recipe.ratios)
    return f"{'enhanced' if recipe.enhance else 'raw'}-{parts}"


def prepare(
    options: Options,
    source: Source,
    recipe: Recipe,
    folder: Path,
    together: Groups | None,
    reuse: SplitFolder | None,
) -> SplitFolder:
    """Split the images and write them, enhanced and cropped if the recipe says so."""
    if folder.exists():  # whole, from before an interruption
        return open_split(folder)
    dataset = source.dataset
    groups = together or source.groups  # of a random split, manifest.csv names them all the same
    split = plan_split(dataset, recipe.ratios, options.seed, groups, together is not None)
    split.notes.extend(duplicate_notes(dataset))
    transform = None
    if recipe.enhance and not source.enhanced:
        transform = partial(enhance_and_crop, no_contour=options.no_contour)
    rows = write_split(
        dataset,
        split,
        folder,
        transform,
        progress=options.verbose != 0,
        extra={"enhanced": recipe.enhance, "synthetic": source.synthetic},
        reuse=reuse,
    )
    written = read_split(folder)
    options.say(report.describe_data(written, count_statuses(rows)))
    for row in unused_rows(rows):
        options.say(f"  not used: {shown(row['source'])}: {row['reason']}")
    for remark in split.notes:
        options.say(f"  note: {remark}")
    return written


def draw_data(options: Options, source: Source, first: Prepared) -> None:
    """The figures of the images, once for all splits, and not again after an interruption."""
    folder, small_print = options.out / "figures", disclaimer.note(first.split)
    last = folder / "augmentation.png"
    if last.exists():
        return
    dataset_figures.source_figures(
        source.dataset, folder, small_print, options.seed, source.enhanced
    )
    dataset_figures.augmentation_figure(
        first.split, first.recipe, folder, small_print, options.seed
    )
