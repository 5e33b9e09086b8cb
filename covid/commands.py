"""What each command of the command line does. Each returns what `--json` prints."""

from argparse import Namespace
from pathlib import Path

import numpy as np

from covid import run as runner
from covid.cli import MODEL_NAMES
from covid.dataset import count_statuses, read_split, scan, write_folder, write_split
from covid.errors import UserError
from covid.evaluate import Result, wilson_interval, write_predictions
from covid.images import UnreadableImage, read_gray
from covid.preprocess import enhance_and_crop
from covid.splits import parse_ratios, plan_split
from covid.train import evaluate_parts
from minicnn.metrics import THRESHOLD
from minicnn.models import Model, load_model


def run(options: Namespace) -> dict:
    """`covid run`."""
    names = tuple(name for name in options.models.split(",") if name)
    unknown = [name for name in names if name not in MODEL_NAMES]
    if unknown or not names:
        raise UserError(
            f"--models: expected some of {', '.join(MODEL_NAMES)}, got {options.models!r}"
        )
    return runner.run_all(run_options(options, names, "results"))


def train(options: Namespace) -> dict:
    """`covid train`: as `covid run`, with one model."""
    return runner.run_all(run_options(options, (options.model,), "trained"))


def run_options(options: Namespace, models: tuple[str, ...], out: str) -> runner.Options:
    """The options of `run` and `train`, checked as far as they can be before any work."""
    if options.out is not None:
        runner.check_new(options.out)
    return runner.Options(
        out=options.out or runner.free_name(out),
        data=options.data,
        positive=options.positive,
        models=models,
        recipe=options.recipe,
        split="group" if options.group else options.split,
        group=options.group,
        ratios=parse_ratios(options.ratios) if options.ratios else None,
        no_contour=options.no_contour,
        epochs=options.epochs,
        seed=options.seed,
    )


def synth(options: Namespace) -> dict:
    """`covid synth`."""
    from covid.phantom import write_dataset

    files = write_dataset(options.out, options.patients, options.slices, options.seed)
    print(
        f"{len(files)} synthetic slices of {options.patients} synthetic patients in {options.out}"
    )
    return {
        "folder": str(options.out),
        "images": len(files),
        "patients": options.patients,
        "seed": options.seed,
        "synthetic": True,
    }


def preprocess(options: Namespace) -> dict:
    """`covid preprocess`."""
    dataset = scan(options.folder, options.positive)
    rows = write_folder(dataset, options.out, enhancer(options))
    return report_written(rows, options.out)


def split(options: Namespace) -> dict:
    """`covid split`."""
    dataset = scan(options.folder, options.positive)
    ratios = parse_ratios(options.ratios)
    planned = plan_split(dataset, ratios, options.seed, options.group)
    enhanced = options.enhance or (options.folder / "manifest.csv").exists()
    extra = {"enhanced": enhanced, "synthetic": runner.is_synthetic(dataset)}
    transform = enhancer(options) if options.enhance else None
    rows = write_split(dataset, planned, options.out, transform, extra=extra)
    for remark in planned.notes:
        print(f"note: {remark}")
    written = read_split(options.out)
    counts = {part: len(files) for part, files in written.parts.items()}
    print(", ".join(f"{part} {count}" for part, count in counts.items()))
    return {**report_written(rows, options.out), "counts": counts, "notes": planned.notes}


def enhancer(options: Namespace):
    """The preparation with the user's choice for images without a contour."""
    return lambda gray: enhance_and_crop(gray, no_contour=options.no_contour)


def report_written(rows: list[dict], folder: Path) -> dict:
    """Say what was read, what was not and why; returns the same as a dict."""
    statuses = count_statuses(rows)
    unused = [row for row in rows if row["status"] in ("unreadable", "skipped")]
    for row in unused:
        print(f"not used: {row['source']}: {row['reason']}")
    print(", ".join(f"{count} {status}" for status, count in statuses.items()) + f" -> {folder}")
    return {
        "folder": str(folder),
        "files": statuses,
        "not_used": {row["source"]: row["reason"] for row in unused},
    }


def evaluate(options: Namespace) -> dict:
    """`covid evaluate`."""
    model = open_model(options.model)
    classes = (model.metadata["negative"], model.metadata["positive"])
    if (options.data / "split.json").exists():
        folder = read_split(options.data)
        if (folder.negative, folder.positive) != classes:
            raise UserError(
                f"{options.data}: expected the model's classes {classes[0]} and {classes[1]}, "
                f"found {folder.negative} and {folder.positive}"
            )
        parts = list(folder.parts) if options.part == "all" else [options.part]
        results = evaluate_parts(model, folder, parts)
    else:
        results = {"all": evaluate_class_folders(model, options.data, options.as_is)}
    for part, result in results.items():
        print_result(part, result, classes)
    print(runner.DISCLAIMER)
    if options.out is not None:
        write_predictions(list(results.values()), classes, options.out)
    return {
        "model": str(options.model),
        "positive": classes[1],
        "results": {part: result.summary() for part, result in results.items()},
    }


def evaluate_class_folders(model: Model, folder: Path, as_is: bool) -> Result:
    """Evaluate on every readable image of two class folders named like the model's classes."""
    dataset = scan(folder, model.metadata["positive"])
    if dataset.negative != model.metadata["negative"]:
        raise UserError(
            f"{folder}: expected a class folder {model.metadata['negative']!r} as the model "
            f"knows it, found {dataset.negative!r}"
        )
    files, labels, probabilities = [], [], []
    for image in dataset.images:
        try:
            probabilities.append(probability(model, image.path, as_is))
        except UnreadableImage as error:
            print(f"not used: {error}")
            continue
        files.append(str(image.path.relative_to(folder)))
        labels.append(image.label)
    if not files:
        raise UserError(f"{folder}: expected at least one readable image, found none")
    y, p = np.array(labels), np.array(probabilities)
    loss, _ = model.losses[0].from_probabilities(y, p)
    return Result("all", loss, files, y, p)


def print_result(part: str, result: Result, classes: tuple[str, str]) -> None:
    """Accuracy with interval, loss, and the confusion matrix in words."""
    low, high = wilson_interval(result.correct, result.n)
    (true_negative, false_positive), (false_negative, true_positive) = result.confusion
    print(
        f"{part}: accuracy {result.accuracy:.4f} (95 % interval {low:.3f} to {high:.3f}, "
        f"n = {result.n}), loss {result.loss:.4f}\n"
        f"  {classes[1]} (positive): {true_positive} recognised, {false_negative} missed\n"
        f"  {classes[0]}: {true_negative} recognised, {false_positive} taken for {classes[1]}"
    )


def predict(options: Namespace) -> dict:
    """`covid predict`."""
    model = open_model(options.model)
    classes = (model.metadata["negative"], model.metadata["positive"])
    answers = {str(path): probability(model, path, options.as_is) for path in options.images}
    for path, p in answers.items():
        print(f"{path}: p({classes[1]}) = {p:.4f}, {classes[int(p > THRESHOLD)]}")
    if model.metadata.get("synthetic"):
        print("The model was trained on synthetic images.")
    print(runner.DISCLAIMER)
    if options.out is not None:
        write_answers(answers, classes, options.out)
    return {
        "model": str(options.model),
        "positive": classes[1],
        "predictions": [
            {"file": path, "probability": p, "predicted": classes[int(p > THRESHOLD)]}
            for path, p in answers.items()
        ],
    }


def write_answers(answers: dict[str, float], classes: tuple[str, str], path: Path) -> None:
    """One line for every image: file, predicted class, probability."""
    import csv
    import os

    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with open(temporary, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "predicted", f"p({classes[1]})"])
        for name, p in answers.items():
            writer.writerow([name, classes[int(p > THRESHOLD)], f"{p:.6f}"])
    os.replace(temporary, path)


def probability(model: Model, path: Path, as_is: bool) -> float:
    """The model's probability of the positive class for one image file."""
    return float(model.predict_on_batch(model_image(model, path, as_is)[None])[0, 0])


def model_image(model: Model, path: Path, as_is: bool) -> np.ndarray:
    """An image file as the model's input, (image_size, image_size, 1) float32.

    Parameters
    ----------
    as_is : bool
        True for images that are enhanced and cropped already.
    """
    from covid.figures import model_input

    gray = read_gray(path)
    if model.metadata["preprocessing"]["enhance"] and not as_is:
        gray = enhance_and_crop(gray).image
    return model_input(model, gray)


def open_model(path: Path) -> Model:
    """Load a model that `covid train` or `covid run` made."""
    try:
        model = load_model(path)
    except (ValueError, OSError) as error:
        raise UserError(str(error)) from None
    missing = {"positive", "negative", "preprocessing"} - set(model.metadata)
    if missing:
        raise UserError(
            f"{path}: expected a model made by `covid train` or `covid run`, found one without "
            f"{', '.join(sorted(missing))} in its metadata"
        )
    return model


def figures(options: Namespace) -> dict:
    """`covid figures`."""
    from covid.figures import choose, filters_figure, source_figures
    from minicnn.utils import plot_model

    runner.check_new(options.out)
    model = open_model(options.model) if options.model else None
    dataset = scan(options.data, options.positive)
    kind = "Synthetic images. " if runner.is_synthetic(dataset) else ""
    note = f"{kind}{runner.DISCLAIMER} Positive class: {dataset.positive}."
    source_figures(dataset, options.out, note, options.seed)
    if model is not None:
        rng = np.random.default_rng(options.seed)
        ((name, gray),) = choose(dataset, dataset.positive, 1, rng)
        if model.metadata["preprocessing"]["enhance"]:
            gray = enhance_and_crop(gray).image
        filters_figure(model, name, gray, options.out / f"filters-{model.name}.png", note)
        graph = options.out / f"graph-{model.name}.png"
        plot_model(model, to_file=graph, show_shapes=True)
    written = sorted(str(path) for path in options.out.glob("*.png"))
    print("\n".join(written))
    return {"figures": written}


def explain(options: Namespace) -> dict:
    """`covid explain`."""
    from minicnn.inspection import explain as take_apart
    from minicnn.inspection import trace, trace_table

    model = open_model(options.model)
    x = model_image(model, options.image, options.as_is)[None]
    if options.layer is None:
        outputs = trace(model, x)
        print(trace_table(outputs))
        return {name: list(output.shape[1:]) for name, output in outputs.items()}
    if options.position is None:
        raise UserError("--layer: expected --position, too, such as --position 70,40,2")
    try:
        position = tuple(int(part) for part in options.position.split(","))
    except ValueError:
        raise UserError(
            f"--position: expected whole numbers such as 70,40,2, got {options.position!r}"
        ) from None
    try:
        explanation = take_apart(model, x, options.layer, position)
    except (ValueError, IndexError) as error:
        raise UserError(str(error)) from None
    print(explanation)
    return {"explanation": str(explanation).splitlines()}
