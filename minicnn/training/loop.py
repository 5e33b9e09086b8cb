"""The loop behind `fit`, `evaluate` and `predict`: book-keeping around the steps of `step.py`."""

import numpy as np

from minicnn import arguments
from minicnn.callbacks.base import Callback, CallbackList
from minicnn.callbacks.history import History
from minicnn.kernels.runtime.step_lock import one_step_at_a_time
from minicnn.saving.checkpoint import Position
from minicnn.training.batch_sources import as_feed, split_off
from minicnn.training.class_weights import check_class_weight
from minicnn.training.place import Place
from minicnn.training.prefetch import prefetched
from minicnn.training.progress import Progress
from minicnn.training.step import BadLoss, predict_step, require_compiled, test_step, train_step


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
    initial_epoch=0,
    steps_per_epoch=None,
    validation_steps=None,
    validation_batch_size=None,
) -> History:
    """Train a model for some epochs.

    Every epoch has exactly the steps that were asked for, and begins in a fresh order.

    Parameters
    ----------
    model : Model
        Compiled.
    x : array, list of arrays, iterator or generator
        Arrays of samples with their labels in `y`; or something that gives (x, y) batches:
        an iterator of `ImageDataGenerator`, a sequence of batches, a Python generator.
    y : array or list of arrays, optional
        Labels in [0, 1], mostly 0 or 1.
    batch_size : int, optional
        Samples in a step, 32 when missing; for arrays only.
    epochs, initial_epoch : int
        Train epochs number initial_epoch + 1 to epochs.
    verbose : {"auto", 0, 1, 2}
        0 silent; 1 (and auto) a progress bar on a terminal, elsewhere a line for each epoch;
        2 a line for each epoch.
    callbacks : list of Callback, optional
    validation_split : float
        In [0, 1): this part of the arrays, from their end, is kept for validation.
    validation_data : (x, y) or iterator, optional
        Evaluated after every epoch.
    shuffle : bool
        Whether arrays are put in a new order every epoch.
    class_weight : dict of int to float, optional
        How much a sample of each class counts in the loss; 1 for a class that is not in it. As in
        Keras, metrics and validation are not weighted.
    steps_per_epoch, validation_steps : int, optional
        Batches in an epoch; all there are when missing.
    validation_batch_size : int, optional
        As `batch_size`.

    Returns
    -------
    history : History
        `history.history` maps "acc", "loss", "val_acc", "val_loss" to a list over epochs.
        Training values are means over the batches as they were while training.

    Raises
    ------
    RuntimeError
        If the model is not compiled.
    ValueError
        If data and model do not fit together, or a generator ends too early.
    """
    require_compiled(model)
    check_class_weight(class_weight, len(model.losses))
    if validation_split:
        x, y, validation_data = split_off(x, y, validation_split)
    feed = as_feed(x, y, batch_size, shuffle, model.seed, model)
    steps = steps_of(feed, steps_per_epoch, "steps_per_epoch")
    validation = None
    if validation_data is not None:
        pair = validation_data if isinstance(validation_data, tuple) else (validation_data, None)
        if len(pair) != 2:
            raise ValueError(f"validation_data: expected (x, y), got {len(pair)} items")
        size = validation_batch_size or batch_size
        validation = as_feed(*pair, size, False, model.seed, model, of="validation ")
        validation_steps = steps_of(validation, validation_steps, "validation_steps")

    history = History()
    params = {"epochs": epochs, "steps": steps, "verbose": verbose}
    observers = callback_list(callbacks, model, params, history)
    model.stop_training = False
    observers.call("on_train_begin")
    keys = log_keys(model)
    val_keys = [f"val_{key}" for key in keys] if validation else []
    observers.check_keys(keys, keys + val_keys)
    feeds = [feed, *([validation] if validation else [])]
    position = observers.restore(Position(initial_epoch), feeds)
    while position.epoch < epochs and not model.stop_training:
        epoch = position.epoch
        if position.step == 0:
            observers.call("on_epoch_begin", epoch)
        title = f"Epoch {epoch + 1}/{epochs}"
        with Progress(title, steps, verbose, position.step) as progress:
            logs = train_epoch(model, feed, steps, observers, progress, position, class_weight)
            if validation is not None:
                validation.start_epoch(model.epochs_done)
                found = run_test(model, validation, validation_steps, observers)
                logs.update({f"val_{key}": value for key, value in found.items()})
            progress.close(logs)
        model.epochs_done += 1
        observers.call("on_epoch_end", epoch, logs)
        position = Position(epoch + 1)
        observers.call("after_epoch", position)
    observers.call("on_train_end")
    model.history = history
    return history


def train_epoch(
    model, feed, steps: int, observers, progress, position: Position, class_weight=None
) -> dict[str, float]:
    """Make the steps of an epoch from `position` on; the means of the logs of all of them.

    `position` is moved along, and given to the callbacks after each step.
    """
    means = RunningMeans(position.totals, position.samples)
    feed.start_epoch(model.epochs_done)
    feed.skip(position.step)
    place = Place(feed, steps)
    watch = observers.watch(place)
    with prefetched(feed, steps - position.step) as batches:
        for step in range(position.step, steps):
            with place.at(step):
                x, y = next_batch(batches, step, steps)
                observers.call("on_train_batch_begin", step)
                logs = train_one_batch(model, x, y, watch, class_weight)
            means.add(logs, batch_length(x))
            progress.step(means.result())
            observers.call("on_train_batch_end", step, logs)
            if model.stop_training:
                break
            position.step, position.samples = step + 1, means.samples
            observers.call("after_step", position)
    return means.result()


@one_step_at_a_time()
def train_one_batch(model, x, y, on_bad_loss=None, class_weight=None) -> dict[str, float]:
    """`train_step` while no other thread runs a model; gives the logs of a bad loss, too."""
    require_compiled(model)
    model.optimizer.bind_to_model(model)
    try:
        return train_step(model, x, y, on_bad_loss, class_weight)
    except BadLoss as ended:
        return ended.logs


@one_step_at_a_time()
def test_one_batch(model, x, y, outputs: list | None = None) -> dict[str, float]:
    """`test_step`, while no other thread runs a model."""
    return test_step(model, x, y, outputs)


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
    steps=None,
    callbacks=None,
    outputs: list | None = None,
) -> dict[str, float]:
    """Metrics and loss over some data, each sample counting the same; arguments as of `fit`.

    `steps` is a number of batches, all when missing. `outputs`, if it is a list, gets the model's
    first output for each batch.
    """
    require_compiled(model)
    feed = as_feed(x, y, batch_size, False, model.seed, model)
    steps = steps_of(feed, steps, "steps")
    observers = callback_list(callbacks, model, {"epochs": 1, "steps": steps, "verbose": verbose})
    feed.start_epoch(0)
    with Progress("Evaluate", steps, verbose) as progress:
        logs = run_test(model, feed, steps, observers, progress, outputs)
        progress.close(logs)
    return logs


def run_test(
    model, feed, steps: int, observers, progress=None, outputs: list | None = None
) -> dict[str, float]:
    """Means of the logs of `steps` batches of a feed that is at its beginning."""
    means = RunningMeans()
    place = Place(feed, steps)
    observers.call("on_test_begin")
    with prefetched(feed, steps) as batches:
        for step in range(steps):
            with place.at(step):
                x, y = next_batch(batches, step, steps)
                observers.call("on_test_batch_begin", step)
                logs = test_one_batch(model, x, y, outputs)
            means.add(logs, batch_length(x))
            if progress is not None:
                progress.step(means.result())
            observers.call("on_test_batch_end", step, logs)
    observers.call("on_test_end", means.result())
    return means.result()


def predict(model, x, batch_size=None, verbose=0, steps=None, callbacks=None):
    """Outputs for all samples, in the order in which the data comes.

    Returns
    -------
    y : float array (samples, *output shape), or a list of them for several outputs
    """
    feed = as_feed(x, None, batch_size, False, model.seed, model)
    steps = steps_of(feed, steps, "steps")
    observers = callback_list(callbacks, model, {"epochs": 1, "steps": steps, "verbose": verbose})
    feed.start_epoch(0)
    batches, place = [], Place(feed, steps)
    observers.call("on_predict_begin")
    with Progress("Predict", steps, verbose) as progress, prefetched(feed, steps) as source:
        for step in range(steps):
            with place.at(step):
                batch = next_batch(source, step, steps)
                observers.call("on_predict_batch_begin", step)
                outputs = predict_one_batch(model, batch[0])
            batches.append(outputs if isinstance(outputs, list) else [outputs])
            progress.step({})
            observers.call("on_predict_batch_end", step, {"outputs": outputs})
    observers.call("on_predict_end")
    joined = [np.concatenate(parts) for parts in zip(*batches, strict=True)]
    return joined[0] if len(joined) == 1 else joined


class RunningMeans:
    """Means of logs over batches, each batch counting as many times as it has samples.

    Given the totals of earlier batches, it adds to them.
    """

    def __init__(self, totals: dict[str, float] | None = None, samples: int = 0):
        self.totals = {} if totals is None else totals
        self.samples = samples

    def add(self, logs: dict[str, float], samples: int) -> None:
        self.samples += samples
        for key, value in logs.items():
            self.totals[key] = self.totals.get(key, 0.0) + value * samples

    def result(self) -> dict[str, float]:
        return {key: total / self.samples for key, total in self.totals.items()}


def callback_list(callbacks, model, params: dict, *more: Callback) -> CallbackList:
    """What fit, evaluate and predict take as `callbacks`: one, a list of them, or None."""
    given = [callbacks] if isinstance(callbacks, Callback) else list(callbacks or [])
    return CallbackList([*given, *more], model, params)


def log_keys(model) -> list[str]:
    """The keys of a batch's logs."""
    outputs = [tensor.node.layer.name for tensor in model.outputs] if len(model.losses) > 1 else []
    metrics = [key for key, _ in model.metrics]
    if not outputs:
        return [*metrics, "loss"]
    by_output = [f"{output}_{key}" for output in outputs for key in metrics]
    return [*by_output, *(f"{output}_loss" for output in outputs), "loss"]


def batch_length(x) -> int:
    """Samples in a batch."""
    return len(x[0] if isinstance(x, (list, tuple)) else x)


def steps_of(feed, steps: int | None, argument: str) -> int:
    """The steps asked for, or all the feed has; ValueError where neither is known."""
    if steps is not None:
        return arguments.positive_int(steps, argument, "fit")
    if len(feed) == 0:
        raise ValueError(f"expected {argument}: a generator does not say how many batches it has")
    return len(feed)


def next_batch(feed, step: int, steps: int):
    """The feed's next (x, y); ValueError where it ended before all steps were made."""
    try:
        return next(feed)
    except StopIteration:
        raise ValueError(
            f"the data ended after {step} of {steps} steps; ask for fewer steps, or let the "
            "generator be endless"
        ) from None


def as_list(logs: dict[str, float]):
    """Keras' form of results: the loss alone, or [loss, losses of the outputs, metrics]."""
    names = metrics_names(logs)
    return logs["loss"] if len(names) == 1 else [logs[name] for name in names]


def metrics_names(logs: dict[str, float]) -> list[str]:
    """What the values of `as_list` are called, in its order."""
    losses = [key for key in logs if key.endswith("_loss")]
    return ["loss", *losses, *(key for key in logs if key not in ("loss", *losses))]
