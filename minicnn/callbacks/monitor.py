"""Which of the logs a callback watches, and what is better."""

import math


class Monitor:
    """Which of the logs is watched, and what is better.

    Parameters
    ----------
    key : str
        Which of the logs, such as "val_loss".
    mode : {"auto", "min", "max"}
        Whether smaller or larger is better; auto: larger for accuracies, smaller otherwise.
    min_delta : float
        Changes no larger than this do not count as better.
    owner : str
        For messages.

    Attributes
    ----------
    worst : float
        What every value is better than.
    """

    def __init__(self, key: str, mode: str, min_delta: float, owner: str):
        if mode not in ("auto", "min", "max"):
            raise ValueError(f"{owner}: expected mode to be auto, min or max, got {mode!r}")
        upward = mode == "max" or (mode == "auto" and "acc" in key)
        self.key, self.owner = key, owner
        self.sign = 1 if upward else -1
        self.min_delta = abs(min_delta)
        self.worst = -self.sign * math.inf

    def __repr__(self) -> str:
        return f"{self.key} (the {'larger' if self.sign > 0 else 'smaller'}, the better)"

    def value(self, logs: dict[str, float]) -> float:
        """The watched value; ValueError with the keys there are if it is missing."""
        if self.key not in logs:
            raise ValueError(
                f"{self.owner}: expected monitor to be one of {', '.join(logs)}, got {self.key!r}"
            )
        return logs[self.key]

    def is_better(self, value: float, other: float) -> bool:
        """Whether `value` is better than `other` by more than min_delta."""
        return self.sign * (value - other) > self.min_delta
