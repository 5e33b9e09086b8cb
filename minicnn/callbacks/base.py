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
    logged : tuple of str
        The keys that its `on_epoch_end` adds to the logs.
    """

    model = None
    params: dict = {}  # noqa: RUF012 (replaced, never changed)
    remembered: tuple[str, ...] = ()
    logged: tuple[str, ...] = ()

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

    def set_model(self, model) -> None:
        """Called before all occasions with the model that is trained or used."""
        self.model = model

    def set_params(self, params: dict) -> None:
        """Called before all occasions with `params`."""
        self.params = params

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Before the first epoch."""

    def on_train_end(self, logs: dict | None = None) -> None:
        """After the last epoch; `logs` has those of that epoch."""

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        """Before an epoch; they count from 0."""

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """After an epoch; `logs` has its means and, as val_..., the validation's."""

    def on_train_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        """Before a training step."""
        self.on_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """After a training step; `logs` has the values of the epoch so far, as Keras has it."""
        self.on_batch_end(batch, logs)

    def on_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        """Another name for on_train_batch_begin."""

    def on_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Another name for on_train_batch_end."""

    def on_test_begin(self, logs: dict | None = None) -> None:
        """Before `evaluate`, and before the validation of an epoch."""

    def on_test_end(self, logs: dict[str, float] | None = None) -> None:
        """After it; `logs` has its means, without val_ in front."""

    def on_test_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        """Before a batch of it."""

    def on_test_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """After a batch of it; `logs` has the values of all batches so far."""

    def on_predict_begin(self, logs: dict | None = None) -> None:
        """Before `predict`."""

    def on_predict_end(self, logs: dict | None = None) -> None:
        """After `predict`."""

    def on_predict_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        """Before a batch of it."""

    def on_predict_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """After a batch of it; `logs` has its outputs as "outputs"."""

    # Beside Keras' occasions: what it takes to refuse a training before its first step, to
    # interrupt it, and to look into a bad step.

    def check_keys(self, batch: list[str], epoch: list[str], more: bool) -> None:
        """Look at the keys that logs will have; called once, after `on_train_begin`.

        A callback that needs another key raises ValueError.

        Parameters
        ----------
        batch, epoch : list of str
            Keys of `on_train_batch_end` and of `on_epoch_end`.
        more : bool
            Whether a callback of the user's, called before this one, may add others to the latter.
        """

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

    TypeError for something that is no Callback; ValueError for two that restore.
    """

    def __init__(self, callbacks: list[Callback], model, params: dict):
        self.callbacks, self.params = callbacks, params
        for callback in callbacks:
            if not isinstance(callback, Callback):
                raise TypeError(f"callbacks: expected Callbacks, got {type(callback).__name__}")
            callback.set_model(model)
            callback.set_params(params)
        restoring = self.having("restore")
        if len(restoring) > 1:
            name = type(restoring[0]).__name__
            raise ValueError(f"callbacks: expected one {name} at most, got {len(restoring)}")

    def having(self, method: str) -> list[Callback]:
        """The callbacks that override this method of `Callback`."""
        nothing = getattr(Callback, method)
        return [one for one in self.callbacks if getattr(type(one), method) is not nothing]

    def call(self, occasion: str, *arguments) -> None:
        """Call each callback's method of that name, such as "on_epoch_end".

        Occasions of Keras have logs as the last argument, {} where there is nothing to tell.
        """
        for callback in self.callbacks:
            getattr(callback, occasion)(*arguments)

    def check_keys(self, batch: list[str], epoch: list[str]) -> None:
        """Let each look at the keys that logs will have when it is called."""
        more = False
        for callback in self.callbacks:
            callback.check_keys(batch, epoch, more)
            epoch = list(dict.fromkeys([*epoch, *callback.logged]))
            written_at = callback.on_epoch_end.__module__ or ""
            more = more or not written_at.startswith("minicnn.")

    def restore(self, position: Position, feeds: list) -> Position:
        """Where training starts; see `Callback.restore`."""
        for callback in self.callbacks:
            position = callback.restore(position, self, feeds)
        return position

    def watch(self, place):
        """`train_step`'s `on_bad_loss`; None if no callback has one."""
        return partial(self.call, "on_bad_loss", place) if self.having("on_bad_loss") else None
