"""How weights follow their gradients: SGD, RMSprop, Adam, with Keras' names and defaults."""

from minicnn.optimizers import schedules
from minicnn.optimizers.adam import Adam
from minicnn.optimizers.base import Optimizer
from minicnn.optimizers.by_name import OPTIMIZERS, get
from minicnn.optimizers.rmsprop import RMSprop
from minicnn.optimizers.sgd import SGD

__all__ = ["OPTIMIZERS", "SGD", "Adam", "Optimizer", "RMSprop", "get", "schedules"]
