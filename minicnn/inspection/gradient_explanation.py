"""What explanations of gradients have in common: the gradient, beside the slope of the loss.

`minicnn.inspection.explain_gradient` makes them. The kinds are in `gradient_sums`,
`flipped_kernel` and `passed_back`.
"""

from dataclasses import dataclass

from minicnn.inspection.nudge import Slope
from minicnn.inspection.text_tables import WIDTH, figure, place

BENDS = {"relu": "relus that open or close", "max-pooling": "windows with another largest pixel"}
SYMBOLS = {"input": "x", "activation": "z", "output": "y"}  # of what is moved; a parameter is w


@dataclass(kw_only=True, repr=False)
class GradientExplanation:
    """What all explanations of gradients have.

    Attributes
    ----------
    layer, kind : str
        Name and class of the layer.
    of : str
        The gradient with respect to what: "kernel", "bias", "input", "activation" or "output".
    position : tuple of int
        Index into the parameter, or (row, col, channel) or (unit,), with the number of the sample
        in front where there are several.
    sample : int or None
        That number.
    value : float
        What the model's backward pass computed there, in its dtype.
    slope : Slope
        What the loss really does, in float64.
    agrees : bool
        Whether the two are equal up to rounding.
    """

    layer: str
    kind: str
    of: str
    position: tuple[int, ...]
    sample: int | None
    value: float
    slope: Slope | None = None
    agrees: bool | None = None

    @property
    def numeric(self) -> float:
        """The slope of the loss, a number to compare `value` with."""
        return self.slope.numeric

    @property
    def result(self) -> float:
        """The gradient computed from the parts."""
        raise NotImplementedError

    @property
    def size(self) -> float:
        """Size of the terms, to which the rounding error of `result` is proportional."""
        return abs(self.result)

    @property
    def where(self) -> str:
        """What the loss is differentiated by, as text."""
        if self.of in SYMBOLS:
            inside = self.position if self.sample is None else self.position[1:]
            front = "" if self.sample is None else f"sample {self.sample}, "
            name = "z" if self.of == "activation" else self.of
            return f"{name}, {front}{place(inside)}"
        return f"{self.of}[{', '.join(map(str, self.position))}]"

    def lines(self) -> list[str]:
        """The parts, in lines of at most 80 characters."""
        raise NotImplementedError

    def check_lines(self) -> list[str]:
        """The numeric gradient, and why it cannot agree or that it should."""
        w, slope = SYMBOLS.get(self.of, "w"), self.slope
        formula = f"(L({w} + eps) - L({w} - eps)) / 2 eps with eps = {slope.eps:.2g}"
        lines = [f"check, {formula}: {figure(slope.numeric)}"]
        if self.agrees:
            return lines
        if not slope.bends:
            return [
                *lines,
                "  the two differ: the backward pass of this layer or of one behind it is wrong",
            ]
        changes = [f"{BENDS[kind]}: {count}" for kind, count in slope.bends.items()]
        return [
            *lines,
            f"  the check cannot agree: between {w} - eps and {w} + eps the loss bends",
            f"  ({', '.join(changes)})",
        ]

    def as_dict(self) -> dict:
        """Plain numbers, texts, lists and dicts, as JSON can hold them."""
        return {
            "layer": self.layer,
            "kind": self.kind,
            "of": self.of,
            "position": list(self.position),
            "sample": self.sample,
            "value": self.value,
            "result": self.result,
            "numeric": self.numeric,
            "eps": self.slope.eps,
            "bends": self.slope.bends,
            "agrees": self.agrees,
        }

    def __repr__(self) -> str:
        layer = f"{self.layer} ({self.kind}),"
        gradient = f"d loss / d {self.where}: {figure(self.value)}"
        fits = len(layer) + 1 + len(gradient) <= WIDTH
        heading = [f"{layer} {gradient}"] if fits else [layer, f"  {gradient}"]
        return "\n".join([*heading, *self.check_lines(), *self.lines()])
