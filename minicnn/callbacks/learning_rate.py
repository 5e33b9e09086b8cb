"""Callbacks that change the learning rate between epochs."""

import inspect
import math

from minicnn import arguments
from minicnn.callbacks.base import Callback
from minicnn.callbacks.monitor import Monitor, require_numbers


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
    logged = ("learning_rate",)

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
        given = {"factor": factor, "patience": patience, "cooldown": cooldown, "min_lr": min_lr}
        require_numbers("ReduceLROnPlateau", **given)
        if not 0 < factor < 1:
            raise ValueError(f"ReduceLROnPlateau: expected factor to be in (0, 1), got {factor!r}")
        self.monitor = Monitor(monitor, mode, min_delta, "ReduceLROnPlateau")
        self.factor, self.patience, self.verbose = factor, patience, verbose
        self.cooldown, self.min_lr = cooldown, min_lr

    def check_keys(self, batch, epoch, more):
        """ValueError if `monitor` is not among the keys of the logs."""
        self.monitor.check_keys([*epoch, *self.logged], more)

    def on_train_begin(self, logs=None):
        self.monitor.bind(self.model)
        self.best, self.wait, self.resting = self.monitor.worst, 0, 0

    def on_epoch_end(self, epoch, logs=None):
        logs["learning_rate"] = self.model.optimizer.learning_rate
        value = self.monitor.value(logs)
        if value is None:
            return
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
    schedule : function (epoch, learning_rate) -> float, or (epoch) -> float
        Epochs count from 0; rates are 0 or more.
    verbose : int
        1 prints a line for each epoch.
    """

    logged = ("learning_rate",)

    def __init__(self, schedule, verbose=0):
        if not callable(schedule):
            raise TypeError(
                f"LearningRateScheduler: expected schedule to be a function, got {schedule!r}"
            )
        self.schedule, self.verbose = schedule, verbose

    def on_epoch_begin(self, epoch, logs=None):
        optimizer = self.model.optimizer
        given = (epoch, optimizer.learning_rate) if takes_rate(self.schedule) else (epoch,)
        rate, name = self.schedule(*given), f"the rate of epoch {epoch}"
        optimizer.learning_rate = arguments.real(rate, name, "LearningRateScheduler", 0, math.inf)
        if self.verbose:
            print(f"Epoch {epoch + 1}: learning rate {optimizer.learning_rate:.3g}")

    def on_epoch_end(self, epoch, logs=None):
        logs["learning_rate"] = self.model.optimizer.learning_rate


def takes_rate(schedule) -> bool:
    """Whether a function can be called with an epoch and a learning rate."""
    try:
        inspect.signature(schedule).bind(0, 0.1)
    except TypeError:
        return False
    except ValueError:  # a function that is not written in Python may not tell its arguments
        return True
    return True
