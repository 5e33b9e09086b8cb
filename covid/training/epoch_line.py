"""What is seen of a training while it lasts: one live line, or a line now and then."""

import sys
import time

from covid.common.parallel import bar_options
from covid.common.screen import duration, is_terminal, say
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
    label : str
        What is trained; with one, only the values of the validation have room.
    shown : bool
        Whether anything is printed.
    """

    def __init__(self, epochs: int, label: str = "", shown: bool = True):
        self.epochs, self.label, self.values, self.shown = epochs, label, "", shown
        self.begun = self.written = time.monotonic()
        self.bar = None

    def __enter__(self) -> "EpochLine":
        return self

    def __exit__(self, *exception) -> None:
        if self.bar is not None:
            self.bar.close()

    def after_step(self, position: Position) -> None:
        """Move the bar."""
        self.show(position.epoch, position.step)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Take the epoch's values."""
        names = [name for name in ORDER if name.startswith("val_" if self.label else "")]
        self.values = "".join(f" {name} {logs[name]:.3f}" for name in names)
        self.show(epoch, self.params["steps"])
        late = time.monotonic() - self.written > NOW_AND_THEN
        if self.shown and late and not is_terminal(sys.stdout):
            self.written = time.monotonic()
            took = duration(self.written - self.begun)
            say(f"  {self.model.name}, {self.text(epoch)}, after {took}")

    def text(self, epoch: int) -> str:
        """Such as "epoch 3/60 loss 0.512 acc 0.750 val_loss 0.530 val_acc 0.729"."""
        label = f"{self.label}, " if self.label else ""
        return f"{label}epoch {epoch + 1}/{self.epochs}{self.values}"

    def show(self, epoch: int, step: int) -> None:
        """Draw the live line; it begins with the first step, when kernels have been compiled."""
        if not self.shown or not is_terminal(sys.stdout):
            return
        if self.bar is None:
            from tqdm import tqdm

            steps = self.epochs * self.params["steps"]
            form = {"bar_format": "  {desc} |{bar}|"}
            self.bar = tqdm(total=steps, **bar_options("", "step", True), **form)
        self.bar.set_description_str(self.text(epoch), refresh=False)
        done = epoch * self.params["steps"] + step
        self.bar.update(done - self.bar.n)
