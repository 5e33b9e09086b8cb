"""What happens beside training: stopping early, keeping the best weights, writing logs.

Names, arguments and defaults are Keras'.
"""

import csv
import math
from pathlib import Path

import numpy as np

from minicnn.diagnosis import bad_weights, largest_weight, where_it_began
from minicnn.files import whole_file


class Callback:
    """Base of all callbacks: does nothing at every occasion.

    Attributes
    ----------
    model : Model
    params : dict
        "epochs", "steps" and "verbose" of the running `fit`.
    """

    model = None
    params: dict = {}  # noqa: RUF012 (replaced, never changed)

    def get_state(self) -> dict:
        """What the callback remembers, for a checkpoint: numbers, texts, lists, arrays."""
        return {}

    def set_state(self, state: dict) -> None:
        """Go on from what `get_state` gave; told after `on_train_begin`.

        In the middle of an epoch `on_epoch_begin` is not told again.
        """

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Before the first epoch."""

    def on_train_end(self, logs: dict | None = None) -> None:
        """After the last epoch."""

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        """Before an epoch; they count from 0."""

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """After an epoch; `logs` has its means and, as val_..., the validation's."""

    def on_train_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        """Before a training step."""
        self.on_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """After a training step; `logs` has its own numbers, not means."""
        self.on_batch_end(batch, logs)

    def on_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        """Another name for on_train_batch_begin."""

    def on_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Another name for on_train_batch_end."""


class CallbackList:
    """Tells all callbacks, in their order, what has happened.

    Raises
    ------
    TypeError
        For something that is no Callback.
    ValueError
        For a callback that waits for an occasion which never comes here.
    """

    NEVER = ("on_test_", "on_predict_")  # Keras also tells of evaluate and predict

    def __init__(self, callbacks: list[Callback], model, params: dict):
        self.callbacks, self.params = callbacks, params
        for callback in callbacks:
            if not isinstance(callback, Callback):
                raise TypeError(f"callbacks: expected Callbacks, got {type(callback).__name__}")
            waits = [name for name in dir(callback) if name.startswith(self.NEVER)]
            if waits:
                raise ValueError(
                    f"{type(callback).__name__}: {waits[0]} is never called here, only the "
                    "on_train_... and on_epoch_... occasions are"
                )
            callback.model, callback.params = model, params

    def tell(self, occasion: str, *arguments) -> None:
        """Call each callback's method of that name, such as "on_epoch_end"."""
        for callback in self.callbacks:
            getattr(callback, occasion)(*arguments)


class History(Callback):
    """What `fit` returns: every epoch's numbers.

    Attributes
    ----------
    history : dict of str to list of float
    epoch : list of int
    """

    def __init__(self):
        self.history: dict[str, list[float]] = {}
        self.epoch: list[int] = []

    def get_state(self):
        return {"history": self.history, "epoch": self.epoch}

    def set_state(self, state):
        self.history, self.epoch = state["history"], state["epoch"]

    def on_epoch_end(self, epoch, logs=None):
        self.epoch.append(epoch)
        for key, value in logs.items():
            self.history.setdefault(key, []).append(value)


class Monitor:
    """Tells whether a number got better.

    Parameters
    ----------
    key : str
        Which of the logs, such as "val_loss".
    mode : {"auto", "min", "max"}
        Whether smaller or larger is better; auto: larger for accuracies, smaller otherwise.
    min_delta : float
        Changes no larger than this do not count as better.
    owner : str
        For messages.
    """

    def __init__(self, key: str, mode: str, min_delta: float, owner: str):
        if mode not in ("auto", "min", "max"):
            raise ValueError(f"{owner}: expected mode to be auto, min or max, got {mode!r}")
        upward = mode == "max" or (mode == "auto" and "acc" in key)
        self.key, self.owner = key, owner
        self.sign = 1 if upward else -1
        self.min_delta = abs(min_delta)
        self.reset()

    def reset(self) -> None:
        self.best = -self.sign * math.inf

    def value(self, logs: dict[str, float]) -> float:
        """The monitored number; ValueError with the keys there are if it is missing."""
        if self.key not in logs:
            raise ValueError(
                f"{self.owner}: expected monitor to be one of {', '.join(logs)}, got {self.key!r}"
            )
        return logs[self.key]

    def improves(self, value: float) -> bool:
        """Whether `value` beats the best so far by more than min_delta; if so it is the best."""
        better = self.beats(value, self.best)
        if better:
            self.best = value
        return better

    def beats(self, value: float, other: float) -> bool:
        """Whether `value` is better than `other` by more than min_delta."""
        return self.sign * (value - other) > self.min_delta


class EarlyStopping(Callback):
    """Stop when a number has not got better for `patience` epochs.

    Parameters
    ----------
    monitor, min_delta, mode
        See `Monitor`.
    patience : int
        Epochs to wait.
    verbose : int
        1 prints a line when it stops.
    baseline : float, optional
        Only numbers that also beat this one let the waiting begin anew.
    restore_best_weights : bool
        Whether the model ends, however training ends, with the weights of its best epoch.
    start_from_epoch : int
        Epochs at the start that do not count.
    """

    def __init__(
        self,
        monitor="val_loss",
        min_delta=0,
        patience=0,
        verbose=0,
        mode="auto",
        baseline=None,
        restore_best_weights=False,
        start_from_epoch=0,
    ):
        self.monitor = Monitor(monitor, mode, min_delta, "EarlyStopping")
        self.patience = patience
        self.verbose = verbose
        self.baseline = baseline
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = start_from_epoch

    def on_train_begin(self, logs=None):
        self.monitor.reset()
        self.wait, self.best_epoch, self.stopped_epoch, self.best_weights = 0, None, None, None

    def get_state(self):
        return {
            "best": self.monitor.best,
            "wait": self.wait,
            "best_epoch": self.best_epoch,
            "stopped_epoch": self.stopped_epoch,
            "best_weights": self.best_weights,
        }

    def set_state(self, state):
        best = state["best_weights"]
        if best is not None and list(map(np.shape, best)) != [
            param.shape for param in self.model.named_weights().values()
        ]:
            raise ValueError("the best weights are not of the model's shapes")
        self.monitor.best = state["best"]
        self.wait, self.best_epoch = state["wait"], state["best_epoch"]
        self.stopped_epoch, self.best_weights = state["stopped_epoch"], state["best_weights"]

    def on_epoch_end(self, epoch, logs=None):
        value = self.monitor.value(logs)
        if epoch < self.start_from_epoch:
            return
        self.wait += 1
        if self.monitor.improves(value):
            self.best_epoch = epoch
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
            if self.baseline is None or self.monitor.beats(value, self.baseline):
                self.wait = 0
        elif self.wait >= self.patience:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs=None):
        if self.stopped_epoch is not None and self.verbose:
            print(f"Stopped early after epoch {self.stopped_epoch + 1}")
        if self.best_weights is not None:
            self.model.set_weights(self.best_weights)


class ModelCheckpoint(Callback):
    """Save the model after every epoch, or after every epoch that was the best so far.

    Parameters
    ----------
    filepath : str
        Ends in .npz; may hold {epoch} and the logs' names, as in "model-{epoch:02d}.npz".
    monitor, mode
        See `Monitor`.
    verbose : int
        1 prints a line for each file.
    save_best_only, save_weights_only : bool
    """

    def __init__(
        self,
        filepath,
        monitor="val_loss",
        verbose=0,
        save_best_only=False,
        save_weights_only=False,
        mode="auto",
    ):
        self.filepath = str(filepath)
        if not self.filepath.endswith(".npz"):
            raise ValueError(
                f"ModelCheckpoint: expected a filepath that ends in .npz (the only format there "
                f"is), got {self.filepath!r}"
            )
        self.monitor = Monitor(monitor, mode, 0, "ModelCheckpoint")
        self.verbose = verbose
        self.save_best_only = save_best_only
        self.save_weights_only = save_weights_only

    def get_state(self):
        return {"best": self.monitor.best}

    def set_state(self, state):
        self.monitor.best = state["best"]

    def on_epoch_end(self, epoch, logs=None):
        if self.save_best_only and not self.monitor.improves(self.monitor.value(logs)):
            return
        try:
            path = self.filepath.format(epoch=epoch + 1, **logs)
        except KeyError as error:
            raise ValueError(
                f"ModelCheckpoint: expected names in filepath among epoch, {', '.join(logs)}, "
                f"got {error}"
            ) from None
        save = self.model.save_weights if self.save_weights_only else self.model.save
        save(path)
        if self.verbose:
            print(f"Saved {path}")


class ReduceLROnPlateau(Callback):
    """Make the learning rate smaller when a number has stopped getting better.

    The epoch's rate is added to the logs, and so to the history, as "learning_rate".

    Parameters
    ----------
    monitor, mode, min_delta
        See `Monitor`.
    factor : float
        In (0, 1); the learning rate is multiplied with it.
    patience : int
        Epochs to wait.
    verbose : int
        1 prints a line when it happens.
    cooldown : int
        Epochs after a change that do not count.
    min_lr : float
        Smallest learning rate.
    """

    def __init__(
        self,
        monitor="val_loss",
        factor=0.1,
        patience=10,
        verbose=0,
        mode="auto",
        min_delta=1e-4,
        cooldown=0,
        min_lr=0.0,
    ):
        if not 0 < factor < 1:
            raise ValueError(f"ReduceLROnPlateau: expected factor to be in (0, 1), got {factor!r}")
        self.monitor = Monitor(monitor, mode, min_delta, "ReduceLROnPlateau")
        self.factor, self.patience, self.verbose = factor, patience, verbose
        self.cooldown, self.min_lr = cooldown, min_lr

    def on_train_begin(self, logs=None):
        self.monitor.reset()
        self.wait = self.resting = 0

    def get_state(self):
        return {"best": self.monitor.best, "wait": self.wait, "resting": self.resting}

    def set_state(self, state):
        self.monitor.best = state["best"]
        self.wait, self.resting = state["wait"], state["resting"]

    def on_epoch_end(self, epoch, logs=None):
        logs["learning_rate"] = self.model.optimizer.learning_rate
        better = self.monitor.improves(self.monitor.value(logs))
        if self.resting > 0:
            self.resting -= 1
            self.wait = 0
        if better:
            self.wait = 0
        elif self.resting == 0:
            self.wait += 1
            if self.wait >= self.patience:
                self._reduce()

    def _reduce(self) -> None:
        optimizer = self.model.optimizer
        reduced = max(optimizer.learning_rate * self.factor, self.min_lr)
        if reduced < optimizer.learning_rate:
            optimizer.learning_rate = reduced
            if self.verbose:
                print(f"Learning rate reduced to {reduced:.3g}")
        self.resting, self.wait = self.cooldown, 0


class LearningRateScheduler(Callback):
    """Set the learning rate before every epoch, and log it as "learning_rate".

    Parameters
    ----------
    schedule : function (epoch, learning_rate) -> float
    verbose : int
        1 prints a line for each epoch.
    """

    def __init__(self, schedule, verbose=0):
        self.schedule, self.verbose = schedule, verbose

    def on_epoch_begin(self, epoch, logs=None):
        optimizer = self.model.optimizer
        optimizer.learning_rate = float(self.schedule(epoch, optimizer.learning_rate))
        if self.verbose:
            print(f"Epoch {epoch + 1}: learning rate {optimizer.learning_rate:.3g}")

    def on_epoch_end(self, epoch, logs=None):
        logs["learning_rate"] = self.model.optimizer.learning_rate


class CSVLogger(Callback):
    """Write every epoch's numbers to a csv file: epoch, then the logs' names in order.

    Parameters
    ----------
    filename : str
    separator : str
    append : bool
        Whether to go on with a file that is there already.
    """

    def __init__(self, filename, separator=",", append=False):
        self.path, self.separator, self.append = Path(filename), separator, append

    def on_train_begin(self, logs=None):
        self.rows = len(self._lines()) if self.append else 0

    def get_state(self):
        return {"rows": self.rows}

    def set_state(self, state):
        """Drop the epochs after the checkpoint: they will be trained and written once more."""
        self.rows = min(state["rows"], len(self._lines()))
        with whole_file(self.path) as temporary:
            temporary.write_text("".join(self._lines()[: self.rows]), newline="")

    def _lines(self) -> list[str]:
        """What the file has by now, if there is one."""
        if not self.path.exists():
            return []
        with open(self.path, newline="") as file:
            return file.readlines()

    def on_epoch_end(self, epoch, logs=None):
        keys = sorted(logs)
        with open(self.path, "a" if self.rows else "w", newline="") as file:
            writer = csv.writer(file, delimiter=self.separator)
            if self.rows == 0:
                writer.writerow(["epoch", *keys])
                self.rows = 1
            writer.writerow([epoch, *(logs[key] for key in keys)])
        self.rows += 1


class TerminateOnNaN(Callback):
    """Stop when the loss of a batch is not a finite number.

    At an epoch's end the validation loss and the weights are looked at, too. Says where it began,
    see `minicnn.diagnosis`. The weights are then those from before the batch whose loss it was:
    with gradients that are no numbers, its step is not made. (Keras makes it.)

    Parameters
    ----------
    verbose : int
        1 prints it (Keras always does).

    Attributes
    ----------
    found : str or None
        What was found and where, None if all was well.
    """

    def __init__(self, verbose=1):
        self.verbose = verbose
        self.found: str | None = None

    def on_train_begin(self, logs=None):
        self.found, self.began, self.epoch = None, None, 0

    def get_state(self):
        return {"found": self.found, "epoch": self.epoch}

    def set_state(self, state):
        self.found, self.epoch = state["found"], state["epoch"]

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def look(self, place, inputs) -> None:
        """Find out where it began; `train_step` calls this while it can still be found out.

        Parameters
        ----------
        place : minicnn.diagnosis.Place
            The batch.
        inputs : list of float arrays
        """
        batch = f"batch {place} ({place.samples(len(inputs[0]))})"
        self.began = batch, where_it_began(self.model, inputs, place.feed.name_of)

    def on_train_batch_end(self, batch, logs=None):
        if not np.isfinite(logs["loss"]):
            name, reason = self.began or (f"batch {batch + 1}", "it was not trained by fit")
            self._stop(f"{name}: the loss is {logs['loss']}: {reason}")

    def on_epoch_end(self, epoch, logs=None):
        reason = bad_weights(self.model) if self.found is None else None
        if reason is not None:  # behind the epoch's last batch, there is no loss to show it
            self._stop(f"after its last batch: {reason}")
        elif self.found is None and not np.isfinite((logs or {}).get("val_loss", 0)):
            self._stop(f"the validation loss is {logs['val_loss']}: {largest_weight(self.model)}")

    def _stop(self, what: str) -> None:
        self.found = f"epoch {self.epoch + 1}, {what}"
        if self.verbose:
            print(f"Training stops: {self.found}")
        self.model.stop_training = True
