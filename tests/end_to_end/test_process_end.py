"""The end of a process: at once, also with threads left, and by Ctrl-C."""

import os
import signal
import time

import pytest
from subprocesses import (
    SECONDS,
    said_by,
    start,
)

pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")


@pytest.mark.parametrize("ending", ["", "raise SystemExit(0)", "raise ValueError('my error')"])
def test_a_process_ends_at_once(ending):
    """Helper threads are waiting, a daemon thread is training with batches made ahead."""
    process = start(f"""
import threading, time
from minicnn.preprocessing.image import ImageDataGenerator
x, y = noise()
flow = ImageDataGenerator(rotation_range=20).flow(x, y, batch_size=4)
model = small_model()
def train():
    model.fit(flow, epochs=10**6, verbose=0)
threading.Thread(target=train, daemon=True).start()
while model.optimizer.iterations < 20:
    time.sleep(0.01)
print(time.time(), flush=True)
{ending}
""")
    said, complaints = process.communicate(timeout=SECONDS)
    assert time.time() - float(said) < SECONDS / 10
    assert process.returncode == ("ValueError" in ending), complaints
    assert ("my error" in complaints) == ("ValueError" in ending)


def test_training_goes_on_in_a_thread_when_the_main_thread_has_ended():
    """Python's thread pools take no more work then; the batches are made without."""
    said = said_by("""
import threading, time
from minicnn.preprocessing.image import ImageDataGenerator
x, y = noise()
flow = ImageDataGenerator(rotation_range=20).flow(x, y, batch_size=4, seed=1)
model = small_model()
def train():
    main.join()
    model.fit(flow, epochs=3, verbose=0)
    print(digest(*model.get_weights()))
main = threading.main_thread()
alone = small_model()
alone.fit(ImageDataGenerator(rotation_range=20).flow(x, y, batch_size=4, seed=1), epochs=3, verbose=0)
print(digest(*alone.get_weights()))
threading.Thread(target=train).start()
""")
    alone, found = said.split()
    assert found == alone


@pytest.mark.skipif(os.name == "nt", reason="no such signal")
def test_ctrl_c_ends_a_training_and_the_process():
    process = start("""
import time
x, y = noise(512)
model = small_model()
model.train_on_batch(x, y)
print("begun", flush=True)
try:
    model.fit(x, y, batch_size=512, epochs=10**6, verbose=0)
finally:
    # Nothing is held: the model can be used, by other threads, too.
    import threading
    thread = threading.Thread(target=lambda: print("used", model.predict(x).shape))
    thread.start()
    thread.join()
""")
    assert process.stdout.readline() == "begun\n"
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    said, complaints = process.communicate(timeout=SECONDS)
    assert said.strip() == "used (512, 1)"
    assert complaints.strip().endswith("KeyboardInterrupt")
