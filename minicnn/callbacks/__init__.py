"""What happens beside training: stopping early, keeping the best weights, writing logs.

Names, arguments and defaults are Keras'. One of one's own is a subclass of `Callback`.
"""

from minicnn.callbacks.backup import BackupAndRestore
from minicnn.callbacks.base import Callback
from minicnn.callbacks.csv_logger import CSVLogger
from minicnn.callbacks.early_stopping import EarlyStopping
from minicnn.callbacks.history import History
from minicnn.callbacks.lambda_callback import LambdaCallback
from minicnn.callbacks.learning_rate import LearningRateScheduler, ReduceLROnPlateau
from minicnn.callbacks.model_checkpoint import ModelCheckpoint
from minicnn.callbacks.monitor import Monitor
from minicnn.callbacks.terminate_on_nan import TerminateOnNaN
from minicnn.callbacks.weight_history import WeightHistory, load_weight_history

__all__ = [
    "BackupAndRestore",
    "CSVLogger",
    "Callback",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "Monitor",
    "ReduceLROnPlateau",
    "TerminateOnNaN",
    "WeightHistory",
    "load_weight_history",
]
