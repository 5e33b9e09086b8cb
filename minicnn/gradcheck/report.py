"""What a gradient check found: how much was compared, the worst of it, and a likely cause."""

from dataclasses import dataclass

import numpy as np

from minicnn.gradcheck.compare import TOLERANCE, Comparison, GradientError
from minicnn.gradcheck.hints import likely_cause


@dataclass(repr=False)
class Report:
    """The result of `check_layer` or `check_model`.

    Attributes
    ----------
    title : str
        What was checked, and on which backend.
    comparisons : list of Comparison
        One for the input (or each input) and one for each parameter.
    """

    title: str
    comparisons: list[Comparison]

    @property
    def checked(self) -> int:
        """Elements that were compared; kinks are not among them."""
        return sum(int((~one.kinks).sum()) for one in self.comparisons)

    @property
    def kinks(self) -> int:
        """Elements that were skipped because the slopes on their two sides differ."""
        return sum(int(one.kinks.sum()) for one in self.comparisons)

    @property
    def worst(self) -> Comparison | None:
        """The array with the largest error; None where nothing could be compared."""
        compared = [one for one in self.comparisons if one.worst is not None]
        return max(compared, key=lambda one: one.errors[one.worst], default=None)

    @property
    def max_error(self) -> float:
        """Largest relative error; infinite where nothing could be compared."""
        return np.inf if self.worst is None else float(self.worst.errors[self.worst.worst])

    @property
    def worst_name(self) -> str | None:
        return None if self.worst is None else self.worst.name

    @property
    def worst_index(self) -> tuple[int, ...] | None:
        return None if self.worst is None else self.worst.index(self.worst.worst)

    @property
    def analytic(self) -> float | None:
        """What `backward` says at the worst place."""
        return None if self.worst is None else float(self.worst.analytic[self.worst.worst])

    @property
    def numeric(self) -> float | None:
        """What the differences say there."""
        return None if self.worst is None else float(self.worst.numeric[self.worst.worst])

    @property
    def ok(self) -> bool:
        """Whether something was compared and all of it agrees."""
        return self.max_error < TOLERANCE

    def message(self, tolerance: float = TOLERANCE) -> str:
        """One or two lines: how much was checked, and what is wrong and where."""
        counts = f"{self.checked} checked"
        if self.kinks:
            counts += f", {self.kinks} skipped: kink"
        if self.worst is None:
            return f"{self.title}: nothing could be compared ({counts}); use another input"
        verdict = "ok" if self.max_error < tolerance else "WRONG"
        line = f"{self.title}: {verdict}, largest relative error {self.max_error:.1e} ({counts})"
        if verdict == "ok":
            return line
        where = ", ".join(str(i) for i in self.worst_index)
        return (
            f"{line}\n    at {self.worst_name}[{where}]: backward says {self.analytic:.6g}, "
            f"differences say {self.numeric:.6g}; {likely_cause(self.worst, tolerance)}"
        )

    def __repr__(self) -> str:
        return self.message()

    def raise_if_wrong(self, tolerance: float = TOLERANCE) -> None:
        """Raise GradientError, with `message`, unless every error is below `tolerance`."""
        if not self.max_error < tolerance:
            raise GradientError(self.message(tolerance))
