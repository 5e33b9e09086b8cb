"""The next batch made in a thread: same bits, same errors, nothing left running."""

import threading
from contextlib import nullcontext
from itertools import islice

import cv2
import numpy as np
import pytest

import minicnn.training.loop
from minicnn.callbacks import Callback
from minicnn.layers import Dense, Flatten
from minicnn.models import Sequential
from minicnn.preprocessing.image import ImageDataGenerator, NumpyArrayIterator
from minicnn.training.batch_sources import IteratorFeed
from minicnn.training.given_data import as_feed
from minicnn.training.prefetch import prefetched

AUGMENTATION = {"rotation_range": 40, "zoom_range": 0.2, "horizontal_flip": True}


@pytest.fixture
def images() -> np.ndarray:
    """Eleven synthetic images of noise."""
    return np.random.default_rng(3).integers(0, 256, (11, 8, 9, 1)).astype(np.uint8)


@pytest.fixture(autouse=True)
def _nothing_is_left_running():
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) <= before


def flow(images, **arguments):
    generator = ImageDataGenerator(rescale=1 / 255, **AUGMENTATION)
    return generator.flow(images, np.arange(11) % 2, batch_size=4, seed=7, **arguments)


def small_model() -> Sequential:
    model = Sequential([Flatten(input_shape=(8, 9, 1)), Dense(1, activation="sigmoid")], seed=0)
    model.compile("adam", "binary_crossentropy", ["acc"])
    return model


class Watching(NumpyArrayIterator):
    """Notes in which thread batches are made; counts as minicnn's own."""

    __module__ = "minicnn.tests"

    def __init__(self, *arguments, **named):
        self.made_in = []
        super().__init__(*arguments, **named)

    def _images(self, indices):
        self.made_in.append(threading.current_thread())
        return super()._images(indices)


def watching(images, **arguments) -> Watching:
    return Watching(images, None, ImageDataGenerator(**arguments), batch_size=4, seed=7)


@pytest.mark.parametrize("steps", [1, 2, 3, 7])
def test_the_batches_are_those_without(images, steps):
    expected = list(islice(flow(images), steps))
    iterator = flow(images)
    with prefetched(IteratorFeed(iterator), steps) as batches:
        found = [next(batches) for _ in range(steps)]
    for (x, y, _), (x_expected, y_expected) in zip(found, expected, strict=True):
        np.testing.assert_array_equal(x, x_expected)
        np.testing.assert_array_equal(y, y_expected)
    # The iterator stands where it would have stood.
    following = flow(images)
    for _ in range(steps):
        next(following)
    np.testing.assert_array_equal(next(iterator)[0], next(following)[0])


def test_training_is_the_same_bit_for_bit(images, monkeypatch):
    def train():
        model = small_model()
        history = model.fit(
            flow(images), epochs=3, steps_per_epoch=5, validation_data=flow(images), verbose=0
        )
        return history.history, model.get_weights(), model.predict(flow(images, shuffle=False))

    history, weights, predictions = train()
    monkeypatch.setattr(minicnn.training.loop, "prefetched", lambda feed, steps: nullcontext(feed))
    history_without, weights_without, predictions_without = train()
    assert history == history_without
    np.testing.assert_array_equal(predictions, predictions_without)
    for one, other in zip(weights, weights_without, strict=True):
        np.testing.assert_array_equal(one, other)


def test_one_batch_ahead_in_another_thread_and_none_beyond_the_last(images):
    iterator = watching(images)
    with prefetched(IteratorFeed(iterator), 3) as batches:
        for step in range(3):
            next(batches)
            batches.coming.exception()  # waits until the one ahead is done
            assert len(iterator.made_in) == min(step + 2, 3)
    assert threading.main_thread() not in iterator.made_in


def test_what_runs_the_user_s_code_stays_in_its_thread(images):
    class OwnIterator(Watching):
        __module__ = "somewhere.else"

    class OwnGenerator(ImageDataGenerator):
        pass

    own = OwnIterator(images, None, ImageDataGenerator(), batch_size=4)
    with_function = watching(images, preprocessing_function=lambda x: x)
    generated = Watching(images, None, OwnGenerator(), batch_size=4)
    for iterator in (own, with_function, generated):
        with prefetched(IteratorFeed(iterator), 3) as batches:
            for _ in range(3):
                next(batches)
        assert iterator.made_in == [threading.main_thread()] * 3
    for source in (iter([(images, None)]), [(images, None), (images, None)]):
        feed = as_feed(Sequential(seed=0), source, None, None)
        with prefetched(feed, 2) as batches:
            assert batches is feed


def test_callbacks_see_the_iterator_where_the_training_is(images):
    iterator, seen = flow(images), []

    class Look(Callback):
        def on_train_batch_begin(self, batch, logs=None):
            assert (iterator.pass_number, iterator.batch_index) == (batch // 3, batch % 3 + 1)
            seen.append(iterator.batch_indices.tolist())

    small_model().fit(iterator, steps_per_epoch=6, callbacks=[Look()], verbose=0)
    expected = flow(images)
    for indices in seen:
        next(expected)
        assert indices == expected.batch_indices.tolist()


def test_an_iterator_that_is_moved_meanwhile_goes_on_from_there(images):
    iterator = flow(images)
    with prefetched(IteratorFeed(iterator), 4) as batches:
        next(batches)
        iterator.start_epoch(5)
        x, _, _ = next(batches)
    iterator.start_epoch(5)
    np.testing.assert_array_equal(x, next(iterator)[0])


def test_an_error_comes_as_it_is_when_its_batch_is_asked_for(tmp_path):
    for number in range(6):
        path = tmp_path / ("a" if number < 3 else "b") / f"{number}.png"
        path.parent.mkdir(exist_ok=True)
        cv2.imwrite(str(path), np.full((8, 9), number, np.uint8))
    path.write_bytes(b"broken")
    iterator = ImageDataGenerator().flow_from_directory(
        tmp_path, (8, 9), "grayscale", class_mode="binary", batch_size=2, shuffle=False
    )
    with prefetched(IteratorFeed(iterator), 3) as batches:
        next(batches), next(batches)
        with pytest.raises(ValueError, match="5.png: expected an image file"):
            next(batches)
    with pytest.raises(ValueError, match="5.png: expected an image file"):
        small_model().fit(iterator, verbose=0)


@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError])
def test_whatever_ends_the_training_ends_the_thread(images, error):
    class Fail(Callback):
        def on_train_batch_end(self, batch, logs=None):
            raise error

    with pytest.raises(error):
        small_model().fit(flow(images), callbacks=[Fail()], verbose=0)


def test_stopping_early_ends_the_thread(images):
    class Stop(Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.stop_training = True

    small_model().fit(flow(images), epochs=5, callbacks=[Stop()], verbose=0)
