"""What `fit` returns: every epoch's logs, as lists, as a table, as curves."""

import numbers

from minicnn.callbacks.base import Callback
from minicnn.reprs import counted, html_table, titled, value_text

FIRST, LAST = 3, 7  # epochs that a long table shows
PANEL = 4.6, 3.2  # width and height of a diagram in inches


class History(Callback):
    """Every epoch's logs. A notebook shows them as a table, and `plot` as curves.

    Attributes
    ----------
    history : dict of str to list of float
    epoch : list of int
    """

    remembered = ("history", "epoch")

    def __init__(self):
        self.history: dict[str, list[float]] = {}
        self.epoch: list[int] = []

    def on_epoch_end(self, epoch, logs=None):
        self.epoch.append(epoch)
        for key, value in logs.items():
            self.history.setdefault(key, []).append(value)

    def one_line(self) -> str:
        ends = [
            f"{key} {digits(values[0])} -> {digits(values[-1])}"
            for key, values in self.history.items()
        ]
        return titled("History", [counted(len(self.epoch), "epochs"), *ends])

    def _repr_html_(self) -> str:
        """The table that a notebook shows: one row for each epoch, of many the first and last."""
        rows = []
        for place, epoch in enumerate(self.epoch):
            columns = self.history.values()
            texts = [digits(one[place]) if place < len(one) else "" for one in columns]
            rows.append([str(epoch + 1), *texts])
        if len(rows) > FIRST + LAST:
            rows[FIRST:-LAST] = [["…"] * (1 + len(self.history))]
        headings = ["epoch", *self.history]
        return html_table(
            titled("History", [counted(len(self.epoch), "epochs")]),
            headings,
            rows,
            ">" * len(headings),
        )

    def plot(self):
        """Draw loss and metrics by epoch: training, and validation where there is one.

        Returns
        -------
        figure : matplotlib.figure.Figure
            A diagram for each; a notebook shows it, `figure.savefig(path)` writes it.

        ValueError before the first epoch has ended.
        """
        from matplotlib.ticker import MaxNLocator

        from minicnn.notebook_figure import NotebookFigure

        if not self.epoch:
            raise ValueError("History: expected at least one epoch to plot, got none")
        names = dict.fromkeys(["loss", *(key.removeprefix("val_") for key in self.history)])
        size = PANEL[0] * len(names), PANEL[1]
        figure = NotebookFigure(figsize=size, layout="constrained")
        for axes, name in zip(figure.subplots(1, len(names), squeeze=False)[0], names, strict=True):
            for key, label in ((name, "training"), (f"val_{name}", "validation")):
                values = self.history.get(key, [])
                epochs = [epoch + 1 for epoch in self.epoch[: len(values)]]
                if values:
                    axes.plot(epochs, values, marker=".", label=label)
            axes.set(title=name, xlabel="epoch")
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
            axes.grid(alpha=0.3)
            if f"val_{name}" in self.history:
                axes.legend()
        return figure


def digits(value) -> str:
    """Four digits of a number; a callback of the user's may log something else."""
    return f"{value:.4g}" if isinstance(value, numbers.Real) else value_text(value)
