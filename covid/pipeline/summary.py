"""The results of a run: what summary.json holds."""

import json
from pathlib import Path

from covid.data.disclaimer import note
from covid.data.manifest import count_statuses, read_manifest
from covid.data.split_folder import SplitFolder
from covid.pipeline.options import Options
from covid.pipeline.output_folder import damage_as_error
from covid.pipeline.prepare_splits import Prepared
from covid.pipeline.results_table import results_table
from covid.pipeline.source import Source
from covid.pipeline.train_models import Outcome, title
from covid.report.conclusion import conclusion, not_beaten
from covid.training.baselines import baselines
from covid.training.versions import versions
from minicnn.files import ordinary_file


def summarize(options: Options, source: Source, outcomes: dict[str, Outcome]) -> dict:
    """What summary.json holds of source and trainings."""
    first = next(iter(outcomes.values()))
    split = first.first_split
    groups = source.groups
    found = {
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
    return {"conclusion": conclusion(found), **found}


def describe_split(way: str, outcome: Outcome, options: Options) -> dict:
    """What summary.json holds of one way of splitting."""
    folders = {
        images.split.folder.absolute().name: images.split for images in outcome.prepared.values()
    }
    models = {
        name: {**result.summary(), "look": outcome.looks[name]}
        for name, result in outcome.trained.items()
    }
    best = min(models, key=lambda name: models[name]["validate"]["loss"])
    others = describe_baselines(outcome.prepared[best])
    return {
        "title": title(way, outcome.first_split.info),
        "kept_together": outcome.first_split.info["group"],
        "folder": way,
        "data": {name: describe_folder(split, options.out) for name, split in folders.items()},
        "models": models,
        "baselines": others,
        "best_model": best,
        "not_beaten": not_beaten(models[best]["test"], others),
    }


def describe_baselines(images: Prepared) -> dict:
    """By name the test of each baseline on a model's images, in the form of a model's test."""
    classes = images.split.negative, images.split.positive
    return {
        name: {**result.summary(classes), "chosen_on": chosen["chosen_on"]}
        for name, (result, chosen) in baselines(images.split, images.recipe.image_size).items()
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
        summary = json.loads(ordinary_file(path).read_text(encoding="utf-8"))
        results_table(summary)  # nothing that it needs is missing
        return summary
