"""Sharing work among threads: every piece once, errors come out, from threads and forks alike."""

import multiprocessing
import sys
import threading
import time

import numpy as np
import pytest

from minicnn.kernels.runtime import spin_wait, step_lock, thread_pool
from minicnn.kernels.runtime.thread_count import get_threads, set_threads


@pytest.fixture(params=[1, 2, 5])
def thread_count(request):
    before = get_threads()
    set_threads(request.param)
    yield request.param
    set_threads(before)


def count_up(target, start, stop):
    target[start:stop] += 1


@pytest.mark.parametrize("count", [0, 1, 3, 30, 1001])
def test_every_number_is_in_one_piece(count, thread_count):
    seen = np.zeros(count, dtype=int)
    for _ in range(20):
        thread_pool.share(count_up, count, seen)
    assert (seen == 20).all()


@pytest.mark.parametrize("spins", [0, 1, 100_000])
def test_however_long_a_thread_spins_before_it_sleeps(spins, monkeypatch):
    monkeypatch.setattr(spin_wait, "SPINS", spins)
    seen = np.zeros(64, dtype=int)
    for round_number in range(200):
        thread_pool.share(count_up, 64, seen)
        if round_number % 50 == 0:
            time.sleep(0.01)  # long enough to fall asleep
    assert (seen == 200).all()


@pytest.mark.parametrize("bad", [0, 13, 29])
def test_an_error_in_any_piece_comes_out(bad, thread_count):
    def work(start, stop):
        if start <= bad < stop:
            raise IndexError(f"number {bad}")

    for _ in range(20):
        with pytest.raises(IndexError, match=f"number {bad}"):
            thread_pool.share(work, 30)
    seen = np.zeros(30, dtype=int)
    thread_pool.share(count_up, 30, seen)
    assert (seen == 1).all()


def test_work_may_share_work(thread_count):
    seen = np.zeros((8, 50), dtype=int)

    def work(start, stop):
        for row in range(start, stop):
            thread_pool.share(count_up, 50, seen[row])

    thread_pool.share(work, 8)
    assert (seen == 1).all()


def test_several_threads_at_once():
    seen = np.zeros((6, 1000), dtype=int)

    def use(row):
        for _ in range(200):
            thread_pool.share(count_up, 1000, seen[row])

    users = [threading.Thread(target=use, args=(row,)) for row in range(6)]
    for user in users:
        user.start()
    for user in users:
        user.join()
    assert (seen == 200).all()


def in_child(queue):
    seen = np.zeros(100, dtype=int)
    for _ in range(10):
        thread_pool.share(count_up, 100, seen)
    queue.put(int(seen.sum()))


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_after_a_fork():
    thread_pool.share(count_up, 100, np.zeros(100, dtype=int))  # so that there are helpers
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    child = context.Process(target=in_child, args=(queue,))
    child.start()
    assert queue.get(timeout=60) == 1000
    child.join(timeout=60)
    assert child.exitcode == 0


@pytest.mark.parametrize("count", [0, -1, 1.5, True, "2"])
def test_a_wrong_number_of_threads(count):
    with pytest.raises(ValueError, match="set_threads: expected an integer of at least 1"):
        set_threads(count)


# Ctrl-C, and no threads to be had


def interrupted_at(number: int, module, work) -> bool:
    """Call `work()` with Ctrl-C at one of the points where a module's functions look for signals.

    These are the beginnings of calls, and the ends of those of C functions; whether there was a
    point of this number.
    """
    seen = 0

    def interrupt(frame, event, argument):
        nonlocal seen
        if frame.f_code.co_filename == module.__file__ and event in ("call", "c_return"):
            seen += 1
            if seen == number:
                raise KeyboardInterrupt

    sys.setprofile(interrupt)
    try:
        work()
    except KeyboardInterrupt:
        return True
    finally:
        sys.setprofile(None)
    return False


def test_ctrl_c_at_any_point_leaves_the_helpers_free():
    before = get_threads()
    set_threads(2)
    try:
        # With helpers that are there, and once with one that has to be started
        for helpers in (thread_pool._helpers, []):
            points = 0
            while interrupted_at(points + 1, thread_pool, share_with(helpers)):
                points += 1
                assert not thread_pool._helpers_in_use.locked(), points
                seen = np.zeros(64, dtype=int)
                thread_pool.share(count_up, 64, seen)
                assert (seen == 1).all()
            assert points > 15
    finally:
        set_threads(before)


def share_with(helpers: list):
    def work():
        thread_pool._helpers[:] = helpers
        thread_pool.share(count_up, 64, np.zeros(64, dtype=int))

    return work


def test_ctrl_c_at_any_point_leaves_the_step_free():
    def step():
        with step_lock.one_step_at_a_time():
            pass

    points = 0
    while interrupted_at(points + 1, step_lock, step):
        points += 1
        assert not step_lock.step_lock._is_owned(), points
        assert not step_lock.next_step.locked(), points
    assert points >= 3


def test_fewer_threads_where_the_system_has_no_more(monkeypatch):
    before, start = get_threads(), threading.Thread.start
    monkeypatch.setattr(thread_pool, "_helpers", [])
    left = [2]

    def limited(thread):
        left[0] -= 1
        if left[0] < 0:
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", limited)
    set_threads(5)
    try:
        seen = np.zeros(64, dtype=int)
        for _ in range(3):
            thread_pool.share(count_up, 64, seen)
        assert (seen == 3).all()
        assert get_threads() == 3
    finally:
        set_threads(before)
