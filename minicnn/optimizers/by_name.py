"""The optimizers by their names."""

from minicnn.optimizers.adam import Adam
from minicnn.optimizers.base import Optimizer
from minicnn.optimizers.rmsprop import RMSprop
from minicnn.optimizers.sgd import SGD

OPTIMIZERS = {"sgd": SGD, "rmsprop": RMSprop, "adam": Adam}


def get(identifier) -> Optimizer:
    """The optimizer of a name with its defaults, of a dict of class_name and config, or itself."""
    if isinstance(identifier, Optimizer):
        return identifier
    if isinstance(identifier, dict) and "class_name" in identifier:
        return type(get(identifier["class_name"])).from_config(identifier.get("config", {}))
    key = identifier.lower() if isinstance(identifier, str) else None
    if key not in OPTIMIZERS:
        raise ValueError(
            f"compile: expected optimizer to be one of {', '.join(OPTIMIZERS)} or an "
            f"optimizer of minicnn, got {identifier!r}"
        )
    return OPTIMIZERS[key]()
