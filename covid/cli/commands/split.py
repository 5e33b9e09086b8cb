"""`covid split`: two class folders split into train, validate and test."""

from argparse import Namespace

from covid.cli.commands.preprocess import check_not_enhanced, report_written
from covid.cli.parser.common import group_column
from covid.common.choices import LUNGS
from covid.common.errors import UserError
from covid.common.output_files import check_new_folder, check_outside
from covid.common.screen import put, say
from covid.data.existing_split import refuse_another_split
from covid.data.find_images import find_images
from covid.data.gray_levels import find_levels
from covid.data.groups import known_groups
from covid.data.manifest import read_manifest
from covid.data.prepare_split import prepare_split
from covid.data.ratios import DEFAULT_RATIOS
from covid.data.split_folder import is_enhanced


def split(options: Namespace) -> dict:
    """`covid split`."""
    check_new_folder(options.out)
    check_outside(options.out, options.data, labels=options.labels)
    dataset = find_images(options.data, options.positive, options.labels)
    if dataset.existing is not None:
        refuse_another_split(options.data, {"--ratios": options.ratios})
    groups = known_groups(dataset, options.group, options.group_csv, group_column(options))
    if options.enhance:
        check_not_enhanced(is_enhanced(dataset), options.data, "leave out --enhance")
    elif options.no_contour == "drop":
        raise UserError("--no-contour drop: nothing looks for contours; add --enhance")
    elif options.crop != LUNGS:
        raise UserError(f"--crop {options.crop}: nothing is cropped; add --enhance")
    written = prepare_split(
        dataset,
        options.out,
        options.ratios or DEFAULT_RATIOS,
        options.seed,
        groups,
        by_group=True,
        enhance=options.enhance,
        rule=options.crop,
        no_contour=options.no_contour,
        levels=find_levels(dataset, options.window),
    )
    info = written.info
    if groups is not None and info["group"] is not None:
        say(f"patients are kept whole: {groups.source}")
    for remark in info["notes"]:
        say(f"note: {remark}", "yellow")
    counts = {part: len(files) for part, files in written.parts.items()}
    put(", ".join(f"{part} {count}" for part, count in counts.items()))
    put(f"the images are {'' if info['enhanced'] else 'not '}enhanced and cropped")
    return {
        **report_written(read_manifest(options.out), options.out),
        **{key: info[key] for key in ("positive", "seed", "enhanced", "synthetic", "notes")},
        "counts": counts,
    }
