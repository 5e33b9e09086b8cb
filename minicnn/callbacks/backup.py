"""The callback that writes checkpoints, and resumes from one that is there."""

import time
from contextlib import suppress
from pathlib import Path

from minicnn.callbacks.base import Callback, CallbackList
from minicnn.saving.checkpoint import Position, read_checkpoint, write_checkpoint
from minicnn.saving.describe import describe


class TrainingStopped(KeyboardInterrupt):
    """Training ended on request, after a checkpoint was written."""


class BackupAndRestore(Callback):
    """Write checkpoints while training; where there is one already, resume from it.

    The same program, started again after whatever ended it, ends with the bits it would have ended
    with. What cannot be restored is the user's own code: a Python generator continues with what it
    gives next, and a callback of one's own keeps what its `remembered` names.

    `fit` takes one of them, wherever it stands among the callbacks.

    Parameters
    ----------
    backup_dir : str or path
        A folder, made if missing; the checkpoint is `checkpoint.npz` in it. It is replaced by
        the next one only when that one is whole and on the disk.
    save_freq : "epoch", int or False
        After every epoch; after every epoch and every so many steps; only when asked to stop.
    double_checkpoint : False
        Keras' second file, for the case that the first is cut off, which cannot happen here:
        True is refused.
    delete_checkpoint : bool
        Whether the file is deleted when training ends by itself, as in Keras.

    Attributes
    ----------
    stop_requested : bool
        Set it, for example in a signal handler, to end training after the step that is being
        made: a checkpoint is written and `TrainingStopped` raised.
    seconds : float
        Of training, over all interruptions.
    """

    FILE = "checkpoint.npz"

    def __init__(
        self, backup_dir, save_freq="epoch", double_checkpoint=False, delete_checkpoint=True
    ):
        if not str(backup_dir):
            raise ValueError("BackupAndRestore: expected backup_dir to name a folder, got nothing")
        if double_checkpoint is not False:
            raise ValueError(
                "BackupAndRestore: expected double_checkpoint to be False (the one checkpoint is "
                f"whole at every moment), got {double_checkpoint!r}"
            )
        is_count = isinstance(save_freq, int) and save_freq is not True and save_freq >= 0
        if save_freq != "epoch" and not is_count:
            raise ValueError(
                "BackupAndRestore: expected save_freq to be 'epoch', a number of steps or False, "
                f"got {save_freq!r}"
            )
        self.path = Path(backup_dir) / self.FILE
        self.save_freq = save_freq
        self.delete_checkpoint = delete_checkpoint
        self.stop_requested = False
        self.seconds = 0.0

    def restore(self, position: Position, observers: CallbackList, feeds: list) -> Position:
        """Where to start: at `position`, or where the checkpoint says, with its state restored.

        CheckpointError, a ValueError, if the checkpoint cannot be read or is one of another
        training; RuntimeError or ValueError if none could be written: the model is not built yet,
        or has layers or metadata that cannot be saved.
        """
        self.observers, self.feeds, self.seconds = observers, feeds, 0.0
        describe(self.model)  # better now than after an epoch
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if self.path.exists():
            position, self.seconds = read_checkpoint(self.path, self.model, observers, feeds)
        self.started = time.perf_counter() - self.seconds
        return position

    def after_step(self, position: Position) -> None:
        """Write a checkpoint if one is due; TrainingStopped if that was asked for."""
        steps = self.params["steps"]
        made = position.epoch * steps + position.step
        is_due = self.save_freq not in ("epoch", False) and made % self.save_freq == 0
        place = f"step {position.step} of {steps} of epoch {position.epoch + 1}"
        self._save_or_stop(position, is_due, place)

    def after_epoch(self, position: Position) -> None:
        """The same after an epoch: `position` is the beginning of the next one."""
        self._save_or_stop(position, bool(self.save_freq), f"epoch {position.epoch}")

    def _save_or_stop(self, position: Position, is_due: bool, place: str) -> None:
        if is_due or self.stop_requested:
            self.save(position)
        if self.stop_requested:
            self.stop_requested = False
            raise TrainingStopped(f"stopped after {place}")

    def save(self, position: Position) -> None:
        """Write the checkpoint; until it is whole the one before it stays."""
        self.seconds = time.perf_counter() - self.started
        try:
            write_checkpoint(
                self.path, self.model, position, self.observers, self.feeds, self.seconds
            )
        except OSError as error:
            before = "the one before it is whole" if self.path.exists() else "there is none before"
            reason = f"{error.strerror or error} (a checkpoint could not be written; {before})"
            raise OSError(error.errno, reason, str(self.path)) from None

    def on_train_end(self, logs=None):
        self.seconds = time.perf_counter() - self.started
        if self.delete_checkpoint:
            self.discard()

    def discard(self) -> None:
        """Delete the checkpoint, and its folder if nothing else is in it."""
        self.path.unlink(missing_ok=True)
        with suppress(OSError):
            self.path.parent.rmdir()
