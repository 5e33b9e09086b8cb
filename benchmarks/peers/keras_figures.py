"""The figures of `keras_process`: those of `covid train`, but for the graph of the model.

Drawn with matplotlib as a reader of the article would, on the sheets' usual 100 dots an inch.
"""

from pathlib import Path

import cv2
import keras
import matplotlib
import numpy as np

from benchmarks.peers import article

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402 (after the choice of backend)


def draw_all(
    originals: dict[str, list[np.ndarray]],
    model: keras.Model,
    history: dict,
    results: dict[str, dict],
    batches,
    augmentation: dict,
    out: Path,
) -> None:
    """Write all figures into `out`."""
    everything = [image for images in originals.values() for image in images]
    grid(everything, 2, out / "samples.png")
    preprocessing([images[i] for images in originals.values() for i in range(3)], out)
    image = cv2.imread(batches.filepaths[0], cv2.IMREAD_GRAYSCALE)
    small = cv2.resize(image, (150, 150), interpolation=cv2.INTER_NEAREST)[..., None]
    generator = batches.image_data_generator
    copies = [generator.random_transform(small.astype("float32")) for _ in range(4)]
    grid([small, *copies], 1, out / "augmentation.png")
    curves(history, out / "curves.png")
    grid([np.array(each["confusion"]) for each in results.values()], 1, out / "confusion.png")
    kernel = model.layers[0].get_weights()[0]
    first = keras.Model(model.inputs[0], model.layers[0].output)
    maps = first(small[None] / 255).numpy()[0]
    filters = [kernel[:, :, 0, k] for k in range(kernel.shape[-1])]
    grid([*filters, *np.moveaxis(maps, -1, 0)], 2, out / "filters.png")
    figure, axes = plt.subplots(figsize=(8, 5))
    axes.bar(list(results), [each["acc"] for each in results.values()])
    save(figure, out / "comparison.png")


def grid(images: list[np.ndarray], rows: int, path: Path) -> None:
    """Images in rows, without axes."""
    columns = -(-len(images) // rows)
    figure, axes = plt.subplots(rows, columns, figsize=(2 * columns, 2.2 * rows), squeeze=False)
    for cell, image in zip(axes.flat, images, strict=False):
        cell.imshow(image, cmap="bone")
        cell.set_xticks([])
        cell.set_yticks([])
    save(figure, path)


def preprocessing(images: list[np.ndarray], out: Path) -> None:
    """Original, prepared, and the gray values of both, one column an image."""
    figure, axes = plt.subplots(3, len(images), figsize=(2 * len(images), 7))
    for column, (image, prepared) in enumerate(zip(images, article.prepare(images), strict=True)):
        axes[0, column].imshow(image, cmap="bone")
        axes[1, column].imshow(prepared, cmap="bone")
        axes[2, column].hist([image.ravel(), prepared.ravel()], bins=32)
    save(figure, out / "preprocessing.png")


def curves(history: dict, path: Path) -> None:
    """Accuracy and loss over the epochs."""
    figure, axes = plt.subplots(1, 2, figsize=(10, 4))
    for cell, name in zip(axes, ("acc", "loss"), strict=True):
        cell.plot(history[name], "o", label="training")
        cell.plot(history[f"val_{name}"], label="validation")
        cell.set_title(name)
        cell.legend()
    save(figure, path)


def save(figure, path: Path) -> None:
    """Write a figure and forget it."""
    figure.savefig(path, dpi=100)
    plt.close(figure)
