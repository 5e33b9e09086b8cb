"""Training one model on a split folder, and the files that come of it."""

import math
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from covid.common.choices import HISTORY, KERNELS, MODEL_FILE, PARTS, PREDICTIONS
from covid.common.errors import UserError
from covid.common.made_files import make_folder
from covid.common.output_files import write_csv
from covid.common.screen import VERBOSE
from covid.common.signals import finishing_the_step
from covid.data.split_folder import SplitFolder, groups_in
from covid.metrics import threshold_choice
from covid.training.architectures import build_model
from covid.training.checkpoint import checkpoint_errors
from covid.training.epoch_line import EpochLine
from covid.training.first_weights import STARTS
from covid.training.model_file import threshold_of
from covid.training.predictions import Result, evaluate, write_predictions
from covid.training.recipes import (
    Recipe,
    WarmUp,
    class_weights,
    plain_generator,
    train_generator,
)
from covid.training.versions import versions
from minicnn.callbacks import (
    BackupAndRestore,
    Callback,
    EarlyStopping,
    ReduceLROnPlateau,
    TerminateOnNaN,
    WeightHistory,
)
from minicnn.models import Model
from minicnn.optimizers import Adam
from minicnn.preprocessing.image import DirectoryIterator, ImageDataGenerator


@dataclass(frozen=True)
class Trained:
    """A trained model and what is known of its training."""

    name: str
    model: Model
    history: dict[str, list[float]]  # as in `History`, one value per epoch
    best_epoch: int | None  # from 1: whose weights were kept; None where the last ones were
    seconds: float  # of training, without evaluation
    results: dict[str, Result]  # "train", "validate", "test", without augmentation and dropout
    kernels: WeightHistory  # of the convolutions, epoch by epoch

    def summary(self) -> dict:
        """The model's entry in summary.json."""
        classes = self.model.metadata["negative"], self.model.metadata["positive"]
        return {
            "params": self.model.count_params(),
            "epochs": len(self.history["loss"]),
            "best_epoch": self.best_epoch,
            "seconds": round(self.seconds, 4),
            "threshold": self.model.metadata["threshold"],
            "class_weight": self.model.metadata["class_weight"],
            **{part: result.summary(classes) for part, result in self.results.items()},
        }


def train_and_evaluate(
    name: str,
    recipe: Recipe,
    split: SplitFolder,
    seed: int,
    verbose: int = VERBOSE,
    backup: BackupAndRestore | None = None,
    built: Callable[[Model], None] = lambda model: None,
    label: str = "",
) -> Trained:
    """Train a model as its recipe says, then evaluate it on all three parts.

    The threshold is chosen on the validation part and stored in the model's metadata.

    Parameters
    ----------
    name : str
        A key of `covid.training.architectures.MODELS`.
    recipe : Recipe
    split : SplitFolder
        Prepared as the recipe wants it (enhanced or not).
    seed : int
        Of first weights, dropout, order and augmentation.
    verbose : {0, 1, 2}
        Nothing; one live line; a line for each epoch. See `EpochLine`.
    backup : BackupAndRestore, optional
        Writes checkpoints; the training resumes from one that is there. Ctrl-C and SIGTERM then
        end it after the current step, with a checkpoint and `TrainingStopped`.
    built : callable
        Called with the model before it is trained, such as to draw it.
    label : str
        Of the `EpochLine`: what is trained, where the line of its phase does not say so.

    Raises
    ------
    UserError
        If the checkpoint is damaged or of another run; if loss or weights became NaN or infinite:
        such a model is useless.
    """
    size = recipe.image_size
    model = build_model(name, (size, size, 1), seed)
    plain = plain_generator(recipe.preprocessing)
    in_order = {part: part_iterator(split, part, plain, recipe.preprocessing) for part in PARTS}
    order = {"batch_size": recipe.batch_size, "seed": seed}
    training = in_order["train"].again(train_generator(recipe), shuffle=True, **order)
    # The article's validation is one batch, each time another one: its iterator shuffles.
    one_batch = recipe.validation_steps is not None
    validation = in_order["validate"].again(plain, shuffle=one_batch, **order)
    if recipe.start is not None:
        first = first_images(training.again(plain, shuffle=True, **order))
        STARTS[recipe.start](model, first)
    model.compile(Adam(recipe.learning_rate), "binary_crossentropy", ["acc"])
    weights = class_weights(recipe, in_order["train"].classes)
    model.metadata = metadata(name, recipe, split, seed, weights)
    built(model)

    start = time.perf_counter()
    callbacks, stopper = recipe_callbacks(recipe, recipe.steps_per_epoch or len(training))
    terminator = TerminateOnNaN(verbose=0)
    line = EpochLine(recipe.epochs, verbose, label)
    kernels = WeightHistory()
    callbacks = [terminator, *callbacks, kernels, line, *([] if backup is None else [backup])]
    with line, ExitStack() as around:
        if backup is not None:
            around.enter_context(finishing_the_step(backup))
            around.enter_context(checkpoint_errors(backup.path, model))
        history = model.fit(
            training,
            epochs=recipe.epochs,
            steps_per_epoch=recipe.steps_per_epoch,
            validation_data=validation,
            validation_steps=recipe.validation_steps,
            class_weight=weights,
            callbacks=callbacks,
            verbose=0,
        )
    seconds = time.perf_counter() - start if backup is None else backup.seconds
    if terminator.found is not None:
        if backup is not None:
            backup.discard()  # nothing good can come of resuming there
        raise UserError(
            f"{name}: training failed and is not saved ({terminator.found}); start again with "
            "another --seed or --recipe"
        )
    best = stopper.best_epoch + 1 if stopper and stopper.best_epoch is not None else None
    results = results_of_all_parts(model, split, in_order)
    return Trained(name, model, history.history, best, seconds, results, kernels)


def results_of_all_parts(
    model: Model, split: SplitFolder, in_order: dict[str, DirectoryIterator]
) -> dict[str, Result]:
    """Evaluate a new model on all parts, at the threshold that its validation part gives it."""
    results = {
        part: evaluate(model, images, part, groups_in(split, part))
        for part, images in in_order.items()
    }
    validated = results["validate"]
    chosen = threshold_choice(validated.labels, validated.probabilities)
    model.metadata["threshold"] = chosen
    return {part: replace(result, threshold=chosen["value"]) for part, result in results.items()}


def first_images(source: DirectoryIterator, batches: int = 4) -> np.ndarray:
    """A few batches of images, (n, image_size, image_size, 1)."""
    return np.concatenate([source[index][0] for index in range(min(len(source), batches))])


def evaluate_parts(model: Model, split: SplitFolder, parts) -> dict[str, Result]:
    """Evaluate a model on parts of a split, with images prepared as in its metadata."""
    preprocessing = model.metadata["preprocessing"]
    plain = plain_generator(preprocessing)
    threshold = threshold_of(model)["value"]
    results = {}
    for part in parts:
        images = part_iterator(split, part, plain, preprocessing)
        results[part] = evaluate(model, images, part, groups_in(split, part), threshold)
    return results


def part_iterator(
    split: SplitFolder, part: str, generator: ImageDataGenerator, preprocessing: dict
) -> DirectoryIterator:
    """One part of a split, in order; the positive class has label 1, whatever its name."""
    size = preprocessing["image_size"]
    return DirectoryIterator(
        split.folder / part,
        generator,
        target_size=(size, size),
        color_mode="grayscale",
        classes=[split.negative, split.positive],
        class_mode="binary",
        batch_size=30,
        shuffle=False,
        seed=0,
        interpolation=preprocessing["interpolation"],
    )


def recipe_callbacks(
    recipe: Recipe, steps_per_epoch: int
) -> tuple[list[Callback], EarlyStopping | None]:
    """The callbacks of a recipe, and the one that knows the best epoch, if any."""
    callbacks: list[Callback] = []
    stopper = None
    growing = 0  # epochs in which the learning rate still grows: early stopping begins after them
    if recipe.warm_up is not None:
        # Few images make few steps: the warm-up then is a third of them, lest it never ends.
        steps = max(1, min(recipe.warm_up, recipe.epochs * steps_per_epoch // 3))
        callbacks.append(WarmUp(steps))
        growing = math.ceil(steps / steps_per_epoch)
    if recipe.patience is not None:
        stopper = EarlyStopping(
            patience=recipe.patience, restore_best_weights=True, start_from_epoch=growing
        )
        callbacks.append(stopper)
    if recipe.slow_down is not None:
        callbacks.append(ReduceLROnPlateau(factor=0.5, patience=recipe.slow_down))
    return callbacks, stopper


def metadata(name: str, recipe: Recipe, split: SplitFolder, seed: int, weights) -> dict:
    """What is saved with a model, so that its predictions can be read and repeated.

    `weights` are those of `class_weights`.
    """
    given = split.info.get("gray_levels")
    levels = {"gray_levels": given} if given else {}
    by_name = weights and {split.negative: weights[0], split.positive: weights[1]}
    return {
        "model": name,
        "positive": split.positive,
        "negative": split.negative,
        "synthetic": bool(split.info.get("synthetic")),
        "preprocessing": {**recipe.preprocessing, **levels},
        "recipe": recipe.as_dict(),
        "class_weight": by_name,
        "seed": seed,
        "versions": versions(),
        "purpose": "a teaching tool, not for diagnosis",
    }


def write_training(trained: Trained, classes: tuple[str, str], folder: Path) -> None:
    """Write model.npz, kernels.npz, history.csv and predictions.csv into `folder`."""
    make_folder(folder)
    trained.model.save(folder / MODEL_FILE)
    trained.kernels.save(folder / KERNELS)
    write_history(trained.history, folder / HISTORY)
    write_predictions(list(trained.results.values()), classes, folder / PREDICTIONS)


def write_history(history: dict[str, list[float]], path: Path) -> None:
    """One line for every epoch, counted from 1, under the history's names."""
    epochs = enumerate(zip(*history.values(), strict=True), start=1)
    write_csv(path, ["epoch", *history], ([epoch, *values] for epoch, values in epochs))
