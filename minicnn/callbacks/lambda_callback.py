"""A callback made of functions."""

from minicnn.callbacks.base import Callback

PREFIXES = ("on_epoch_", "on_train_", "on_test_", "on_predict_", "on_batch_")


class LambdaCallback(Callback):
    """Calls the given functions on the occasions that they are given for.

    Parameters
    ----------
    on_epoch_begin, on_epoch_end : function (epoch, logs), optional
    on_train_begin, on_train_end : function (logs), optional
    on_train_batch_begin, on_train_batch_end : function (batch, logs), optional
    **kwargs
        Functions for the other occasions of `Callback`, under their names.

    TypeError for a name that is no occasion, and for what is no function.
    """

    def __init__(
        self,
        on_epoch_begin=None,
        on_epoch_end=None,
        on_train_begin=None,
        on_train_end=None,
        on_train_batch_begin=None,
        on_train_batch_end=None,
        **kwargs,
    ):
        given = {
            "on_epoch_begin": on_epoch_begin,
            "on_epoch_end": on_epoch_end,
            "on_train_begin": on_train_begin,
            "on_train_end": on_train_end,
            "on_train_batch_begin": on_train_batch_begin,
            "on_train_batch_end": on_train_batch_end,
            **kwargs,
        }
        occasions = [name for name in dir(Callback) if name.startswith(PREFIXES)]
        for name, function in given.items():
            if name not in occasions:
                raise TypeError(
                    f"LambdaCallback: expected functions for {', '.join(occasions)}, got {name!r}"
                )
            if function is not None:
                if not callable(function):
                    raise TypeError(
                        f"LambdaCallback: expected {name} to be a function, got {function!r}"
                    )
                setattr(self, name, function)
