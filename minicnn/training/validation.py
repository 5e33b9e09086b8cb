"""The validation of `fit`: its data, looked at before the first step, and when it takes place."""

from collections.abc import Callable

from minicnn.arguments import positive_int
from minicnn.kernels.runtime.step_lock import one_step_at_a_time
from minicnn.training.batch_arrays import as_inputs
from minicnn.training.batch_sources import ArrayFeed, Feed, as_triple
from minicnn.training.given_data import as_feed, steps_of
from minicnn.training.place import Place
from minicnn.training.step import test_step

SEVERAL = (list, tuple, set)


def as_validation(model, data, batch_size, steps, frequency) -> Place | None:
    """The batches of `validation_data`, or None where there is none; ValueError for misfits.

    `frequency` is one that `epochs_with_validation` takes.
    """
    if data is None:
        return None
    # A list of tuples is one of batches; [x, y] is taken for (x, y), as in Keras.
    if isinstance(data, list) and not any(isinstance(one, tuple) for one in data):
        data = tuple(data)
    if isinstance(data, tuple) and len(data) not in (2, 3):
        raise ValueError(
            "validation_data: expected (x, y) or (x, y, sample_weight), or batches of them, got "
            f"{len(data)} items"
        )
    x, y, sample_weight = as_triple(data)
    of = "validation "
    feed = as_feed(model, x, y, batch_size, of=of, sample_weight=sample_weight)
    steps = steps_of(feed, steps, "validation_steps")
    several = isinstance(frequency, SEVERAL)
    epochs = sorted(map(int, frequency)) if several else int(frequency)
    feed.use = {"validation_steps": steps, "validation_freq": epochs}
    return Place(feed, steps, of)


@one_step_at_a_time()
def check_first_batches(model, training: Feed, validation: Place | None) -> None:
    """ValueError where arrays do not fit the model, or a validation's first batch does not.

    Nothing is known of a generator before `next`, nor of an iterator that runs the user's code.
    Before a validation, a model that is not built is built for its training data.
    """
    is_wanted = isinstance(training, ArrayFeed) if model.built else validation is not None
    first = training.peek() if is_wanted else None
    if first is not None:
        as_inputs(model, first[0])
    if validation is None:
        return
    with validation.at(0):
        batch = validation.feed.peek()
        if batch is not None and model.built:
            test_step(model, *batch)


def epochs_with_validation(frequency) -> Callable[[int], bool]:
    """Whether there is a validation after an epoch; they count from 1. ValueError for bad values."""
    if isinstance(frequency, SEVERAL):
        chosen = {positive_int(epoch, "validation_freq", "fit") for epoch in frequency}
        return lambda epoch: epoch in chosen
    every = positive_int(frequency, "validation_freq", "fit")
    return lambda epoch: epoch % every == 0
