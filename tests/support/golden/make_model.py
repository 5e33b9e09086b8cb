"""Writes model_1.npz: a model of file format 1, which every later version has to load.

It is written by the version that is installed; run it again only for a new format, under a new
name, and keep the old file. The model has branches, a shared layer and dropout, and has trained
for two steps. Run in this folder: python make_model.py
"""

from pathlib import Path

import numpy as np

from minicnn import layers, models, optimizers

PATH = Path(__file__).parent / "model_1.npz"
SHAPE = (6, 5, 1)


def images() -> np.ndarray:
    """Four images without random numbers, (4, 6, 5, 1) float32 in [0, 1]."""
    return (np.arange(120).reshape(4, *SHAPE) % 7 / 7).astype(np.float32)


def make_model() -> models.Model:
    """Trained, with what it predicted for `images` in its metadata."""
    left, right = layers.Input(SHAPE, name="left"), layers.Input(SHAPE, name="right")
    shared = layers.Conv2D(2, 3, padding="same", activation="relu", name="shared")
    joined = layers.concatenate([shared(left), shared(right)], name="joined")
    pooled = layers.AveragePooling2D((2, 1), name="mean")(
        layers.MaxPooling2D(2, name="max")(joined)
    )
    flat = layers.Dropout(0.25, name="dropout")(layers.Flatten(name="flat")(pooled))
    output = layers.Dense(1, activation="sigmoid", name="output")(flat)
    model = models.Model([left, right], output, name="old", seed=5)
    model.compile(optimizers.Adam(1e-2), "binary_crossentropy", ["acc"])
    for _ in range(2):
        model.train_on_batch(inputs(), np.array([[0.0], [1.0], [0.0], [1.0]]))
    model.metadata = {"predicted": model.predict(inputs()).tolist()}
    return model


def inputs() -> list[np.ndarray]:
    """For the model's two inputs."""
    return [images(), images()[::-1]]


if __name__ == "__main__":
    make_model().save(PATH)
