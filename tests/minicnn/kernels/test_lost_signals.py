"""A signal that comes while a kernel is compiled or read is heard, also out of a callback of LLVM."""

import ctypes
import signal
import sys
import threading

import pytest
from llvmlite.binding.executionengine import ExecutionEngine

from minicnn.kernels.runtime import disk_cache, jit
from minicnn.kernels.runtime.lost_signals import ENDING, HOOKS, raised_at_the_end


class Ended(BaseException):
    """What a program's own handler raises."""


@pytest.fixture(autouse=True)
def quiet_and_as_before(monkeypatch):
    """Python prints what gets lost."""
    monkeypatch.setattr(sys, "unraisablehook", lambda lost: None)
    before = [signal.getsignal(number) for number in ENDING]
    yield
    for number, handler in zip(ENDING, before, strict=True):
        signal.signal(number, handler)


def in_a_callback(number) -> None:
    """A signal in the middle of a function that C calls: what its handler raises ends there."""
    ctypes.CFUNCTYPE(None)(lambda: signal.raise_signal(number))()


def end(number, frame):
    raise Ended


def test_without_the_block_it_is_lost():
    in_a_callback(signal.SIGINT)


@pytest.mark.parametrize("method", ["load_overload", "save_overload"])
@pytest.mark.parametrize("number", ENDING)
def test_a_kernel_raises_it_when_it_is_ready(number, method, monkeypatch):
    usual = getattr(disk_cache.SafeCache, method)

    def interrupted(self, *arguments):
        in_a_callback(number)
        return usual(self, *arguments)

    monkeypatch.setattr(disk_cache.SafeCache, method, interrupted)
    signal.signal(number, end)

    @jit.kernel
    def add_one(x):
        return x + 1

    monkeypatch.setattr(add_one._cache._cache_file, "load", lambda key: None)
    with pytest.raises(Ended):
        add_one(1)
    assert add_one(1) == 2  # compiled by now
    assert signal.getsignal(number) is end


@pytest.mark.parametrize("hook", sorted(HOOKS))
def test_a_kernel_is_compiled_to_its_end_where_llvm_waits_for_python(hook, monkeypatch):
    """Raised there, it would leave LLVM without the machine code: a segmentation fault."""
    usual, heard = ExecutionEngine._find_module_ptr, []

    def interrupted(self, module):
        if not heard and sys._getframe(1).f_code.co_name == hook:
            heard.append(hook)
            signal.raise_signal(signal.SIGINT)
            heard.append("on it goes")
        return usual(self, module)

    monkeypatch.setattr(ExecutionEngine, "_find_module_ptr", interrupted)
    signal.signal(signal.SIGINT, end)

    @jit.kernel
    def add_two(x):
        return x + 2

    monkeypatch.setattr(add_two._cache._cache_file, "load", lambda key: None)
    with pytest.raises(Ended):
        add_two(1)
    assert heard == [hook, "on it goes"]
    assert add_two(1) == 3


def test_what_is_not_lost_comes_at_once():
    signal.signal(signal.SIGTERM, end)
    reached = []
    with pytest.raises(Ended), raised_at_the_end():
        signal.raise_signal(signal.SIGTERM)
        reached.append(True)
    assert not reached
    assert signal.getsignal(signal.SIGTERM) is end


def test_handlers_that_do_not_raise_stay_so():
    heard = []
    signal.signal(signal.SIGINT, lambda number, frame: heard.append(number))
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with raised_at_the_end():
        in_a_callback(signal.SIGINT)
        signal.raise_signal(signal.SIGTERM)
    assert heard == [signal.SIGINT]
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN


def test_blocks_in_each_other_and_in_other_threads():
    signal.signal(signal.SIGINT, end)
    with pytest.raises(Ended), raised_at_the_end(), raised_at_the_end():
        in_a_callback(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is end
    done = []

    def work():
        with raised_at_the_end():
            done.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done
