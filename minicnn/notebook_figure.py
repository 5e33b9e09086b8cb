"""A figure that a notebook shows by itself. Only what draws imports this: it loads matplotlib."""

import io

from matplotlib.figure import Figure


class NotebookFigure(Figure):
    """A matplotlib figure that pyplot knows nothing of: no window, nothing to close."""

    def _repr_png_(self) -> bytes:
        """What a notebook asks for."""
        picture = io.BytesIO()
        self.savefig(picture, format="png")
        return picture.getvalue()
