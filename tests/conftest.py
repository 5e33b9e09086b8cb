"""Fixtures that several test files share."""

import numpy as np
import pytest
from browser import REQUIRED, Browser, found

from minicnn import kernels
from minicnn.kernels.runtime import thread_count

# The files that begin first, with two at a time. The first compiles most kernels; those after it
# need few of them, so that no kernel is compiled twice at once. Then the longest: one of them at the
# end would have the other processor wait.
FIRST_FILES = (
    *("test_same_bits.py", "test_disk_cache.py", "test_without_compiler.py", "test_audit.py"),
    *("test_lookalikes.py", "test_phantom_switches.py", "test_phantom.py", "test_plots.py"),
    *("test_groups.py", "test_imports.py", "test_process_end.py", "test_gradients.py"),
    *("test_resume.py", "test_errors.py", "test_kernels_agree.py", "test_long_runs.py"),
    *("test_cli.py", "test_forks.py"),
)


def pytest_configure(config):
    """Leave the files in the order of `pytest_collection_modifyitems`; pytest-xdist has its own."""
    if hasattr(config.option, "loadscopereorder"):
        config.option.loadscopereorder = False


def pytest_collection_modifyitems(items):
    """`FIRST_FILES` first; the others, and the tests of each, stay as they are."""
    place = {name: number for number, name in enumerate(FIRST_FILES)}
    items.sort(key=lambda item: place.get(item.path.name, len(place)))


@pytest.fixture(params=sorted(kernels.MODULES))
def backend(request):
    """Runs the test once with each backend; gives its name."""
    with kernels.use_backend(request.param):
        yield request.param


@pytest.fixture
def rng():
    """Random numbers, the same in every test."""
    return np.random.default_rng(20200330)


@pytest.fixture
def one_thread():
    """Compiled kernels on one thread, for tests that call them thousands of times on tiny arrays:
    waking a second thread for each call would take most of the time.

    That the number of threads changes no number is tested in `test_layer_contract`.
    """
    threads = thread_count.get_threads()
    thread_count.set_threads(1)
    yield
    thread_count.set_threads(threads)


@pytest.fixture(scope="module")
def browser():
    """A headless Chromium; without one the test is skipped, or fails where one is required."""
    if found() is None and not REQUIRED:
        pytest.skip("no Chromium with its driver is installed")
    assert found() is not None, "BROWSER_REQUIRED=1, but no Chromium with its driver is installed"
    with Browser() as opened:
        yield opened
