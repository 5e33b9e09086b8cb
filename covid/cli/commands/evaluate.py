"""`covid evaluate`: what a trained model is worth on images of known class."""

from argparse import Namespace
from functools import partial
from pathlib import Path

import numpy as np

from covid.cli.commands.model_inputs import (
    about,
    levels_for,
    model_note,
    prepare_image,
    probability,
)
from covid.common.choices import MANIFEST, PARTS, images_kind
from covid.common.errors import UserError, shown
from covid.common.output_files import check_csv, check_new_folder, check_outside, new_folder
from covid.common.screen import put, say
from covid.data.contents import CONTENTS
from covid.data.disclaimer import SYNTHETIC
from covid.data.duplicates import duplicate_notes
from covid.data.existing_split import refuse_another_split
from covid.data.full_size import Reader, full_size_reader
from covid.data.images import UnreadableImage, read_gray
from covid.data.manifest import read_manifest
from covid.data.same_names import folded
from covid.data.split_folder import bad_files_as_errors, is_enhanced, is_split, open_split
from covid.data.window import recorded_levels
from covid.metrics.text_table import glossary, result_text
from covid.training.model_file import (
    classes_of,
    crop_of,
    levels_of_model,
    open_model,
    scan_for,
    threshold_of,
    wants_enhanced,
)
from covid.training.predictions import Result, write_predictions
from covid.training.train import evaluate_parts
from minicnn.models import Model


def evaluate(options: Namespace) -> dict:
    """`covid evaluate`."""
    of_split = (options.data / name for name in (MANIFEST, CONTENTS))
    check_csv(options.out, options.model, options.labels, *of_split)
    if options.figures is not None:
        check_new_folder(options.figures, "--figures")
        check_outside(options.figures, options.data, "--figures", labels=options.labels)
    model = open_model(options.model)
    unused: dict[str, str] = {}
    if is_split(options.data):
        refuse_another_split(options.data, {"--labels": options.labels})
        part = options.part or "test"
        parts = PARTS if part == "all" else (part,)
        results, read = evaluate_split(model, options.data, parts, options)
    else:
        results, unused, read = evaluate_class_folders(model, options)
    summaries = {
        part: result.summary(classes_of(model), options.prevalence, options.seed)
        for part, result in results.items()
    }
    threshold = threshold_of(model)
    for part, summary in summaries.items():
        put(result_text(part, summary, classes_of(model), threshold), end="\n\n")
    say(f"{glossary(classes_of(model))}\n\n{model_note(model)}")
    # First, since their folder has to be new, and the csv file may be in it.
    figures = [] if options.figures is None else draw(model, results, options, read)
    if options.out is not None:
        write_predictions(list(results.values()), classes_of(model), options.out)
    return {
        **about(options.model, model),
        "data": str(options.data),
        "not_used": unused,
        "results": summaries,
        "figures": figures,
    }


def draw(model: Model, results: dict[str, Result], options: Namespace, read: Reader) -> list[str]:
    """The figures of all results, in a new folder; their paths, which are printed as well.

    `read` reads an image that is shown.
    """
    from covid.figures.model_figures import evaluation_figures

    written: list[Path] = []
    split, classes = is_split(options.data), classes_of(model)
    with new_folder(options.figures):
        for part, result in results.items():
            images = options.data / part if split else options.data
            name = model.name if len(results) == 1 else f"{model.name}-{part}"
            files = [Path(file).name for file in result.files]
            synthetic = all(file.startswith("synthetic-") for file in files)
            note = f"{SYNTHETIC} {model_note(model)}" if synthetic else model_note(model)
            written += evaluation_figures(
                result, images, classes, options.figures, name, note, options.seed, read
            )
    put("\n".join(str(path) for path in written))
    return [str(path) for path in written]


def evaluate_split(
    model: Model, folder: Path, parts, options: Namespace
) -> tuple[dict[str, Result], Reader]:
    """Evaluate on parts of a split folder, whose images must be prepared as the model's were.

    Returns the results by part, and what reads an image at full size.
    """
    split = open_split(folder, parts)
    negative, positive = classes_of(model)
    of_split, of_model = (split.negative, split.positive), (negative, positive)
    if [folded(name) for name in of_split] != [folded(name) for name in of_model]:
        raise UserError(
            f"{folder}: expected the model's classes, {positive} (positive) and {negative}, found "
            f"{split.positive} (positive) and {split.negative}; take another model or folder"
        )
    enhanced = bool(split.info.get("enhanced"))
    if enhanced != wants_enhanced(model) and not options.as_is:
        words = {True: "enhanced and cropped", False: "not enhanced"}
        raise UserError(
            f"{folder}: its images are {words[enhanced]}, but the model was trained on images that "
            f"are {words[not enhanced]}; name the folder of the source images, or pass --as-is"
        )
    rule, own = split.info.get("crop"), crop_of(model)  # None where it is not known
    if enhanced and rule not in (None, own) and not options.as_is:
        raise UserError(
            f"{folder}: its images are cropped to the {rule}, but those that the model was trained "
            f"on to the {own}; name the folder of the source images, or pass --as-is"
        )
    size, wanted = split.info.get("image_size"), model.metadata["preprocessing"]["image_size"]
    if size not in (None, wanted) and not options.as_is:
        raise UserError(
            f"{folder}: its images were made {size} x {size} pixels for other models, but this one "
            f"takes {wanted} x {wanted}; name the folder of the source images, or pass --as-is"
        )
    levels, trained = recorded_levels(split.info.get("gray_levels")), levels_of_model(model)
    if levels is not None and trained not in (None, levels) and not options.as_is:
        raise UserError(
            f"{folder}: of its files, values {levels.black:g} to {levels.white:g} became gray 0 to "
            f"255, but of those that the model was trained on {trained.black:g} to "
            f"{trained.white:g}; name the folder of the source images, or pass --as-is"
        )
    with bad_files_as_errors():
        return evaluate_parts(model, split, parts), full_size_reader(split)


def evaluate_class_folders(
    model: Model, options: Namespace
) -> tuple[dict[str, Result], dict[str, str], Reader]:
    """Evaluate on every readable image of two class folders named like the model's classes.

    Returns the result, the reason for every image that could not be used, and what reads an image
    as it was read here.
    """
    if options.part is not None:
        raise UserError(
            f"--part {options.part}: {options.data} is not split; leave it out to use all images"
        )
    dataset = scan_for(model, options.data, options.labels)
    as_is = options.as_is or is_enhanced(dataset)
    levels = levels_for(model, [image.path for image in dataset])
    unused = {str(path): reason for path, reason in dataset.skipped}
    files, labels, probabilities, odd = [], [], [], []
    for image in dataset.images:
        try:
            x, remark = prepare_image(model, image.path, as_is, levels)
        except UnreadableImage as error:
            unused[str(image.path)] = error.reason
            continue
        files.append(str(image.path.relative_to(options.data)))
        labels.append(image.label)
        probabilities.append(probability(model, x))
        if remark:
            odd.append(f"{shown(files[-1])}: {remark}")
    notes = [f"a remark on {len(odd)} of {len(files)} images, such as {odd[0]}"] if odd else []
    notes += note_on_learned(model, options, files)
    for remark in (*dataset.notes, *duplicate_notes(dataset), *notes):
        say(f"note: {remark}", "yellow")
    for name, reason in unused.items():
        say(f"not used: {shown(name)}: {reason}", "yellow")
    if not files:
        raise UserError(
            f"{options.data}: expected at least one readable image, found none; add readable "
            "images, or name another folder"
        )
    y, p = np.array(labels), np.array(probabilities)
    loss, _ = model.losses[0].from_probabilities(y, p)
    threshold = threshold_of(model)["value"]
    result = Result("all", float(loss), files, y, p, threshold=threshold)
    return {"all": result}, unused, partial(read_gray, levels=levels)


def note_on_learned(model: Model, options: Namespace, files: list[str]) -> list[str]:
    """How many of the files in --data the model has learned from, if any."""
    learned = learned_from(options.model, model)
    known = sum((options.data / file).resolve() in learned for file in files)
    if not known:
        return []
    return [
        f"the model was trained or validated on {known} of these {len(files)} images; its answers for "
        "them say nothing about new ones"
    ]


def learned_from(file: Path, model: Model) -> set[Path]:
    """The source images of the model's training and validation sets, as the run around its file says.

    Empty where it does not lie in the folder of a run, or the run was given its split.
    """
    size = model.metadata["preprocessing"]["image_size"]
    kind = images_kind(wants_enhanced(model), size)
    found: set[Path] = set()
    for path in file.absolute().parent.parent.glob(f"data/{kind}-*/{MANIFEST}"):
        rows = (row for row in read_manifest(path.parent) if row["file"] and row["part"] != "test")
        found |= {Path(row["source"]).resolve() for row in rows}
    return found
