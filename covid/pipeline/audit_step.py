"""The audit of a run: made before anything is trained, or read back after an interruption."""

import json
import os
from dataclasses import dataclass, replace
from pathlib import Path

from covid.audit import run_audit, write_audit
from covid.common.choices import AUDIT_IMAGES, AUDIT_INFO, BOTH, GROUP, MANIFEST
from covid.common.csv_cells import csv_rows
from covid.common.errors import UserError, shown
from covid.common.made_files import is_whole
from covid.common.output_files import new_folder
from covid.data.class_folders import Dataset, ImageFile
from covid.data.disclaimer import small_print
from covid.data.existing_split import split_of
from covid.data.groups import LOOK_ALIKES, Groups, groups_from_names
from covid.data.manifest import read_manifest
from covid.data.split import Split
from covid.data.split_folder import SplitFolder
from covid.pipeline.options import Options
from covid.pipeline.output_folder import damage_as_error
from covid.pipeline.source import Source
from minicnn.files import ordinary_file

FOLDER = "audit"


@dataclass(frozen=True)
class Audited:
    """What a run needs to know of its audit.

    Attributes
    ----------
    summary : dict
        As in summary.json; see `covid.audit.verdict.summarize`.
    look_alikes : Groups
        Images that the audit takes for neighbors in one scan.
    """

    summary: dict
    look_alikes: Groups

    @property
    def found_pairs_across(self) -> bool:
        """Whether images of the test have a near-duplicate elsewhere."""
        return self.summary["near_duplicates"]["pairs_across"] > 0


def audit_source(options: Options, source: Source, ratios: tuple[float, ...]) -> Audited:
    """Look at all images as they will be split, write the audit's folder, and say the verdict.

    Parameters
    ----------
    ratios : three floats
        Of the first model's split; a folder that is split already is looked at as it is.
    """
    folder = options.out / FOLDER
    if source.given is not None:
        dataset, split = as_planned(source.given)
        names = None
    else:
        dataset, groups = source.dataset, source.groups
        together = options.split == GROUP and groups is not None
        split = split_of(dataset, ratios, options.seed, groups, together)
        names = None if groups is None else groups.names
    screen = options.screen
    with screen.phase("audit of the images, before anything is trained"):
        if not is_whole(folder, AUDIT_INFO):
            audit = run_audit(
                dataset, split, names, options.seed, bool(screen.verbose), source.levels
            )
            with new_folder(folder, empty=False):
                write_audit(audit, folder, small_print(dataset.positive, source.synthetic))
        audited = read_audit(folder, dataset)
        summary = audited.summary
        bad = summary["leaks"] or summary["shortcuts"]
        screen.say(f"  {summary['verdict']}", "yellow" if bad else None)
        if summary.get("unseen"):  # not in audits of earlier versions
            screen.say(f"  note: {summary['unseen']}")
    return audited


def read_audit(folder: Path, dataset: Dataset) -> Audited:
    """What `write_audit` wrote; UserError where it is damaged, or of other images."""
    with damage_as_error(folder):
        summary = json.loads(ordinary_file(folder / AUDIT_INFO).read_text(encoding="utf-8"))
        with csv_rows(folder / AUDIT_IMAGES) as lines:
            rows = list(lines)
        # Where a class has no readable image nothing can be trained, which the split will say.
        complete = len({row["class"] for row in rows}) == 2
        for name in ("verdict", "near_duplicates", "leaks", "shortcuts"):
            summary[name]
        unreadable, names = summary["unreadable"], names_of(dataset, rows) if complete else {}
    if complete and len(names) + unreadable != len(dataset):
        raise UserError(
            f"{shown(folder)} was made of other images: {len(names)} of the {len(dataset)} in "
            f"{shown(dataset.folder)} are in its images.csv, and {unreadable} could not be read; put "
            "the images back, or start another run"
        )
    # A name without the way to the folder, which may be another one by now.
    alone = {image: image.path.relative_to(dataset.folder).as_posix() for image in dataset}
    return Audited(summary, groups_from_names(dataset, alone | names, LOOK_ALIKES, "audit"))


def names_of(dataset: Dataset, rows: list[dict[str, str]]) -> dict[ImageFile, str]:
    """The look-alikes' name of each image in images.csv, found by its path inside the folder.

    A run that is resumed elsewhere has another path to the folder ("../mine" for "mine"): the one
    in front of what is in the folder now.
    """
    places = {image: image.path.relative_to(dataset.folder) for image in dataset}
    common, known = Path(os.path.commonpath([row["file"] for row in rows])), set(places.values())
    ways = (
        {Path(row["file"]).relative_to(before): row["look_alikes"] for row in rows}
        for before in (common, *common.parents)
    )
    inside = max(ways, key=lambda way: len(way.keys() & known))
    return {image: inside[place] for image, place in places.items() if place in inside}


def with_look_alikes(options: Options, source: Source, audited: Audited) -> Source:
    """The source with the audit's look-alikes as its groups, where no better ones are known.

    That is with --group-audit, and with `--split both` where near-duplicates cross the split.
    """
    wanted = options.group_audit or (options.split == BOTH and audited.found_pairs_across)
    fixed = source.given is not None or source.dataset.existing is not None
    if fixed or source.groups is not None or not wanted:
        return source
    return replace(source, groups=audited.look_alikes)


def as_planned(folder: SplitFolder) -> tuple[Dataset, Split]:
    """The images of a split folder, and its split as if it were planned just now."""
    classes = (folder.negative, folder.positive)
    parts = {
        part: [ImageFile(path, classes[label], label) for path, label in files]
        for part, files in folder.parts.items()
    }
    images = sorted(sum(parts.values(), []), key=lambda image: image.path.as_posix())
    dataset = Dataset(folder.folder, folder.positive, folder.negative, images, [])
    in_folder = {folder.folder / row["file"]: row["group"] for row in read_manifest(folder.folder)}
    names = {image: in_folder[image.path] for image in images}
    groups = None
    if "" not in names.values():
        kept = folder.info["group"]
        kind = "audit" if folder.info.get("members") == "groups" else "csv"
        groups = Groups(names, kept or f"column group of {folder.folder / MANIFEST}", kind)
    ratios, seed = tuple(folder.info["ratios"]), folder.info["seed"]
    existing = folder.info.get("existing")
    return dataset, Split(
        parts, ratios, seed, groups, folder.info["group"] is not None, existing=existing
    )
