"""The optimizers by their names."""

from minicnn.optimizers.adam import Adam
from minicnn.optimizers.base import Optimizer
from minicnn.optimizers.rmsprop import RMSprop
from minicnn.optimizers.sgd import SGD

OPTIMIZERS = {"sgd": SGD, "rmsprop": RMSprop, "adam": Adam}


def get(identifier) -> Optimizer:
    """The optimizer of the given name with its defaults, or the given one itself."""
    if isinstance(identifier, Optimizer):
        return identifier
    key = identifier.lower() if isinstance(identifier, str) else identifier
    if key not in OPTIMIZERS:
        raise ValueError(
            f"compile: expected optimizer to be one of {', '.join(OPTIMIZERS)} or an "
            f"optimizer of minicnn, got {identifier!r}"
        )
    return OPTIMIZERS[key]()
