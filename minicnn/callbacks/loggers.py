"""Callbacks that write files: models, and a table of every epoch's logs."""

import csv
from pathlib import Path

from minicnn.callbacks.base import Callback
from minicnn.callbacks.monitors import Monitor
from minicnn.files import atomic_write, ordinary_file


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


class CSVLogger(Callback):
    """Write every epoch's logs to a csv file: epoch, then the logs' names in order.

    Parameters
    ----------
    filename : str
    separator : str
    append : bool
        Whether to add to a file that is there already.
    """

    remembered = ("rows",)

    def __init__(self, filename, separator=",", append=False):
        self.path, self.separator, self.append = Path(filename), separator, append

    def on_train_begin(self, logs=None):
        self.rows = len(self._lines()) if self.append else 0

    def set_state(self, state):
        """Drop the epochs after the checkpoint: they will be trained and written once more."""
        self.rows = min(state["rows"], len(self._lines()))
        with atomic_write(self.path) as temporary:
            temporary.write_text("".join(self._lines()[: self.rows]), newline="")

    def _lines(self) -> list[str]:
        """What the file has by now, if there is one."""
        if not self.path.exists():
            return []
        with open(ordinary_file(self.path), newline="") as file:
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
