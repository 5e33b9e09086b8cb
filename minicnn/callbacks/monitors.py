"""Callbacks that watch a number from epoch to epoch, or set the learning rate."""

import math

import numpy as np

from minicnn.callbacks.base import Callback


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
