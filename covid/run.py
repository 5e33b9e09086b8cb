"""`covid run`: everything from images to results, in one call.

    images -> split folders (enhanced, cropped) -> training -> evaluation -> files and figures

What it leaves in the output folder:

    summary.json                 all results, with seed, versions and counts; written last
    run.json                     how the run was started
    data/<kind>/                 the split images, manifest.csv, split.json
    <model>/model.npz            the trained model
    <model>/history.csv          loss and accuracy of every epoch
    <model>/predictions.csv      one line for every image
    <model>/checkpoint.npz       while the run is not finished: `--resume` goes on from there
    figures/*.png
    synthetic/                   the synthetic images, where no --data was given
"""

import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from covid import figures, report
from covid.dataset import (
    Dataset,
    SplitFolder,
    count_statuses,
    read_split,
    scan,
    unused_rows,
    write_split,
)
from covid.duplicates import duplicate_notes
from covid.errors import UserError, shown
from covid.groups import DEFAULT_COLUMN, Groups, groups_by_pattern, known_groups
from covid.inputs import bad_files_in_words, is_enhanced, is_split, is_synthetic, open_split
from covid.output import check_outside, new_folder, write_json
from covid.phantom import write_dataset
from covid.preprocess import enhance_and_crop
from covid.recipes import Recipe, recipe_for
from covid.resuming import RUN_INFO, SUMMARY, only_one, write_run_info
from covid.splits import plan_split
from covid.train import Trained, train_and_evaluate, write_training
from minicnn.callbacks import BackupAndRestore
from minicnn.files import sweep

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
    group_csv: Path | None = None
    group_column: str = DEFAULT_COLUMN
    group_audit: bool = False
    folds: int | None = None
    ratios: tuple[float, float, float] | None = None
    no_contour: str = "keep"
    epochs: int | None = None
    seed: int = 0
    checkpoint_steps: int | None = None
    command: str = "run"
    resume: bool = False
    verbose: int | str = "auto"
    say: Callable[[str], None] = print


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


def run_all(options: Options) -> dict:
    """Do everything; returns what summary.json holds.

    With `options.resume` what an interrupted run has left in the output folder is used: whole
    split folders, and of every model its checkpoint. The end is the same, bit for bit.

    Raises
    ------
    UserError
        For images, checkpoints or options that cannot be used; the output folder is then as it was
        before, unless there is a checkpoint in it.
    """
    recipes = {
        name: recipe_for(options.recipe, name, options.epochs, options.ratios)
        for name in options.models
    }
    with output_folder(options), bad_files_in_words():
        if options.resume and (options.out / SUMMARY).exists():
            return finished_before(options)
        prepared = prepare_all(options, recipes)
        trained = train_all(options, prepared)
        summary = report.summarise(options, prepared, trained)
        figures.overview(summary, options.out / "figures", summary["note"])
        require_models(options)
        write_json(summary, options.out / SUMMARY)
        for path in checkpoints(options.out):
            path.unlink()
    options.say(f"\n{report.results_table(summary)}\n\nEverything is in {options.out}")
    return summary


@contextmanager
def output_folder(options: Options) -> Iterator[None]:
    """The output folder, new or that of the run to go on with, for this process alone.

    Whatever ends the run before it is finished: where there is a checkpoint all is kept, and the
    user is told how to go on; else the folder is as it was before.
    """
    if options.data is not None:
        check_outside(options.out, options.data)
    ours = False  # another process may have made the folder a moment ago

    def keep() -> bool:
        finished = (options.out / SUMMARY).exists()
        return not ours or finished or bool(checkpoints(options.out))

    try:
        with (
            nullcontext() if options.resume else new_folder(options.out, keep),
            only_one(options.out),
        ):
            ours = True
            if options.resume:
                sweep(options.out)
            else:
                write_run_info(options)
            with clear_words(options.out):
                yield
    except BaseException:
        if ours and (options.out / RUN_INFO).exists():
            options.say(
                f"\nNot finished. To go on from the last checkpoint:\n"
                f"  covid {options.command} --resume {shlex.quote(str(options.out))}"
            )
        raise


@contextmanager
def clear_words(out: Path) -> Iterator[None]:
    """Say it where the whole output folder has gone, whatever else followed from that."""
    try:
        yield
    except (OSError, ValueError) as error:
        if not out.exists():
            raise UserError(
                f"{out}: this output folder has been taken away during the run; start it again"
            ) from error
        raise


def require_models(options: Options) -> None:
    """UserError where the folder lacks a model by now; it is then a ghost, made by later files."""
    for name in options.models:
        path = options.out / name / "model.npz"
        if not path.exists():
            raise UserError(f"{path} has been taken away during the run; start it again")


def checkpoints(out: Path) -> list[Path]:
    """The checkpoints in an output folder."""
    return sorted(out.glob(f"*/{BackupAndRestore.FILE}"))


def finished_before(options: Options) -> dict:
    """The summary of a run that had been finished already."""
    summary, table = report.finished_results(options.out / SUMMARY)
    for path in checkpoints(options.out):
        path.unlink()
    options.say(f"{options.out} is finished, there is nothing to go on with")
    options.say(f"\n{table}")
    return summary


def train_all(options: Options, prepared: dict[str, Prepared]) -> dict[str, Trained]:
    """Train, evaluate and write every model."""
    trained = {}
    for name, images in prepared.items():
        split, recipe = images.split, images.recipe
        options.say(f"\n{name}, recipe {recipe.name}")
        folder = options.out / name
        backup = BackupAndRestore(
            folder, options.checkpoint_steps or "epoch", delete_checkpoint=False
        )
        if backup.path.exists():
            options.say(f"going on from {backup.path}")
        trained[name] = train_and_evaluate(
            name, recipe, split, options.seed, options.verbose, backup
        )
        write_training(trained[name], (split.negative, split.positive), folder)
        figures.model_figures(trained[name], split, options.out / "figures", report.note(split))
    return trained


def prepare_all(options: Options, recipes: dict[str, Recipe]) -> dict[str, Prepared]:
    """Make or read the images, and write every split folder that the recipes need."""
    if options.data is not None and is_split(options.data):
        return use_split(options, recipes)
    dataset = find_images(options)
    enhanced = is_enhanced(dataset)
    splits: dict[str, SplitFolder] = {}
    prepared = {}
    for name, wanted in recipes.items():
        recipe = replace(wanted, enhance=wanted.enhance or enhanced)
        kind = data_kind(recipe)
        if kind not in splits:
            transform = partial(enhance_and_crop, no_contour=options.no_contour)
            splits[kind] = prepare(
                options, recipe, dataset, transform if recipe.enhance and not enhanced else None
            )
        prepared[name] = Prepared(splits[kind], recipe)
        mention_difference(options, name, wanted, recipe)
    draw_data(options, dataset, next(iter(prepared.values())), enhanced)
    return prepared


def use_split(options: Options, recipes: dict[str, Recipe]) -> dict[str, Prepared]:
    """Take a split folder as it is; the recipes then describe what is in it."""
    check_leaves_split_alone(options)
    split = open_split(options.data)
    if options.positive not in (None, split.positive):
        raise UserError(
            f"{options.data}: its positive class is {split.positive}; leave out --positive, or "
            "make another split folder"
        )
    options.say(f"Images: the split folder {options.data}, as it is")
    enhanced, ratios = bool(split.info.get("enhanced")), tuple(split.info["ratios"])
    prepared = {}
    for name, wanted in recipes.items():
        prepared[name] = Prepared(split, replace(wanted, enhance=enhanced, ratios=ratios))
        mention_difference(options, name, wanted, prepared[name].recipe)
    train = scan(options.data / "train", split.positive)
    draw_data(options, train, next(iter(prepared.values())), enhanced)
    return prepared


def draw_data(options: Options, dataset: Dataset, first: Prepared, enhanced: bool) -> None:
    """The figures of the images, unless they were drawn before an interruption."""
    folder, small_print = options.out / "figures", report.note(first.split)
    last = folder / "augmentation.png"
    if options.resume and last.exists():
        return
    figures.source_figures(dataset, folder, small_print, options.seed, enhanced)
    figures.augmentation_figure(first.split, first.recipe, folder, small_print, options.seed)


def check_leaves_split_alone(options: Options) -> None:
    """UserError for options that would need another split."""
    given = {
        "--ratios": options.ratios is not None,
        "--group": options.group is not None,
        "--split group": options.split == "group" and options.group is None,
        "--no-contour drop": options.no_contour == "drop",
    }
    if any(given.values()):
        names = ", ".join(name for name, used in given.items() if used)
        raise UserError(
            f"{options.data} is split already, so that {names} cannot be followed; leave out those, "
            "or name the folder of the source images"
        )


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
    """Which image is of which patient; None for a split at random."""
    groups = known_groups(dataset, options.group, options.group_csv, options.group_column)
    if options.split != "group" or groups is not None:
        return groups
    if not is_synthetic(dataset):
        raise UserError(
            "--split group: which part of a file name is the patient is not said; add --group "
            "REGEX, such as --group '^[^_]+'"
        )
    return groups_by_pattern(dataset, SYNTHETIC_GROUP)


def prepare(options: Options, recipe: Recipe, dataset: Dataset, transform) -> SplitFolder:
    """Split the images and write them, enhanced and cropped by `transform` if there is one."""
    folder = options.out / "data" / data_kind(recipe)
    if folder.exists():  # whole, from before an interruption
        return open_split(folder)
    split = plan_split(dataset, recipe.ratios, options.seed, groups_of(options, dataset))
    split.notes.extend(duplicate_notes(dataset))
    rows = write_split(
        dataset,
        split,
        folder,
        transform,
        progress=options.verbose != 0,
        extra={"enhanced": recipe.enhance, "synthetic": is_synthetic(dataset)},
    )
    written = read_split(folder)
    options.say(report.describe_data(written, count_statuses(rows)))
    for row in unused_rows(rows):
        options.say(f"  not used: {shown(row['source'])}: {row['reason']}")
    for remark in split.notes:
        options.say(f"  note: {remark}")
    return written
