"""`covid split`: two class folders split into train, validate and test."""

from argparse import Namespace
from functools import partial

from covid.cli.commands.preprocess import check_not_enhanced, report_written
from covid.cli.parser.common import group_column
from covid.common.errors import UserError
from covid.common.output_files import check_new_folder, check_outside
from covid.data.class_folders import scan
from covid.data.duplicates import duplicate_notes
from covid.data.groups import known_groups
from covid.data.preprocess import enhance_and_crop
from covid.data.split import parse_ratios, plan_split
from covid.data.split_folder import is_enhanced, is_synthetic, read_split
from covid.data.write_split import write_split


def split(options: Namespace) -> dict:
    """`covid split`."""
    check_new_folder(options.out)
    check_outside(options.out, options.folder)
    dataset = scan(options.folder, options.positive)
    groups = known_groups(dataset, options.group, options.group_csv, group_column(options))
    planned = plan_split(dataset, parse_ratios(options.ratios), options.seed, groups)
    planned.notes.extend(duplicate_notes(dataset))
    enhanced = is_enhanced(dataset)
    transform = None
    if options.enhance:
        check_not_enhanced(enhanced, options.folder, "leave out --enhance")
        transform = partial(enhance_and_crop, no_contour=options.no_contour)
    elif options.no_contour == "drop":
        raise UserError("--no-contour drop: nothing looks for contours; add --enhance")
    extra = {"enhanced": enhanced or options.enhance, "synthetic": is_synthetic(dataset)}
    rows = write_split(dataset, planned, options.out, transform, extra=extra)
    for remark in planned.notes:
        print(f"note: {remark}")
    written = read_split(options.out)
    counts = {part: len(files) for part, files in written.parts.items()}
    print(", ".join(f"{part} {count}" for part, count in counts.items()))
    print(f"the images are {'' if extra['enhanced'] else 'not '}enhanced and cropped")
    return {
        **report_written(rows, options.out),
        "positive": dataset.positive,
        "seed": options.seed,
        **extra,
        "counts": counts,
        "notes": planned.notes,
    }
