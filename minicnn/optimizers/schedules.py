"""Learning rates that follow from the number of steps made, under Keras' names.

    optimizer = SGD(schedules.CosineDecay(0.1, decay_steps=1000))

A schedule is called with t, the number of steps made so far, and gives the rate of the next one.
"""

import math
from bisect import bisect_left

from minicnn.arguments import refuse_unsupported
from minicnn.optimizers.checks import above_zero, at_least_zero, or_none
from minicnn.reprs import OneLine, settings_texts, titled


class LearningRateSchedule(OneLine):
    """Base of all schedules; one of one's own writes `__call__`.

    Attributes
    ----------
    arguments : tuple of str
        Of the constructor, each also an attribute.
    """

    arguments: tuple[str, ...] = ()

    def __call__(self, step: int) -> float:
        """The learning rate, at least 0, after `step` steps."""
        raise NotImplementedError

    def get_config(self) -> dict:
        """The constructor's arguments, as JSON can hold them."""
        return {name: getattr(self, name) for name in self.arguments}

    @classmethod
    def from_config(cls, config: dict) -> "LearningRateSchedule":
        """The schedule of that `get_config`."""
        return cls(**config)

    def one_line(self) -> str:
        return titled(type(self).__name__, settings_texts(type(self), self.get_config()))


class ExponentialDecay(LearningRateSchedule):
    """initial_learning_rate * decay_rate**(t / decay_steps).

    Parameters
    ----------
    initial_learning_rate, decay_rate : float
        At least 0.
    decay_steps : float
        Above 0.
    staircase : bool
        Whether t / decay_steps is rounded down, so that the rate falls every decay_steps steps.
    name : str
        Kept, and not used.
    """

    arguments = ("initial_learning_rate", "decay_steps", "decay_rate", "staircase", "name")

    def __init__(
        self,
        initial_learning_rate,
        decay_steps,
        decay_rate,
        staircase=False,
        name="ExponentialDecay",
    ):
        self.initial_learning_rate = at_least_zero(
            initial_learning_rate, "initial_learning_rate", self
        )
        self.decay_steps = above_zero(decay_steps, "decay_steps", self)
        self.decay_rate = at_least_zero(decay_rate, "decay_rate", self)
        self.staircase, self.name = bool(staircase), name

    def __call__(self, step):
        part = step / self.decay_steps
        return self.decayed(math.floor(part) if self.staircase else part)

    def decayed(self, part: float) -> float:
        """The rate after `part` times decay_steps steps."""
        return self.initial_learning_rate * self.decay_rate**part


class InverseTimeDecay(ExponentialDecay):
    """initial_learning_rate / (1 + decay_rate * t / decay_steps).

    Parameters as of `ExponentialDecay`.
    """

    def __init__(
        self,
        initial_learning_rate,
        decay_steps,
        decay_rate,
        staircase=False,
        name="InverseTimeDecay",
    ):
        super().__init__(initial_learning_rate, decay_steps, decay_rate, staircase, name)

    def decayed(self, part):
        return self.initial_learning_rate / (1 + self.decay_rate * part)


class PiecewiseConstantDecay(LearningRateSchedule):
    """values[0] while t <= boundaries[0], then values[1] while t <= boundaries[1], and so on.

    Parameters
    ----------
    boundaries : list of int
        Numbers of steps, rising.
    values : list of float
        At least 0; one more than there are boundaries.
    name : str
        Kept, and not used.
    """

    arguments = ("boundaries", "values", "name")

    def __init__(self, boundaries, values, name="PiecewiseConstant"):
        self.boundaries = [at_least_zero(one, "boundaries", self) for one in boundaries]
        self.values = [at_least_zero(one, "values", self) for one in values]
        self.name = name
        rising = self.boundaries == sorted(set(self.boundaries))
        if not rising or not self.boundaries or len(self.values) != len(self.boundaries) + 1:
            raise ValueError(
                "PiecewiseConstantDecay: expected rising boundaries and one value more, got "
                f"boundaries={self.boundaries} and values={self.values}"
            )

    def __call__(self, step):
        return self.values[bisect_left(self.boundaries, step)]


class PolynomialDecay(LearningRateSchedule):
    """(initial_learning_rate - end_learning_rate) * (1 - part)**power + end_learning_rate.

    part = min(t / decay_steps, 1). With `cycle`, decay_steps is doubled, tripled and so on
    instead, so that it is never below t: the rate jumps up and falls again.

    Parameters
    ----------
    initial_learning_rate, end_learning_rate : float
        At least 0.
    decay_steps : float
        Above 0.
    power : float
    cycle : bool
    name : str
        Kept, and not used.
    """

    arguments = ("initial_learning_rate", "decay_steps", "end_learning_rate")
    arguments += ("power", "cycle", "name")

    def __init__(
        self,
        initial_learning_rate,
        decay_steps,
        end_learning_rate=0.0001,
        power=1.0,
        cycle=False,
        name="PolynomialDecay",
    ):
        self.initial_learning_rate = at_least_zero(
            initial_learning_rate, "initial_learning_rate", self
        )
        self.decay_steps = above_zero(decay_steps, "decay_steps", self)
        self.end_learning_rate = at_least_zero(end_learning_rate, "end_learning_rate", self)
        self.power = above_zero(power, "power", self)
        self.cycle, self.name = bool(cycle), name

    def __call__(self, step):
        part = min(step / self.decay_steps, 1)
        if self.cycle and step > 0:
            part = step / (self.decay_steps * math.ceil(step / self.decay_steps))
        falling = self.initial_learning_rate - self.end_learning_rate
        return falling * (1 - part) ** self.power + self.end_learning_rate


class CosineDecay(LearningRateSchedule):
    """start * ((1 - alpha) * (1 + cos(pi * part)) / 2 + alpha).

    part = min(t / decay_steps, 1); start = initial_learning_rate. With a `warmup_target` the rate
    first rises from initial_learning_rate to it, by equal amounts in `warmup_steps` steps; then
    start = warmup_target, and t counts from the end of the warmup.

    Source: Loshchilov and Hutter 2017, equation 5; the warmup is Goyal et al. 2017, section 2.2.

    Parameters
    ----------
    initial_learning_rate, alpha : float
        At least 0; alpha is the last rate, as a part of start.
    decay_steps : float
        Above 0.
    name : str
        Kept, and not used.
    warmup_target : float, optional
        At least 0.
    warmup_steps : float
        At least 0.
    """

    arguments = ("initial_learning_rate", "decay_steps", "alpha", "name")
    arguments += ("warmup_target", "warmup_steps")

    def __init__(
        self,
        initial_learning_rate,
        decay_steps,
        alpha=0.0,
        name="CosineDecay",
        warmup_target=None,
        warmup_steps=0,
    ):
        self.initial_learning_rate = at_least_zero(
            initial_learning_rate, "initial_learning_rate", self
        )
        self.decay_steps = above_zero(decay_steps, "decay_steps", self)
        self.alpha = at_least_zero(alpha, "alpha", self)
        self.name = name
        self.warmup_target = or_none(at_least_zero, warmup_target, "warmup_target", self)
        self.warmup_steps = at_least_zero(warmup_steps, "warmup_steps", self)

    def __call__(self, step):
        start = self.initial_learning_rate
        if self.warmup_target is not None:
            if step < self.warmup_steps:
                return start + (self.warmup_target - start) * step / self.warmup_steps
            start, step = self.warmup_target, step - self.warmup_steps
        part = min(step / self.decay_steps, 1)
        return start * ((1 - self.alpha) * (1 + math.cos(math.pi * part)) / 2 + self.alpha)


SCHEDULES = {
    kind.__name__: kind
    for kind in (
        ExponentialDecay,
        InverseTimeDecay,
        PiecewiseConstantDecay,
        PolynomialDecay,
        CosineDecay,
    )
}


def serialize(learning_rate_schedule: LearningRateSchedule) -> dict:
    """A schedule as JSON can hold it; ValueError for one of one's own."""
    name = type(learning_rate_schedule).__name__
    if SCHEDULES.get(name) is not type(learning_rate_schedule):
        raise ValueError(
            f"a schedule of a class that minicnn does not have ({name}) cannot be loaded again; "
            "use save_weights"
        )
    return {"class_name": name, "config": learning_rate_schedule.get_config()}


def deserialize(config: dict, custom_objects=None) -> LearningRateSchedule:
    """Undo `serialize`; ValueError for an unknown class.

    `custom_objects` is Keras' argument; accepted with its default only.
    """
    refuse_unsupported("deserialize", {"custom_objects": (custom_objects, None)})
    name = config.get("class_name")
    if name not in SCHEDULES:
        raise ValueError(f"a schedule of an unknown class {name!r}")
    return SCHEDULES[name].from_config(config["config"])
