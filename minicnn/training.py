"""The loop behind `fit`, `evaluate` and `predict`.

To see what training is, read `train_step`: forward, loss, backward, update. All else here is
book-keeping around it.
"""

import math
from functools import partial

import numpy as np

from minicnn import shapes
from minicnn.callbacks import BackupAndRestore, Callback, CallbackList, History, TerminateOnNaN
from minicnn.checkpoints import Position
from minicnn.checks import as_numbers, input_list
from minicnn.diagnosis import Place
from minicnn.feeding import as_feed, split_off
from minicnn.kernels.threads import one_step_at_a_time
from minicnn.layers.activations import Sigmoid
from minicnn.prefetching import prefetched
from minicnn.progress import Progress


@one_step_at_a_time()
def train_step(model, x, y, watch=None) -> dict[str, float]:
    """One step of training on one batch.

    Parameters
    ----------
    model : Model
        Compiled.
    x, y : array or list of arrays
        Inputs and labels, one array for each input and output of the model.
    watch : function (inputs) -> None, optional
        Called where the loss is not finite. The step then ends there: with gradients that are
        no numbers, it would make all weights so.

    Returns
    -------
    logs : dict of str to float
        Metrics and loss of the batch, with dropout on and before the weights changed.
    """
    require_compiled(model)
    model.optimizer.bind_to_model(model)
    inputs = as_inputs(model, x)
    values = model.graph.run(inputs, training=True)
    logs, gradients, through_activation = loss_and_gradients(model, values, y)
    if watch is not None and not math.isfinite(logs["loss"]):
        watch(inputs)
        return logs
    model.graph.backward(gradients, through_activation)
    model.optimizer.apply(model.named_weights(), model.named_grads())
    return logs


@one_step_at_a_time()
def test_step(model, x, y, outputs: list | None = None) -> dict[str, float]:
    """Metrics and loss of one batch, without dropout and without changing anything.

    `outputs` gets the model's first output for the batch, if it is a list.
    """
    require_compiled(model)
    inputs = as_inputs(model, x)  # before model.graph: it builds a model that is not built yet
    values = model.graph.run(inputs)
    logs, _, _ = loss_and_gradients(model, values, y)
    if outputs is not None:
        outputs.append(values[model.graph.outputs[0]])
    return logs


@one_step_at_a_time()
def predict_step(model, x):
    """Output array of one batch, or a list of them where the model has several outputs."""
    inputs = as_inputs(model, x)
    values = model.graph.run(inputs)
    outputs = [values[tensor] for tensor in model.graph.outputs]
    return outputs[0] if len(outputs) == 1 else outputs


def loss_and_gradients(model, values: dict, y) -> tuple[dict, list, list]:
    """Compare the outputs with the labels.

    Where an output comes straight from a sigmoid, the loss is computed from the logits in
    front of it, and the gradient returned is with respect to them.

    Returns
    -------
    logs : dict of str to float
    gradients : list of float arrays, one for each output
    through_activation : list of bool
        False where the gradient is with respect to the logits.
    """
    labels = list(y) if isinstance(y, (list, tuple)) and len(model.losses) > 1 else [y]
    if len(labels) != len(model.losses):
        raise ValueError(
            f"{model.name}: expected labels for {len(model.losses)} outputs, got {len(labels)}"
        )
    total, metric_logs, loss_logs, gradients, through = 0.0, {}, {}, [], []
    for index, tensor in enumerate(model.graph.outputs):
        name = tensor.node.layer.name
        p = values[tensor]
        truth = as_labels(labels[index], p, name)
        model.losses[index].check_labels(truth, name)
        z = logits(tensor.node) if model.graph.is_end[index] else None
        if z is not None:
            loss, gradient = model.losses[index].from_logits(truth, z)
        else:
            loss, gradient = model.losses[index].from_probabilities(truth, p)
        weight = model.loss_weights[index]
        total += weight * loss
        gradients.append(gradient * p.dtype.type(weight))
        through.append(z is None)
        prefix = f"{name}_" if len(labels) > 1 else ""
        metric_logs.update({prefix + key: metric(truth, p) for key, metric in model.metrics})
        if prefix:
            loss_logs[prefix + "loss"] = loss
    return {**metric_logs, **loss_logs, "loss": total}, gradients, through


def logits(node) -> np.ndarray | None:
    """What went into the sigmoid at the end of this node's layer; None if there is none."""
    if isinstance(node.layer, Sigmoid):
        return node.cache.x
    return node.activation_cache.x if isinstance(node.layer.activation, Sigmoid) else None


def fit(
    model,
    x,
    y=None,
    *,
    batch_size=None,
    epochs=1,
    verbose="auto",
    callbacks=None,
    validation_split=0.0,
    validation_data=None,
    shuffle=True,
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
        Labels, 0 or 1.
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
    steps_per_epoch, validation_steps : int, optional
        Batches in an epoch; all there are when missing.
    validation_batch_size : int, optional
        As `batch_size`.

    Returns
    -------
    history : History
        `history.history` maps "acc", "loss", "val_acc", "val_loss" to a list over epochs.
        Training numbers are means over the batches as they were while training.

    Raises
    ------
    RuntimeError
        If the model is not compiled.
    ValueError
        If data and model do not fit together, or a generator ends too early.
    """
    require_compiled(model)
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
    given = [callbacks] if isinstance(callbacks, Callback) else list(callbacks or [])
    observers = CallbackList([*given, history], model, params)
    backup = the_backup(given)
    model.stop_training = False
    observers.tell("on_train_begin")
    position = Position(initial_epoch)
    if backup is not None:
        position = backup.begin(position, observers, [feed, *([validation] if validation else [])])
    while position.epoch < epochs and not model.stop_training:
        epoch = position.epoch
        if position.step == 0:
            observers.tell("on_epoch_begin", epoch)
        title = f"Epoch {epoch + 1}/{epochs}"
        with Progress(title, steps, verbose, position.step) as progress:
            logs = train_epoch(model, feed, steps, observers, progress, position, backup)
            if validation is not None:
                validation.start_epoch(model.epochs_done)
                found = run_test(model, validation, validation_steps)
                logs.update({f"val_{key}": value for key, value in found.items()})
            progress.close(logs)
        model.epochs_done += 1
        observers.tell("on_epoch_end", epoch, logs)
        position = Position(epoch + 1)
        if backup is not None:
            backup.after_epoch(position)
    observers.tell("on_train_end")
    return history


def train_epoch(
    model, feed, steps: int, observers, progress, position: Position, backup
) -> dict[str, float]:
    """Make the steps of an epoch from `position` on; the means of the logs of all of them.

    `position` goes along; `backup`, if there is one, may write a checkpoint after each step.
    """
    means = RunningMeans(position.totals, position.samples)
    feed.start_epoch(model.epochs_done)
    feed.skip(position.step)
    place = Place(feed, steps)
    watch = watch_of(observers.callbacks, place)
    with prefetched(feed, steps - position.step) as batches:
        for step in range(position.step, steps):
            with place.at(step):
                x, y = next_batch(batches, step, steps)
                observers.tell("on_train_batch_begin", step)
                logs = train_step(model, x, y, watch)
            means.add(logs, batch_length(x))
            progress.step(means.result())
            observers.tell("on_train_batch_end", step, logs)
            if model.stop_training:
                break
            position.step, position.samples = step + 1, means.samples
            if backup is not None:
                backup.after_step(position)
    return means.result()


def the_backup(callbacks: list) -> BackupAndRestore | None:
    """The callback that writes checkpoints, if there is one; ValueError where there are several."""
    found = [one for one in callbacks if isinstance(one, BackupAndRestore)]
    if len(found) > 1:
        raise ValueError(f"callbacks: expected one BackupAndRestore at most, got {len(found)}")
    return found[0] if found else None


def watch_of(callbacks: list, place: Place):
    """What `train_step` calls where the loss is not finite; None if no callback looks for that."""
    for callback in callbacks:
        if isinstance(callback, TerminateOnNaN):
            return partial(callback.look, place)
    return None


def evaluate(
    model, x, y=None, batch_size=None, verbose=0, steps=None, outputs: list | None = None
) -> dict[str, float]:
    """Metrics and loss over some data, each sample counting the same.

    Parameters
    ----------
    x, y, batch_size
        As in `fit`.
    verbose : {"auto", 0, 1, 2}
    steps : int, optional
        Batches to look at; all there are when missing.
    outputs : list, optional
        Gets the model's first output for each batch, where the predictions are wanted, too.
    """
    require_compiled(model)
    feed = as_feed(x, y, batch_size, False, model.seed, model)
    steps = steps_of(feed, steps, "steps")
    feed.start_epoch(0)
    with Progress("Evaluate", steps, verbose) as progress:
        logs = run_test(model, feed, steps, progress, outputs)
        progress.close(logs)
    return logs


def run_test(
    model, feed, steps: int, progress=None, outputs: list | None = None
) -> dict[str, float]:
    """Means of the logs of `steps` batches of a feed that is at its beginning."""
    means = RunningMeans()
    place = Place(feed, steps)
    with prefetched(feed, steps) as batches:
        for step in range(steps):
            with place.at(step):
                x, y = next_batch(batches, step, steps)
                logs = test_step(model, x, y, outputs)
            means.add(logs, batch_length(x))
            if progress is not None:
                progress.step(means.result())
    return means.result()


def predict(model, x, batch_size=None, verbose=0, steps=None):
    """Outputs for all samples, in the order in which the data comes.

    Returns
    -------
    y : float array (samples, *output shape), or a list of them for several outputs
    """
    feed = as_feed(x, None, batch_size, False, model.seed, model)
    steps = steps_of(feed, steps, "steps")
    feed.start_epoch(0)
    batches, place = [], Place(feed, steps)
    with Progress("Predict", steps, verbose) as progress, prefetched(feed, steps) as source:
        for step in range(steps):
            with place.at(step):
                batch = next_batch(source, step, steps)
                outputs = predict_step(model, batch[0])
            batches.append(outputs if isinstance(outputs, list) else [outputs])
            progress.step({})
    joined = [np.concatenate(parts) for parts in zip(*batches, strict=True)]
    return joined[0] if len(joined) == 1 else joined


class RunningMeans:
    """Means of logs over batches, each batch counting as many times as it has samples.

    Given the totals of earlier batches, it goes on adding to them.
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


def require_compiled(model) -> None:
    """RuntimeError unless `compile` has been called."""
    if model.optimizer is None:
        raise RuntimeError(f"{model.name}: call compile(...) before training or evaluating")


def as_inputs(model, x) -> list[np.ndarray]:
    """Batch arrays for the model's inputs, in the model's dtype; ValueError where they misfit."""
    given = input_list(x)
    if getattr(model, "built", True) is False:
        model.build((None, *np.shape(given[0])[1:]))
    if len(given) == 1 and isinstance(x, list) and len(x) == len(model.graph.inputs) > 1:
        given = list(x)  # nested lists of numbers, one for each input
    if len(given) != len(model.graph.inputs):
        raise ValueError(
            f"{model.name}: expected {len(model.graph.inputs)} inputs, got {len(given)}"
        )
    arrays = [as_input(array, model) for array in given]
    for array, tensor in zip(arrays, model.graph.inputs, strict=True):
        if array.shape[1:] != tensor.sample_shape:
            raise ValueError(
                f"{model.name}: expected input of shape "
                f"{shapes.text(('batch', *tensor.sample_shape))}, got {shapes.text(array.shape)}"
            )
    if {len(array) for array in arrays} == {0}:
        raise ValueError(f"{model.name}: expected at least one sample, got a batch of none")
    if len({len(array) for array in arrays}) > 1:
        found = ", ".join(str(len(array)) for array in arrays)
        raise ValueError(f"{model.name}: expected as many samples for each input, got {found}")
    return arrays


def as_input(array, model) -> np.ndarray:
    """An array in the model's dtype, in the layout that kernels are compiled for."""
    if type(array) is np.ndarray and array.dtype == model.dtype and array.flags.carray:
        return array
    numbers = as_numbers(array, f"{model.name}: input")
    return np.array(numbers, dtype=model.dtype, order="C")


def as_labels(y, p: np.ndarray, output: str) -> np.ndarray:
    """Labels in the shape and dtype of the predictions `p`; ValueError where they misfit."""
    if y is None:
        raise ValueError(f"{output}: expected labels, got none; give y, or batches (x, y)")
    labels = as_numbers(y, f"{output}: labels").astype(p.dtype, copy=False)
    one_number = p.shape[-1] == 1  # then labels may come as (batch,), too
    if labels.shape != p.shape and not (one_number and labels.shape == p.shape[:-1]):
        numbers = "; numbers of classes have to become rows with a 1 for the class and 0 elsewhere"
        raise ValueError(
            f"{output}: expected labels of shape {shapes.text(p.shape)}, "
            f"got {shapes.text(labels.shape)}{numbers if labels.shape == p.shape[:-1] else ''}"
        )
    return labels.reshape(p.shape)


def batch_length(x) -> int:
    """Samples in a batch."""
    return len(x[0] if isinstance(x, (list, tuple)) else x)


def steps_of(feed, steps: int | None, argument: str) -> int:
    """The steps asked for, or all the feed has; ValueError where neither is known."""
    if steps is not None:
        return shapes.positive_int(steps, argument, "fit")
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
            "generator go on for ever"
        ) from None


def as_list(logs: dict[str, float]):
    """Keras' form of results: the loss alone, or [loss, losses of the outputs, metrics]."""
    names = metrics_names(logs)
    return logs["loss"] if len(names) == 1 else [logs[name] for name in names]


def metrics_names(logs: dict[str, float]) -> list[str]:
    """What the numbers of `as_list` are called, in its order."""
    losses = [key for key in logs if key.endswith("_loss")]
    return ["loss", *losses, *(key for key in logs if key not in ("loss", *losses))]
