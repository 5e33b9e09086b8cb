"""Callbacks that watch one of the logs from epoch to epoch, or set the learning rate."""

import math

import numpy as np

from minicnn.callbacks.base import Callback


class Monitor:
    """Which of the logs is watched, and what is better.

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

    Attributes
    ----------
    worst : float
        What every value is better than.
    """

    def __init__(self, key: str, mode: str, min_delta: float, owner: str):
        if mode not in ("auto", "min", "max"):
            raise ValueError(f"{owner}: expected mode to be auto, min or max, got {mode!r}")
        upward = mode == "max" or (mode == "auto" and "acc" in key)
        self.key, self.owner = key, owner
        self.sign = 1 if upward else -1
        self.min_delta = abs(min_delta)
        self.worst = -self.sign * math.inf

    def __repr__(self) -> str:
        return f"{self.key} (the {'larger' if self.sign > 0 else 'smaller'}, the better)"

    def value(self, logs: dict[str, float]) -> float:
        """The watched value; ValueError with the keys there are if it is missing."""
        if self.key not in logs:
            raise ValueError(
                f"{self.owner}: expected monitor to be one of {', '.join(logs)}, got {self.key!r}"
            )
        return logs[self.key]

    def is_better(self, value: float, other: float) -> bool:
        """Whether `value` is better than `other` by more than min_delta."""
        return self.sign * (value - other) > self.min_delta


class EarlyStopping(Callback):
    """Stop when one of the logs has not got better for `patience` epochs.

    Parameters
    ----------
    monitor, min_delta, mode
        See `Monitor`.
    patience : int
        Epochs to wait.
    verbose : int
        1 prints a line when it stops.
    baseline : float, optional
        Only values that are also better than this one reset the waiting.
    restore_best_weights : bool
        Whether the model ends, however training ends, with the weights of its best epoch.
    start_from_epoch : int
        Epochs at the start that do not count.
    """

    remembered = ("best", "wait", "best_epoch", "stopped_epoch", "best_weights")

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
        self.patience, self.start_from_epoch, self.baseline = patience, start_from_epoch, baseline
        self.restore_best_weights, self.verbose = restore_best_weights, verbose

    def on_train_begin(self, logs=None):
        self.best, self.wait = self.monitor.worst, 0
        self.best_epoch, self.stopped_epoch, self.best_weights = None, None, None

    def set_state(self, state):
        best = state["best_weights"]
        if best is not None and list(map(np.shape, best)) != [
            param.shape for param in self.model.named_weights().values()
        ]:
            raise ValueError("the best weights are not of the model's shapes")
        super().set_state(state)

    def on_epoch_end(self, epoch, logs=None):
        value = self.monitor.value(logs)
        if epoch < self.start_from_epoch:
            return
        self.wait += 1
        if self.monitor.is_better(value, self.best):
            self.best, self.best_epoch = value, epoch
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
            if self.baseline is None or self.monitor.is_better(value, self.baseline):
                self.wait = 0
        elif self.wait >= self.patience:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs=None):
        if self.stopped_epoch is not None and self.verbose:
            print(f"Stopped early after epoch {self.stopped_epoch + 1}")
        if self.best_weights is not None:
            self.model.set_weights(self.best_weights)


class ReduceLROnPlateau(Callback):
    """Make the learning rate smaller when one of the logs has stopped getting better.

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

    remembered = ("best", "wait", "resting")

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
        self.best, self.wait, self.resting = self.monitor.worst, 0, 0

    def on_epoch_end(self, epoch, logs=None):
        logs["learning_rate"] = self.model.optimizer.learning_rate
        value = self.monitor.value(logs)
        if self.resting > 0:
            self.resting -= 1
            self.wait = 0
        if self.monitor.is_better(value, self.best):
            self.best, self.wait = value, 0
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
