"""The commands that ask a trained model, or look into it: evaluate, predict, explain, figures."""

import csv
import sys
from argparse import Namespace
from pathlib import Path

import numpy as np

from covid.dataset import scan
from covid.duplicates import duplicate_notes
from covid.errors import UserError, shortened, shown
from covid.evaluate import Result, write_predictions
from covid.images import UnreadableImage, read_gray
from covid.inputs import (
    bad_files_in_words,
    classes_of,
    is_enhanced,
    is_split,
    is_synthetic,
    model_input,
    open_model,
    open_split,
    scan_for,
    wants_enhanced,
)
from covid.measures_table import glossary, result_text
from covid.output import check_csv, check_new_folder, check_outside, new_folder
from covid.preprocess import enhance_and_crop
from covid.report import SYNTHETIC, small_print
from covid.train import PARTS, evaluate_parts, threshold_of
from minicnn.files import atomic_write
from minicnn.metrics import THRESHOLD
from minicnn.models import Model


def evaluate(options: Namespace) -> dict:
    """`covid evaluate`."""
    check_csv(options.out)
    if options.figures is not None:
        check_new_folder(options.figures, "--figures")
        check_outside(options.figures, options.data, "--figures")
    model = open_model(options.model)
    unused: dict[str, str] = {}
    if is_split(options.data):
        part = options.part or "test"
        results = evaluate_split(model, options.data, PARTS if part == "all" else (part,), options)
    else:
        results, unused = evaluate_class_folders(model, options)
    summaries = {
        part: result.summary(options.prevalence, options.seed) for part, result in results.items()
    }
    threshold = threshold_of(model)
    for part, summary in summaries.items():
        print(result_text(part, summary, classes_of(model), threshold), end="\n\n")
    print(f"{glossary(classes_of(model))}\n\n{model_note(model)}")
    if options.out is not None:
        write_predictions(list(results.values()), classes_of(model), options.out)
    return {
        **about(options.model, model),
        "data": str(options.data),
        "threshold": threshold,
        "not_used": unused,
        "results": summaries,
        "figures": [] if options.figures is None else draw(model, results, options),
    }


def draw(model: Model, results: dict[str, Result], options: Namespace) -> list[str]:
    """The figures of all results, in a new folder; their paths, which are printed as well."""
    from covid.figures import evaluation_figures

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
                result, images, classes, options.figures, name, note, options.seed
            )
    print("\n".join(str(path) for path in written))
    return [str(path) for path in written]


def evaluate_split(model: Model, folder: Path, parts, options: Namespace) -> dict[str, Result]:
    """Evaluate on parts of a split folder, whose images must be prepared as the model's were."""
    split = open_split(folder, parts)
    if (split.negative, split.positive) != classes_of(model):
        negative, positive = classes_of(model)
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
    with bad_files_in_words():
        return evaluate_parts(model, split, parts)


def evaluate_class_folders(model: Model, options: Namespace) -> tuple[dict[str, Result], dict]:
    """Evaluate on every readable image of two class folders named like the model's classes.

    Returns the result, and the reason for every image that could not be used.
    """
    if options.part is not None:
        raise UserError(
            f"--part {options.part}: {options.data} is not split; leave it out to use all images"
        )
    dataset = scan_for(model, options.data)
    as_is = options.as_is or is_enhanced(dataset)
    unused = {str(path): reason for path, reason in dataset.skipped}
    files, labels, probabilities = [], [], []
    for image in dataset.images:
        try:
            x, _ = prepare_image(model, image.path, as_is)
        except UnreadableImage as error:
            unused[str(image.path)] = error.reason
            continue
        files.append(str(image.path.relative_to(options.data)))
        labels.append(image.label)
        probabilities.append(probability(model, x))
    for remark in duplicate_notes(dataset):
        print(f"note: {remark}")
    for name, reason in unused.items():
        print(f"not used: {shown(name)}: {reason}")
    if not files:
        raise UserError(
            f"{options.data}: expected at least one readable image, found none; add readable "
            "images, or name another folder"
        )
    y, p = np.array(labels), np.array(probabilities)
    loss, _ = model.losses[0].from_probabilities(y, p)
    threshold = threshold_of(model)["value"]
    return {"all": Result("all", float(loss), files, y, p, threshold=threshold)}, unused


def predict(options: Namespace) -> dict:
    """`covid predict`: answers for what can be read; the rest is in "unreadable"."""
    check_csv(options.out)
    model = open_model(options.model)
    classes = classes_of(model)
    answers: list[dict] = []
    unreadable: dict[str, str] = {}
    for path in options.images:
        try:
            x, remark = prepare_image(model, path, options.as_is)
        except UnreadableImage as error:
            print(f"covid predict: {error}", file=sys.stderr)
            unreadable[str(path)] = error.reason
            continue
        p = probability(model, x)
        guess = classes[int(p > THRESHOLD)]
        answers.append({"file": str(path), "predicted": guess, "probability": p, "note": remark})
        print(f"{shown(path)}: p({classes[1]}) = {p:.4f}, {guess}{remark and f' (note: {remark})'}")
    if answers:
        print(model_note(model))
        if options.out is not None:
            write_answers(answers, classes[1], options.out)
    return {**about(options.model, model), "predictions": answers, "unreadable": unreadable}


def write_answers(answers: list[dict], positive: str, path: Path) -> None:
    """One line for every image: file, predicted class, probability, note."""
    with (
        atomic_write(path) as temporary,
        open(temporary, "w", newline="", encoding="utf-8", errors="surrogateescape") as file,
    ):
        writer = csv.writer(file)
        writer.writerow(["file", "predicted", f"p({positive})", "note"])
        for answer in answers:
            p = f"{answer['probability']:.6f}"
            writer.writerow([answer["file"], answer["predicted"], p, answer["note"]])


def about(path: Path, model: Model) -> dict:
    """What every answer in JSON says of the model that gave it."""
    negative, positive = classes_of(model)
    return {
        "model": str(path),
        "positive": positive,
        "negative": negative,
        "note": model_note(model),
    }


def model_note(model: Model) -> str:
    """The small print under every answer of a model."""
    synthetic = "Trained on synthetic images. " if model.metadata.get("synthetic") else ""
    return f"{synthetic}{small_print(classes_of(model)[1], synthetic=False)}"


def probability(model: Model, x: np.ndarray) -> float:
    """The model's probability of the positive class for one prepared image."""
    return float(model.predict_on_batch(x[None])[0, 0])


def prepare_image(model: Model, path: Path, as_is: bool) -> tuple[np.ndarray, str]:
    """Read an image file and prepare it as the model's training images were.

    Parameters
    ----------
    as_is : bool
        True for images that are enhanced and cropped already.

    Returns
    -------
    x : (image_size, image_size, 1) float32 array
    remark : str
        What is odd about the image; empty if nothing is.

    Raises
    ------
    UnreadableImage
    """
    gray, remark = prepare_gray(model, path, as_is)
    return model_input(model, gray), remark


def prepare_gray(model: Model, path: Path, as_is: bool) -> tuple[np.ndarray, str]:
    """As `prepare_image`, but the (height, width) uint8 image in front of `model_input`."""
    gray = read_gray(path)
    remark = "all its pixels are equal, there is nothing to see" if gray.max() == gray.min() else ""
    if wants_enhanced(model) and not as_is:
        enhanced = enhance_and_crop(gray)
        gray = enhanced.image
        if enhanced.box is None:
            remark = remark or "no contour of a body was found, the whole image was used"
    return gray, remark


def figures(options: Namespace) -> dict:
    """`covid figures`."""
    from covid.figures import choose, filters_figure, first_convolution, source_figures
    from minicnn.utils import plot_model

    model = open_model(options.model) if options.model is not None else None
    if model is not None:
        first_convolution(model)  # there must be one, lest all else is drawn for nothing
    dataset = scan(options.data, options.positive)
    enhanced = is_enhanced(dataset)
    note = small_print(dataset.positive, is_synthetic(dataset))
    check_outside(options.out, options.data)
    with new_folder(options.out):
        written = source_figures(dataset, options.out, note, options.seed, enhanced)
        if model is not None:
            rng = np.random.default_rng(options.seed)
            ((name, gray),) = choose(dataset, dataset.positive, 1, rng)
            if wants_enhanced(model) and not enhanced:
                gray = enhance_and_crop(gray).image
            filters = options.out / f"filters-{model.name}.png"
            filters_figure(model, name, gray, filters, note)
            graph = options.out / f"graph-{model.name}.png"
            plot_model(model, to_file=graph, show_shapes=True)
            written += [filters, graph]
    print("\n".join(str(path) for path in written))
    return {"figures": [str(path) for path in written], "note": note}


def explain(options: Namespace) -> dict:
    """`covid explain`: a table of all layers, or one number of one layer taken apart."""
    from minicnn.inspection import explain as take_apart
    from minicnn.inspection import trace, trace_table

    if options.layer is None and options.position is not None:
        raise UserError(
            "--position: of which layer is not said; add --layer, such as --layer conv2d"
        )
    model = open_model(options.model)
    x, remark = prepare_image(model, options.image, options.as_is)
    if remark:
        print(f"note: {remark}")
    outputs = trace(model, x[None])
    if options.layer is None:
        print(trace_table(outputs))
        shapes = {name: list(output.shape[1:]) for name, output in outputs.items()}
        return {**about(options.model, model), "layers": shapes}
    if options.layer not in outputs:
        raise UserError(
            f"--layer: expected one of {', '.join(outputs)}, got {options.layer!r}; choose one"
        )
    output = outputs[options.layer][0]
    try:
        explanation = take_apart(model, x[None], options.layer, place(options.position, output))
    except (ValueError, IndexError) as error:
        raise UserError(f"--position: {error}; choose another") from None
    print(explanation)
    return {
        **about(options.model, model),
        "layer": explanation.layer,
        "position": list(explanation.position),
        "value": explanation.value,
        "explanation": str(explanation).splitlines(),
    }


def place(text: str | None, output: np.ndarray) -> tuple[int, ...]:
    """(70, 40, 2) from "70,40,2"; without a text the place of the largest number."""
    if text is None:
        return tuple(int(i) for i in np.unravel_index(output.argmax(), output.shape))
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise ValueError(
            f"expected whole numbers such as 70,40,2, got {shortened(text)!r}"
        ) from None
