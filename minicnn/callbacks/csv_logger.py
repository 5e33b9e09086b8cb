"""The callback that writes every epoch's logs to a csv file."""

import csv
from pathlib import Path

from minicnn.callbacks.base import Callback
from minicnn.files import atomic_write


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
