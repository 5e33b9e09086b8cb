"""The callback that ends a training which gets no better."""

import numpy as np

from minicnn.callbacks.base import Callback
from minicnn.callbacks.monitor import Monitor, require_numbers


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
        require_numbers("EarlyStopping", patience=patience, start_from_epoch=start_from_epoch)
        if baseline is not None:
            require_numbers("EarlyStopping", baseline=baseline)
        self.patience, self.start_from_epoch, self.baseline = patience, start_from_epoch, baseline
        self.restore_best_weights, self.verbose = restore_best_weights, verbose

    def on_train_begin(self, logs=None):
        self.monitor.bind(self.model)
        self.best, self.wait = self.monitor.worst, 0
        self.best_epoch, self.stopped_epoch, self.best_weights = None, None, None

    def set_state(self, state):
        best = state["best_weights"]
        if best is not None and list(map(np.shape, best)) != [
            param.shape for param in self.model.named_weights().values()
        ]:
            raise ValueError("the best weights are not of the model's shapes")
        super().set_state(state)

    def check_keys(self, batch, epoch, more):
        """ValueError if `monitor` is not among the keys of the logs."""
        self.monitor.check_keys(epoch, more)

    def on_epoch_end(self, epoch, logs=None):
        value = self.monitor.value(logs)
        if value is None or epoch < self.start_from_epoch:
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
