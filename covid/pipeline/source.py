"""The images of a run before they are split: the user's, or synthetic ones made now."""

from dataclasses import dataclass

from covid.common.choices import BOTH, GROUP, RANDOM
from covid.common.errors import UserError
from covid.common.made_files import is_whole
from covid.data.class_folders import Dataset, scan
from covid.data.contents import CONTENTS, check_contents, digests, write_contents
from covid.data.existing_split import keeps_apart, refuse_another_split
from covid.data.find_images import find_images
from covid.data.gray_levels import find_levels
from covid.data.groups import (
    SYNTHETIC_GROUP,
    Groups,
    groups_by_pattern,
    known_groups,
    require_groups,
)
from covid.data.split_folder import (
    SplitFolder,
    check_kept,
    is_enhanced,
    is_split,
    is_synthetic,
    open_split,
)
from covid.data.window import GrayLevels
from covid.phantom import write_dataset
from covid.phantom.write import INFO
from covid.pipeline.options import Options


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
    levels : GrayLevels or None
        How files of more than 8 bits are read.
    """

    dataset: Dataset
    enhanced: bool
    groups: Groups | None = None
    given: SplitFolder | None = None
    levels: GrayLevels | None = None

    @property
    def synthetic(self) -> bool:
        return is_synthetic(self.dataset)


def find_source(options: Options) -> Source:
    """The user's images, or synthetic ones made now; and their groups, where they are known."""
    if options.data is not None and is_split(options.data):
        return use_split(options)
    dataset = images_of(options)
    groups = groups_of(options, dataset)
    if dataset.existing is not None:
        refuse_to_split(options, dataset, groups)
    levels = find_levels(dataset, options.window)
    return Source(dataset, is_enhanced(dataset), groups, levels=levels)


def refuse_to_split(options: Options, dataset: Dataset, groups: Groups | None) -> None:
    """UserError for options that the split that the images came in cannot follow."""
    given = {
        "--ratios": options.ratios,
        "--group-audit": options.group_audit,
        "--folds": options.folds,
        "--split group (patients are on both sides of it)": (
            options.split == GROUP and not keeps_apart(dataset, groups)
        ),
        # As in `use_split`.
        "--split both": options.split == BOTH and options.command == "train",
        "--split random": options.split == RANDOM and options.command == "run",
    }
    refuse_another_split(options.data, given)


def check_source(options: Options, source: Source) -> None:
    """Record the contents of all files when a run begins; compare them when it is resumed.

    UserError where one was replaced in between.
    """
    if source.given is not None:
        files = source.given.files
    else:
        folder = source.dataset.folder
        files = {one.path.relative_to(folder).as_posix(): one.path for one in source.dataset}
    named = {"--group-csv": options.group_csv, "--labels": options.labels}
    files |= {option: path for option, path in named.items() if path is not None}
    if (options.out / CONTENTS).exists():
        check_contents(files, options.out)
    else:
        write_contents(digests(files), options.out)


def use_split(options: Options) -> Source:
    """A split folder as it is; UserError for options that would need another split."""
    split = open_split(options.data)
    given = {
        "--labels": options.labels,
        "--ratios": options.ratios,
        "--group": options.group,
        "--group-csv": options.group_csv,
        "--group-audit": options.group_audit,
        "--folds": options.folds,
        "--split group": options.split == GROUP and not options.names_groups,
        # `covid run` makes both by default; only to `covid train` did somebody say so.
        "--split both": options.split == BOTH and options.command == "train",
        "--no-contour drop": options.no_contour == "drop",
        "--window": options.window,
    }
    check_kept(split, options.positive, given)
    if options.command == "run" and options.split == RANDOM and split.info["group"]:
        # `covid train` splits at random by default; only to `covid run` did somebody say so.
        raise UserError(
            f"--split random: {options.data} was split by groups ({split.info['group']}) and is "
            "taken as it is; leave out --split, or name the folder of the source images"
        )
    train = scan(options.data / "train", split.positive)
    return Source(train, bool(split.info.get("enhanced")), None, split)


def images_of(options: Options) -> Dataset:
    """The user's images, or synthetic ones made now."""
    if options.data is not None:
        return find_images(options.data, options.positive, options.labels)
    folder = options.out / "synthetic"
    with options.screen.phase("drawing synthetic images, as none were given") as phase:
        if not is_whole(folder, INFO):  # else from before an interruption
            progress = bool(options.screen.verbose)
            write_dataset(folder, seed=options.seed, progress=progress, processes=True)
        dataset = scan(folder, options.positive)
        patients = groups_by_pattern(dataset, SYNTHETIC_GROUP).count
        phase.result = f"{len(dataset)} of {patients} patients"
    return dataset


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
    if options.split == GROUP:
        require_groups(groups, ", or --group-audit")
    return None
