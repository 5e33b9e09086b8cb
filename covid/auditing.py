"""`covid audit`: looks for leaks and shortcuts in two class folders, or in a split folder."""

from argparse import Namespace
from pathlib import Path

from covid.dataset import Dataset, ImageFile, Split, SplitFolder, plan_split, read_split, scan
from covid.errors import UserError, shown
from covid.inputs import is_split, is_synthetic
from covid.output import check_new_folder, check_outside, new_folder
from covid.splits import compile_group, group_name, parse_ratios


def audit(options: Namespace) -> dict:
    """`covid audit`."""
    check_new_folder(options.out)
    check_outside(options.out, options.folder)
    pattern = None if options.group is None else compile_group(options.group)
    if is_split(options.folder):
        dataset, split, synthetic = opened(options)
    else:
        dataset, split = planned(options)
        synthetic = is_synthetic(dataset)
    names = None if pattern is None else {image: group_name(image, pattern) for image in dataset}
    # With the figures and compiled kernels, which take a second to import.
    from covid.audit import run_audit, write_audit
    from covid.report import small_print

    found = run_audit(dataset, split, names, options.seed, progress=True)
    note = small_print(dataset.positive, synthetic)
    with new_folder(options.out):
        write_audit(found, options.out, note)
    for path, reason in found.prints.unreadable:
        print(f"not used: {shown(path)}: {reason}")
    summary = found.summary()
    print(summary["verdict"])
    print(f"{note}\nDetails in {options.out}")
    return {
        "folder": str(options.out),
        "note": note,
        "positive": dataset.positive,
        "synthetic": synthetic,
        "seed": split.seed,
        **summary,
        "not_used": {shown(path): reason for path, reason in found.prints.unreadable},
    }


def planned(options: Namespace) -> tuple[Dataset, Split]:
    """Two class folders, and the split that `covid run` would make of them."""
    if options.split == "group" and options.group is None:
        raise UserError("--split group: what a group is has to be said; add --group REGEX")
    dataset = scan(options.folder, options.positive)
    ratios = parse_ratios(options.ratios or "50/10/40")
    group = options.group if options.split == "group" else None
    return dataset, plan_split(dataset, ratios, options.seed, group)


def opened(options: Namespace) -> tuple[Dataset, Split, bool]:
    """A split folder as if it were planned just now, and whether its images are synthetic."""
    given = [f"--{name}" for name in ("split", "ratios", "positive") if getattr(options, name)]
    if given:
        raise UserError(
            f"{given[0]}: {options.folder} is split already, and its own split is audited; leave "
            f"out {given[0]}"
        )
    folder = read_split(options.folder)
    parts = {
        part: [image_file(path, label, folder) for path, label in files]
        for part, files in folder.parts.items()
    }
    images = sorted(sum(parts.values(), []), key=lambda image: image.path.as_posix())
    dataset = Dataset(Path(options.folder), folder.positive, folder.negative, images, [])
    split = Split(parts, tuple(folder.info["ratios"]), folder.info["seed"], folder.info["group"])
    return dataset, split, bool(folder.info.get("synthetic"))


def image_file(path: Path, label: int, folder: SplitFolder) -> ImageFile:
    """An image of a split folder."""
    return ImageFile(path, folder.positive if label else folder.negative, label)
