"""covid.common.parallel: results and errors in the order of the jobs; what has not begun is dropped."""

import time

import cv2
import pytest

from covid.common.parallel import in_parallel


def later_jobs_first(number: int) -> int:
    time.sleep(0.02 / (number + 1))
    return number


def test_results_are_in_the_order_of_the_jobs(capfd):
    assert in_parallel(later_jobs_first, range(20), "counting", "number", True) == list(range(20))
    assert capfd.readouterr() == ("", "")  # no terminal, no bar
    assert in_parallel(later_jobs_first, [], "counting", "number", False) == []


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_the_first_error_in_the_order_of_the_jobs_is_raised(error):
    threads, begun = cv2.getNumThreads(), []

    def fail(number):
        begun.append(number)
        time.sleep(0.05 if number == 1 else 0.01)
        if number:
            raise error(number)

    with pytest.raises(error, match="1"):
        in_parallel(fail, range(1000), "failing", "number", False)
    assert len(begun) < 500
    assert cv2.getNumThreads() == threads


def test_ctrl_c_between_two_results_drops_what_has_not_begun(monkeypatch):
    def interrupted(results, **bar):
        yield results[0]
        raise KeyboardInterrupt

    begun = []

    def note(number):
        begun.append(number)
        time.sleep(0.01)

    monkeypatch.setattr("tqdm.tqdm", interrupted)
    with pytest.raises(KeyboardInterrupt):
        in_parallel(note, range(1000), "noting", "number", False)
    assert len(begun) < 500
