"""The callback that ends a training whose loss is not finite, and says where that began."""

import numpy as np

from minicnn.callbacks.base import Callback
from minicnn.callbacks.nan_diagnosis import first_nonfinite_layer, largest_weight, nonfinite_weights
from minicnn.printing import print_text


class TerminateOnNaN(Callback):
    """Stop when the loss of a batch is not finite, and say where that began (see `nan_diagnosis`).

    At an epoch's end the validation loss and the weights are checked, too. The weights stay those
    from before the batch whose loss it was: its step is not made. (Keras makes it.)

    Parameters
    ----------
    raise_error : bool
        Whether it ends with a RuntimeError that says so, without `on_train_end`, as Keras has it.
    verbose : int
        1 prints it (Keras always does).

    Attributes
    ----------
    found : str or None
        What was found and where, None if all was well.
    """

    remembered = ("found", "epoch")

    def __init__(self, raise_error=False, verbose=1):
        self.raise_error, self.verbose = raise_error, verbose
        self.found: str | None = None

    def on_train_begin(self, logs=None):
        self.found, self.began, self.epoch = None, None, 0

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_bad_loss(self, place, inputs):
        """Find out where it began, while it can still be found out."""
        batch = f"batch {place} ({place.samples(len(inputs[0]))})"
        self.began = batch, first_nonfinite_layer(self.model, inputs, place.feed.name_of)

    def on_train_batch_end(self, batch, logs=None):
        if not np.isfinite(logs["loss"]):
            name, reason = self.began or (f"batch {batch + 1}", "it was not trained by fit")
            self._stop(f"{name}: the loss is {logs['loss']}: {reason}")

    def on_epoch_end(self, epoch, logs=None):
        reason = nonfinite_weights(self.model) if self.found is None else None
        if reason is not None:  # behind the epoch's last batch, there is no loss to show it
            self._stop(f"after its last batch: {reason}")
        elif self.found is None and not np.isfinite((logs or {}).get("val_loss", 0)):
            self._stop(f"the validation loss is {logs['val_loss']}: {largest_weight(self.model)}")

    def _stop(self, what: str) -> None:
        self.found = f"epoch {self.epoch + 1}, {what}"
        if self.raise_error:
            raise RuntimeError(f"Training stops: {self.found}")
        if self.verbose:
            print_text(f"Training stops: {self.found}")
        self.model.stop_training = True
