"""The loop behind `fit`, `evaluate` and `predict`: book-keeping around the steps of `step.py`."""

import numpy as np

from minicnn import arguments
from minicnn.callbacks.base import Callback, CallbackList
from minicnn.callbacks.history import History
from minicnn.kernels.runtime.step_lock import one_step_at_a_time
from minicnn.metrics.reported import metrics_by_key
from minicnn.numeric_checks import only_or_all
from minicnn.saving.checkpoint import Position
from minicnn.training.given_data import as_feed, split_off, steps_of
from minicnn.training.logs import Logs, Totals
from minicnn.training.place import Place
from minicnn.training.prefetch import prefetched
from minicnn.training.progress import Progress
from minicnn.training.sample_weights import check_class_weight, sorted_weights
from minicnn.training.step import BadLoss, predict_step, require_compiled, test_step, train_step
from minicnn.training.validation import as_validation, check_first_batches, epochs_with_validation


def fit(
    model,
    x=None,
    y=None,
    batch_size=None,
    epochs=1,
    verbose="auto",
    callbacks=None,
    validation_split=0.0,
    validation_data=None,
    shuffle=True,
    class_weight=None,
    sample_weight=None,
    initial_epoch=0,
    steps_per_epoch=None,
    validation_steps=None,
    validation_batch_size=None,
    validation_freq=1,
) -> History:
    """Train a model for some epochs.

    Every epoch has exactly the steps that were asked for, and begins in a fresh order.

    Parameters
    ----------
    model : Model
        Compiled.
    x : array, list or dict of arrays, iterator or generator
        Arrays of samples with their labels in `y`; or something that gives batches (x, y) or
        (x, y, sample_weight): an iterator of `ImageDataGenerator`, a sequence of batches, a Python
        generator. A dict has the names of the model's inputs.
    y : array, list or dict of arrays, optional
        Labels in [0, 1], mostly 0 or 1. A dict has the names of the model's outputs.
    batch_size : int, optional
        Samples in a step, 32 when missing; for arrays only.
    epochs, initial_epoch : int
        Train epochs number initial_epoch + 1 to epochs; none where there are none between.
    verbose : {"auto", 0, 1, 2}
        0 silent; 1 (and auto) a progress bar on a terminal, elsewhere a line for each epoch;
        2 a line for each epoch.
    callbacks : list of Callback, optional
    validation_split : float
        In [0, 1): this part of the arrays, from their end, is kept for validation; not where
        there is `validation_data`.
    validation_data : (x, y), (x, y, sample_weight) or iterator, optional
        Evaluated after every epoch. Its first batch is tried before the first step, unless only
        a generator or the user's code knows it.
    shuffle : bool
        Whether arrays are put in a new order every epoch.
    class_weight : dict of int to float, optional
        How much a sample of each class counts in the loss; 1 for a class that is not in it. As in
        Keras, validation is not weighted, and of the metrics only `weighted_metrics` are.
    sample_weight : array (samples,), list or dict of them, optional
        Instead of it, how much each sample of the arrays counts: for all outputs, or for each.
    steps_per_epoch, validation_steps : int, optional
        Batches in an epoch; all there are when missing.
    validation_batch_size : int, optional
        As `batch_size`.
    validation_freq : int or list of int
        After how many epochs there is a validation, or after which ones; they count from 1.

    Returns
    -------
    history : History
        `history.history` maps "acc", "loss", "val_acc", "val_loss" to a list over epochs.
        Training values are those of all samples, each as its batch was while training.

    Raises
    ------
    RuntimeError
        If the model is not compiled.
    ValueError
        If data and model do not fit together, or a generator ends too early.
    """
    require_compiled(model)
    epochs = arguments.int_from(0, epochs, "epochs", "fit")
    initial_epoch = arguments.int_from(0, initial_epoch, "initial_epoch", "fit")
    check_class_weight(class_weight, len(model.losses), sample_weight)
    if validation_split and validation_data is None:
        (x, y, sample_weight), validation_data = split_off(
            model, x, y, sample_weight, validation_split
        )
    feed = as_feed(model, x, y, batch_size, shuffle, sample_weight=sample_weight)
    steps = steps_of(feed, steps_per_epoch, "steps_per_epoch")
    size = batch_size if validation_batch_size is None else validation_batch_size
    is_due = epochs_with_validation(validation_freq)
    validation = as_validation(model, validation_data, size, validation_steps, validation_freq)
    check_first_batches(model, feed, validation)
    feed.use = {"class_weight": sorted_weights(class_weight)}

    history = History()
    params = {"epochs": epochs, "steps": steps, "verbose": verbose}
    observers = callback_list(callbacks, model, params, history)
    model.stop_training = False
    observers.call("on_train_begin", {})
    keys = sorted(metrics_by_key(model))
    observers.check_keys(keys, [*keys, *(f"val_{key}" for key in keys if validation)])
    feeds = [feed, *([validation.feed] if validation else [])]
    position, logs = observers.restore(Position(initial_epoch), feeds), {}
    while position.epoch < epochs and not model.stop_training:
        epoch = position.epoch
        if position.step == 0:
            observers.call("on_epoch_begin", epoch, {})
        title = f"Epoch {epoch + 1}/{epochs}"
        with Progress(title, steps, verbose, position.step) as progress:
            logs = train_epoch(model, feed, steps, observers, progress, position, class_weight)
            if validation is not None and is_due(epoch + 1):
                validation.feed.start_epoch(model.epochs_done)
                found = run_test(model, validation, observers)
                logs |= {f"val_{key}": value for key, value in found.items()}
                logs = dict(sorted(logs.items()))
            progress.close(logs)
        model.epochs_done += 1
        observers.call("on_epoch_end", epoch, logs)
        position = Position(epoch + 1)
        observers.call("after_epoch", position)
    observers.call("on_train_end", logs)
    model.history = history
    return history


def train_epoch(
    model, feed, steps: int, observers, progress, position: Position, class_weight=None
) -> dict[str, float]:
    """Make the steps of an epoch from `position` on; metrics and loss over all its steps.

    `position` is moved along, and given to the callbacks after each step.
    """
    totals = Totals(model, position.totals)
    feed.start_epoch(model.epochs_done)
    feed.skip(position.step)
    place = Place(feed, steps)
    watch = observers.watch(place)
    with prefetched(feed, steps - position.step) as batches:
        for step in range(position.step, steps):
            with place.at(step):
                batch = next_batch(batches, step, steps)
                observers.call("on_train_batch_begin", step, {})
                totals.add(train_one_batch(model, *batch, class_weight, watch))
            logs = totals.result()
            progress.step(logs)
            observers.call("on_train_batch_end", step, logs)
            if model.stop_training:
                break
            position.step = step + 1
            observers.call("after_step", position)
    return totals.result()


@one_step_at_a_time()
def train_one_batch(model, x, y, sample_weight=None, class_weight=None, on_bad_loss=None) -> Logs:
    """`train_step` while no other thread runs a model; gives the logs of a bad loss, too."""
    require_compiled(model)
    model.optimizer.bind_to_model(model)
    try:
        return train_step(model, x, y, sample_weight, class_weight, on_bad_loss)
    except BadLoss as ended:
        return ended.logs


@one_step_at_a_time()
def test_one_batch(model, x, y, sample_weight=None, outputs: list | None = None) -> Logs:
    """`test_step`, while no other thread runs a model."""
    return test_step(model, x, y, sample_weight, outputs)


@one_step_at_a_time()
def predict_one_batch(model, x):
    """`predict_step`, while no other thread runs a model."""
    return predict_step(model, x)


def evaluate(
    model,
    x,
    y=None,
    batch_size=None,
    verbose=0,
    sample_weight=None,
    steps=None,
    callbacks=None,
    outputs: list | None = None,
) -> dict[str, float]:
    """Metrics and loss over some data; arguments as of `fit`.

    `steps` is a number of batches, all when missing. `outputs`, if it is a list, gets the model's
    first output for each batch.
    """
    require_compiled(model)
    feed = as_feed(model, x, y, batch_size, sample_weight=sample_weight)
    steps = steps_of(feed, steps, "steps", "evaluate")
    params = {"epochs": 1, "steps": steps, "verbose": verbose}
    observers = callback_list(callbacks, model, params)
    feed.start_epoch(0)
    with Progress("Evaluate", steps, verbose) as progress:
        logs = run_test(model, Place(feed, steps), observers, progress, outputs)
        progress.close(logs)
    return logs


def run_test(
    model, place: Place, observers, progress=None, outputs: list | None = None
) -> dict[str, float]:
    """Metrics and loss over the batches of a feed that is at its beginning."""
    totals = Totals(model)
    observers.call("on_test_begin", {})
    with prefetched(place.feed, place.steps) as batches:
        for step in range(place.steps):
            with place.at(step):
                batch = next_batch(batches, step, place.steps)
                observers.call("on_test_batch_begin", step, {})
                totals.add(test_one_batch(model, *batch, outputs))
            logs = totals.result()
            if progress is not None:
                progress.step(logs)
            observers.call("on_test_batch_end", step, logs)
    found = totals.result()
    observers.call("on_test_end", found)
    return found


def predict(model, x, batch_size=None, verbose=0, steps=None, callbacks=None):
    """Outputs for all samples, in the order in which the data comes.

    Returns
    -------
    y : float array (samples, *output shape), or a list of them for several outputs
    """
    feed = as_feed(model, x, None, batch_size)
    steps = steps_of(feed, steps, "steps", "predict")
    params = {"epochs": 1, "steps": steps, "verbose": verbose}
    observers = callback_list(callbacks, model, params)
    feed.start_epoch(0)
    batches, place = [], Place(feed, steps)
    observers.call("on_predict_begin", {})
    with Progress("Predict", steps, verbose) as progress, prefetched(feed, steps) as source:
        for step in range(steps):
            with place.at(step):
                batch = next_batch(source, step, steps)
                observers.call("on_predict_batch_begin", step, {})
                outputs = predict_one_batch(model, batch[0])
            batches.append(outputs if isinstance(outputs, list) else [outputs])
            progress.step({})
            observers.call("on_predict_batch_end", step, {"outputs": outputs})
    observers.call("on_predict_end", {})
    return only_or_all([np.concatenate(parts) for parts in zip(*batches, strict=True)])


def callback_list(callbacks, model, params: dict, *more: Callback) -> CallbackList:
    """What fit, evaluate and predict take as `callbacks`: one, a list of them, or None."""
    given = [callbacks] if isinstance(callbacks, Callback) else list(callbacks or [])
    return CallbackList([*given, *more], model, params)


def next_batch(feed, step: int, steps: int):
    """The feed's next (x, y); ValueError where it ended before all steps were made."""
    try:
        return next(feed)
    except StopIteration:
        raise ValueError(
            f"the data ended after {step} of {steps} steps; ask for fewer steps, or let the "
            "generator be endless"
        ) from None


def as_list(model, logs: dict[str, float]):
    """Keras' form of results: the loss alone, or [loss, losses of the outputs, metrics]."""
    return only_or_all([logs[key] for key in result_keys(model)])


def result_keys(model) -> list[str]:
    """What the values of `as_list` are called, in its order."""
    keys = [one.key for one in model.metrics]
    return ["loss", *model.loss_keys, *(sorted(keys) if model.loss_keys else keys)]
