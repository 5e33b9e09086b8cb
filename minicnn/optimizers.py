"""How weights follow their gradients: SGD, RMSprop, Adam, with Keras' names and defaults.

An optimizer keeps a few values for every weight (its slots) and how many steps it has made.
The arithmetic on one array of weights is a kernel: see `minicnn.kernels.naive.updates`.
"""

import math
import weakref

import numpy as np

from minicnn import kernels
from minicnn.numeric_checks import FLOATS
from minicnn.reprs import OneLine, counted, setting_text, titled


class Optimizer(OneLine):
    """What all optimizers share.

    Parameters
    ----------
    learning_rate : float
        Above 0 and finite; may be changed while training. `lr` is another name for it.

    Attributes
    ----------
    iterations : int
        Steps made so far.
    slots : dict of str to dict of str to float array
        slot name -> weight name -> array of the weight's shape.
    """

    slot_names: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ("learning_rate",)  # of the constructor

    def __init__(self, learning_rate: float):
        self.learning_rate = learning_rate
        self.iterations = 0
        self.slots: dict[str, dict[str, np.ndarray]] = {name: {} for name in self.slot_names}
        self._model: weakref.ref | None = None

    @property
    def learning_rate(self) -> float:
        return self._learning_rate

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        self._learning_rate = above_zero(value, "learning_rate", self)

    lr = learning_rate  # its name in Keras until 2020

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
        self.iterations += 1
        for arrays in together.values():
            self.update(*(array.reshape(-1) for array in arrays))

    def update(self, weights: np.ndarray, gradient: np.ndarray, *slots: np.ndarray) -> None:
        """One step on one flat array, in place."""
        raise NotImplementedError

    def config(self) -> dict:
        """The constructor's arguments."""
        return {name: getattr(self, name) for name in self.arguments}

    def one_line(self) -> str:
        settings = [setting_text(name, value) for name, value in self.config().items()]
        return titled(type(self).__name__, [*settings, f"{counted(self.iterations, 'steps')} made"])


class SGD(Optimizer):
    """Gradient descent, with momentum if asked for; see the kernel `momentum_update`.

    Parameters
    ----------
    learning_rate : float
    momentum : float
        In [0, 1).
    nesterov : bool
    """

    slot_names = ("velocity",)
    arguments = ("learning_rate", "momentum", "nesterov")

    def __init__(self, learning_rate=0.01, momentum=0.0, nesterov=False):
        super().__init__(learning_rate)
        self.momentum = fraction(momentum, "momentum", self)
        self.nesterov = bool(nesterov)

    def update(self, weights, gradient, velocity):
        rate, momentum = map(weights.dtype.type, (self.learning_rate, self.momentum))
        arrays = (weights, gradient, velocity)
        kernels.active().momentum_update(*arrays, rate, momentum, nesterov=self.nesterov)


class RMSprop(Optimizer):
    """Steps divided by a running root mean square of the gradient; see `rmsprop_update`.

    Parameters
    ----------
    learning_rate : float
    rho, momentum : float
        In [0, 1).
    epsilon : float
        Above 0; keeps the division finite.
    """

    slot_names = ("variance", "velocity")
    arguments = ("learning_rate", "rho", "momentum", "epsilon")

    def __init__(self, learning_rate=0.001, rho=0.9, momentum=0.0, epsilon=1e-7):
        super().__init__(learning_rate)
        self.rho = fraction(rho, "rho", self)
        self.momentum = fraction(momentum, "momentum", self)
        self.epsilon = above_zero(epsilon, "epsilon", self)

    def update(self, weights, gradient, variance, velocity):
        arrays = (weights, gradient, variance, velocity)
        settings = (self.learning_rate, self.rho, self.momentum, self.epsilon)
        kernels.active().rmsprop_update(*arrays, *map(weights.dtype.type, settings))


class Adam(Optimizer):
    """Running mean of the gradient over the root of its running square; see `adam_update`.

    The means start at 0 and are too small at first. The correction for that goes into the
    step's size, so that in step t

        step_size = learning_rate * sqrt(1 - beta_2**t) / (1 - beta_1**t)

    and epsilon is added to the uncorrected root. (PyTorch adds it to the corrected root, which
    gives other steps where gradients are tiny.)

    Source: Kingma and Ba 2015, algorithm 1 in the form at the end of section 2.

    Parameters
    ----------
    learning_rate : float
    beta_1, beta_2 : float
        In [0, 1): how much of the running mean and of the running square is kept each step.
    epsilon : float
        Above 0; keeps the division finite.
    """

    slot_names = ("mean", "variance")
    arguments = ("learning_rate", "beta_1", "beta_2", "epsilon")

    def __init__(self, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7):
        super().__init__(learning_rate)
        self.beta_1 = fraction(beta_1, "beta_1", self)
        self.beta_2 = fraction(beta_2, "beta_2", self)
        self.epsilon = above_zero(epsilon, "epsilon", self)

    @property
    def bias_correction(self) -> float:
        """sqrt(1 - beta_2**t) / (1 - beta_1**t) for the step t = `iterations`, which counts from 1."""
        t = self.iterations
        return math.sqrt(1 - self.beta_2**t) / (1 - self.beta_1**t)

    def update(self, weights, gradient, mean, variance):
        arrays = (weights, gradient, mean, variance)
        step_size = self.learning_rate * self.bias_correction
        settings = (step_size, self.beta_1, self.beta_2, self.epsilon)
        kernels.active().adam_update(*arrays, *map(weights.dtype.type, settings))


OPTIMIZERS = {"sgd": SGD, "rmsprop": RMSprop, "adam": Adam}


def get(optimizer) -> Optimizer:
    """The optimizer of the given name with its defaults, or the given one itself."""
    if isinstance(optimizer, Optimizer):
        return optimizer
    key = optimizer.lower() if isinstance(optimizer, str) else optimizer
    if key not in OPTIMIZERS:
        raise ValueError(
            f"compile: expected optimizer to be one of {', '.join(OPTIMIZERS)} or an "
            f"optimizer of minicnn, got {optimizer!r}"
        )
    return OPTIMIZERS[key]()


def check_arrays(arrays: list, name: str) -> None:
    """ValueError unless a weight, its gradient and its slots can be handed to a kernel.

    A compiled kernel would read and write beyond the end of a shorter array; and what it wrote to
    an array of another layout would go to a copy, since `reshape(-1)` has to make one.
    """
    shape = arrays[0].shape
    for number, array in enumerate(arrays):
        if array is None:
            raise ValueError(f"{name}: expected a gradient for it, got none; no loss depends on it")
        if array.shape != shape or array.dtype not in FLOATS or not array.flags.carray:
            role = ("weights", "gradient")[number] if number < 2 else "slot"
            layout = "" if array.flags.carray else ", not contiguous or not writeable"
            raise ValueError(
                f"{name}: expected its {role} to be a float32 or float64 array of shape {shape}, "
                f"C-contiguous and writeable, got {array.dtype} of shape {array.shape}{layout}"
            )


def above_zero(value: float, argument: str, owner: Optimizer) -> float:
    """`value` as a float, if it is above 0 and finite; else ValueError."""
    if not is_number(value) or not 0 < value < math.inf:
        raise ValueError(
            f"{type(owner).__name__}: expected {argument} to be above 0 and finite, got {value!r}"
        )
    return float(value)


def fraction(value: float, argument: str, owner: Optimizer) -> float:
    """`value` as a float, if it is in [0, 1); else ValueError."""
    if not is_number(value) or not 0 <= value < 1:
        raise ValueError(
            f"{type(owner).__name__}: expected {argument} to be in [0, 1), got {value!r}"
        )
    return float(value)


def is_number(value) -> bool:
    """Whether `value` is a real number, Python's or NumPy's, or an array of no axes."""
    return np.ndim(value) == 0 and np.asarray(value).dtype.kind in "iuf"
