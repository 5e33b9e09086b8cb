"""What is seen of a training while it lasts: one live line, or a line now and then."""

import sys
import time

from covid.common.parallel import bar_options
from covid.common.screen import QUIET, USUAL, VERBOSE, duration, is_terminal, say
from minicnn.callbacks import Callback
from minicnn.saving.checkpoint import Position

NOW_AND_THEN = 60.0  # seconds between two lines where no line can be rewritten
ORDER = ("loss", "acc", "val_loss", "val_acc")


class EpochLine(Callback):
    """The epoch, the latest values and a bar, on a terminal; elsewhere a line every minute.

    To be used in a `with` block, at whose end the live line disappears.

    Parameters
    ----------
    epochs : int
        At most.
    verbose : {QUIET, USUAL, VERBOSE}
        VERBOSE: a line for each epoch instead. The callback itself is always there, since a
        checkpoint is refused where the callbacks are not those that wrote it.
    label : str
        What is trained; with one, only the values of the validation have room.
    """

    def __init__(self, epochs: int, verbose: int = USUAL, label: str = ""):
        self.epochs, self.verbose, self.label, self.values = epochs, verbose, label, ""
        self.begun = self.written = time.monotonic()
        self.bar = None

    def __enter__(self) -> "EpochLine":
        return self

    def __exit__(self, *exception) -> None:
        if self.bar is not None:
            self.bar.close()

    def after_step(self, position: Position) -> None:
        """Move the bar; it is there from the first step on, when kernels have been compiled."""
        if self.verbose == USUAL and is_terminal(sys.stdout):
            self.show(position.epoch, position.step)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Take the epoch's values, and print them where it is time for a line."""
        names = [name for name in ORDER if name.startswith("val_" if self.label else "")]
        self.values = "".join(f" {name} {logs[name]:.3f}" for name in names)
        now = time.monotonic()
        late = now - self.written > NOW_AND_THEN and not is_terminal(sys.stdout)
        if self.verbose == VERBOSE:
            say(f"  {self.text(epoch)}")
        elif self.verbose != QUIET and late:
            self.written = now
            say(f"  {self.model.name}, {self.text(epoch)}, after {duration(now - self.begun)}")

    def text(self, epoch: int) -> str:
        """Such as "epoch 3/60 loss 0.512 acc 0.750 val_loss 0.530 val_acc 0.729"."""
        label = f"{self.label}, " if self.label else ""
        return f"{label}epoch {epoch + 1}/{self.epochs}{self.values}"

    def show(self, epoch: int, step: int) -> None:
        """Draw the live line."""
        from tqdm import tqdm

        steps = self.params["steps"]
        if self.bar is None:
            options = bar_options(self.text(epoch), "step", True)
            form = {"total": self.epochs * steps, "bar_format": "  {desc} |{bar}|"}
            self.bar = tqdm(**options, **form)
        self.bar.set_description_str(self.text(epoch), refresh=False)
        self.bar.update(epoch * steps + step - self.bar.n)
