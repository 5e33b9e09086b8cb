"""`Optimizer`: what all optimizers share.

An optimizer keeps a few values for every weight (its slots) and how many steps it has made.
The arithmetic on one array of weights is a kernel: see `minicnn.kernels.naive.updates`.
"""

import weakref

import numpy as np

from minicnn.arguments import refuse_methods, refuse_others, refuse_unsupported, snake_case
from minicnn.optimizers import clipping, schedules
from minicnn.optimizers.checks import above_zero, at_least_zero, check_arrays, is_plain, or_none
from minicnn.optimizers.schedules import LearningRateSchedule
from minicnn.reprs import OneLine, counted, setting_text, titled

CLIPPING = ("clipnorm", "clipvalue", "global_clipnorm")
COMMON = ("weight_decay", *CLIPPING, "name")  # arguments of all optimizers
# Arguments that Keras' optimizers have and these have not, with the values that change nothing.
OF_KERAS = {
    "use_ema": (False,),
    "ema_momentum": (0.99,),
    "ema_overwrite_frequency": (None,),
    "loss_scale_factor": (None,),
    "gradient_accumulation_steps": (None,),
    "decay": (None, 0.0),  # of Keras 2
}


class Optimizer(OneLine):
    """What all optimizers share.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule
        A number, at least 0 and finite, may be changed while training; a schedule may not. `lr` is
        another name for it.
    weight_decay : float, optional
        At least 0; see `decay_weights`.
    clipnorm, clipvalue, global_clipnorm : float, optional
        Above 0; at most one of them. See `clip_by_norm`, `clip_by_value`, `clip_by_global_norm`.
    name : str, optional
        Kept, and not used.
    use_ema, ema_momentum, ema_overwrite_frequency, loss_scale_factor, gradient_accumulation_steps
        Keras' arguments; accepted with their defaults only.

    Attributes
    ----------
    iterations : int
        Steps made so far.
    slots : dict of str to dict of str to float array
        slot name -> weight name -> array of the weight's shape.
    """

    slot_names: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ("learning_rate",)  # of the constructor, but for COMMON

    def __init__(
        self,
        learning_rate,
        weight_decay=None,
        clipnorm=None,
        clipvalue=None,
        global_clipnorm=None,
        name=None,
        **others,
    ):
        kind = type(self).__name__
        refuse_others(kind, others, OF_KERAS)
        self.iterations = 0
        self.slots: dict[str, dict[str, np.ndarray]] = {name: {} for name in self.slot_names}
        self._model: weakref.ref | None = None
        self.learning_rate = learning_rate
        self.weight_decay = or_none(at_least_zero, weight_decay, "weight_decay", self)
        self.not_decayed: list[str] = []  # see `exclude_from_weight_decay`
        self.clipnorm = or_none(above_zero, clipnorm, "clipnorm", self)
        self.clipvalue = or_none(above_zero, clipvalue, "clipvalue", self)
        self.global_clipnorm = or_none(above_zero, global_clipnorm, "global_clipnorm", self)
        given = [argument for argument in CLIPPING if getattr(self, argument) is not None]
        if len(given) > 1:
            one = f"one of {', '.join(CLIPPING)} at most"
            raise ValueError(f"{kind}: expected {one}, got {' and '.join(given)}")
        self.name = name or snake_case(kind)

    def __init_subclass__(cls) -> None:
        """TypeError for a subclass whose steps training would not make."""
        refuse_methods(cls, ("update_step", "apply_gradients"), "override update instead")

    @property
    def learning_rate(self) -> float:
        """Of the next step."""
        rate = self._learning_rate
        if isinstance(rate, LearningRateSchedule):
            return at_least_zero(rate(self.iterations), "the schedule's learning_rate", self)
        return rate

    @learning_rate.setter
    def learning_rate(self, value: float | LearningRateSchedule) -> None:
        if isinstance(value, LearningRateSchedule):
            self._learning_rate = value
        elif self.schedule is not None:
            raise TypeError(
                f"{type(self).__name__}: its learning_rate follows a schedule and cannot be set; "
                "to set it, make the optimizer with a number"
            )
        else:
            self._learning_rate = at_least_zero(value, "learning_rate", self)

    lr = learning_rate  # its name in Keras until 2020

    @property
    def schedule(self) -> LearningRateSchedule | None:
        """What the learning rate follows, if it does."""
        rate = vars(self).get("_learning_rate")
        return rate if isinstance(rate, LearningRateSchedule) else None

    def bind_to_model(self, model) -> None:
        """Remember the model of the first step; ValueError for any other one after it.

        What an optimizer keeps of one model's gradients would spoil another model's steps.
        """
        if self._model is None:
            self._model = weakref.ref(model)
        elif self._model() is not model:
            raise ValueError(
                f"{type(self).__name__}: this optimizer has trained another model; compile each "
                "model with an optimizer of its own"
            )

    def apply(self, weights: dict[str, np.ndarray], grads: dict[str, np.ndarray]) -> None:
        """Make one step: change all `weights` in place.

        ValueError, before any of them is changed, if an array is not so.

        Parameters
        ----------
        weights, grads : dict of str to float array
            Under equal names, float32 or float64 arrays of equal shape; C-contiguous and writeable.
        """
        together = {}
        for name, array in weights.items():
            for slot in self.slots.values():
                if name not in slot:
                    slot[name] = np.zeros_like(array, order="C")
            together[name] = [array, grads.get(name), *(s[name] for s in self.slots.values())]
            check_arrays(together[name], name)
        clipped = self.clipped({name: arrays[1] for name, arrays in together.items()})
        for name, (array, _, *slots) in together.items():
            if self.decays(name):
                clipping.decay_weights(array, self.weight_decay, self.learning_rate)
            self.update(*(one.reshape(-1) for one in (array, clipped[name], *slots)))
        self.iterations += 1

    def update(self, weights: np.ndarray, gradient: np.ndarray, *slots: np.ndarray) -> None:
        """One step on one flat array, in place; `iterations` is the number of steps before it."""
        raise NotImplementedError

    def clipped(self, grads: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The gradients as they are used: those given, or clipped copies."""
        if self.clipnorm is not None:
            return {name: clipping.clip_by_norm(g, self.clipnorm) for name, g in grads.items()}
        if self.clipvalue is not None:
            return {name: clipping.clip_by_value(g, self.clipvalue) for name, g in grads.items()}
        if self.global_clipnorm is not None:
            arrays = clipping.clip_by_global_norm(list(grads.values()), self.global_clipnorm)
            return dict(zip(grads, arrays, strict=True))
        return grads

    def decays(self, name: str) -> bool:
        """Whether the weights "layer/kernel" decay."""
        parameter = name.rpartition("/")[2]  # Keras' name of the variable
        excluded = any(text in parameter for text in self.not_decayed)
        return bool(self.weight_decay) and not excluded

    def exclude_from_weight_decay(self, var_list=None, var_names=None) -> None:
        """Let some weights not decay: `var_names=["bias"]` leaves out all biases.

        Parameters
        ----------
        var_list
            Keras' argument; accepted with its default only.
        var_names : list of str
            Excluded are the parameters in whose name ("kernel", "bias") one of them is found. They
            replace those of an earlier call. Keras takes regular expressions, too.

        ValueError after the first step, and for anything else.
        """
        owner = f"{type(self).__name__}.exclude_from_weight_decay"
        refuse_unsupported(owner, {"var_list": (var_list, None)})
        if self.iterations > 0:
            raise ValueError(f"{owner}: expected to be called before the first step")
        names = [] if var_names is None else var_names
        if not isinstance(names, list | tuple | set) or not all(map(is_plain, names)):
            raise ValueError(
                f"{owner}: expected var_names to be a list of parts of names, such as ['bias'], no "
                f"regular expressions, got {var_names!r}"
            )
        self.not_decayed = list(names)

    def get_config(self) -> dict:
        """The constructor's arguments, as JSON can hold them; ValueError for a schedule of one's own."""
        config = {name: getattr(self, name) for name in (*self.arguments, *COMMON)}
        if self.schedule is not None:
            config["learning_rate"] = schedules.serialize(self.schedule)
        return config

    @classmethod
    def from_config(cls, config: dict, custom_objects=None) -> "Optimizer":
        """The optimizer of that `get_config`, before its first step.

        `custom_objects` is Keras' argument; accepted with its default only.
        """
        refuse_unsupported("from_config", {"custom_objects": (custom_objects, None)})
        rate = config.get("learning_rate")
        if isinstance(rate, dict):
            config = {**config, "learning_rate": schedules.deserialize(rate)}
        return cls(**config)

    def settings(self) -> dict[str, float]:
        """What counts in the next step: the arguments but for the name and what is None."""
        values = {name: getattr(self, name) for name in (*self.arguments, *COMMON)}
        values.pop("name")
        return {name: value for name, value in values.items() if value is not None}

    def one_line(self) -> str:
        settings = [setting_text(name, value) for name, value in self.settings().items()]
        follows = [f"by {type(self.schedule).__name__}"] if self.schedule else []
        made = f"{counted(self.iterations, 'steps')} made"
        return titled(type(self).__name__, [*settings[:1], *follows, *settings[1:], made])
