"""The validation of `fit`: its data, looked at before the first step, and when it takes place."""

from collections.abc import Callable

from minicnn.arguments import positive_int
from minicnn.kernels.runtime.step_lock import one_step_at_a_time
from minicnn.training.batch_arrays import as_inputs
from minicnn.training.batch_sources import ArrayFeed, Feed
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
    is_pair = isinstance(data, list) and not any(isinstance(one, tuple) for one in data)
    parts = tuple(data) if is_pair else data if isinstance(data, tuple) else (data,)
    if len(parts) not in ((2, 3) if is_pair or isinstance(data, tuple) else (1,)):
        raise ValueError(
            "validation_data: expected (x, y) or (x, y, sample_weight), or batches of them, got "
            f"{len(parts)} items"
        )
    x, y, sample_weight = (*parts, None, None)[:3]
    of = "validation "
    feed = as_feed(x, y, batch_size, False, model.seed, model, of, sample_weight)
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
    is_built = getattr(model, "built", True)
    if (validation is not None and not is_built) or (is_built and isinstance(training, ArrayFeed)):
        first = training.peek()
        if first is not None:
            as_inputs(model, first[0])
    if validation is None:
        return
    with validation.at(0):
        batch = validation.feed.peek()
        if batch is not None and getattr(model, "built", True):
            test_step(model, *batch)


def epochs_with_validation(frequency) -> Callable[[int], bool]:
    """Whether there is a validation after an epoch; they count from 1. ValueError for bad values."""
    if isinstance(frequency, SEVERAL):
        chosen = {positive_int(epoch, "validation_freq", "fit") for epoch in frequency}
        return lambda epoch: epoch in chosen
    every = positive_int(frequency, "validation_freq", "fit")
    return lambda epoch: epoch % every == 0
