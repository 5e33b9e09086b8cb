"""Process pools and forks, also while other threads train, compile or hold locks: no child hangs."""

import multiprocessing
import os
import subprocess
import sys

import pytest
from subprocesses import (
    HERE,
    SECONDS,
    environment,
    said_by,
)

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
POOL = """
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from minicnn.preprocessing.image import ImageDataGenerator

if __name__ == "__main__":
    model, (x, y) = small_model(), noise(48)
    model.fit(x, y, epochs=1, verbose=0)  # kernels have run, helper threads are waiting
    iterator = ImageDataGenerator(rotation_range=20).flow(x, y, batch_size=16, seed=5)
    with ProcessPoolExecutor(2, multiprocessing.get_context(sys.argv[1])) as pool:
        parts = list(pool.map(predict, [model] * 4, np.split(x, 4)))
        trained = pool.submit(train_on, model, iterator).result()
    assert digest(*parts) == digest(*(model.predict(part) for part in np.split(x, 4)))
    assert trained == train_on(model, iterator)
"""


@pytest.mark.slow
@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_a_process_pool(method, tmp_path):
    script = tmp_path / "pool.py"
    script.write_text(HERE + "import sys\n" + POOL)
    run = subprocess.run(
        [sys.executable, str(script), method],
        env=environment(),
        timeout=SECONDS,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr


@needs_fork
def test_forks_while_another_thread_trains():
    """The child finds the model between two steps, and can go on with it."""
    said = said_by("""
import threading
x, y = noise()
model = small_model()
states, forked, ended = {digest(*model.get_weights())}, [], threading.Event()
def train():
    while not ended.is_set():
        model.train_on_batch(x, y)
        states.add(digest(*model.get_weights()))
trainer = threading.Thread(target=train)
trainer.start()
for _ in range(20):
    reader, writer = os.pipe()
    def work():
        os.write(writer, digest(*model.get_weights()).encode())
        model.fit(x, y, epochs=1, verbose=0)
        model.predict(x)
    assert in_fork(work) == 0
    forked.append(os.read(reader, 100).decode())
ended.set()
trainer.join()
assert set(forked) <= states
print(len(states) > 20)
""")
    assert said.strip() == "True"


@needs_fork
def test_a_fork_while_another_thread_compiles(tmp_path):
    """Neither the compiler's lock nor an import's may be held in the child for ever."""
    said_by(
        """
import threading, time
x, y = noise()
model, other = tiny_model(), tiny_model(2)
trainer = threading.Thread(target=lambda: model.train_on_batch(x, y))
trainer.start()
codes = []
while trainer.is_alive():
    codes.append(in_fork(lambda: other.predict(x)))
    time.sleep(0.2)
assert codes and not any(codes), codes
""",
        env=environment(NUMBA_CACHE_DIR=str(tmp_path)),
    )


@needs_fork
def test_a_fork_while_other_threads_hold_locks(tmp_path):
    """Those of the image stores and of the progress bars; and a step that never ends."""
    said_by(
        """
import sys, threading
from tqdm import tqdm
from minicnn.kernels.runtime import fork_safety, step_lock
from minicnn.preprocessing import image_cache
from minicnn.training.progress import Progress
fork_safety.LONGEST_WAIT = 0.1
held, ended = threading.Barrier(2), threading.Event()
def hold():
    with image_cache._stores_lock, tqdm.get_lock(), step_lock.one_step_at_a_time():
        held.wait()
        ended.wait()
threading.Thread(target=hold, daemon=True).start()
held.wait()
def work():
    image_cache.ImageStore([], "rgb", (4, 4), "nearest")
    sys.stderr.isatty = lambda: True
    with Progress("Predict", 1, 1) as progress:
        progress.step({})
    small_model().predict(noise()[0])
assert in_fork(work) == 0
"""
    )


@needs_fork
def test_a_fork_out_of_a_training_that_makes_batches_ahead():
    said_by("""
from minicnn.callbacks import Callback
from minicnn.preprocessing.image import ImageDataGenerator
x, y = noise()
model = small_model()
class Fork(Callback):
    def on_train_batch_end(self, batch, logs=None):
        assert in_fork(lambda: model.predict(other)) == 0
flow = ImageDataGenerator(rotation_range=20).flow
other = flow(x, None, batch_size=4, seed=1)
model.fit(flow(x, y, batch_size=8, seed=1), callbacks=[Fork()], verbose=0)
""")
