"""What the tests of bad arrays share: a small model, a folder of images, what an error must be."""

import cv2
import numpy as np

from minicnn import layers, models
from minicnn.preprocessing.image import ImageDataGenerator

SAMPLES = 8


def small_model(optimizer="sgd") -> models.Sequential:
    """A fused convolution with pooling and dropout, then two layers that run by themselves."""
    model = models.Sequential(
        [
            layers.Conv2D(4, 3, activation="relu", input_shape=(10, 12, 1)),
            layers.MaxPooling2D(),
            layers.Dropout(0.3, seed=5),
            layers.Flatten(),
            layers.Dense(3, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ],
        seed=3,
    )
    model.compile(optimizer, "binary_crossentropy", ["acc"])
    return model


def spoilt(x, value, *places):
    """A copy with that value at those places."""
    x = x.copy()
    for place in places:
        x[place] = value
    return x


def assert_one_sentence(caught) -> str:
    """The text of the error, which is one line that is not long."""
    text = str(caught.value)
    assert text and "\n" not in text and len(text) < 500
    return text


def write_images(folder, rng):
    """Two small images in each of the folders a, b and c; returns `folder`."""
    for label in ("a", "b", "c"):
        (folder / label).mkdir()
        for number in range(2):
            pixels = rng.integers(256, size=(10, 12), dtype=np.uint8)
            cv2.imwrite(str(folder / label / f"{number}.png"), pixels)
    return folder


def from_folder(folder, class_mode="binary", **arguments):
    """The iterator over images that `write_images` wrote; classes a and b, or for "sparse" all."""
    classes = ["a", "b"] if class_mode == "binary" else None
    return ImageDataGenerator(**arguments).flow_from_directory(
        folder,
        (10, 12),
        "grayscale",
        classes=classes,
        class_mode=class_mode,
        batch_size=3,
        shuffle=False,
    )
