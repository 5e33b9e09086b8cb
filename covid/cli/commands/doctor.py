"""`covid doctor`: what is installed here, how fast it may be, and whether it computes rightly.

It is asked for where something is broken, so it must not break itself: each answer is looked for
by itself, and whatever goes wrong on the way is that answer. Nothing but the standard library is
imported before it is asked for.
"""

import importlib
import math
import os
import platform
import re
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from minicnn import machine
from minicnn.kernels.runtime.thread_count import get_threads

PREFIXES = ("NUMBA_", "OPENBLAS_", "OMP_", "MKL_", "OPENCV_", "COVID_", "MPLBACKEND")
WIDTH = 26  # of the column of names
MODEL_SIZE = (56, 54, 1)  # pixels of the models in the self-test: small, and not square
MODEL_SEED = 4  # with it no branch of `reduced_inception` is silent


def doctor(options: Namespace) -> dict:
    """`covid doctor`; --seed changes nothing, so that two reports can be compared.

    Returns
    -------
    report : dict
        What was printed: section -> name -> answer. Under "broken" the names of all that could not
        be answered or is wrong; the exit code is 2 where there are any.
    """
    report: dict = {}
    broken: list[str] = []
    for section, questions in SECTIONS.items():
        print(section)
        answers = report[section] = {}
        for name, question in questions.items():
            answers[name], failed = answer(question)
            if failed:
                broken.append(f"{section}: {name}")
            print(f"  {name:<{WIDTH}}{answers[name]}", flush=True)
    print("Self-test: the largest difference, as a part of the largest number")
    tested = report["Self-test"] = {}
    for name, difference, problem, checked in self_test(options.full):
        tested[name] = {"difference": difference, "problem": problem, "checked": checked}
        if problem:
            broken.append(f"Self-test: {name}")
        verdict = f"BROKEN: {problem}" if problem else "ok"
        line = f"{difference:<9.1e}{verdict}" if checked else "not checked: not compiled yet"
        print(f"  {name:<{WIDTH}}{line}", flush=True)
    report["broken"] = broken
    left_out = sum(not found["checked"] for found in tested.values())
    works = "What was checked works." if left_out else "All of this works."
    print(f"Broken: {'; '.join(broken)}." if broken else works)
    if left_out:
        print(
            f"Not checked: {left_out}; `covid doctor --full` compiles them, which takes a minute."
        )
    print("Paste all of this into a bug report.")
    return report


def answer(question: Callable[[], object]) -> tuple[str, bool]:
    """What a question gives, and whether it failed: then the answer is what was raised."""
    try:
        return private(str(question())), False
    except Exception as error:  # a library that is half installed may raise anything
        return private(f"BROKEN: {type(error).__name__}: {error}"), True


def private(text: str) -> str:
    """One line without the name of the user's home folder."""
    home, line = os.path.expanduser("~"), " ".join(text.split())
    return re.sub(re.escape(home) + r"(?![\w.-])", "~", line) if len(home) > 1 else line


def self_test(full: bool) -> Iterator[tuple[str, float, str, bool]]:
    """What `selftest.Finding` has, for each kernel and each model."""
    try:
        for found in findings(full):
            yield found.name, found.difference, private(found.problem), found.checked
    except Exception as error:  # where it cannot even begin
        yield "not finished", math.inf, private(f"{type(error).__name__}: {error}"), True


def findings(full: bool) -> Iterator:  # of minicnn.selftest.Finding
    """Each kernel against its naive twin, each model fused against layer by layer.

    Unless `full`, what takes long to compile is left out where it was not compiled before.
    """
    import numpy as np

    from covid.training.architectures import MODELS, build_model
    from minicnn import selftest

    yield from selftest.check_kernels(full)
    if not is_compiled():
        return  # as plain Python the models would take minutes, and nothing could be found
    x = np.random.default_rng(0).normal(size=(3, *MODEL_SIZE)).astype(np.float32)
    for name in MODELS:
        model = build_model(name, MODEL_SIZE, MODEL_SEED)
        yield selftest.check_model(f"{name}, fused", model, x, full)


def own_version() -> str:
    import minicnn

    return f"{minicnn.__version__}, in {Path(minicnn.__file__).parents[1]}"


def python() -> str:
    return f"{platform.python_version()} ({platform.python_implementation()}), {sys.executable}"


def version_of(name: str) -> str:
    """A module's version and folder; imports it."""
    module = importlib.import_module(name)
    return f"{module.__version__}, in {Path(module.__file__).parent}"


def cores() -> str:
    own, every = machine.cores()
    return f"{own} for this process, of {every}"


def thread_count() -> str:
    """How many threads kernels use, and why."""
    given, count = os.environ.get("NUMBA_NUM_THREADS", ""), get_threads()
    reason = "as NUMBA_NUM_THREADS says" if given else "one for each core of this process"
    return f"{count}, {reason}"


def threading_layer() -> str:
    return "minicnn's own Python threads (minicnn/kernels/runtime/thread_pool.py), none of numba's"


def opencv_threads() -> str:
    import cv2

    return str(cv2.getNumThreads())


def compiled_for() -> str:
    """The processor whose instructions numba uses, in LLVM's words."""
    import llvmlite.binding

    return llvmlite.binding.get_host_cpu_name()


def is_compiled() -> bool:
    """Whether numba compiles kernels, or NUMBA_DISABLE_JIT leaves them as Python."""
    from minicnn.kernels import compiled

    return hasattr(compiled.sigmoid_forward, "stats")


def kept_in(module: str, kernel: str) -> str:
    """Where numba keeps a module's compiled kernels, whether it can, and how much there is."""
    function = getattr(importlib.import_module(module), kernel)
    if not hasattr(function, "stats"):
        return "nothing is compiled: NUMBA_DISABLE_JIT is set; the models were not tested"
    if function.stats.cache_path is None:
        from minicnn.kernels.runtime import disk_cache

        return f"nowhere: every process compiles anew; {disk_cache.HINT}"
    folder = Path(function.stats.cache_path)
    files = [path for path in folder.glob("*.nb?") if path.is_file()]
    size = sum(path.stat().st_size for path in files) / 2**20
    state = "writable" if os.access(folder, os.W_OK) else "NOT writable: set NUMBA_CACHE_DIR"
    return f"{folder}, {state}, {len(files)} files, {size:.1f} MiB"


def figures() -> str:
    """The only way in which covid draws; a backend that is set for windows changes nothing."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    return f"{FigureCanvasAgg.__name__}, whatever MPLBACKEND says"


def variables() -> str:
    """Those environment variables that change what the libraries do."""
    found = [
        f"{key}={value}" for key, value in sorted(os.environ.items()) if key.startswith(PREFIXES)
    ]
    return "; ".join(found) or f"none that begins with {', '.join(PREFIXES)}"


LIBRARIES = {"numpy": "numpy", "opencv": "cv2", "numba": "numba", "llvmlite": "llvmlite"}
LIBRARIES |= {"matplotlib": "matplotlib", "tqdm": "tqdm", "pillow": "PIL", "jinja2": "jinja2"}
SECTIONS: dict[str, dict[str, Callable[[], object]]] = {
    "Versions": {
        "covid and minicnn": own_version,
        "python": python,
        **{name: partial(version_of, module) for name, module in LIBRARIES.items()},
    },
    "Machine": {
        "system": platform.platform,
        "processor": machine.processor,
        "cores": cores,
        "memory": machine.memory,
        "disk": machine.free_disk,
    },
    "Matrix products (BLAS of NumPy)": {
        "library": machine.blas_library,
        "kernels in use": machine.blas_kernels,
        "threads": machine.blas_threads,
    },
    "Threads": {
        "of kernels": thread_count,
        "threading layer": threading_layer,
        "of opencv": opencv_threads,
    },
    "Compiled kernels": {
        "compiled for": compiled_for,
        "layers' kept in": partial(kept_in, "minicnn.kernels.compiled", "sigmoid_forward"),
        "augmentation's in": partial(kept_in, "minicnn.preprocessing.warp_kernel", "warp_images"),
    },
    "Figures": {"drawn by": figures},
    "Environment variables": {"set": variables},
}
