"""The callback that saves models while they train."""

from collections import defaultdict
from contextlib import suppress
from pathlib import Path

from minicnn.callbacks.base import Callback
from minicnn.callbacks.monitor import Monitor, require_numbers
from minicnn.printing import print_text
from minicnn.saving.describe import describe


class ModelCheckpoint(Callback):
    """Save the model after every epoch, or after every epoch that was the best so far.

    Parameters
    ----------
    filepath : str
        Ends in .npz; may hold {epoch} and the logs' names, as in "model-{epoch:02d}.npz", and
        {batch} where `save_freq` is a number. Folders are made where they are missing.
    monitor, mode
        See `Monitor`.
    verbose : int
        1 prints a line for each file.
    save_best_only, save_weights_only : bool
    save_freq : "epoch" or int
        After every epoch, or after every so many steps, counted over epochs.
    initial_value_threshold : float, optional
        With `save_best_only`, what the first file has to be better than.
    """

    remembered = ("best", "epoch", "steps")

    def __init__(
        self,
        filepath,
        monitor="val_loss",
        verbose=0,
        save_best_only=False,
        save_weights_only=False,
        mode="auto",
        save_freq="epoch",
        initial_value_threshold=None,
    ):
        self.filepath = str(filepath)
        if not self.filepath.endswith(".npz"):
            raise ValueError(
                f"ModelCheckpoint: expected a filepath that ends in .npz (the only format there "
                f"is), got {self.filepath!r}"
            )
        if save_freq != "epoch" and (type(save_freq) is not int or save_freq < 1):
            raise ValueError(
                "ModelCheckpoint: expected save_freq to be 'epoch' or a number of steps, "
                f"got {save_freq!r}"
            )
        self.monitor = Monitor(monitor, mode, 0, "ModelCheckpoint")
        if initial_value_threshold is not None:
            require_numbers("ModelCheckpoint", initial_value_threshold=initial_value_threshold)
        self.verbose, self.save_freq = verbose, save_freq
        self.save_best_only, self.save_weights_only = save_best_only, save_weights_only
        self.best = self.initial_value_threshold = initial_value_threshold
        self.steps = 0  # since the last file

    def on_train_begin(self, logs=None):
        if self.save_best_only:
            self.monitor.bind(self.model)
            self.best = self.monitor.worst if self.best is None else self.best

    def check_keys(self, batch, epoch, more):
        """ValueError if `monitor` or `filepath` ask for a key that there will not be, or if the
        model cannot be saved; OSError if the folder cannot be made."""
        by_epoch = self.save_freq == "epoch"
        keys, more = (epoch, more) if by_epoch else ([*batch, "batch"], False)
        if self.save_best_only:
            self.monitor.check_keys(keys, more)
        values = {"epoch": 1, **dict.fromkeys(keys, 0.5)} | ({} if by_epoch else {"batch": 1})
        path = self._path(defaultdict(lambda: 0.5, values) if more else values)
        if path.is_dir():
            raise ValueError(
                f"ModelCheckpoint: expected filepath to name a file, {path} is a folder"
            )
        fixed = next(folder for folder in Path(self.filepath).parents if "{" not in str(folder))
        fixed.mkdir(parents=True, exist_ok=True)
        if not self.save_weights_only:
            with suppress(RuntimeError):  # not built yet
                describe(self.model)

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        self.steps += 1
        if self.steps == self.save_freq:
            self.steps = 0
            self._save({"batch": batch + 1, **logs})

    def on_epoch_end(self, epoch, logs=None):
        if self.save_freq == "epoch":
            self._save(logs)

    def _save(self, logs: dict[str, float]) -> None:
        """Write the file, if it is not only the best that is wanted, or if this is the best."""
        if self.save_best_only:
            value = self.monitor.value(logs)
            if value is None or not self.monitor.is_better(value, self.best):
                return
            self.best = value
        path = self._path({"epoch": self.epoch + 1, **logs})
        path.parent.mkdir(parents=True, exist_ok=True)
        save = self.model.save_weights if self.save_weights_only else self.model.save
        save(path)
        if self.verbose:
            print_text(f"Saved {path}")

    def _path(self, values: dict) -> Path:
        """`filepath` with values for its names; ValueError if it asks for others."""
        try:
            return Path(self.filepath.format_map(values))
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            raise ValueError(
                f"ModelCheckpoint: expected names in filepath among {', '.join(values)}, "
                f"got {self.filepath!r} ({error})"
            ) from None
