"""The figures of a trained model: their content; how they look is in `plots`."""

from pathlib import Path

import numpy as np

from covid import metrics
from covid.common.errors import UserError
from covid.data.full_size import Reader, full_size_reader
from covid.data.images import read_gray
from covid.data.split_folder import SplitFolder
from covid.figures.dataset_figures import SAMPLES
from covid.figures.draw_process import draw
from covid.figures.examples import lesion_shares, surest
from covid.figures.heat_maps import look_figure
from covid.training.model_file import model_input
from covid.training.predictions import Result
from minicnn.drawing import described
from minicnn.drawing.boxes import Shown
from minicnn.inspection import trace
from minicnn.layers import Conv2D
from minicnn.models import Model


def model_figures(trained, split: SplitFolder, folder: Path, note: str) -> None:
    """filters- and most_wrong-<model>.png; charts are drawn by the report, see `covid.report`."""
    name, classes = trained.name, (split.negative, split.positive)
    file, test = example(trained, split), trained.results["test"]
    filters_figure(trained.model, file.name, read_gray(file), folder / f"filters-{name}.png", note)
    read = full_size_reader(split)
    most_wrong_figure(test, split.folder / "test", classes, folder, name, note, read)


def graph_figure(model: Model, folder: Path) -> None:
    """graph-<model>.png: its layers, trained or not; not again after an interruption."""
    path = folder / f"graph-{model.name}.png"
    if not path.exists():
        draw("model_graph.model_graph", *described(model, Shown(shapes=True)), path)


def example(trained, split: SplitFolder) -> Path:
    """The image that a model is shown with: of the positive class, see `examples.surest`."""
    test = trained.results["test"]
    return split.folder / "test" / test.files[surest(test, 1, lesion_shares(split))]


def example_looked_into(trained, split: SplitFolder, folder: Path, note: str, seed: int) -> dict:
    """look-<model>.png: where the answer for one image comes from, beside its sanity check.

    Returns what summary.json holds of it: the image, and the values of `heat_maps.look_figure`.
    """
    file, path = example(trained, split), folder / f"look-{trained.name}.png"
    values = look_figure(trained.model, read_gray(file), file.name, path, note, seed)
    return {"image": file.relative_to(split.folder).as_posix(), **values}


def evaluation_figures(
    result: Result,
    images: Path,
    classes: tuple[str, str],
    folder: Path,
    name: str,
    note: str,
    seed: int = 0,
    read: Reader = read_gray,
) -> list[Path]:
    """roc-, precision_recall-, reliability-, scores- and most_wrong-<name>.png.

    The two curves are left out where a class has no image.

    Parameters
    ----------
    result : Result
    images : Path
        The folder in which the result's files are.
    classes : (negative, positive) class names
    folder : Path
        Where the figures go; made if missing.
    name : str
        Of the model, and of the part if there are several.
    note : str
        Small print.
    seed : int
        Of the bootstrap.
    read : function (path) -> (height, width) uint8 array
        Reads the images that are shown.

    Returns
    -------
    paths : list of Path
    """
    answers = result.labels, result.probabilities.astype(float), result.threshold
    measures = metrics.measure(*answers, result.groups, seed=seed)
    remark = metrics.interval_remark(result.labels, result.groups)
    small_print, remark = note, f"{remark} {note}" if remark else note
    written = []

    def figure(kind: str, title: str, *content, note: str = remark) -> None:
        path = folder / f"{kind}-{name}.png"
        title = f"{name}: {title}, {result.part} (positive: {classes[1]})"
        draw(kind, *content, path, title, note)
        written.append(path)

    if measures["roc_auc"]["value"] is not None:
        figure("roc", "ROC curve", answers, measures["roc_auc"], roc_band(result, seed))
        figure("precision_recall", "precision and recall", answers, measures["pr_auc"])
    figure("reliability", "calibration", answers, measures)
    figure("scores", "probabilities by true class", answers, classes, note=note)
    shown = most_wrong_figure(result, images, classes, folder, name, small_print, read)
    return [*written, shown]


def most_wrong_figure(
    result: Result,
    images: Path,
    classes: tuple[str, str],
    folder: Path,
    name: str,
    note: str,
    read: Reader,
) -> Path:
    """most_wrong-<name>.png; parameters as above."""
    path = folder / f"most_wrong-{name}.png"
    errors = {
        f"missed: {classes[1]} classified as {classes[0]}": worst(result, 1, images, read),
        f"false alarms: {classes[0]} classified as {classes[1]}": worst(result, 0, images, read),
    }
    title = f"{name}: the worst errors, {result.part} (positive: {classes[1]})"
    note = f"p: probability of {classes[1]}; threshold {result.threshold:.3f}. {note}"
    draw("most_wrong", errors, path, title, note)
    return path


def roc_band(result: Result, seed: int) -> metrics.Band:
    """Where the ROC curve of resamples runs, at 101 false positive rates."""
    rates = np.linspace(0, 1, 101)
    codes = metrics.resampled_groups(result.labels, result.groups)

    def curves(weights: np.ndarray) -> dict[str, np.ndarray]:
        x, y, _ = metrics.roc_curve(result.labels, result.probabilities, weights)
        # Where the curve is upright, `interp` takes its highest point.
        pairs = zip(x, y, strict=True)
        return {"y": np.array([np.interp(rates, *pair) for pair in pairs])}

    resampled = metrics.bootstrap(curves, codes, seed)["y"]  # (resamples, rates)
    both = resampled[~np.isnan(resampled).any(axis=1)]  # those with images of both classes
    low, high = np.quantile(both, [0.025, 0.975], axis=0)
    drawn = "images" if len(np.unique(codes)) == result.n else "groups"
    return metrics.Band(rates, low, high, drawn)


def worst(
    result: Result, label: int, images: Path, read: Reader
) -> list[tuple[str, float, np.ndarray]]:
    """The images of one class farthest on the wrong side of the threshold, at most `SAMPLES`."""
    is_wrong = (result.labels == label) & (result.predicted != result.labels)
    wrong, files = np.flatnonzero(is_wrong), result.files
    farthest = wrong[np.argsort(-np.abs(result.probabilities[wrong] - label), kind="stable")]
    return [
        (Path(files[k]).name, float(result.probabilities[k]), read(images / files[k]))
        for k in farthest[:SAMPLES]
    ]


def filters_figure(model: Model, name: str, gray: np.ndarray, path: Path, note: str) -> None:
    """The filters of the first convolution, and their feature maps of an image named `name`.

    It is (height, width) uint8, enhanced already if the model needs it so.
    """
    x, layer = model_input(model, gray), first_convolution(model)
    maps = trace(model, x[None])[layer.name][0]
    title = f"{model.name}: the filters of {layer.name} and their feature maps of {name}"
    draw("filters_and_maps", layer.params["kernel"], x[:, :, 0], maps, path, title, note)


def first_convolution(model: Model) -> Conv2D:
    """The earliest convolution with a window of more than one pixel."""
    found = [layer for layer in model.layers if isinstance(layer, Conv2D)]
    wide = [layer for layer in found if max(layer.kernel_size) > 1]
    if not found:
        raise UserError(
            f"{model.name}: expected a model with a convolution, found none; take another model, "
            "or leave out --model"
        )
    return (wide or found)[0]
