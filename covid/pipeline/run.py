"""`covid run`: everything from images to results, in one call.

    images -> audit -> split folders (enhanced, cropped) -> training -> evaluation -> controls -> report

Where it is known, or found by the audit, which images belong together, the same models are trained
twice: with slices split at random, and with those that belong together kept on one side. What it
leaves in the output folder:

    report.html                  all of it on one page, to read first
    summary.json                 all results, with seed, versions and counts; written last
    run.json                     how the run was started
    contents.csv                 a hash of each image: `--resume` compares them
    explorer.html                the best model taken apart, number by number, on an ill slice
    figures/                     of the images; an ill and a healthy slice with their heat maps
    audit/                       what is odd about the images: see `covid.audit`
    random/, group/              one folder for each way of splitting, and in it:
        data/<kind>/                 the split images, manifest.csv, split.json
        figures/                     of the models
        <model>/model.npz            the trained model
        <model>/kernels.npz          its convolutions before the first and after every epoch
        <model>/history.csv          loss and accuracy of every epoch
        <model>/predictions.csv      one line for every image
        <model>/checkpoint.npz       while the run is not finished: `--resume` resumes from there
    controls/                    the same training on images that should teach nothing
    folds/                       cross-validation, where --folds is given
    synthetic/                   the synthetic images, where no --data was given
"""

import time
from contextlib import nullcontext
from dataclasses import replace

from covid.common.choices import (
    BOTH,
    EPOCHS_ON_DRAWN,
    EXPLORER,
    GROUP,
    MODEL_FILE,
    RANDOM,
    SUMMARY,
)
from covid.common.output_files import write_json
from covid.data.existing_split import keeps_apart
from covid.data.fold_split import plan_folds
from covid.data.groups import Groups
from covid.data.split import fewest_groups
from covid.data.split_folder import bad_files_as_errors
from covid.figures.draw_process import as_drawn, drawn_or_dropped, not_drawn
from covid.figures.examples import example_slices
from covid.figures.explorer_page import page_of_run
from covid.pipeline.audit_step import audit_source, with_look_alikes
from covid.pipeline.compile_ahead import compiling_ahead
from covid.pipeline.controls_step import control
from covid.pipeline.cross_validation import run_folds
from covid.pipeline.options import Options
from covid.pipeline.output_folder import checkpoints, output_folder, require_files
from covid.pipeline.source import Source, check_source, find_source
from covid.pipeline.summary import finished_results, summarize
from covid.pipeline.train_models import Outcome, split_and_train
from covid.report import REPORT, write_page
from covid.report.conclusion import doubt
from covid.report.pictures import convert
from covid.training.recipes import Recipe, recipe_for


def run_all(options: Options) -> dict:
    """Do everything; returns what summary.json holds.

    With `options.resume` what an interrupted run has left in the output folder is used: whole
    split folders, and of every model its checkpoint. The end is the same, bit for bit.

    Raises
    ------
    UserError
        For images, checkpoints or options that cannot be used; the output folder is then as it was
        before, unless there is a checkpoint in it.
    """
    start = time.perf_counter()
    recipes = recipes_of(options)
    finished = options.resume and (options.out / SUMMARY).exists()
    ahead = nullcontext() if finished else compiling_ahead(recipes, options.screen.say)
    with output_folder(options), bad_files_as_errors(), drawn_or_dropped(), ahead:
        if finished:
            return finished_before(options)
        screen = options.screen
        screen.total = count_phases(options, 1 + (options.split == BOTH))  # of synthetic images
        source = find_source(options)
        check_source(options, source)
        both = options.split == BOTH and options.group_audit  # else the audit may add a way
        screen.total = count_phases(options, 2 if both else len(ways_to_split(options, source)))
        audited = None
        if options.audit or options.group_audit:
            audited = audit_source(options, source, next(iter(recipes.values())).ratios)
            source = with_look_alikes(options, source, audited)
        if options.folds is not None:  # too many are refused before anything is trained
            plan_folds(source.dataset, options.folds, options.seed, source.groups)
        ways, outcomes = ways_to_split(options, source), {}
        screen.total = count_phases(options, len(ways))
        split_again = source.groups is not None and source.dataset.existing is None
        if options.split == BOTH and split_again and len(ways) == 1:
            screen.say(f"  {too_few_groups(source)}", "yellow")
        for name, together in ways.items():
            outcomes[name] = split_and_train(options, source, recipes, name, together, outcomes)
        summary = summarize(options, source, outcomes)
        summary["audit"] = None if audited is None else audited.summary
        summary["folds"] = cross_validate(options, source, outcomes)
        summary["controls"] = control(options, outcomes)
        summary = {"doubt": doubt(summary), **summary}
        with screen.phase("figures and report"):
            summary["examples"] = draw_examples(options, summary, outcomes)
            write_explorer(options, summary, outcomes)
            for path in as_drawn():
                convert(path)  # while the next one is drawn
            require_files(
                [options.out / way / name / MODEL_FILE for way in outcomes for name in recipes]
            )
            summary["seconds"] = round(time.perf_counter() - start, 1)
            write_json(summary, options.out / SUMMARY)
            write_page(options.out)
        for path in checkpoints(options):
            path.unlink()
    return {**summary, "not_drawn": not_drawn()} if not_drawn() else summary


def recipes_of(options: Options) -> dict[str, Recipe]:
    """By model: its recipe. On images drawn for the occasion it has `EPOCHS_ON_DRAWN` at most."""
    recipes = {}
    for name in options.models:
        recipe = recipe_for(options.recipe, name, options.epochs, options.ratios)
        if options.data is None and options.epochs is None:
            recipe = replace(recipe, epochs=min(recipe.epochs, EPOCHS_ON_DRAWN))
        recipes[name] = recipe
    return recipes


def draw_examples(options: Options, summary: dict, outcomes: dict[str, Outcome]) -> dict:
    """Two slices for the first page, of the best model where patients are kept apart, if they are."""
    way, outcome = list(outcomes.items())[-1]
    best = summary["splits"][way]["best_model"]
    trained, method = outcome.trained[best], outcome.looks[best]["method"]
    split, folder = outcome.prepared[best].split, options.out / "figures"
    found = example_slices(trained.model, trained.results["test"], split, method, folder)
    return {"split": way, "model": best, **found}


def write_explorer(options: Options, summary: dict, outcomes: dict[str, Outcome]) -> None:
    """The page that takes the best model apart; of the same model and way as the examples."""
    way, name = summary["examples"]["split"], summary["examples"]["model"]
    trained, split = outcomes[way].trained[name], outcomes[way].prepared[name].split
    page_of_run(
        trained.model,
        trained.results["test"],
        split,
        options.out / EXPLORER,
        options.out / way / name,
    )


def count_phases(options: Options, ways: int) -> int:
    """How many phases a run has that splits in so many ways; those done before count, too."""
    models = len(options.models)
    before = (options.data is None) + (options.audit or options.group_audit)
    return before + ways * (1 + models) + (options.folds or 0) * models + options.controls + 1


def finished_before(options: Options) -> dict:
    """The summary of a run that had been finished already."""
    summary = finished_results(options.out / SUMMARY)
    if not (options.out / REPORT).exists():  # it is written after the summary
        write_page(options.out)
    for path in checkpoints(options):
        path.unlink()
    options.screen.say(f"{options.out} is already complete; nothing to resume")
    return summary


def ways_to_split(options: Options, source: Source) -> dict[str, Groups | None]:
    """The splits to make, by name, and what each must not tear apart.

    Images that are split already stay so. Of `--split both` the second is left out
    where nothing is known of groups, or a class has too few of them.
    """
    if source.given is not None:
        return {GROUP if source.given.info["group"] else RANDOM: None}
    groups = source.groups
    if source.dataset.existing is not None:
        return {GROUP: groups} if keeps_apart(source.dataset, groups) else {RANDOM: None}
    if options.split == RANDOM or (options.split == BOTH and groups is None):
        return {RANDOM: None}
    if options.split == GROUP:
        return {GROUP: groups}
    return {RANDOM: None} if too_few_groups(source) else {RANDOM: None, GROUP: groups}


def too_few_groups(source: Source) -> str:
    """Why no second split keeps groups apart; empty where it can."""
    groups = source.groups
    class_name, fewest = fewest_groups(groups.together(source.dataset))
    if fewest >= 2:
        return ""
    return (
        f"note: to keep {groups.members} apart each class needs two of them, and {class_name} has "
        f"{fewest}: slices are split at random only"
    )


def cross_validate(options: Options, source: Source, outcomes: dict[str, Outcome]) -> dict | None:
    """What summary.json holds of `--folds`: every image in a test once."""
    if options.folds is None:
        return None
    prepared = list(outcomes.values())[-1].prepared
    return run_folds(options, source.dataset, prepared, source.groups)
