"""The callback that writes every epoch's logs to a csv file."""

import csv
import warnings
from pathlib import Path

from minicnn.callbacks.base import Callback
from minicnn.files import atomic_write, ordinary_file

MISSING = "NA"  # the value of a key that an epoch's logs do not have


class CSVLogger(Callback):
    """Write every epoch's logs to a csv file: epoch, then the logs' names in order.

    The columns are those of the first row. An epoch that lacks one of them has NA there.

    Parameters
    ----------
    filename : str
        Its folder is made where it is missing.
    separator : str
        One character.
    append : bool
        Whether to add to a file that is there already. Its columns have to be those of the logs,
        in any order: else ValueError, before anything is written.
    """

    remembered = ("rows",)

    def __init__(self, filename, separator=",", append=False):
        if not isinstance(separator, str) or len(separator) != 1:
            raise ValueError(
                f"CSVLogger: expected separator to be one character, got {separator!r}"
            )
        self.path, self.separator, self.append = Path(filename), separator, append

    def on_train_begin(self, logs=None):
        self.path.parent.mkdir(parents=True, exist_ok=True)
        lines = self._lines() if self.append else []
        with open(self.path, "a", newline="") as file:  # OSError now, not after an epoch
            if lines and not lines[-1].endswith("\n"):
                file.write("\r\n")
        self.rows, self.keys = len(lines), []

    def check_keys(self, batch, epoch, more):
        """ValueError if a file to append to has other columns."""
        self.keys = epoch
        columns = self._columns() if self.rows else ["epoch", *epoch]
        if columns[:1] != ["epoch"] or not (more or set(columns[1:]) == set(epoch)):
            expected = self.separator.join(["epoch", *sorted(epoch)])
            raise ValueError(
                f"CSVLogger: expected {self.path} to have the columns {expected} to append to, "
                f"found {self.separator.join(columns)}; take another file, or append=False"
            )

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

    def _columns(self) -> list[str]:
        """The header of the file."""
        return next(csv.reader(self._lines()[:1], delimiter=self.separator))

    def on_epoch_end(self, epoch, logs=None):
        columns = self._columns() if self.rows else ["epoch", *sorted({*self.keys, *logs})]
        if new := sorted(set(logs).difference(columns)):
            warnings.warn(
                f"CSVLogger: {self.path} has no column for {', '.join(new)}, which earlier epochs "
                "did not log; not written",
                stacklevel=2,
            )
        values = {"epoch": epoch, **logs}
        with open(self.path, "a" if self.rows else "w", newline="") as file:
            writer = csv.writer(file, delimiter=self.separator)
            if self.rows == 0:
                writer.writerow(columns)
            writer.writerow([values.get(column, MISSING) for column in columns])
        self.rows += 1 if self.rows else 2
