"""What all callbacks are, who tells them what has happened, and the one that `fit` returns."""


class Callback:
    """Base of all callbacks: does nothing at every occasion.

    Attributes
    ----------
    model : Model
    params : dict
        "epochs", "steps" and "verbose" of the running `fit`.
    """

    model = None
    params: dict = {}  # noqa: RUF012 (replaced, never changed)

    def get_state(self) -> dict:
        """What the callback remembers, for a checkpoint: numbers, texts, lists, arrays."""
        return {}

    def set_state(self, state: dict) -> None:
        """Go on from what `get_state` gave; told after `on_train_begin`.

        In the middle of an epoch `on_epoch_begin` is not told again.
        """

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
        """After a training step; `logs` has its own numbers, not means."""
        self.on_batch_end(batch, logs)

    def on_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        """Another name for on_train_batch_begin."""

    def on_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Another name for on_train_batch_end."""


class CallbackList:
    """Tells all callbacks, in their order, what has happened.

    Raises
    ------
    TypeError
        For something that is no Callback.
    ValueError
        For a callback that waits for an occasion which never comes here.
    """

    NEVER = ("on_test_", "on_predict_")  # Keras also tells of evaluate and predict

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
    """What `fit` returns: every epoch's numbers.

    Attributes
    ----------
    history : dict of str to list of float
    epoch : list of int
    """

    def __init__(self):
        self.history: dict[str, list[float]] = {}
        self.epoch: list[int] = []

    def get_state(self):
        return {"history": self.history, "epoch": self.epoch}

    def set_state(self, state):
        self.history, self.epoch = state["history"], state["epoch"]

    def on_epoch_end(self, epoch, logs=None):
        self.epoch.append(epoch)
        for key, value in logs.items():
            self.history.setdefault(key, []).append(value)
