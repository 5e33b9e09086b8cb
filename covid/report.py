"""The results of a run: what summary.json holds, and the tables the user sees."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from covid.dataset import SplitFolder, count_statuses, read_manifest
from covid.errors import UserError, shortened
from covid.train import PARTS, Trained, versions

if TYPE_CHECKING:
    from covid.run import Options, Prepared

DISCLAIMER = "A teaching tool, not for diagnosis."
SYNTHETIC = "Synthetic images."


def note(split: SplitFolder) -> str:
    """The small print under every figure and table."""
    return small_print(split.positive, bool(split.info.get("synthetic")))


def small_print(positive: str, synthetic: bool) -> str:
    """What must be said wherever a result is shown."""
    return f"{SYNTHETIC + ' ' if synthetic else ''}{DISCLAIMER} Positive class: {positive}."


def describe_data(split: SplitFolder, statuses: dict[str, int]) -> str:
    """Two lines for the user: what was read, how it was split."""
    read = sum(statuses.get(key, 0) for key in ("kept", "no_contour_kept", "no_contour_dropped"))
    unused = statuses["total"] - read
    text = f"Images: {statuses['total']} files, {read} read, {unused} skipped"
    if split.info["enhanced"]:
        kept, dropped = (statuses.get(f"no_contour_{key}", 0) for key in ("kept", "dropped"))
        text += f"; without contour: {kept} kept whole, {dropped} dropped"
        if kept or dropped:
            text += f" (listed in {split.folder / 'manifest.csv'})"
    how = f"by group {split.info['group']}" if split.info["group"] else "at random"
    counts = ", ".join(f"{part} {len(files)}" for part, files in split.parts.items())
    return f"{text}\nSplit {how}: {counts}; positive class: {split.positive}"


def summarise(
    options: "Options", prepared: "dict[str, Prepared]", trained: dict[str, Trained]
) -> dict:
    """All that summary.json holds."""
    first = next(iter(prepared.values())).split
    folders = {images.split.folder.absolute().name: images.split for images in prepared.values()}
    return {
        "note": note(first),
        "positive": first.positive,
        "negative": first.negative,
        "synthetic": bool(first.info.get("synthetic")),
        "source": "made by this run" if options.data is None else str(options.data),
        "seed": options.seed,
        "split": "group" if first.info["group"] else "random",
        "group": first.info["group"],
        "recipe": options.recipe,
        "data": {name: describe_folder(split, options.out) for name, split in folders.items()},
        "versions": versions(),
        "recipes": {name: images.recipe.as_dict() for name, images in prepared.items()},
        "models": {name: result.summary() for name, result in trained.items()},
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


def finished_results(path: Path) -> tuple[dict, str]:
    """What a finished run's summary.json holds, and its table; UserError where it is damaged."""
    try:
        summary = json.loads(path.read_text(encoding="utf-8"))
        return summary, results_table(summary)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise UserError(
            f"{path} is damaged ({shortened(repr(error))}); delete it, and `--resume` makes it anew"
        ) from None


def results_table(summary: dict) -> str:
    """The results as the article's slides show them, with an interval for the test accuracy."""
    header = (
        f"{'model':<18} {'parameters':>11} {'epochs':>6}  {'train loss/acc':>15} "
        f"{'validate':>15} {'test loss/acc':>15}  {'95 % interval':>14}"
    )
    lines = [header, "-" * len(header)]
    for name, row in summary["models"].items():
        pairs = [f"{row[part]['loss']:.4f}/{row[part]['acc']:.4f}" for part in PARTS]
        low, high = row["test"]["acc_95_percent_interval"]
        interval = f"{low:.3f}-{high:.3f}"
        lines.append(
            f"{name:<18} {row['params']:>11,} {row['epochs']:>6}  {pairs[0]:>15} {pairs[1]:>15} "
            f"{pairs[2]:>15}  {interval:>14}"
        )
    lines.append(summary["note"])
    if summary["group"] is None:
        lines += [
            "Slices were split at random: slices of one patient are in train and in test, so these",
            "numbers say little about a new patient. Try --split group.",
        ]
    return "\n".join(lines)
