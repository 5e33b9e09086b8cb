"""Gradients that are sums: of a parameter, of a dense layer's input, of an output."""

from dataclasses import dataclass

from minicnn.inspection.gradient_explanation import GradientExplanation
from minicnn.inspection.next_step import NextStep
from minicnn.inspection.terms import Terms
from minicnn.inspection.text_tables import columns, figure


@dataclass(kw_only=True, repr=False)
class SummedGradient(GradientExplanation):
    """A sum of products: of a kernel or bias, and of a dense layer's input.

    Attributes
    ----------
    uses : list of Terms
        One for each use of the layer.
    rule : str
        What is summed, as text: "sum over ... of pixel x dz".
    term : str
        What one term belongs to, as text.
    note : str
        Which pixel a dense layer's input is; empty where it is none.
    next_step : NextStep or None
        What the optimizer would make of this parameter.
    """

    uses: list[Terms]
    rule: str
    term: str
    note: str = ""
    next_step: NextStep | None = None

    @property
    def result(self) -> float:
        return sum(terms.sum for terms in self.uses)

    @property
    def size(self) -> float:
        return sum(terms.size for terms in self.uses)

    def lines(self) -> list[str]:
        lines = [self.note] if self.note else []
        for number, terms in enumerate(self.uses, 1):
            use = f"use {number} of the layer, " if len(self.uses) > 1 else ""
            largest = ", the largest terms" if terms.count > 1 else ""
            lines += [f"{use}{self.rule}{largest}:", *terms.lines(self.term)]
        sums = [(f"sum of use {n}", figure(one.sum)) for n, one in enumerate(self.uses, 1)]
        total = ("= gradient, the sum of all terms", figure(self.result))
        lines += columns([*(sums if len(sums) > 1 else []), total], "<>")
        return lines + (self.next_step.lines() if self.next_step else [])

    def as_dict(self) -> dict:
        step = None if self.next_step is None else self.next_step.as_dict()
        uses = [terms.as_dict() for terms in self.uses]
        return {**super().as_dict(), "uses": uses, "next_step": step}


@dataclass(kw_only=True, repr=False)
class OutputGradient(GradientExplanation):
    """The gradient that arrives at an output: the sum over all that read it.

    Attributes
    ----------
    parts : list of (str, float)
        Name of each layer that reads it, or "the loss", and the gradient from there.
    note : list of str
        What the loss gives, as text; empty where only layers read it.
    """

    parts: list[tuple[str, float]]
    note: list[str]

    @property
    def result(self) -> float:
        return sum(gradient for _, gradient in self.parts)

    @property
    def size(self) -> float:
        return sum(abs(gradient) for _, gradient in self.parts)

    def lines(self) -> list[str]:
        rows = [(f"from {name}", figure(gradient)) for name, gradient in self.parts]
        if len(rows) > 1:
            rows.append(("= gradient, the sum over all that read it", figure(self.result)))
        return columns(rows, "<>") + self.note

    def as_dict(self) -> dict:
        parts = [{"from": name, "gradient": gradient} for name, gradient in self.parts]
        return {**super().as_dict(), "parts": parts}
