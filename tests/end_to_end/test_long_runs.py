"""Long use takes no more memory than short use.

What counts is by how much the memory of this process grows between two points that are both long
after the beginning: at first buffers are filled, modules imported, kernels loaded. Two measures:
resident memory, which sees all but is blurred, so that it takes thousands of steps to tell; and the
blocks that Python has given out, of which every object has one or more: an array, too, whatever
holds its numbers.
"""

import ctypes
import gc
import os
import subprocess
import sys
import threading
import weakref
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import pytest
from places import PYTHONPATH

from minicnn import layers, models
from minicnn.callbacks import Callback, EarlyStopping, ReduceLROnPlateau, TerminateOnNaN
from minicnn.kernels.runtime import thread_count
from minicnn.optimizers import Adam
from minicnn.preprocessing import image_cache
from minicnn.preprocessing.image import ImageDataGenerator

STATM = Path("/proc/self/statm")
pytestmark = pytest.mark.skipif(not STATM.exists(), reason="only Linux tells how much is in use")


class Memory(NamedTuple):
    """What this process has in use: KiB of resident memory, and Python's blocks."""

    kib: float
    blocks: int

    @classmethod
    def now(cls) -> "Memory":
        gc.collect()  # what can be collected is not lost
        # Nor are the names of attributes looked up last: Pillow makes those of its methods anew for
        # each file, and Python's own cache keeps up to 4,096 of them.
        getattr(sys, "_clear_internal_caches", getattr(sys, "_clear_type_cache", int))()
        # What earlier tests have freed goes back to the system, lest losses hide in it.
        getattr(ctypes.CDLL(None), "malloc_trim", int)(0)
        pages = int(STATM.read_text().split()[1])
        return cls(pages * os.sysconf("SC_PAGE_SIZE") / 1024, sys.getallocatedblocks())

    def growth(self) -> "Memory":
        """What has come since."""
        now = Memory.now()
        return Memory(now.kib - self.kib, now.blocks - self.blocks)


def growth(action, first: int, last: int) -> Memory:
    """By how much memory grows between the `first` and the `last` call of `action(number)`."""
    for number in range(first):
        action(number)
    before = Memory.now()
    for number in range(first, last):
        action(number)
    return before.growth()


@pytest.fixture
def two_threads():
    """Kernels on two threads, also where there is one core."""
    before = thread_count.get_threads()
    thread_count.set_threads(2)
    yield
    thread_count.set_threads(before)


def small_model(seed=0) -> models.Model:
    """A chain as `tiny_cnn` is, for images of 8x8 pixels; convolution to dropout are one step."""
    model = models.Sequential(
        [
            layers.Conv2D(3, 3, activation="relu", input_shape=(8, 8, 1)),
            layers.MaxPooling2D(),
            layers.Dropout(0.2),
            layers.Flatten(),
            layers.Dense(2, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ],
        seed=seed,
    )
    model.compile(Adam(1e-3), "binary_crossentropy", ["acc"])
    return model


def model_of_all_kinds(seed=0) -> models.Model:
    """One layer of every kind and one of every kind of step, for images of 8x8 pixels."""
    inputs = layers.Input((8, 8, 1))
    pooled = layers.Conv2D(4, 3, padding="same", activation="relu")(inputs)
    pooled = layers.Dropout(0.2)(layers.MaxPooling2D()(pooled))
    winograd = layers.Conv2D(8, 3, padding="same", activation="relu")(pooled)
    winograd = layers.Flatten()(layers.AveragePooling2D()(winograd))
    winograd = layers.Dense(8)(layers.Dropout(0.2)(winograd))
    winograd = layers.Activation("sigmoid")(layers.ReLU()(winograd))
    rows = layers.Flatten()(layers.Conv2D(1, (5, 3), activation="relu")(inputs))
    largest = layers.MaxPooling2D(3, strides=1)(inputs)
    other_rows = layers.Flatten()(layers.Conv2D(1, 1, activation="relu")(largest))
    joined = layers.Dense(1)(layers.concatenate([rows, other_rows]))
    strided = layers.Flatten()(layers.Conv2D(2, 3, strides=2)(inputs))
    outputs = layers.Dense(1, activation="sigmoid")(layers.concatenate([winograd, joined, strided]))
    model = models.Model(inputs, outputs, seed=seed)
    model.compile(Adam(1e-3), "binary_crossentropy", ["acc"])
    return model


def batches(**augmentation):
    """An endless iterator of batches of four images of noise; `fit` makes them ahead."""
    images = np.random.default_rng(0).integers(0, 256, (40, 8, 8, 1)).astype(np.uint8)
    generator = ImageDataGenerator(rescale=1 / 255, **augmentation)
    return generator.flow(images, np.arange(40) % 2, batch_size=4, seed=1)


class Watch(Callback):
    """Notes by how much memory grows between two steps."""

    def __init__(self, first: int, last: int):
        self.first, self.last, self.step = first, last, 0

    def on_train_batch_end(self, batch, logs=None):
        self.step += 1
        if self.step == self.first:
            self.before = Memory.now()
        if self.step == self.last:
            self.grown = self.before.growth()


def train_watched(model, first: int, last: int, **augmentation) -> Memory:
    """Train in epochs of 200 steps, with all callbacks; the growth between two of the steps."""
    watch = Watch(first, last)
    assert batches(**augmentation).may_run_ahead
    history = model.fit(
        batches(**augmentation),
        steps_per_epoch=200,
        epochs=last // 200,
        validation_data=batches(),
        validation_steps=2,
        verbose=0,
        callbacks=[
            watch,
            TerminateOnNaN(),
            EarlyStopping(patience=1000, restore_best_weights=True),
            ReduceLROnPlateau(patience=50),
        ],
    )
    assert model.optimizer.iterations == watch.step == last
    assert len(history.history["val_loss"]) == last // 200
    return watch.grown


def in_a_new_process(expression: str) -> Memory:
    """What an expression of this file gives there: no memory is free yet that could be used again."""
    paths = (PYTHONPATH, str(Path(__file__).parent))
    code = f"from test_long_runs import *\nprint(*{expression})"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), "NUMBA_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    kib, blocks = done.stdout.split()
    return Memory(float(kib), int(blocks))


def lose() -> Memory:
    """Lose a KiB 18,000 times."""
    lost = []
    return growth(lambda number: lost.append(bytes(1024)), 2000, 20000)


def test_what_is_lost_is_noticed():
    grown = in_a_new_process("lose()")
    assert grown.kib > 16000
    assert grown.blocks >= 18000


@pytest.mark.slow
def test_20000_steps():
    """Measured: up to 80 KiB; of one lost KiB a step there would be 18,000."""
    grown = in_a_new_process("train_watched(small_model(), 2000, 20000, horizontal_flip=True)")
    assert grown.kib < 2048
    assert grown.blocks < 2000  # the history's numbers are some 600


@pytest.mark.slow
@pytest.mark.usefixtures("two_threads")
def test_1000_steps_of_all_kinds_of_layers():
    model = model_of_all_kinds()
    kinds = {type(step).__name__ for step in model.graph.steps()}
    assert kinds >= {"PooledStep", "WinogradStep", "RowsStep", "PoolStep", "JoinStep", "UnitStep"}
    augmentation = {"rotation_range": 20, "zoom_range": 0.2, "horizontal_flip": True}
    grown = train_watched(model, 200, 1000, **augmentation)
    assert grown.kib < 1024
    assert grown.blocks < 400
    assert sum(thread.name == "minicnn-kernel" for thread in threading.enumerate()) < 8


@pytest.mark.slow
def test_1000_calls():
    """Of `fit`, `evaluate` and `predict`, on arrays and on an iterator."""
    model, iterator = small_model(), batches()
    x, y = next(iterator)

    def use(number):
        if number % 2:
            model.fit(iterator, steps_per_epoch=2, verbose=0)
            model.evaluate(iterator, steps=2, verbose=0)
            model.predict(iterator, steps=2)
        else:
            model.fit(x, y, verbose=0)
            model.evaluate(x, y, verbose=0)
            model.predict(x)

    alive = threading.active_count()
    grown = growth(use, 200, 1000)
    assert grown.kib < 1024
    assert grown.blocks < 400
    assert threading.active_count() <= alive + 1  # one more where no kernel had a helper before


@pytest.mark.slow
def test_300_models():
    """Built, trained and left: neither they nor their optimizers and plans stay."""
    x, y = next(batches())
    left = []

    def build(number):
        model = model_of_all_kinds(seed=number)
        model.train_on_batch(x, y)
        left.extend(weakref.ref(thing) for thing in (model, model.graph, model.optimizer))

    grown = growth(build, 100, 300)
    assert grown.kib < 1024  # a model's arrays alone are 20 KiB
    assert grown.blocks < 1000  # 600 of them are those of `left`
    assert not [reference for reference in left if reference() is not None]


def test_300_folders_of_images(tmp_path):
    """What iterators keep of their images is given back with them."""
    for number in range(8):
        path = tmp_path / ("a" if number % 2 else "b") / f"{number}.png"
        path.parent.mkdir(exist_ok=True)
        cv2.imwrite(str(path), np.full((40, 40), number, np.uint8))
    generator = ImageDataGenerator(horizontal_flip=True)

    def read(number):
        iterator = generator.flow_from_directory(
            tmp_path, (40, 40), "grayscale", class_mode="binary", batch_size=4, seed=number
        )
        next(iterator)

    gc.collect()
    stores = len(image_cache._stores)
    grown = growth(read, 100, 300)
    assert grown.kib < 1024  # the images of one folder are 12 KiB
    assert grown.blocks < 100
    assert len(image_cache._stores) == stores
