"""The base of all callbacks, the list that calls them, and the one that `fit` returns."""


class Callback:
    """Base of all callbacks: does nothing on every occasion.

    Attributes
    ----------
    model : Model
    params : dict
        "epochs", "steps" and "verbose" of the running `fit`.
    remembered : tuple of str
        The attributes that a checkpoint keeps: numbers, texts, lists, arrays.
    """

    model = None
    params: dict = {}  # noqa: RUF012 (replaced, never changed)
    remembered: tuple[str, ...] = ()

    def get_state(self) -> dict:
        """What a checkpoint keeps of the callback."""
        return {name: getattr(self, name) for name in self.remembered}

    def set_state(self, state: dict) -> None:
        """Resume from what `get_state` gave; called after `on_train_begin`.

        In the middle of an epoch `on_epoch_begin` is not called again.
        """
        for name in self.remembered:
            setattr(self, name, state[name])

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Before the first epoch."""

    def on_train_end(self, logs: dict | None = None) -> None:
        """After the last epoch."""

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        """Before an epoch; they count from 0."""

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """After an epoch; `logs` has its means and, as val_..., the validation's."""

    def on_train_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        """Before a training step."""
        self.on_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """After a training step; `logs` has its own values, not means."""
        self.on_batch_end(batch, logs)

    def on_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        """Another name for on_train_batch_begin."""

    def on_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Another name for on_train_batch_end."""


class CallbackList:
    """Calls all callbacks, in their order.

    Raises
    ------
    TypeError
        For something that is no Callback.
    ValueError
        For a callback with a method that is never called here.
    """

    NEVER = ("on_test_", "on_predict_")  # Keras calls them in evaluate and predict

    def __init__(self, callbacks: list[Callback], model, params: dict):
        self.callbacks, self.params = callbacks, params
        for callback in callbacks:
            if not isinstance(callback, Callback):
                raise TypeError(f"callbacks: expected Callbacks, got {type(callback).__name__}")
            waits = [name for name in dir(callback) if name.startswith(self.NEVER)]
            if waits:
                raise ValueError(
                    f"{type(callback).__name__}: {waits[0]} is never called here, only the "
                    "on_train_... and on_epoch_... occasions are"
                )
            callback.model, callback.params = model, params

    def tell(self, occasion: str, *arguments) -> None:
        """Call each callback's method of that name, such as "on_epoch_end"."""
        for callback in self.callbacks:
            getattr(callback, occasion)(*arguments)


class History(Callback):
    """What `fit` returns: every epoch's logs.

    Attributes
    ----------
    history : dict of str to list of float
    epoch : list of int
    """

    remembered = ("history", "epoch")

    def __init__(self):
        self.history: dict[str, list[float]] = {}
        self.epoch: list[int] = []

    def on_epoch_end(self, epoch, logs=None):
        self.epoch.append(epoch)
        for key, value in logs.items():
            self.history.setdefault(key, []).append(value)
