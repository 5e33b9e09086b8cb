"""An image as the input of a model that says in its metadata how its images were prepared.

`model.metadata["preprocessing"]` is a dict. What is done here is in it under "interpolation" (the
filter with which images are resized), "samplewise" (true: of each image its mean is subtracted, and it
is divided by its standard deviation) and "rescale" (a factor, where "samplewise" is not true).
"""

import numpy as np

from minicnn.preprocessing.augmentation import ImageAugmenter
from minicnn.preprocessing.load_image import img_to_array
from minicnn.preprocessing.resizing import resize


def model_image(image: np.ndarray, size: tuple[int, int], preprocessing: dict) -> np.ndarray:
    """Resize and scale an image.

    Parameters
    ----------
    image : ndarray, (height, width) or (height, width, channels), uint8
    size : (int, int)
        Height and width of the model's input.
    preprocessing : dict

    Returns
    -------
    ndarray, (*size, channels), float32
    """
    resized = resize(image, size, preprocessing.get("interpolation", "nearest"))
    return ImageAugmenter(**scaling(preprocessing)).standardize(img_to_array(resized))


def scaling(preprocessing: dict) -> dict:
    """The arguments of `ImageDataGenerator` that bring gray values to the model's range."""
    if preprocessing.get("samplewise"):
        return {"samplewise_center": True, "samplewise_std_normalization": True}
    return {"rescale": preprocessing.get("rescale")}
