"""Models that several threads train and predict with: each gets what it would get alone."""

import pickle
import threading
import time

import numpy as np
import pytest
from subprocesses import (
    SECONDS,
    digest,
    noise,
    small_model,
    train_and_predict,
)

from minicnn.kernels.runtime.step_lock import one_step_at_a_time
from minicnn.layers import Dense, Flatten
from minicnn.models import Model, Sequential


def at_once(*jobs) -> list:
    """What the jobs return, each called in a thread of its own, all at the same time."""
    results, barrier = [None] * len(jobs), threading.Barrier(len(jobs))

    def do(index):
        barrier.wait(SECONDS)
        results[index] = jobs[index]()

    threads = [threading.Thread(target=do, args=(i,), daemon=True) for i in range(len(jobs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
        assert not thread.is_alive()
    return results


def test_threads_that_share_a_model_get_what_they_would_get_alone():
    model, images = small_model(), [noise(50, seed)[0] for seed in range(4)]
    alone = [model.predict(x, batch_size=7) for x in images]

    def use(x):
        return lambda: [model.predict(x, batch_size=7) for _ in range(10)]

    for expected, found in zip(alone, at_once(*map(use, images)), strict=True):
        for y in found:
            np.testing.assert_array_equal(y, expected)


@pytest.mark.parametrize("layer", range(8))
def test_what_is_returned_is_not_overwritten_by_the_next_run(layer):
    """Also of layers whose output is a buffer inside of a plan."""
    model = small_model()
    part = Model(model.inputs, [model.layers[layer].output])
    x, others = noise()[0], noise(seed=1)[0]
    kept = part.predict_on_batch(x)
    before = kept.copy()
    at_once(lambda: part.predict_on_batch(others), lambda: model.predict_on_batch(others))
    np.testing.assert_array_equal(kept, before)


def test_threads_that_train_and_predict_with_models_of_their_own():
    def train(seed):
        return lambda: train_and_predict(small_model(seed))

    x = noise()[0]
    used = small_model(9)
    expected = [train(seed)() for seed in range(3)] + [digest(used.predict(x))]
    jobs = [train(seed) for seed in range(3)]
    found = at_once(*jobs, lambda: [digest(used.predict(x)) for _ in range(30)])
    assert found[:3] == expected[:3]
    assert set(found[3]) == {expected[3]}


def test_one_model_trained_by_two_threads_makes_one_step_after_the_other():
    x, y = noise()

    def wide_model():  # whose update takes long enough to be caught in the middle of it
        layers = [Flatten(input_shape=(12, 12, 1)), Dense(2000), Dense(1, activation="sigmoid")]
        model = Sequential(layers, seed=1)
        model.compile("adam", "binary_crossentropy")
        return model

    alone = wide_model()
    states = [digest(*alone.get_weights())]
    for _ in range(12):
        alone.train_on_batch(x, y)
        states.append(digest(*alone.get_weights()))
    model = wide_model()

    def train():
        for _ in range(6):
            model.train_on_batch(x, y)

    def look(weights):
        def collect():
            found = []
            while model.optimizer.iterations < 12:
                found.append(digest(*weights()))
            return found

        return collect

    def of_copy():
        return pickle.loads(pickle.dumps(model)).get_weights()

    *_, seen, copied = at_once(train, train, look(model.get_weights), look(of_copy))
    assert digest(*model.get_weights()) == states[-1]
    assert model.optimizer.iterations == 12
    assert set(seen + copied) <= set(states)  # never between two steps


def test_a_thread_that_waits_is_next():
    """And not the one that has just made a step and wants to make another."""
    made, ended = [], threading.Event()

    def make_steps():
        while not ended.is_set():
            with one_step_at_a_time():
                made.append(1)
                time.sleep(0.002)

    def wait_for_turns():
        waits = []
        for _ in range(25):
            time.sleep(0.003)  # the other one is in the middle of steps again
            before = len(made)
            with one_step_at_a_time():
                waits.append(len(made) - before)
        ended.set()
        return waits

    _, waits = at_once(make_steps, wait_for_turns)
    assert np.median(waits) == 0  # further steps than the one that was running
