"""What the optimizer's next step would do with one weight, worked out on copies."""

import copy
from dataclasses import dataclass

import numpy as np

from minicnn.inspection.text_tables import columns, figure
from minicnn.optimizers import Adam, Optimizer

DIGITS = 7  # of a weight: its steps are small


@dataclass
class NextStep:
    """One weight before and after a step.

    Attributes
    ----------
    optimizer : str
        Its class.
    number : int
        Of the step, from 1.
    settings : dict of str to float
        The optimizer's arguments.
    gradient : float
    slots : dict of str to (float, float)
        What the optimizer keeps of this weight, before and after.
    bias_correction, step_size : float or None
        Of Adam: sqrt(1 - beta_2**t) / (1 - beta_1**t), and the learning rate times that.
    weight : (float, float)
        Before and after.
    without_dropout : bool
        True where the gradient is one without dropout, unlike that of a real step.
    """

    optimizer: str
    number: int
    settings: dict[str, float]
    gradient: float
    slots: dict[str, tuple[float, float]]
    bias_correction: float | None
    step_size: float | None
    weight: tuple[float, float]
    without_dropout: bool = False

    @property
    def step(self) -> float:
        return self.weight[1] - self.weight[0]

    def lines(self) -> list[str]:
        given = ", ".join(f"{name} {setting:.6g}" for name, setting in self.settings.items())
        without = ", if dropout dropped nothing" if self.without_dropout else ""
        rows = [("g", figure(self.gradient), "the gradient")]
        for slot, (before, after) in self.slots.items():
            name, rule = RULES.get((self.optimizer, slot), (slot, ""))
            rows.append((name, f"{figure(before)} -> {figure(after)}", rule))
        if self.bias_correction is not None:
            correction = figure(self.bias_correction)
            rows.append(("c", correction, "sqrt(1 - beta_2^t) / (1 - beta_1^t)"))
            rows.append(("size", figure(self.step_size), "rate c, c the bias correction"))
        rule = STEP_RULES.get((self.optimizer, bool(self.settings.get("nesterov"))), "")
        before, after = (figure(weight, DIGITS) for weight in self.weight)
        rows += [("step", figure(self.step), rule), ("weight", f"{before} -> {after}", "+= step")]
        return [
            f"the next step of {self.optimizer} on this batch, t = {self.number}{without}",
            f"({given}):",
            *columns(rows, "<><"),
        ]

    def as_dict(self) -> dict:
        return {
            "optimizer": self.optimizer,
            "number": self.number,
            "settings": self.settings,
            "gradient": self.gradient,
            "slots": {
                name: {"before": before, "after": after}
                for name, (before, after) in self.slots.items()
            },
            "bias_correction": self.bias_correction,
            "step_size": self.step_size,
            "step": self.step,
            "weight": {"before": self.weight[0], "after": self.weight[1]},
            "without_dropout": self.without_dropout,
        }


# See `minicnn.kernels.naive.updates`; "rate" is the learning rate. By optimizer and slot: what it is
# called, and what it becomes.
RULES = {
    ("Adam", "mean"): ("m", "+= (1 - beta_1) (g - m)"),
    ("Adam", "variance"): ("v", "+= (1 - beta_2) (g^2 - v)"),
    ("SGD", "velocity"): ("u", "= momentum u - rate g"),
    ("RMSprop", "variance"): ("v", "= rho v + (1 - rho) g^2"),
    ("RMSprop", "velocity"): ("u", "= momentum u + rate g / sqrt(v + epsilon)"),
}
# By optimizer, and whether it is "nesterov": the step, of what the slots have become.
STEP_RULES = {
    ("Adam", False): "-size m / (sqrt(v) + epsilon)",
    ("SGD", False): "u",
    ("SGD", True): "momentum u - rate g",
    ("RMSprop", False): "-u",
}


def next_step(
    optimizer: Optimizer, name: str, weights: np.ndarray, index: tuple, gradient
) -> NextStep:
    """The step that `optimizer.apply` would make with this gradient at `weights[index]`.

    `name` is the array's in `Model.named_weights`. The optimizer's own arithmetic runs on arrays of
    one number; the optimizer and the weights stay as they are.
    """
    stepping = copy.copy(optimizer)
    stepping.iterations = optimizer.iterations + 1
    weight = np.array([weights[index]])
    slots = {
        slot: np.array([by_name[name][index] if name in by_name else 0], dtype=weight.dtype)
        for slot, by_name in optimizer.slots.items()
    }
    before = {slot: float(array[0]) for slot, array in slots.items()}
    first = float(weight[0])
    stepping.update(weight, np.array([gradient], dtype=weight.dtype), *slots.values())
    correction = stepping.bias_correction if isinstance(stepping, Adam) else None
    return NextStep(
        optimizer=type(optimizer).__name__,
        number=stepping.iterations,
        settings=optimizer.config(),
        gradient=float(gradient),
        slots={slot: (before[slot], float(array[0])) for slot, array in slots.items()},
        bias_correction=correction,
        step_size=None if correction is None else optimizer.learning_rate * correction,
        weight=(first, float(weight[0])),
    )
