"""The loss, and its gradient: binary cross-entropy in two forms.

From probabilities it is easy to read. From logits (the values in front of the sigmoid) it
never overflows and its gradient never vanishes; models that end in a sigmoid train on it.
"""

import warnings

import numpy as np

from minicnn.arguments import real, refuse_methods, refuse_unsupported
from minicnn.numeric_checks import BadSample, and_more, sample_place

ROUNDING = 1e-6  # labels that were computed may be this far outside of [0, 1]
SMALLEST = 1e-7  # probabilities are kept this far away from 0 and 1 before the logarithm


class BinaryCrossentropy:
    """The mean of -w (y ln p + (1 - y) ln(1 - p)) over all outputs of all samples.

    `y` is 1 for the positive class and 0 for the other, `p` the predicted probability of the
    positive class. A guess of p = 0.5 everywhere costs ln 2 = 0.6931. The weights `w` of the samples
    are 1 but with `sample_weight` or `class_weight`; as in Keras the mean is divided by the number
    of outputs, not by the sum of the weights.

    Source: Goodfellow, Bengio and Courville 2016, "Deep Learning", section 6.2.2.2.

    Parameters
    ----------
    from_logits : bool
        Whether the model's outputs are logits, of which p is the sigmoid. An output that comes
        straight from a sigmoid is compared in front of it, whatever this says.
    label_smoothing : float in [0, 1]
        How far labels are moved towards 0.5: y (1 - label_smoothing) + label_smoothing / 2.
    axis, reduction, dtype
        Keras' arguments, not supported beyond their defaults.
    name : str
    """

    # What a subclass without a constructor has
    takes_logits, label_smoothing, name = False, 0.0, "binary_crossentropy"

    def __init__(
        self,
        from_logits=False,
        label_smoothing=0.0,
        axis=-1,
        reduction="sum_over_batch_size",
        name="binary_crossentropy",
        dtype=None,
    ):
        owner = type(self).__name__
        refuse_unsupported(
            owner,
            {
                "axis": (axis, -1),
                "reduction": (reduction, "sum_over_batch_size", "mean"),
                "dtype": (dtype, None, "float32"),
            },
        )
        self.takes_logits = bool(from_logits)  # from_logits is the method below
        self.label_smoothing = real(label_smoothing, "label_smoothing", owner, 0, 1)
        self.name = name

    def __init_subclass__(cls) -> None:
        """TypeError for a subclass whose loss training would not see."""
        refuse_methods(
            cls, ("call", "__call__"), "override from_logits and from_probabilities instead"
        )
        if "from_probabilities" in vars(cls) and cls.from_logits is BinaryCrossentropy.from_logits:
            raise TypeError(
                f"{cls.__name__}: expected from_logits to be overridden as well as "
                "from_probabilities, because models that end in a sigmoid train on it"
            )

    def get_config(self) -> dict:
        """The constructor's arguments, under Keras' names."""
        return {
            "from_logits": self.takes_logits,
            "label_smoothing": self.label_smoothing,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: dict) -> "BinaryCrossentropy":
        """The loss of that `get_config`."""
        return cls(**config)

    def __repr__(self) -> str:
        config = self.get_config().items()
        changed = [f"{key}={value!r}" for key, value in config if value != DEFAULTS[key]]
        return f"{type(self).__name__}({', '.join(changed)})"

    def smoothed(self, y: np.ndarray) -> np.ndarray:
        """The labels that predictions are compared with."""
        amount = self.label_smoothing
        return y * (1 - amount) + amount / 2 if amount else y

    def check_labels(self, y: np.ndarray, what: str) -> None:
        """BadSample, a ValueError, for labels outside of [0, 1]: their loss has no lower end.

        Labels between 0 and 1 are probabilities, and allowed; so is what rounding adds to 1.

        Parameters
        ----------
        y : array (samples, ...)
        what : str
            What the labels are called in the message.
        """
        lowest, highest = -ROUNDING, 1 + ROUNDING
        if y.size == 0 or (y.min() >= lowest and y.max() <= highest):  # of NaN, neither is true
            return
        fits = (y >= lowest) & (y <= highest)
        first = np.unravel_index(np.argmin(fits), fits.shape)
        index = tuple(int(i) for i in first)
        index = index if fits[:1].size > 1 else index[:1]
        raise BadSample(
            f"{what}: expected labels in [0, 1], got {y[first]:g} for {sample_place(index)}"
            f"{and_more(fits.size - np.count_nonzero(fits) - 1)}; {advice(y)}",
            sample=index[0] if index else 0,
        )

    def from_probabilities(
        self, y: np.ndarray, p: np.ndarray, w: np.ndarray | float = 1.0
    ) -> tuple[float, np.ndarray]:
        """Loss and its gradient with respect to `p`.

        p is clipped to [1e-7, 1 - 1e-7] first, as Keras does: so the loss stays below 16.12,
        and where clipping took place the gradient is 0.

        Parameters
        ----------
        y, p : float arrays of one shape
        w : float array (samples, 1), or 1

        Returns
        -------
        loss : float
        dp : float array, dtype and shape of `p`
        """
        if p.size and (p.min() < 0 or p.max() > 1):
            warnings.warn(
                "binary_crossentropy: expected predictions in [0, 1], got values from "
                f"{p.min():.3g} to {p.max():.3g}; does the model end in a sigmoid?",
                stacklevel=2,
            )
        y = self.smoothed(y)
        inside = np.clip(p, SMALLEST, 1 - SMALLEST)
        loss = np.mean(-w * (y * np.log(inside) + (1 - y) * np.log(1 - inside)))
        dp = w * (inside - y) / (inside * (1 - inside)) / p.size
        dp[inside != p] = 0
        return float(loss), dp.astype(p.dtype, copy=False)

    def from_logits(
        self, y: np.ndarray, z: np.ndarray, w: np.ndarray | float = 1.0
    ) -> tuple[float, np.ndarray]:
        """The same loss with p = sigmoid(z) put in, and its gradient with respect to `z`.

        loss = mean of w (max(z, 0) - z y + ln(1 + exp(-|z|)));   dz = w (sigmoid(z) - y) / size

        Parameters
        ----------
        y, z : float arrays of one shape
        w : float array (samples, 1), or 1

        Returns
        -------
        loss : float
        dz : float array, dtype and shape of `z`
        """
        y = self.smoothed(y)
        exp_neg_abs = np.exp(-np.abs(z))  # in (0, 1], so that nothing below can overflow
        loss = (w * (np.maximum(z, 0) - z * y + np.log1p(exp_neg_abs))).sum() / z.size
        p = np.where(z >= 0, 1, exp_neg_abs) / (1 + exp_neg_abs)
        return float(loss), (w * (p - y) / z.size).astype(z.dtype, copy=False)


def advice(y: np.ndarray) -> str:
    """What to do about labels that are not in [0, 1]."""
    if np.isnan(y).any():
        return "give every sample a label"
    lowest, highest = y.min(), y.max()
    if (lowest, highest) == (1, 2):
        return "subtract 1, if 1 and 2 are all the labels there are"
    if (lowest, highest) == (-1, 1):
        return "(y + 1) / 2 turns -1 and 1 into 0 and 1"
    if lowest == 0 and highest == 255:
        return "divide by 255"
    if lowest == 0 and highest > 1 and np.array_equal(y, np.floor(y)):
        return (
            f"class numbers of {highest + 1:g} classes do not fit one yes or no: give each class "
            "an output of its own, and rows that have a 1 for it (class_mode='categorical')"
        )
    return "1 is the positive class, 0 the other, and values between them are probabilities"


DEFAULTS = BinaryCrossentropy().get_config()
LOSSES = ("bce", "BCE", "BinaryCrossentropy", "binary_crossentropy")


def get(identifier) -> BinaryCrossentropy:
    """The loss of a name, of a dict of `serialize`, of a class, or itself; ValueError for others."""
    if isinstance(identifier, dict) and identifier.get("class_name") == BinaryCrossentropy.__name__:
        return BinaryCrossentropy.from_config(identifier.get("config", {}))
    if isinstance(identifier, BinaryCrossentropy):
        return identifier
    if isinstance(identifier, type) and issubclass(identifier, BinaryCrossentropy):
        return identifier()
    if not isinstance(identifier, str) or identifier not in LOSSES:
        raise ValueError(
            f"compile: expected loss to be one of {', '.join(LOSSES)}, got {identifier!r}"
        )
    return BinaryCrossentropy()


def serialize(loss: BinaryCrossentropy) -> str | dict:
    """A loss as JSON can hold it, for `get`: its name where that is enough."""
    config = loss.get_config()
    if config == DEFAULTS:
        return loss.name
    return {"class_name": type(loss).__name__, "config": config}
