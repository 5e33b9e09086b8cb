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

import json
from pathlib import Path

from covid import figures, report
from covid.audited import audit_source, with_look_alikes
from covid.controls import run_controls, write_controls
from covid.dataset import plan_folds
from covid.drawing import as_drawn, drawn_or_dropped
from covid.errors import UserError, shortened, shown
from covid.folds import run_folds
from covid.groups import Groups
from covid.inputs import bad_files_in_words
from covid.options import Options
from covid.outcomes import GROUP, RANDOM, Outcome, split_and_train
from covid.output import staged_folder, write_json
from covid.page import REPORT, write_page
from covid.page.pictures import convert
from covid.preparation import Source, find_source
from covid.recipes import recipe_for
from covid.resuming import SUMMARY
from covid.run_folder import checkpoints, output_folder, require_files
from covid.splits import fewest_groups


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
    with output_folder(options), bad_files_in_words(), drawn_or_dropped():
        if options.resume and (options.out / SUMMARY).exists():
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
        summary = report.summarise(options, source, outcomes)
        summary["audit"] = None if audited is None else audited.summary
        summary["folds"] = cross_validate(options, source, outcomes)
        summary["controls"] = control(options, outcomes)
        figures.overview(summary, options.out / "figures", summary["note"])
        for path in as_drawn():
            convert(path)  # while the next one is drawn
        require_files(
            [options.out / way / name / "model.npz" for way in outcomes for name in recipes]
        )
        write_json(summary, options.out / SUMMARY)
        page = write_page(options.out)
        for path in checkpoints(options.out):
            path.unlink()
    options.say(f"\n{report.results_table(summary)}\n\nEverything is in {options.out}; read {page}")
    return summary


def finished_before(options: Options) -> dict:
    """The summary of a run that had been finished already."""
    summary, table = report.finished_results(options.out / SUMMARY)
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
    if options.split == "random" or (options.split == "both" and groups is None):
        return {RANDOM: None}
    if options.split == "group":
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
    prepared = list(outcomes.values())[-1].prepared
    return run_folds(
        source.dataset,
        prepared,
        source.groups,
        options.folds,
        options.out / "folds",
        options.seed,
        report.small_print(source.dataset.positive, source.synthetic),
        options.checkpoint_steps,
        options.verbose,
        options.say,
    )


def control(options: Options, outcomes: dict[str, Outcome]) -> dict | None:
    """What summary.json holds of the controls: the same training where it should learn nothing.

    They look at the split that keeps patients apart, if its test has enough of them to say anything
    about other patients, else at the random one; and train the smallest model.
    """
    if not options.controls:
        return None
    folder = options.out / "controls"
    if not folder.exists():
        enough = [outcome for outcome in outcomes.values() if outcome.tests_enough_groups]
        outcome = (enough or list(outcomes.values()))[-1 if enough else 0]
        model = min(outcome.trained, key=lambda name: outcome.trained[name].model.count_params())
        images = outcome.prepared[model]
        options.say(
            f"\ncontrols: {model} on images that should not be enough (--no-controls: without)"
        )
        found = run_controls(images.split, model, images.recipe, options.seed, options.verbose)
        with staged_folder(folder) as temporary:
            write_controls(found, temporary, report.note(images.split))
    controls = read_controls(folder)
    options.say(f"Controls: {controls['verdict']}")
    return controls


def read_controls(folder: Path) -> dict:
    """What `write_controls` wrote; UserError where it is damaged."""
    try:
        controls = json.loads((folder / "controls.json").read_text(encoding="utf-8"))
        controls["verdict"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"{shown(folder)} is damaged ({shortened(error)}); delete it, and `--resume` makes it anew"
        ) from None
    return controls
