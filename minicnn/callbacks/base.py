"""The base of all callbacks, and the list that calls them."""

import inspect
from functools import partial

from minicnn.reprs import OneLine, settings_texts, titled
from minicnn.saving.checkpoint import Position


class Callback(OneLine):
    """Base of all callbacks: does nothing on every occasion.

    Attributes
    ----------
    model : Model
    params : dict
        "epochs", "steps" and "verbose" of the running `fit`.
    remembered : tuple of str
        The attributes that a checkpoint keeps: numbers, strings, lists, arrays.
    """

    model = None
    params: dict = {}  # noqa: RUF012 (replaced, never changed)
    remembered: tuple[str, ...] = ()

    def one_line(self) -> str:
        """The class, and what its constructor was given: `<EarlyStopping: patience 5>`."""
        names = inspect.signature(type(self).__init__).parameters
        settings = {name: getattr(self, name) for name in names if hasattr(self, name)}
        return titled(type(self).__name__, settings_texts(type(self), settings))

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

    # Beside Keras' occasions: what it takes to interrupt a training, and to look into a bad step.

    def restore(self, position: Position, observers: "CallbackList", feeds: list) -> Position:
        """Where training starts: at `position`, or where the callback resumes it.

        Called once, after `on_train_begin` of all callbacks. `fit` takes at most one callback that
        has this.

        Parameters
        ----------
        position : Position
            Where it starts without the callback.
        observers : CallbackList
            All callbacks of `fit`.
        feeds : list
            The data of training and, where there is one, of validation.
        """
        return position

    def after_step(self, position: Position) -> None:
        """After a step and `on_train_batch_end` of all callbacks; `position` is where to resume."""

    def after_epoch(self, position: Position) -> None:
        """The same after an epoch: `position` is the beginning of the next one."""

    def on_bad_loss(self, place, inputs: list) -> None:
        """A batch's loss is not finite; where a callback has this, its step is not made.

        Parameters
        ----------
        place : minicnn.training.place.Place
            The batch.
        inputs : list of float arrays
            The batch's, one for each of the model's inputs.
        """


class CallbackList:
    """Calls all callbacks, in their order.

    TypeError for something that is no Callback; ValueError for a callback with methods that are
    never called here, and for two that restore.
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
        restoring = self.having("restore")
        if len(restoring) > 1:
            name = type(restoring[0]).__name__
            raise ValueError(f"callbacks: expected one {name} at most, got {len(restoring)}")

    def having(self, method: str) -> list[Callback]:
        """The callbacks that override this method of `Callback`."""
        nothing = getattr(Callback, method)
        return [one for one in self.callbacks if getattr(type(one), method) is not nothing]

    def call(self, occasion: str, *arguments) -> None:
        """Call each callback's method of that name, such as "on_epoch_end"."""
        for callback in self.callbacks:
            getattr(callback, occasion)(*arguments)

    def restore(self, position: Position, feeds: list) -> Position:
        """Where training starts; see `Callback.restore`."""
        for callback in self.callbacks:
            position = callback.restore(position, self, feeds)
        return position

    def watch(self, place):
        """`train_step`'s `on_bad_loss`; None if no callback has one."""
        return partial(self.call, "on_bad_loss", place) if self.having("on_bad_loss") else None
