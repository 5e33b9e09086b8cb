"""What the sanity check of a heat map found, and the sentence that follows from it.

How it is found is in `sanity_check.py`.
"""

from dataclasses import dataclass

import numpy as np

from minicnn.saliency.heatmap import HeatMap


@dataclass(frozen=True, eq=False)
class RandomizedMap:
    """The map of a model with random weights.

    Attributes
    ----------
    layers : tuple of str
        The layers that had random weights, from the output back.
    copy : int
        Number of the random copy, from 0.
    heat : HeatMap or (rows, cols) array
        What the method gave.
    correlation : float
        Spearman's, with the true map; NaN if one of both is the same everywhere.
    """

    layers: tuple[str, ...]
    copy: int
    heat: object
    correlation: float


@dataclass(frozen=True, eq=False)
class SanityCheck:
    """A heat map and what random weights make of it.

    Attributes
    ----------
    heat : HeatMap or (rows, cols) array
        The map of the given model.
    copies : list of RandomizedMap
        With all layers random; what the verdict is about.
    cascade : list of RandomizedMap
        With some layers random, in the order of the cascade; empty unless it was asked for.
    threshold : float
    """

    heat: object
    copies: list[RandomizedMap]
    cascade: list[RandomizedMap]
    threshold: float

    @property
    def correlations(self) -> list[float]:
        """Those of the copies that have a map at all."""
        return [copy.correlation for copy in self.copies if np.isfinite(copy.correlation)]

    @property
    def agreement(self) -> float:
        """Mean of |correlation|, in [0, 1]; NaN without any.

        Without its sign: a map and its negative show the same picture, and with random weights it
        is chance for which class a patch speaks.
        """
        return float(np.mean(np.abs(self.correlations))) if self.correlations else float("nan")

    @property
    def passed(self) -> bool | None:
        """Whether the map depends on the weights; None where nothing can be said."""
        return None if np.isnan(self.agreement) else self.agreement < self.threshold

    @property
    def verdict(self) -> str:
        """One sentence for a reader."""
        if self.passed is None:
            which = "map" if is_constant(values_of(self.heat)) else "map of every random copy"
            return f"No check is possible: the {which} is the same everywhere."
        found = ", ".join(f"{r:.2f}" for r in self.correlations)
        found = f"rank correlation {found}: mean absolute value {self.agreement:.2f}"
        if self.passed:
            return (
                f"Sanity check passed: with random weights the map is another one ({found}, below "
                f"{self.threshold:g}), so it comes from this model's weights, not from the image "
                "alone; whether the model looks at the right thing, the check does not say."
            )
        return (
            "Sanity check FAILED: with random weights the map stays much the same, or becomes its "
            f"negative ({found}, not below {self.threshold:g}), so it may show no more than the image, "
            "and is no evidence of what this model has learned."
        )


def values_of(heat) -> np.ndarray:
    """The values of a map, at the resolution at which it was computed."""
    return heat.values if isinstance(heat, HeatMap) else np.asarray(heat, dtype=np.float64)


def is_constant(values: np.ndarray) -> bool:
    """Whether all values are equal (or all are NaN): there is nothing to compare."""
    return not np.nanmax(values, initial=-np.inf) > np.nanmin(values, initial=np.inf)
