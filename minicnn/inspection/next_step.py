"""What the optimizer's next step would do with one weight, worked out on copies."""

import copy
from dataclasses import dataclass

import numpy as np

from minicnn.inspection.text_tables import columns, figure
from minicnn.optimizers import Adam, Optimizer
from minicnn.optimizers.clipping import decay_weights

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
    clipped : float or None
        The gradient as it is used, where the optimizer clips.
    decay : float or None
        What the weight decays by before the step, where it does.
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
    clipped: float | None
    decay: float | None
    slots: dict[str, tuple[float, float]]
    bias_correction: float | None
    step_size: float | None
    weight: tuple[float, float]
    without_dropout: bool = False

    @property
    def step(self) -> float:
        """The change of the weight, but for its decay."""
        return self.weight[1] - self.weight[0] + (self.decay or 0.0)

    def lines(self) -> list[str]:
        given = ", ".join(f"{name} {setting:.6g}" for name, setting in self.settings.items())
        without = ", if dropout dropped nothing" if self.without_dropout else ""
        rows = [("g", figure(self.gradient), "the gradient")]
        if self.clipped is not None:
            rows.append(("g", figure(self.clipped), "the gradient, clipped"))
        for slot, (before, after) in self.slots.items():
            name, rule = RULES.get((self.optimizer, slot), (slot, ""))
            rows.append((name, f"{figure(before)} -> {figure(after)}", rule))
        if self.bias_correction is not None:
            correction = figure(self.bias_correction)
            rows.append(("c", correction, "sqrt(1 - beta_2^t) / (1 - beta_1^t)"))
            rows.append(("size", figure(self.step_size), "rate c, c the bias correction"))
        rule = STEP_RULES.get((self.optimizer, bool(self.settings.get("nesterov"))), "")
        before, after = (figure(weight, DIGITS) for weight in self.weight)
        rows.append(("step", figure(self.step), rule))
        change = "+= step"
        if self.decay is not None:
            rows.append(("decay", figure(self.decay), "weight_decay rate weight"))
            change = "+= step - decay"
        rows.append(("weight", f"{before} -> {after}", change))
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
            "clipped": self.clipped,
            "decay": self.decay,
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
    optimizer: Optimizer, name: str, weights: np.ndarray, index: tuple, grads: dict
) -> NextStep:
    """The step that `optimizer.apply` would make with these gradients at `weights[index]`.

    `name` is the array's in `Model.named_weights`, `grads` has all gradients, which may be clipped
    together. The optimizer's own arithmetic runs on arrays of one number; the optimizer and the
    weights stay as they are.
    """
    gradient = grads[name][index]
    clipped = optimizer.clipped(grads)
    rate = optimizer.learning_rate
    weight = np.array([weights[index]])
    first = float(weight[0])
    decays = optimizer.decays(name)
    if decays:
        decay_weights(weight, optimizer.weight_decay, rate)
    decayed = float(weight[0])
    slots = {
        slot: np.array([by_name[name][index] if name in by_name else 0], dtype=weight.dtype)
        for slot, by_name in optimizer.slots.items()
    }
    before = {slot: float(array[0]) for slot, array in slots.items()}
    copy.copy(optimizer).update(
        weight, np.array([clipped[name][index]], dtype=weight.dtype), *slots.values()
    )
    correction = optimizer.bias_correction if isinstance(optimizer, Adam) else None
    return NextStep(
        optimizer=type(optimizer).__name__,
        number=optimizer.iterations + 1,
        settings=optimizer.settings(),
        gradient=float(gradient),
        clipped=None if grads is clipped else float(clipped[name][index]),
        decay=first - decayed if decays else None,
        slots={slot: (before[slot], float(array[0])) for slot, array in slots.items()},
        bias_correction=correction,
        step_size=None if correction is None else rate * correction,
        weight=(first, float(weight[0])),
    )
