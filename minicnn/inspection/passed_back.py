"""Gradients of one term: handed back by a layer, through an activation, or begun by the loss."""

from dataclasses import dataclass

from minicnn.inspection.explanations import activated
from minicnn.inspection.gradient_explanation import GradientExplanation
from minicnn.inspection.text_tables import figure, place


@dataclass(kw_only=True, repr=False)
class PassedBack(GradientExplanation):
    """A layer that hands single numbers back, changed or not: dx = factor x dy.

    Attributes
    ----------
    dy_position : tuple of int
        Where dy is in the layer's output.
    dy, factor : float
    note : str
        What the layer does, as text.
    """

    dy_position: tuple[int, ...]
    dy: float
    factor: float
    note: str

    @property
    def result(self) -> float:
        return self.factor * self.dy

    def lines(self) -> list[str]:
        return [
            f"from the layer's output, {place(self.dy_position)}: dy = {figure(self.dy)}",
            self.note,
        ]

    def as_dict(self) -> dict:
        parts = {"dy_position": list(self.dy_position), "dy": self.dy, "factor": self.factor}
        return {**super().as_dict(), **parts}


@dataclass(kw_only=True, repr=False)
class ActivationGradient(GradientExplanation):
    """In front of a relu or sigmoid: dz = dy x the activation's derivative at z.

    Attributes
    ----------
    activation : str
    z, y, dy : float
        In front of it and behind it; and the gradient that arrives there.
    """

    activation: str
    z: float
    y: float
    dy: float

    @property
    def derivative(self) -> float:
        y = self.y
        return y * (1 - y) if self.activation == "sigmoid" else float(y > 0)

    @property
    def result(self) -> float:
        return self.dy * self.derivative

    def lines(self) -> list[str]:
        z, y, dy = figure(self.z), figure(self.y), figure(self.dy)
        if self.activation == "relu":
            state = "open, dz = dy" if self.derivative else "closed, dz = 0"
            return [f"z = {z}, dy = {dy}", f"relu is {state}"]
        return [
            f"z = {z}, s = sigmoid(z) = {y}, dy = {dy}",
            f"dz = dy x s (1 - s) = {dy} x {figure(self.derivative)} = {figure(self.result)}",
        ]

    def as_dict(self) -> dict:
        parts = {"activation": self.activation, "z": self.z, "y": self.y, "dy": self.dy}
        return {**super().as_dict(), **parts, "derivative": self.derivative}


@dataclass(kw_only=True, repr=False)
class LossGradient(GradientExplanation):
    """Where the backward pass begins, behind a last sigmoid: dz = (p - y) / size.

    Attributes
    ----------
    z, label : float
        The logit, and what p = sigmoid(z) should be.
    samples, units : int
        The loss is the mean over so many outputs.
    weight : float
        What the loss of this output counts in the total.
    """

    z: float
    label: float
    samples: int
    units: int
    weight: float

    @property
    def p(self) -> float:
        return activated(self.z, "sigmoid")

    @property
    def size(self) -> float:
        return self.weight * (self.p + abs(self.label)) / (self.samples * self.units)

    @property
    def result(self) -> float:
        return self.weight * (self.p - self.label) / (self.samples * self.units)

    def lines(self) -> list[str]:
        p, y = figure(self.p), figure(self.label)
        weight = "" if self.weight == 1 else f"{figure(self.weight)} x "
        return [
            f"p = sigmoid(z) = {p}, label y = {y}, size = samples x units = {self.samples} x "
            f"{self.units}",
            f"dz = {weight}(p - y) / size = {figure(self.result)}",
            "why: the loss has dL/dp = (p - y) / (p (1 - p)) / size, the sigmoid",
            "dp/dz = p (1 - p); in their product p (1 - p) cancels",
        ]

    def as_dict(self) -> dict:
        outputs = {"samples": self.samples, "units": self.units, "weight": self.weight}
        return {**super().as_dict(), "z": self.z, "p": self.p, "y": self.label, **outputs}
