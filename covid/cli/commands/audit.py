"""`covid audit`: looks for leaks and shortcuts in two class folders, or in a split folder."""

from argparse import Namespace

from covid.audit import run_audit, write_audit
from covid.audit.verdict import summarize
from covid.cli.parser.common import group_column
from covid.common.choices import GROUP
from covid.common.errors import shown
from covid.common.output_files import check_new_folder, check_outside, new_folder
from covid.common.screen import say
from covid.data.class_folders import Dataset
from covid.data.disclaimer import small_print
from covid.data.existing_split import refuse_another_split, split_of
from covid.data.find_images import find_images
from covid.data.gray_levels import find_levels
from covid.data.groups import Groups, known_groups, require_groups
from covid.data.ratios import DEFAULT_RATIOS
from covid.data.split import Split
from covid.data.split_folder import check_kept, is_split, is_synthetic, read_split
from covid.data.window import GrayLevels
from covid.pipeline.audit_step import as_planned

Found = tuple[Dataset, Split, Groups | None, GrayLevels | None, bool]  # the last: synthetic images


def audit(options: Namespace) -> dict:
    """`covid audit`."""
    check_new_folder(options.out)
    check_outside(options.out, options.data, labels=options.labels)
    find = split_folder if is_split(options.data) else source_images
    dataset, split, groups, levels, synthetic = find(options)
    names = None if groups is None else groups.names
    found = run_audit(dataset, split, names, options.seed, True, levels)
    note = small_print(dataset.positive, synthetic)
    with new_folder(options.out):
        write_audit(found, options.out, note)
    for path, reason in found.prints.unreadable:
        say(f"not used: {shown(path)}: {reason}", "yellow")
    summary = summarize(found)
    bad = summary["leaks"] or summary["shortcuts"]
    say(summary["verdict"], "yellow" if bad else None)
    if summary["unseen"]:
        say(f"note: {summary['unseen']}")
    say(f"{note}\nDetails in {options.out}")
    return {
        "folder": str(options.out),
        "note": note,
        "positive": dataset.positive,
        "synthetic": synthetic,
        "seed": split.seed,
        **summary,
        "not_used": {shown(path): reason for path, reason in found.prints.unreadable},
    }


def split_folder(options: Namespace) -> Found:
    """A split folder as it is; UserError for options that would need another one."""
    folder = read_split(options.data)
    given = {
        "--split": options.split,
        "--ratios": options.ratios,
        "--labels": options.labels,
        "--window": options.window,
    }
    check_kept(folder, options.positive, given)
    dataset, split = as_planned(folder)
    groups = known_groups(dataset, options.group, options.group_csv, group_column(options))
    return dataset, split, groups or split.groups, None, bool(folder.info.get("synthetic"))


def source_images(options: Namespace) -> Found:
    """Images that are not split, with the split that would be made; or as they came split."""
    dataset = find_images(options.data, options.positive, options.labels)
    if dataset.existing is not None:
        given = {"--split": options.split, "--ratios": options.ratios}
        refuse_another_split(options.data, given)
    levels = find_levels(dataset, options.window)
    groups = known_groups(dataset, options.group, options.group_csv, group_column(options))
    by_group = options.split == GROUP
    if by_group:
        require_groups(groups)
    split = split_of(dataset, options.ratios or DEFAULT_RATIOS, options.seed, groups, by_group)
    for remark in (*dataset.notes, *split.notes):
        say(f"note: {remark}", "yellow")
    return dataset, split, groups, levels, is_synthetic(dataset)
