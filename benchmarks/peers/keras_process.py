"""The article's training of tiny_cnn as a Keras script: what `covid train` is measured against.

    python -m benchmarks.peers.keras_process IMAGES OUT

The same work as `covid train --model tiny_cnn --recipe published`: read and prepare all images,
split them 50/10/40 into folders, train 10 epochs of 15 augmented batches with one validation
batch each, evaluate all three parts, write model, history, predictions and figures. In the
article's way: a loop with OpenCV, jpg files, `ImageDataGenerator`, `fit`. Where `covid train`
does a little more (manifest, checks, png files, the graph's figure), this script does not.
"""

import csv
import itertools
import json
import sys
from pathlib import Path

import cv2
import keras
import numpy as np
from keras.src.legacy.preprocessing.image import ImageDataGenerator

from benchmarks.peers import article, keras_figures
from benchmarks.peers.in_keras import limit_threads

PARTS = {"train": 0.5, "validate": 0.1, "test": 0.4}
PIXELS, BATCH, EPOCHS, STEPS = 150, 30, 10, 15


def main(images: Path, out: Path) -> None:
    """Do everything."""
    limit_threads()
    out.mkdir(parents=True)
    originals = prepare(images, out / "data")
    training = ImageDataGenerator(rescale=1 / 255, **article.AUGMENTATION)
    plain = ImageDataGenerator(rescale=1 / 255)
    batches = flow(training, out / "data" / "train")
    validation = flow(plain, out / "data" / "validate")
    model = tiny_cnn()
    model.compile(keras.optimizers.Adam(1e-4), "binary_crossentropy", metrics=["acc"])
    # Given the iterator itself, today's Keras cuts every second epoch short: it takes the end of
    # a pass over the images for the end of the data. A generator has no end.
    endless = (next(batches) for _ in itertools.count())
    history = model.fit(
        endless,
        epochs=EPOCHS,
        steps_per_epoch=STEPS,
        validation_data=validation,
        validation_steps=1,
        verbose=2,
    ).history
    results = {
        part: evaluate(model, flow(plain, out / "data" / part, shuffle=False)) for part in PARTS
    }
    model.save(out / "model.keras")
    write_tables(history, results, out)
    keras_figures.draw_all(originals, model, history, results, batches, article.AUGMENTATION, out)


def prepare(images: Path, folder: Path) -> dict[str, list[np.ndarray]]:
    """Write the prepared images, split, as jpg; returns six originals of each class."""
    rng = np.random.default_rng(0)
    originals = {}
    for kind in sorted(path.name for path in images.iterdir()):
        files = sorted((images / kind).iterdir())
        read = [cv2.imread(str(file), cv2.IMREAD_GRAYSCALE) for file in files]
        originals[kind] = read[:6]
        prepared = article.prepare(read)
        order, start = rng.permutation(len(files)), 0
        for part, share in PARTS.items():
            (folder / part / kind).mkdir(parents=True)
            end = len(files) if part == "test" else start + round(share * len(files))
            for index in order[start:end]:
                cv2.imwrite(str(folder / part / kind / files[index].name), prepared[index])
            start = end
    return originals


def flow(generator: ImageDataGenerator, folder: Path, shuffle: bool = True):
    """Batches from one part; the infected class is 1."""
    return generator.flow_from_directory(
        folder,
        target_size=(PIXELS, PIXELS),
        color_mode="grayscale",
        classes=["Not_Infected", "Infected"],
        class_mode="binary",
        batch_size=BATCH,
        shuffle=shuffle,
        seed=0,
    )


def tiny_cnn() -> keras.Model:
    """model4, as published: with its sigmoid."""
    layers = keras.layers
    return keras.Sequential(
        [
            layers.Input((PIXELS, PIXELS, 1)),
            layers.Conv2D(6, (3, 3), activation="relu"),
            layers.MaxPooling2D((2, 2)),
            layers.Dropout(0.8),
            layers.Flatten(),
            layers.Dense(2, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )


def evaluate(model: keras.Model, batches) -> dict:
    """Loss, accuracy, confusion matrix and predictions of one part, in one pass over it."""
    p = model.predict(batches, verbose=0)[:, 0]
    y = np.asarray(batches.classes)
    inside = np.clip(p, 1e-7, 1 - 1e-7)
    confusion = np.zeros((2, 2), int)
    np.add.at(confusion, (y, (p > 0.5).astype(int)), 1)
    return {
        "loss": float(-np.mean(np.where(y == 1, np.log(inside), np.log(1 - inside)))),
        "acc": float(np.mean((p > 0.5) == y)),
        "n": len(y),
        "confusion": confusion.tolist(),
        "files": list(batches.filenames),
        "true": y.tolist(),
        "p": p.tolist(),
    }


def write_tables(history: dict, results: dict[str, dict], out: Path) -> None:
    """history.csv, predictions.csv and summary.json."""
    with open(out / "history.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["epoch", *history])
        writer.writerows(enumerate(zip(*history.values(), strict=True), start=1))
    with open(out / "predictions.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["part", "file", "true", "p(Infected)"])
        for part, result in results.items():
            rows = zip(result["files"], result["true"], result["p"], strict=True)
            writer.writerows([part, *row] for row in rows)
    numbers = ("loss", "acc", "n", "confusion")
    summary = {part: {key: each[key] for key in numbers} for part, each in results.items()}
    (out / "summary.json").write_text(json.dumps(summary, indent=2))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
