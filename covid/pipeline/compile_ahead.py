"""Kernels compiled by a second process, while this one draws, reads and audits the images.

A kernel that is compiled is kept on disk; whoever trains then reads it from there. The models are
done in the order in which they are trained, so that one can be trained while the kernels of the
next are compiled. Whatever goes wrong over there, this process compiles the kernel itself.
"""

import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress

import numpy as np

from covid.common.processes import SecondProcess
from covid.figures import draw_process
from covid.training.architectures import build_model
from covid.training.first_weights import STARTS
from covid.training.recipes import Recipe
from minicnn import kernels
from minicnn.optimizers import Adam
from minicnn.saliency import recommend_method, sanity_check

NICE = 10  # of 19: the images come first

_compiled: dict[str, Future] = {}  # by model


@contextmanager
def compiling_ahead(recipes: dict[str, Recipe], say: Callable[[str], None]) -> Iterator[None]:
    """Have the kernels of these models compiled beside what is done in this block.

    Only in the program itself, which is known to bear a second process, and only where there is
    something to compile.
    """
    if not draw_process.is_helped() or not any_to_compile(recipes):
        yield
        return
    say("compiling kernels in the background, which takes about half a minute and is done once")
    process = SecondProcess(be_modest)
    for name, recipe in recipes.items():
        _compiled[name] = process.submit(compile_for, name, recipe)
    try:
        yield
    finally:
        _compiled.clear()
        process.end()


def wait_for(name: str) -> None:
    """Wait until the second process, if there is one, has compiled what this model needs."""
    if name in _compiled:
        with suppress(Exception):  # it has failed, or was ended from outside
            _compiled[name].result()


def any_to_compile(recipes: dict[str, Recipe]) -> bool:
    """Whether kernels of these models are missing on disk, where they could be kept.

    Those that are there are read, which training would do later.
    """
    if kernels.backend() != "numba":
        return False
    from minicnn.kernels.compiled import sigmoid_forward
    from minicnn.kernels.runtime import jit

    # No `stats`: not compiled but run as Python
    if not hasattr(sigmoid_forward, "stats") or sigmoid_forward.stats.cache_path is None:
        return False
    try:
        with jit.without_compiling():
            for name, recipe in recipes.items():
                compile_for(name, recipe)
    except jit.NotCompiled:
        jit.say_nothing()  # the other process will compile, and the caller say so
        return True
    return False


def compile_for(name: str, recipe: Recipe) -> None:
    """Do once, on noise, what is done with a model: all kernels are then compiled, or read."""
    size = recipe.image_size
    rng = np.random.default_rng(0)
    images = rng.random((2, size, size, 1), dtype=np.float32)  # two, for threads to share
    model = build_model(name, images.shape[1:], seed=0)
    if recipe.start is not None:
        STARTS[recipe.start](model, images)
    model.compile(Adam(), "binary_crossentropy", ["acc"])
    model.train_on_batch(images, np.arange(2))
    model.predict_on_batch(images)
    model.graph.run([images], layer_by_layer=True)  # as figures do
    method = recommend_method(model).method
    patches = {"size": size // 2, "stride": size // 2} if method == "occlusion" else {}
    sanity_check(model, images[0], method, copies=1, seed=0, **patches)


def be_modest() -> None:
    """What the second process does first: it gives way to others, and says nothing."""
    if hasattr(os, "nice"):
        os.nice(NICE)
    sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115 (until its end)
