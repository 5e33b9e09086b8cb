"""From the images of a run to split folders that models can train on."""

from dataclasses import dataclass, replace
from pathlib import Path

from covid.common.choices import MANIFEST, SPLIT_INFO, images_kind
from covid.common.errors import shown
from covid.common.made_files import is_whole
from covid.data import disclaimer
from covid.data.contents import check_contents
from covid.data.groups import LOOK_ALIKES, Groups
from covid.data.manifest import read_manifest, unused_rows
from covid.data.prepare_split import prepare_split
from covid.data.split_folder import SplitFolder, open_split
from covid.figures import dataset_figures
from covid.pipeline.options import Options
from covid.pipeline.source import Source
from covid.training.recipes import Recipe

NAMED = 3  # files that could not be used; the others are counted


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


def prepare_all(
    options: Options,
    source: Source,
    recipes: dict[str, Recipe],
    name: str,
    together: Groups | None,
    made: dict[str, SplitFolder],
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
    made : dict of str to SplitFolder
        By model: the same images, prepared for another split. They are linked, not made again.
    """
    splits: dict[str, SplitFolder] = {}
    prepared = {}
    for model, wanted in recipes.items():
        enhance = source.enhanced or (wanted.enhance and source.given is None)
        recipe = replace(wanted, enhance=enhance)
        if source.given is not None:
            split = source.given
            rule = split.info.get("crop") or recipe.crop
            recipe = replace(recipe, ratios=tuple(split.info["ratios"]), crop=rule)
        else:
            kind = data_kind(recipe, source.dataset.existing is not None)
            if kind not in splits:
                folder = options.out / name / "data" / kind
                reuse = made.get(model)
                splits[kind] = prepare(options, source, recipe, folder, together, reuse)
            split = splits[kind]
            recipe = replace(recipe, ratios=tuple(split.info["ratios"]))
        prepared[model] = Prepared(split, recipe)
        mention_difference(options, model, wanted, recipe, split.info.get("image_size"))
    return prepared


def mention_difference(
    options: Options, name: str, wanted: Recipe, recipe: Recipe, images_of: int | None
) -> None:
    """Say so where a model does not get its images as its recipe wants them."""
    if wanted.enhance != recipe.enhance:
        words = {True: "enhanced and cropped", False: "as they came from the scanner"}
        options.screen.say(
            f"  note: the recipe {wanted.name} wants images {words[wanted.enhance]} for {name}; these "
            f"are {words[recipe.enhance]}, and it trains on them so",
            "yellow",
        )
    elif images_of not in (None, recipe.image_size):
        options.screen.say(
            f"  note: {name} takes images of {recipe.image_size} x {recipe.image_size} pixels; these "
            f"were made {images_of} x {images_of} for other models, and it trains on them so",
            "yellow",
        )
    elif wanted.crop != recipe.crop:
        options.screen.say(
            f"  note: the recipe {wanted.name} wants slices cropped to the {wanted.crop} for {name}; "
            f"these are cropped to the {recipe.crop}, and it trains on them so",
            "yellow",
        )


def data_kind(recipe: Recipe, existing: bool = False) -> str:
    """The name of the split folder a recipe needs, such as enhanced-150px-50-10-40."""
    parts = "-".join(f"{100 * ratio:g}" for ratio in recipe.ratios)
    parts = "existing" if existing else parts
    return f"{images_kind(recipe.enhance, recipe.image_size)}-{parts}"


def prepare(
    options: Options,
    source: Source,
    recipe: Recipe,
    folder: Path,
    together: Groups | None,
    reuse: SplitFolder | None,
) -> SplitFolder:
    """Split the images and write them, enhanced and cropped if the recipe says so."""
    if is_whole(folder, SPLIT_INFO):  # from before an interruption
        return reopen_split(folder)
    split = prepare_split(
        source.dataset,
        folder,
        recipe.ratios,
        options.seed,
        together or source.groups,  # of a random split, manifest.csv names them all the same
        by_group=together is not None,
        enhance=recipe.enhance,
        rule=recipe.crop,
        no_contour=options.no_contour,
        progress=bool(options.screen.verbose),
        reuse=reuse,
        levels=source.levels,
        image_size=recipe.image_size,
    )
    for sentence in remarks(split):
        options.screen.say(f"  {sentence}", "yellow")
    return split


def reopen_split(folder: Path) -> SplitFolder:
    """A split folder from before an interruption; UserError where an image was replaced."""
    split = open_split(folder)
    check_contents(split.files, folder)
    return split


def draw_data(options: Options, source: Source, first: Prepared) -> None:
    """The figures of the images, not again after an interruption."""
    folder, note, seed = options.out / "figures", disclaimer.note(first.split), options.seed
    if not (folder / "augmentation.png").exists():  # the last one
        rule = first.recipe.crop
        dataset_figures.source_figures(
            source.dataset, folder, note, seed, rule, source.enhanced, source.levels
        )
        dataset_figures.augmentation_figure(first.split, first.recipe, folder, note, seed)


def remarks(split: SplitFolder) -> list[str]:
    """What a user should know of the files that were read: only what is out of the ordinary."""
    manifest, found = shown(split.folder / MANIFEST), []
    unused = unused_rows(read_manifest(split.folder))
    found += [f"not used: {shown(row['source'])}: {row['reason']}" for row in unused[:NAMED]]
    if len(unused) > NAMED:
        found.append(f"not used: {len(unused) - NAMED} more files, listed in {manifest}")
    for key, what in (("kept", "kept whole"), ("dropped", "dropped")):
        count = split.info["files"].get(f"no_contour_{key}", 0)
        if count:
            found.append(f"no contour of a body found: {count} images {what}, see {manifest}")
    return [*found, *(f"note: {remark}" for remark in split.info["notes"])]


def counts(split: SplitFolder) -> str:
    """Such as "240 train, 48 validate, 192 test"."""
    return ", ".join(f"{len(files)} {part}" for part, files in split.parts.items())


def way_of_splitting(kept_together: str | None, existing: object = None) -> str:
    """Such as "split by patient", from what split.json says of the groups."""
    if kept_together is None:
        return "split as they came" if existing else "split at random"
    return "split by look-alikes" if kept_together == LOOK_ALIKES else "split by patient"
