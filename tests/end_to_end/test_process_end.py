"""The end of a process: at once, also with threads left, and by Ctrl-C; no other one is left."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from places import ROOT
from subprocesses import (
    SECONDS,
    environment,
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


# Images drawn by processes


def drawing(command: str, out: Path) -> tuple[subprocess.Popen, list[int]]:
    """A `covid` that is drawing synthetic images; the ids of the processes that it has started."""
    process = subprocess.Popen(
        [sys.executable, "-m", "covid", command, "--out", str(out)],
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True},
        env=environment(),
        cwd=ROOT,
        start_new_session=True,
    )
    end = time.monotonic() + SECONDS
    while not list(out.parent.rglob("*/*.png")):
        assert process.poll() is None and time.monotonic() < end, process.communicate()
        time.sleep(0.01)
    return process, [pid for pid, parent in running().items() if parent == process.pid]


def running() -> dict[int, int]:
    """Process -> its parent, of all that have not ended; one that is not yet buried has."""
    listed = subprocess.run(["ps", "-eo", "pid=,ppid=,stat="], capture_output=True, text=True)
    rows = map(str.split, listed.stdout.splitlines())
    return {int(pid): int(parent) for pid, parent, state in rows if state[0] != "Z"}


def wait_for_end_of(pids: list[int]) -> None:
    end = time.monotonic() + SECONDS
    while set(pids) & set(running()):
        assert time.monotonic() < end
        time.sleep(0.05)


needs_signals = pytest.mark.skipif(os.name == "nt", reason="no such signals")


@needs_signals
@pytest.mark.parametrize(
    "number",
    [
        signal.SIGINT,
        pytest.param(signal.SIGTERM, marks=pytest.mark.slow),
        pytest.param(signal.SIGKILL, marks=pytest.mark.slow),
    ],
)
@pytest.mark.parametrize("command", ["run", "synth"])
def test_no_process_outlives_one_whose_images_they_draw(command, number, tmp_path):
    """Sent to the whole group, as a terminal and `timeout` do; of `run` another one draws figures."""
    out = tmp_path / "folder/out"
    out.parent.mkdir()
    process, others = drawing(command, out)
    assert len(others) > min(os.cpu_count(), 120)  # also multiprocessing's own
    os.killpg(process.pid, number)
    said, complained = process.communicate(timeout=SECONDS)
    wait_for_end_of(others)
    if number != signal.SIGKILL:
        assert process.returncode == 130
        assert complained.splitlines() == [f"covid {command}: stopped"]
        assert list(out.parent.iterdir()) == []  # nothing half made


@needs_signals
@pytest.mark.parametrize("command", ["run", "synth"])
def test_a_drawing_process_ended_from_outside_is_one_sentence(command, tmp_path):
    out = tmp_path / "folder/out"
    out.parent.mkdir()
    process, others = drawing(command, out)
    os.kill(max(others), signal.SIGKILL)  # the youngest
    said, complained = process.communicate(timeout=SECONDS)
    assert process.returncode == 2
    (sentence,) = complained.splitlines()
    assert sentence.startswith(f"covid {command}: synthetic CT: a process has been ended from")
    assert list(out.parent.iterdir()) == []
    wait_for_end_of(others)


def test_what_goes_wrong_in_a_drawing_process_is_a_sentence(tmp_path):
    """Here no file may have more than a kilobyte, as on a disk that is full."""
    resource = pytest.importorskip("resource")
    out = tmp_path / "folder/out"
    out.parent.mkdir()
    run = subprocess.run(
        [sys.executable, "-m", "covid", "synth", "--patients", "4", "--out", str(out)],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000)),
        **{"env": environment(), "cwd": ROOT, "capture_output": True, "text": True},
    )
    assert run.returncode == 2
    (sentence,) = run.stderr.splitlines()
    assert sentence.startswith("covid synth: ") and "File too large; check the path" in sentence
    assert list(out.parent.iterdir()) == []


def test_a_script_needs_nothing_to_have_images_drawn_by_processes(tmp_path):
    """No `if __name__ == "__main__"`: the processes do not run it again."""
    script = tmp_path / "script.py"
    script.write_text(
        "from pathlib import Path\nfrom covid.phantom import write_dataset\n"
        "there = Path(__file__).with_name('images')\n"
        "print(len(write_dataset(there, patients=4, slices=1, processes=True)))"
    )
    run = subprocess.run(
        [sys.executable, str(script)], env=environment(), capture_output=True, text=True
    )
    assert (run.stdout, run.stderr) == ("4\n", "")
