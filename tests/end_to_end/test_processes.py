"""Several threads, forks, process pools, debuggers, folders that cannot be written to: the same
numbers, and every process ends. Each case really happens, in a process of its own where needed.
"""

import ctypes
import multiprocessing
import os
import pickle
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
from copy import deepcopy
from pathlib import Path

import numpy as np
import pytest
from places import ROOT, SUPPORT
from subprocesses import (
    HERE,
    SECONDS,
    digest,
    environment,
    noise,
    python,
    said_by,
    small_model,
    start,
    tiny_model,
    train_and_predict,
)

from minicnn.kernels.runtime import disk_cache
from minicnn.kernels.runtime.step_lock import one_step_at_a_time
from minicnn.layers import Dense, Flatten
from minicnn.models import Model, Sequential
from minicnn.preprocessing.image import ImageDataGenerator

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")


def at_once(*jobs) -> list:
    """What the jobs return, each called in a thread of its own, all at the same time."""
    results, barrier = [None] * len(jobs), threading.Barrier(len(jobs))

    def do(index):
        barrier.wait(SECONDS)
        results[index] = jobs[index]()

    threads = [threading.Thread(target=do, args=(i,), daemon=True) for i in range(len(jobs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
        assert not thread.is_alive()
    return results


# Threads


def test_threads_that_share_a_model_get_what_they_would_get_alone():
    model, images = small_model(), [noise(50, seed)[0] for seed in range(4)]
    alone = [model.predict(x, batch_size=7) for x in images]

    def use(x):
        return lambda: [model.predict(x, batch_size=7) for _ in range(10)]

    for expected, found in zip(alone, at_once(*map(use, images)), strict=True):
        for y in found:
            np.testing.assert_array_equal(y, expected)


@pytest.mark.parametrize("layer", range(8))
def test_what_is_returned_is_not_overwritten_by_the_next_run(layer):
    """Also of layers whose output is a buffer inside of a plan."""
    model = small_model()
    part = Model(model.inputs, [model.layers[layer].output])
    x, others = noise()[0], noise(seed=1)[0]
    kept = part.predict_on_batch(x)
    before = kept.copy()
    at_once(lambda: part.predict_on_batch(others), lambda: model.predict_on_batch(others))
    np.testing.assert_array_equal(kept, before)


def test_threads_that_train_and_predict_with_models_of_their_own():
    def train(seed):
        return lambda: train_and_predict(small_model(seed))

    x = noise()[0]
    used = small_model(9)
    expected = [train(seed)() for seed in range(3)] + [digest(used.predict(x))]
    jobs = [train(seed) for seed in range(3)]
    found = at_once(*jobs, lambda: [digest(used.predict(x)) for _ in range(30)])
    assert found[:3] == expected[:3]
    assert set(found[3]) == {expected[3]}


def test_one_model_trained_by_two_threads_makes_one_step_after_the_other():
    x, y = noise()

    def wide_model():  # whose update takes long enough to be caught in the middle of it
        layers = [Flatten(input_shape=(12, 12, 1)), Dense(2000), Dense(1, activation="sigmoid")]
        model = Sequential(layers, seed=1)
        model.compile("adam", "binary_crossentropy")
        return model

    alone = wide_model()
    states = [digest(*alone.get_weights())]
    for _ in range(12):
        alone.train_on_batch(x, y)
        states.append(digest(*alone.get_weights()))
    model = wide_model()

    def train():
        for _ in range(6):
            model.train_on_batch(x, y)

    def look(weights):
        def collect():
            found = []
            while model.optimizer.iterations < 12:
                found.append(digest(*weights()))
            return found

        return collect

    def of_copy():
        return pickle.loads(pickle.dumps(model)).get_weights()

    *_, seen, copied = at_once(train, train, look(model.get_weights), look(of_copy))
    assert digest(*model.get_weights()) == states[-1]
    assert model.optimizer.iterations == 12
    assert set(seen + copied) <= set(states)  # never between two steps


def test_a_thread_that_waits_is_next():
    """And not the one that has just made a step and wants to make another."""
    made, ended = [], threading.Event()

    def make_steps():
        while not ended.is_set():
            with one_step_at_a_time():
                made.append(1)
                time.sleep(0.002)

    def wait_for_turns():
        waits = []
        for _ in range(25):
            time.sleep(0.003)  # the other one is in the middle of steps again
            before = len(made)
            with one_step_at_a_time():
                waits.append(len(made) - before)
        ended.set()
        return waits

    _, waits = at_once(make_steps, wait_for_turns)
    assert np.median(waits) == 0  # further steps than the one that was running


# Pickling, for processes


@pytest.mark.parametrize("copy", [lambda model: pickle.loads(pickle.dumps(model)), deepcopy])
def test_a_copy_goes_on_as_the_model_would(copy):
    model = small_model()
    x, y = noise()
    model.fit(x, y, batch_size=8, epochs=2, verbose=0)
    model.metadata["classes"] = ["a", "b"]
    model.optimizer.learning_rate = 0.01
    other = copy(model)
    assert (other.epochs_done, other.seed, other.metadata) == (2, model.seed, model.metadata)
    for one in (model, other):
        one.fit(x, y, batch_size=8, epochs=1, verbose=0)
    assert digest(*model.get_weights()) == digest(*other.get_weights())
    assert other.metadata is not model.metadata


def test_a_class_of_one_s_own_is_not_taken_for_another():
    class Own(Sequential):
        pass

    with pytest.raises(TypeError, match="expected a Model or Sequential to pickle, got .* Own"):
        pickle.dumps(Own([Dense(1, input_shape=(3,))]))


def test_iterators_go_on_where_they_are(tmp_path):
    import cv2

    for number, image in enumerate(noise(6)[0]):
        (tmp_path / "ab"[number % 2]).mkdir(exist_ok=True)
        cv2.imwrite(
            str(tmp_path / "ab"[number % 2] / f"{number}.png"), (image * 255).astype(np.uint8)
        )
    generator = ImageDataGenerator(rescale=1 / 255, rotation_range=30, horizontal_flip=True)
    from_files = generator.flow_from_directory(tmp_path, (12, 12), "grayscale", batch_size=4)
    for iterator in (from_files, generator.flow(*noise(), batch_size=5)):
        next(iterator)
        other = pickle.loads(pickle.dumps(iterator))
        for _ in range(4):
            for one, same in zip(next(iterator), next(other), strict=True):
                np.testing.assert_array_equal(one, same)
    sent = pickle.loads(pickle.dumps(from_files)).store
    assert from_files.store._is_read.all() and not sent._is_read.any()  # names, not images


# Processes

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


# Debuggers


@pytest.mark.parametrize("backend", ["numba", "numpy", "naive"])
def test_a_breakpoint_in_backward(backend, tmp_path):
    script = tmp_path / "training.py"
    script.write_text(
        HERE + "import minicnn\n"
        f"minicnn.use_backend({backend!r})\n"
        "x, y = noise(2)\n"
        "model = Sequential([Conv2D(3, 3, strides=2, input_shape=(12, 12, 1)), Flatten(), Dense(1)])\n"
        "model.compile('sgd')\n"
        "model.train_on_batch(x, y)\n"
        "print('went', 'on')\n"
    )
    commands = "b minicnn/layers/conv.py:{}\nc\np dz.shape\nn\np dz.dtype\ncl 1\nc\nq\n"
    source = (ROOT / "minicnn/layers/conv.py").read_text().splitlines()
    line = next(n for n, text in enumerate(source, 1) if "x_padded, pads = self.cache" in text)
    run = subprocess.run(
        [sys.executable, "-m", "pdb", str(script)],
        input=commands.format(line),
        env=environment(NUMBA_DISABLE_JIT="1"),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert "(2, 5, 5, 3)" in run.stdout, run.stdout + run.stderr
    assert "went on" in run.stdout
    assert run.stdout.index("(2, 5, 5, 3)") < run.stdout.index("went on")


def test_under_a_debugger_and_under_a_tracer_the_numbers_are_the_same(tmp_path):
    script = tmp_path / "training.py"
    script.write_text(HERE + "print('digest', train_and_predict(small_model()))\n")
    expected = f"digest {train_and_predict(small_model())}"
    debugged = subprocess.run(
        [sys.executable, "-m", "pdb", "-c", "continue", str(script)],
        input="q\n",
        env=environment(),
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert expected in debugged.stdout, debugged.stdout + debugged.stderr
    # Each line of the main thread is reported, as for coverage or a breakpoint with a condition.
    traced = said_by(
        "import sys\nlines = []\n"
        "def trace(*event):\n    lines.append(1)\n    return trace\n"
        "model = small_model()\nsys.settrace(trace)\n"
        "print('digest', train_and_predict(model))\nsys.settrace(None)\nassert len(lines) > 1000"
    )
    assert expected in traced


# Numba's environment variables


@pytest.mark.parametrize("threads", ["1", "2", "64", ""])
def test_any_number_of_threads_gives_the_same_bits(threads):
    found = said_by(
        "print(train_and_predict(small_model()))",
        "-Wignore",  # numba explains at length that '' is no number
        env=environment(NUMBA_NUM_THREADS=threads),
    )
    assert found.strip() == train_and_predict(small_model())


@pytest.mark.parametrize("threads", ["abc", "0", "-1", "1.5"])
def test_a_number_of_threads_that_is_none(threads):
    run = python("small_model().predict(noise()[0])", env=environment(NUMBA_NUM_THREADS=threads))
    assert run.returncode == 1
    assert run.stderr.splitlines()[-1] == (
        "ValueError: NUMBA_NUM_THREADS: expected this environment variable to be an integer of at "
        f"least 1, got {threads!r}; correct it or unset it"
    )


def test_the_command_line_says_so_without_a_traceback(tmp_path):
    run = python(
        f"import covid.cli.main\nraise SystemExit(covid.cli.main.main(['synth', '--out', {str(tmp_path / 'x')!r}]))",
        env=environment(NUMBA_NUM_THREADS="many"),
    )
    assert run.returncode == 2
    assert run.stderr.startswith("covid synth: NUMBA_NUM_THREADS: expected")
    assert run.stderr.count("\n") == 1


def test_without_the_compiler(tmp_path):
    """Plain Python rounds differently: it adds up in another order. And it warns of nothing."""
    code = """
from minicnn.preprocessing.image import ImageDataGenerator
model, (x, y) = small_model(), noise(16)
model.fit(x, y, batch_size=8, epochs=1, verbose=0)
flow = ImageDataGenerator(rotation_range=30, zoom_range=0.2).flow(x, y, batch_size=8, seed=3)
np.savez({!r}, y=model.predict(x), x=next(flow)[0], loss=model.evaluate(x, y, verbose=0))
"""
    compiled, plain = tmp_path / "compiled.npz", tmp_path / "plain.npz"
    said_by(code.format(str(compiled)))
    said_by(code.format(str(plain)), "-Werror", env=environment(NUMBA_DISABLE_JIT="1"))
    with np.load(compiled) as expected, np.load(plain) as found:
        for name in expected.files:
            np.testing.assert_allclose(found[name], expected[name], rtol=1e-5, err_msg=name)


# Where compiled kernels are kept

TRAIN = "print(train_and_predict(tiny_model()))"
NO_FOLDER = "minicnn: no folder to keep compiled kernels in"
NOT_KEPT = "minicnn: a compiled kernel could not be kept"
COMPILING = "minicnn: compiling kernels"


def unwritable_copy(folder: Path) -> None:
    """A copy of the packages which everybody may read and nobody may change."""
    for package in ("minicnn", "covid"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / package, folder / package, ignore=ignored)
    for name in ("places.py", "subprocesses.py"):
        shutil.copy(SUPPORT / name, folder)
    for path in [*folder.rglob("*"), folder]:
        path.chmod(0o555 if path.is_dir() else 0o444)


@pytest.fixture
def installed_read_only(tmp_path):
    folder = tmp_path / "read-only"
    unwritable_copy(folder)
    yield folder
    for path in [folder, *folder.rglob("*")]:
        if path.is_dir():
            path.chmod(stat.S_IRWXU)


def obey_permissions() -> None:
    """In a child process: permissions bind root, too, after the exec that follows."""
    if os.geteuid() == 0:
        drop_from_bounding_set, override_permissions = 24, 1  # linux/prctl.h, linux/capability.h
        ctypes.CDLL(None).prctl(drop_from_bounding_set, override_permissions, 0, 0, 0)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="root is bound in other ways")
def test_installed_read_only_and_no_home(installed_read_only):
    code = """
import minicnn, covid, tempfile
from pathlib import Path
from minicnn.utils import plot_model
for place in (Path(minicnn.__file__).parent, Path.home()):
    try:
        place.mkdir(exist_ok=True)
        (place / "file").write_text("")
    except OSError:
        continue
    raise SystemExit(77)
print(train_and_predict(tiny_model()))
with tempfile.TemporaryDirectory() as pictures:
    plot_model(tiny_model(), Path(pictures) / "model.png")
print(minicnn.__file__)
"""
    env = environment(
        PYTHONPATH=str(installed_read_only),
        HOME=str(installed_read_only / "nobody"),
        XDG_CACHE_HOME=None,
        NUMBA_CACHE_DIR=None,
        MPLCONFIGDIR=None,
    )
    run = python(code, env=env, cwd=installed_read_only, preexec_fn=obey_permissions)
    if run.returncode == 77:
        pytest.skip("permissions do not bind root here")
    assert run.returncode == 0, run.stderr
    found, path = run.stdout.split()
    assert path.startswith(str(installed_read_only))
    assert found == train_and_predict(tiny_model())
    notices = [line for line in run.stderr.splitlines() if line.startswith(NO_FOLDER)]
    assert len(notices) == 1
    assert "NUMBA_CACHE_DIR" in notices[0]


@pytest.mark.skipif(os.name != "posix", reason="needs a limit for the size of files")
def test_a_disk_that_is_full(tmp_path):
    env = environment(NUMBA_CACHE_DIR=str(tmp_path))
    full = "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n"
    run = python(full + TRAIN, env=env)
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == train_and_predict(tiny_model())
    assert [line.startswith(NOT_KEPT) for line in run.stderr.splitlines()].count(True) == 1
    assert not list(tmp_path.rglob("*.nb?"))


@pytest.fixture(scope="module")
def kept_kernels(tmp_path_factory) -> Path:
    """A folder with a tiny model's kernels, compiled by two processes that began together."""
    folder = tmp_path_factory.mktemp("kernels")
    env = environment(NUMBA_CACHE_DIR=str(folder))
    both = [start(TRAIN, env=env) for _ in range(2)]
    expected = train_and_predict(tiny_model())
    for process in both:
        said, complaints = process.communicate(timeout=SECONDS)
        assert process.returncode == 0, complaints
        assert said.strip() == expected
        assert complaints.count(COMPILING) == 1  # both were cold
    return folder


def test_two_cold_processes_leave_what_a_third_can_use(kept_kernels):
    run = python(TRAIN, env=environment(NUMBA_CACHE_DIR=str(kept_kernels)))
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == train_and_predict(tiny_model())
    assert COMPILING not in run.stderr
    assert not list(kept_kernels.rglob("*.tmp*"))


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def clear(path: Path) -> None:
    path.write_bytes(b"")


def garble(path: Path) -> None:
    path.write_bytes(b"garbage" * 50)


def make_older(path: Path) -> None:
    """As if compiled from a source that has changed since."""
    _, kernel = pickle.loads(path.read_bytes())
    path.write_bytes(pickle.dumps(("the stamp of another source", kernel)))


DAMAGES = {
    "._forward_partial-*.nbi": cut,
    "._grad_kernel-*.nbi": clear,
    "._column_sums-*.nbc": cut,
    ".sigmoid_forward-*.nbc": garble,
    "._momentum_update-*.nbc": make_older,
}


def test_a_change_in_any_file_that_a_kernel_is_made_of_counts(monkeypatch):
    from minicnn.kernels.fused import pooled_dense

    kernel = pooled_dense._forward
    files = disk_cache.source_files(kernel.py_func)
    parts = {"pooled_dense.py", "pooled_planes.py", "elementwise.py"}
    assert parts <= {Path(file).name for file in files}
    stamp = kernel._cache._impl.stamp
    assert stamp == [(os.stat(file).st_mtime, os.stat(file).st_size) for file in files]
    monkeypatch.setattr(disk_cache, "source_files", lambda function: [__file__])
    assert stamp != disk_cache.SafeCache(kernel.py_func)._impl.stamp


def test_damaged_files_are_compiled_anew_and_replaced(kept_kernels, tmp_path):
    folder = tmp_path / "kernels"
    shutil.copytree(kept_kernels, folder)
    env = environment(NUMBA_CACHE_DIR=str(folder))
    before = {}
    for pattern, damage in DAMAGES.items():
        (path,) = folder.rglob("*" + pattern)
        damage(path)
        before[path] = path.read_bytes()
    for compiles in (True, False):
        run = python(TRAIN, env=env)
        assert run.returncode == 0, run.stderr
        assert run.stdout.strip() == train_and_predict(tiny_model())
        assert (COMPILING in run.stderr) == compiles
    assert all(path.read_bytes() != damaged for path, damaged in before.items())


def test_a_kernel_for_other_types_is_not_taken(tmp_path):
    """numba numbers its files, and two processes may give the same number at the same time."""
    code = "for kind in ('float32', 'float64'):\n"
    code += "    print(digest(tiny_model().astype(kind).predict(noise()[0])))"
    x = noise()[0]
    expected = [digest(tiny_model().astype(kind).predict(x)) for kind in ("float32", "float64")]
    env = environment(NUMBA_CACHE_DIR=str(tmp_path))
    assert said_by(code, env=env).split() == expected
    overwritten = [path for path in tmp_path.rglob("*.1.nbc")]
    assert len(overwritten) >= 2
    for path in overwritten:
        shutil.copy(path.with_name(path.name.replace(".1.nbc", ".2.nbc")), path)
    assert said_by(code, env=env).split() == expected


# The end of a process


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
