"""`covid run`: everything from images to results, in one call.

    images -> audit -> split folders (enhanced, cropped) -> training -> evaluation -> controls -> report

Where it is known, or found by the audit, which images belong together, the same models are trained
twice: with slices split at random, and with those that belong together kept on one side. What it
leaves in the output folder:

    report.html                  all of it on one page, to read first
    summary.json                 all results, with seed, versions and counts; written last
    run.json                     how the run was started
    figures/                     of the images, and the comparison of the models
    audit/                       what is odd about the images: see `covid.audit`
    random/, group/              one folder for each way of splitting, and in it:
        data/<kind>/                 the split images, manifest.csv, split.json
        figures/                     of the models
        <model>/model.npz            the trained model
        <model>/history.csv          loss and accuracy of every epoch
        <model>/predictions.csv      one line for every image
        <model>/checkpoint.npz       while the run is not finished: `--resume` resumes from there
    controls/                    the same training on images that should teach nothing
    folds/                       cross-validation, where --folds is given
    synthetic/                   the synthetic images, where no --data was given
"""

from contextlib import nullcontext

from covid.common.choices import BOTH, GROUP, MODEL_FILE, RANDOM, SUMMARY
from covid.common.output_files import write_json
from covid.data import disclaimer
from covid.data.fold_split import plan_folds
from covid.data.groups import Groups
from covid.data.split import fewest_groups
from covid.data.split_folder import bad_files_as_errors
from covid.figures import model_figures
from covid.figures.draw_process import as_drawn, drawn_or_dropped
from covid.pipeline.audit_step import audit_source, with_look_alikes
from covid.pipeline.compile_ahead import compiling_ahead
from covid.pipeline.controls_step import control
from covid.pipeline.cross_validation import run_folds
from covid.pipeline.options import Options
from covid.pipeline.output_folder import checkpoints, output_folder, require_files
from covid.pipeline.source import Source, find_source
from covid.pipeline.summary import finished_results, results_table, summarize
from covid.pipeline.train_models import Outcome, split_and_train
from covid.report import REPORT, write_page
from covid.report.pictures import convert
from covid.training.recipes import recipe_for


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
    recipes = {
        name: recipe_for(options.recipe, name, options.epochs, options.ratios)
        for name in options.models
    }
    finished = options.resume and (options.out / SUMMARY).exists()
    ahead = nullcontext() if finished else compiling_ahead(recipes, options.say)
    with output_folder(options), bad_files_as_errors(), drawn_or_dropped(), ahead:
        if finished:
            return finished_before(options)
        source = find_source(options)
        audited = None
        if options.audit or options.group_audit:
            audited = audit_source(options, source, next(iter(recipes.values())).ratios)
            source = with_look_alikes(options, source, audited)
        if options.folds is not None:  # too many are refused before anything is trained
            plan_folds(source.dataset, options.folds, options.seed, source.groups)
        outcomes = {}
        for name, together in ways_to_split(options, source).items():
            outcomes[name] = split_and_train(options, source, recipes, name, together, outcomes)
        summary = summarize(options, source, outcomes)
        summary["audit"] = None if audited is None else audited.summary
        summary["folds"] = cross_validate(options, source, outcomes)
        summary["controls"] = control(options, outcomes)
        model_figures.overview(summary, options.out / "figures", summary["note"])
        for path in as_drawn():
            convert(path)  # while the next one is drawn
        require_files(
            [options.out / way / name / MODEL_FILE for way in outcomes for name in recipes]
        )
        write_json(summary, options.out / SUMMARY)
        page = write_page(options.out)
        for path in checkpoints(options.out):
            path.unlink()
    options.say(f"\n{results_table(summary)}\n\nEverything is in {options.out}; read {page}")
    return summary


def finished_before(options: Options) -> dict:
    """The summary of a run that had been finished already."""
    summary, table = finished_results(options.out / SUMMARY)
    if not (options.out / REPORT).exists():  # it is written after the summary
        write_page(options.out)
    for path in checkpoints(options.out):
        path.unlink()
    options.say(f"{options.out} is already complete; nothing to resume")
    options.say(f"\n{table}")
    return summary


def ways_to_split(options: Options, source: Source) -> dict[str, Groups | None]:
    """The splits to make, by name, and what each must not tear apart.

    A folder that is split already stays the only way. Of `--split both` the second is left out
    where nothing is known of groups, or a class has too few of them.
    """
    if source.given is not None:
        return {GROUP if source.given.info["group"] else RANDOM: None}
    groups = source.groups
    if options.split == RANDOM or (options.split == BOTH and groups is None):
        return {RANDOM: None}
    if options.split == GROUP:
        return {GROUP: groups}
    class_name, fewest = fewest_groups(groups.together(source.dataset))
    if fewest < 2:
        options.say(
            f"note: class {class_name} has only one of the {groups.count} {groups.members}, so that "
            f"{groups.members} cannot be kept apart: slices are split at random only"
        )
        return {RANDOM: None}
    return {RANDOM: None, GROUP: groups}


def cross_validate(options: Options, source: Source, outcomes: dict[str, Outcome]) -> dict | None:
    """What summary.json holds of `--folds`: every image in a test once."""
    if options.folds is None:
        return None
    note = disclaimer.small_print(source.dataset.positive, source.synthetic)
    prepared = list(outcomes.values())[-1].prepared
    return run_folds(options, source.dataset, prepared, source.groups, note)
