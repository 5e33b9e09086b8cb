"""Which of the logs a callback watches, and what is better."""

import math
import re

from minicnn.arguments import real, snake_case
from minicnn.metrics.lookup import CLASSES
from minicnn.metrics.reported import metrics_by_key

FALLING = ("loss",)
RISING = ("acc", "accuracy", *map(snake_case, CLASSES))


class Monitor:
    """Which of the logs is watched, and what is better.

    Parameters
    ----------
    key : str
        Which of the logs, such as "val_loss".
    mode : {"auto", "min", "max"}
        Whether smaller or larger is better. auto: smaller for losses, larger for the metrics of
        `minicnn.metrics`; ValueError in `check_keys` for anything else.
    min_delta : float
        Changes no larger than this do not count as better.
    owner : str
        For messages.
    """

    def __init__(self, key: str, mode: str, min_delta: float, owner: str):
        if not isinstance(key, str):
            raise ValueError(f"{owner}: expected monitor to be a key such as val_loss, got {key!r}")
        require_numbers(owner, min_delta=min_delta)
        if mode not in ("auto", "min", "max"):
            raise ValueError(f"{owner}: expected mode to be auto, min or max, got {mode!r}")
        self.key, self.owner = key, owner
        self.sign = {"min": -1, "max": 1, "auto": sign_of(key)}[mode]
        self.min_delta = abs(min_delta)
        self.expected = False

    def __repr__(self) -> str:
        better = {-1: " (the smaller, the better)", 1: " (the larger, the better)", None: ""}
        return f"{self.key}{better[self.sign]}"

    @property
    def worst(self) -> float:
        """What every value is better than."""
        return -(self.sign or 1) * math.inf

    def bind(self, model) -> None:
        """Find out what is better, where the key's name does not say it."""
        if self.sign is None:
            metric = metrics_by_key(model).get(self.key.removeprefix("val_"))
            self.sign = metric and (metric.better or sign_of(metric.name))

    def check_keys(self, keys: list[str], more: bool) -> None:
        """ValueError if the logs will never have the key, or it is not known what is better.

        `more` as in `Callback.check_keys`.
        """
        self.expected = self.key in keys
        if not (self.expected or more):
            raise ValueError(self._missing(keys))
        if self.sign is None:
            raise ValueError(
                f"{self.owner}: expected mode='min' or mode='max', since it is not known whether a "
                f"smaller or a larger {self.key} is better, got mode='auto'"
            )

    def value(self, logs: dict[str, float]) -> float | None:
        """The watched value; None in an epoch without validation.

        ValueError with the keys there are if it is missing.
        """
        if self.key not in logs and not self.expected:
            raise ValueError(self._missing(logs))
        return logs.get(self.key)

    def _missing(self, keys) -> str:
        return f"{self.owner}: expected monitor to be one of {', '.join(keys)}, got {self.key!r}"

    def is_better(self, value: float, other: float) -> bool:
        """Whether `value` is better than `other` by more than min_delta."""
        return self.sign * (value - other) > self.min_delta


def require_numbers(owner: str, **given) -> None:
    """ValueError for arguments of a callback that are no numbers."""
    for argument, value in given.items():
        real(value, argument, owner, -math.inf, math.inf)


def sign_of(key: str) -> int | None:
    """1 if larger values are better, -1 if smaller ones are, None if the name does not say it.

    A key is a metric's name, behind "val_" for validation, and before "_1", "_2" where there are
    several of one kind.
    """
    name = re.sub(r"_\d+$", "", key.removeprefix("val_"))
    if name in FALLING:
        return -1
    return 1 if name in RISING else None
