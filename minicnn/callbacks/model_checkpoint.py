"""The callback that saves models while they train."""

from minicnn.callbacks.base import Callback
from minicnn.callbacks.monitor import Monitor


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

    remembered = ("best",)

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
        self.best, self.verbose = self.monitor.worst, verbose
        self.save_best_only, self.save_weights_only = save_best_only, save_weights_only

    def on_epoch_end(self, epoch, logs=None):
        if self.save_best_only:
            value = self.monitor.value(logs)
            if not self.monitor.is_better(value, self.best):
                return
            self.best = value
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
