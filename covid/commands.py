"""What each command of the command line does. Each returns what `--json` prints.

This file has the commands that make images, splits and models; those that ask a trained model
are in `covid.asking` and `covid.looks` and named here, too, because the command line looks for
all of them here, but for `covid.doctor`, which works where this file cannot be imported.
"""

from argparse import Namespace
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

from covid.arguments import listed
from covid.asking import evaluate, explain, figures, predict
from covid.auditing import audit
from covid.common.choices import MODEL_NAMES
from covid.common.errors import UserError, shown
from covid.common.output_files import check_new_folder, check_outside, free_name
from covid.data.class_folders import scan
from covid.data.duplicates import duplicate_notes
from covid.data.groups import compile_group, group_column, known_groups
from covid.data.manifest import count_statuses, unused_rows
from covid.data.preprocess import enhance_and_crop
from covid.data.split import parse_ratios, plan_split
from covid.data.split_folder import is_enhanced, is_synthetic, read_split
from covid.data.write_split import write_folder, write_split
from covid.looks import look
from covid.page.command import report
from covid.pipeline.options import Options
from covid.resuming import command_line, resumed

__all__ = [
    "audit",
    "controls",
    "evaluate",
    "explain",
    "figures",
    "look",
    "predict",
    "preprocess",
    "report",
    "run",
    "split",
    "story",
    "synth",
    "train",
]


def run(options: Namespace) -> dict:
    """`covid run`."""
    if options.resume is not None:
        return go_on(options)
    names = listed(options.models)
    unknown = [name for name in names if name not in MODEL_NAMES]
    if unknown or not names:
        raise UserError(
            f"--models: expected some of {','.join(MODEL_NAMES)}, got {options.models!r}; choose "
            "some of these"
        )
    return run_all(options, names, "results")


def train(options: Namespace) -> dict:
    """`covid train`: as `covid run`, with one model."""
    if options.resume is not None:
        return go_on(options)
    return run_all(options, (options.model,), "trained")


def run_all(options: Namespace, models: tuple[str, ...], default_out: str) -> dict:
    """Check the options as far as possible before any work, then do all of it."""
    from covid.pipeline import run as runner  # with the figures, which take a second to import

    column = group_column(options)
    if options.group_audit and not options.audit:
        raise UserError(
            "--no-audit: --group-audit takes its groups from the audit; leave out one of them"
        )
    if options.group is not None:
        compile_group(options.group)
    grouped = options.group is not None or options.group_csv is not None or options.group_audit
    out = options.out or free_name(default_out)
    asked = Options(
        out=out,
        data=options.data,
        positive=options.positive,
        models=models,
        recipe=options.recipe,
        split=options.split or ("group" if grouped else "random"),
        group=options.group,
        group_csv=options.group_csv,
        group_column=column,
        group_audit=options.group_audit,
        folds=getattr(options, "folds", None),  # of `covid run` alone
        ratios=parse_ratios(options.ratios) if options.ratios is not None else None,
        no_contour=options.no_contour,
        epochs=options.epochs,
        seed=options.seed,
        checkpoint_steps=options.checkpoint_steps,
        audit=options.audit,
        controls=options.controls,
        command=options.command,
    )
    summary = runner.run_all(replace(asked, command_line=command_line(asked)))
    return {"folder": str(out), **summary}


def go_on(options: Namespace) -> dict:
    """`--resume`: what is left to do of a run, as its run.json says it was started."""
    from covid.pipeline import run as runner

    folder = options.out if options.resume is True else options.resume
    if folder is None or options.out not in (None, folder):
        raise UserError("--resume: expected one folder; name it, as in --resume results")
    return {"folder": str(folder), **runner.run_all(resumed(folder, options))}


def synth(options: Namespace) -> dict:
    """`covid synth`."""
    from covid.phantom import Switches, write_dataset

    check_new_folder(options.out)
    switches = Switches(listed(",".join(options.shortcut)), options.near_duplicates, options.labels)
    files = write_dataset(
        options.out, options.patients, options.slices, options.seed, **asdict(switches)
    )
    print(
        f"{len(files)} synthetic slices of {options.patients} synthetic patients in {options.out}"
    )
    for sentence in switches.in_words():
        print(f"switched on: {sentence}")
    return {
        "folder": str(options.out),
        "images": len(files),
        "patients": options.patients,
        "seed": options.seed,
        "switches": asdict(switches),
        "synthetic": True,
    }


def story(options: Namespace) -> dict:
    """`covid story`."""
    from covid.story.tell import story as told  # with training, audit, controls and figures

    return told(options)


def preprocess(options: Namespace) -> dict:
    """`covid preprocess`."""
    check_new_folder(options.out)
    check_outside(options.out, options.folder)
    dataset = scan(options.folder, options.positive)
    check_not_enhanced(is_enhanced(dataset), options.folder, "use them as they are")
    transform = partial(enhance_and_crop, no_contour=options.no_contour)
    rows = write_folder(dataset, options.out, transform)
    notes = duplicate_notes(dataset)
    for remark in notes:
        print(f"note: {remark}")
    return {
        **report_written(rows, options.out),
        "positive": dataset.positive,
        "synthetic": is_synthetic(dataset),
        "notes": notes,
    }


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


def controls(options: Namespace) -> dict:
    """`covid controls`."""
    from covid.controls.command import run_command

    return run_command(options)


def check_not_enhanced(enhanced: bool, folder: Path, advice: str) -> None:
    """UserError where images would be enhanced a second time."""
    if enhanced:
        raise UserError(f"{folder}: its images are enhanced and cropped already; {advice}")


def report_written(rows: list[dict], folder: Path) -> dict:
    """Say what was read, what was not and why; returns the same as a dict."""
    statuses = count_statuses(rows)
    unused = unused_rows(rows)
    for row in unused:
        print(f"not used: {shown(row['source'])}: {row['reason']}")
    print(", ".join(f"{count} {status}" for status, count in statuses.items()) + f" -> {folder}")
    return {
        "folder": str(folder),
        "files": statuses,
        "not_used": {row["source"]: row["reason"] for row in unused},
    }
