"""The self-test: kernels that are wrong, that raise, or whose bits differ between threads are found."""

import json

import numpy as np
import pytest
from kernel_names import KERNELS

from covid.cli.main import main
from minicnn import selftest
from minicnn.kernels import compiled
from minicnn.kernels.runtime import thread_count


@pytest.mark.parametrize("name", KERNELS)
def test_a_kernel_that_is_wrong_is_found(name, monkeypatch):
    right = getattr(compiled, name)

    def wrong(*arguments):
        returned = right(*arguments)
        changed = arguments[0] if returned is None else returned
        changed = changed[0] if isinstance(changed, tuple) else changed
        changed.flat[0] += 1
        return returned

    monkeypatch.setattr(compiled, name, wrong)
    found = {one.name: one.problem for one in selftest.check_kernels()}
    assert name in found, f"minicnn/selftest.py: examples() has no case for {name}"
    wrong = [problem for other, problem in found.items() if other.split(",")[0] == name]
    assert all("differs by more than" in problem for problem in wrong)
    assert len(wrong) == sum(map(bool, found.values()))


def test_a_kernel_that_raises_is_found(monkeypatch):
    def broken(x):
        raise OSError("illegal instruction")

    monkeypatch.setattr(compiled, "sigmoid_forward", broken)
    found = {one.name: one for one in selftest.check_kernels()}["sigmoid_forward"]
    assert found.problem == "OSError: illegal instruction"
    assert found.difference == np.inf


def test_other_bits_on_several_threads_are_found():
    before = thread_count.get_threads()

    def result():
        return [np.ones(3) + 1e-12 * thread_count.get_threads()]

    found = selftest.examine("sum", lambda: [np.ones(3)], result)
    assert found.problem == "gives other bits on several threads than on one"
    assert thread_count.get_threads() == before


def test_arrays_that_are_missing_or_of_another_shape_are_found():
    def examine(found):
        return selftest.examine("it", lambda: [np.ones((2, 3))], lambda: found).problem

    assert examine([np.ones((2, 3))]) == ""
    assert "expected an array of shape (2, 3), got (3, 2)" in examine([np.ones((3, 2))])
    assert "ValueError" in examine([])


def test_a_fused_step_that_is_wrong_is_found(monkeypatch, capsys):
    from minicnn.kernels.fused import pooled, pooled_dense

    right = pooled.sum_of

    def wrong(partial, drop):
        dkernel, dbias = right(partial, drop)
        dkernel[0, 0] *= 1.01
        return dkernel, dbias

    for module in (pooled, pooled_dense):
        monkeypatch.setattr(module, "sum_of", wrong)
    assert main(["doctor", "--json", "--full"]) == 2
    broken = json.loads(capsys.readouterr().out)["broken"]
    first_has_a_pool = ("compact_cnn", "cnn", "cnn_dropout", "tiny_cnn")
    assert broken == [f"Self-test: {name}, fused" for name in first_has_a_pool]
