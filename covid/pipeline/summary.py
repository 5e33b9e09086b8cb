"""The results of a run: what summary.json holds, and the tables the user sees."""

import json
from pathlib import Path

from covid.common.choices import GROUP, PARTS
from covid.data.disclaimer import note
from covid.data.manifest import count_statuses, read_manifest
from covid.data.split_folder import SplitFolder
from covid.pipeline.options import Options
from covid.pipeline.output_folder import damage_as_error
from covid.pipeline.source import Source
from covid.pipeline.train_models import Outcome, title
from covid.training.versions import versions


def summarize(options: Options, source: Source, outcomes: dict[str, Outcome]) -> dict:
    """All that summary.json holds."""
    first = next(iter(outcomes.values()))
    split = first.first_split
    groups = source.groups
    return {
        "note": note(split),
        "positive": split.positive,
        "negative": split.negative,
        "synthetic": bool(split.info.get("synthetic")),
        "source": "made by this run" if options.data is None else str(options.data),
        "command": options.command_line,
        "seed": options.seed,
        "recipe": options.recipe,
        "recipes": {name: images.recipe.as_dict() for name, images in first.prepared.items()},
        "versions": versions(),
        "groups": None if groups is None else {"source": groups.source, "count": groups.count},
        "splits": {way: describe_split(way, outcome, options) for way, outcome in outcomes.items()},
    }


def describe_split(way: str, outcome: Outcome, options: Options) -> dict:
    """What summary.json holds of one way of splitting."""
    folders = {
        images.split.folder.absolute().name: images.split for images in outcome.prepared.values()
    }
    return {
        "title": title(way, outcome.first_split.info["group"]),
        "kept_together": outcome.first_split.info["group"],
        "folder": way,
        "data": {name: describe_folder(split, options.out) for name, split in folders.items()},
        "models": {
            name: {**result.summary(), "look": outcome.looks[name]}
            for name, result in outcome.trained.items()
        },
    }


def describe_folder(split: SplitFolder, out: Path) -> dict:
    """A split folder's entry in summary.json; its path is relative to `out` where it lies inside."""
    folder, around = split.folder.absolute(), out.absolute()
    inside = folder.is_relative_to(around)
    return {
        "folder": folder.relative_to(around).as_posix() if inside else str(folder),
        "enhanced": bool(split.info.get("enhanced")),
        "ratios": split.info["ratios"],
        "seed": split.info["seed"],
        "files": count_statuses(read_manifest(split.folder)),
        "counts": split.info["counts"],
        "notes": split.info["notes"],
    }


def finished_results(path: Path) -> dict:
    """What a finished run's summary.json holds; UserError where it is damaged."""
    with damage_as_error(path):
        summary = json.loads(path.read_text(encoding="utf-8"))
        results_table(summary)  # nothing that it needs is missing
        return summary


def results_table(summary: dict) -> str:
    """The results as the article's slides show them, with an interval for the test accuracy."""
    header = (
        f"{'model':<18} {'parameters':>11} {'epochs':>6}  {'train loss/acc':>15} "
        f"{'validate':>15} {'test loss/acc':>15}  {'95 % interval':>14}"
    )
    lines = [header, "-" * len(header)]
    for split in summary["splits"].values():
        lines.append(f"{split['title']}:")
        lines += [result_line(name, row) for name, row in split["models"].items()]
    lines.append(summary["note"])
    if GROUP not in summary["splits"]:
        advice = "" if summary.get("groups") else " Try --group REGEX."
        lines += [
            "Slices were split at random: slices of one patient are in train and in test, so these",
            f"numbers say little about a new patient.{advice}",
        ]
    return "\n".join(lines)


def result_line(name: str, row: dict) -> str:
    """One model's line in the table."""
    pairs = [f"{row[part]['loss']:.4f}/{row[part]['acc']:.4f}" for part in PARTS]
    low, high = row["test"]["acc_95_percent_interval"]
    return (
        f"{name:<18} {row['params']:>11,} {row['epochs']:>6}  {pairs[0]:>15} {pairs[1]:>15} "
        f"{pairs[2]:>15}  {f'{low:.3f}-{high:.3f}':>14}"
    )
