"""The figures of the images of a run: their content; see also `model_figures`."""

from pathlib import Path

import numpy as np

from covid.common.errors import UserError
from covid.common.made_files import make_folder
from covid.data.class_folders import Dataset
from covid.data.images import UnreadableImage, read_gray
from covid.data.preprocess import steps
from covid.data.split_folder import SplitFolder
from covid.data.window import GrayLevels
from covid.figures.draw_process import draw
from covid.training.recipes import PUBLISHED_AUGMENTATION, Recipe
from minicnn.preprocessing.image import ImageDataGenerator, img_to_array, load_img

SAMPLES = 6  # images of each class in the sample grid


def source_figures(
    dataset: Dataset,
    folder: Path,
    note: str,
    seed: int,
    rule: str,
    enhanced: bool = False,
    levels: GrayLevels | None = None,
) -> list[Path]:
    """samples.png, and preprocessing.png unless the images are `enhanced` already; their paths.

    `rule` is that of the crop, see `covid.data.preprocess.enhance_and_crop`; `levels` as in `read_gray`;
    `folder` is made if missing; `seed` is that of the choice of images.
    """
    make_folder(folder)
    rng = np.random.default_rng(seed)
    chosen = {
        name: choose(dataset, name, SAMPLES, rng, levels)
        for name in (dataset.positive, dataset.negative)
    }
    samples = folder / "samples.png"
    images = {name: [image for _, image in found] for name, found in chosen.items()}
    files = {name: [file for file, _ in found] for name, found in chosen.items()}
    title = f"A few slices of each class{', enhanced and cropped' if enhanced else ''}"
    draw("sample_grid", images, samples, title, note, files)
    if enhanced:
        return [samples]
    preprocessing = folder / "preprocessing.png"
    rows = [(file, *steps(image, rule)) for found in chosen.values() for file, image in found[:2]]
    draw("preprocessing_grid", rows, preprocessing, "Steps of the preprocessing", note)
    return [samples, preprocessing]


def choose(
    dataset: Dataset,
    class_name: str,
    count: int,
    rng: np.random.Generator,
    levels: GrayLevels | None = None,
) -> list[tuple[str, np.ndarray]]:
    """Up to `count` readable images of a class at random: (file name, image).

    UserError if none of them can be read.
    """
    files = [image.path for image in dataset.images if image.class_name == class_name]
    found = []
    for index in rng.permutation(len(files)):
        try:
            found.append((files[index].name, read_gray(files[index], levels)))
        except UnreadableImage:
            continue  # `covid run` and `covid split` list it
        if len(found) == count:
            break
    if not found:
        raise UserError(
            f"{dataset.folder / class_name}: none of the {len(files)} images can be read; look at "
            f"{files[0].name}, for one"
        )
    return found


def augmentation_figure(
    split: SplitFolder, recipe: Recipe, folder: Path, note: str, seed: int
) -> None:
    """augmentation.png: one training image and four random copies of it."""
    path = next(file for file, label in split.parts["train"] if label == 1)
    size = recipe.image_size
    image = img_to_array(load_img(path, "grayscale", (size, size), "nearest"))
    generator = ImageDataGenerator(**(recipe.augmentation or PUBLISHED_AUGMENTATION))
    rng = np.random.default_rng(seed)
    copies = [generator.random_transform(image, rng) for _ in range(4)]
    whose = f"the {recipe.name} recipe's" if recipe.augmentation else "the article's"
    draw(
        "augmented_copies",
        image.astype(np.uint8),
        [np.clip(copy, 0, 255).astype(np.uint8) for copy in copies],
        folder / "augmentation.png",
        f"{path.name}: four copies by {whose} augmentation",
        note,
    )
