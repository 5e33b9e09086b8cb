"""Python in a process of its own, always with a time-out, and the small models it works with.

The child processes import this file, too.
"""

import hashlib
import os
import subprocess
import sys

import numpy as np
from places import PYTHONPATH

from minicnn.layers import Conv2D, Dense, Dropout, Flatten, MaxPooling2D
from minicnn.models import Sequential

SECONDS = 120  # on a machine that is busy with other things; alone each takes a few
HERE = "from subprocesses import *\n"


def environment(**changes) -> dict[str, str]:
    """This process's variables with some changes; None removes one."""
    paths = [PYTHONPATH, os.environ.get("PYTHONPATH", "")]
    merged = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths)), **changes}
    return {name: value for name, value in merged.items() if value is not None}


def python(code: str, *options: str, env: dict | None = None, **named):
    """Run some lines, with this file's names in front; gives the ended process with its text."""
    return subprocess.run(
        [sys.executable, *options, "-c", HERE + code],
        env=env or environment(),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        **named,
    )


def said_by(code: str, *options: str, **named) -> str:
    """What those lines print, if the process ends as it should."""
    run = python(code, *options, **named)
    assert run.returncode == 0, f"{run.returncode}: {run.stdout[-1000:]}\n{run.stderr[-3000:]}"
    return run.stdout


def start(code: str, **named) -> subprocess.Popen:
    """The same, not waited for."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(
        [sys.executable, "-c", HERE + code], **{"env": environment(), **pipes, **named}
    )


def small_model(seed: int = 1) -> Sequential:
    """One of each kind of step: fused, Winograd, layer by layer."""
    layers = [
        Conv2D(8, 3, activation="relu", input_shape=(12, 12, 1)),
        MaxPooling2D(2),
        Dropout(0.3),
        Conv2D(8, 3, padding="same", activation="relu"),
        MaxPooling2D(2),
        Flatten(),
        Dense(8, activation="relu"),
        Dense(1, activation="sigmoid"),
    ]
    model = Sequential(layers, seed=seed)
    model.compile("adam", "binary_crossentropy", ["acc"])
    return model


def tiny_model(seed: int = 1) -> Sequential:
    """Of few kernels, where they have to be compiled."""
    layers = [Flatten(input_shape=(12, 12, 1)), Dense(1, activation="sigmoid")]
    model = Sequential(layers, seed=seed)
    model.compile("sgd", "binary_crossentropy", ["acc"])
    return model


def noise(samples: int = 24, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Synthetic images of noise, and labels."""
    x = np.random.default_rng(seed).random((samples, 12, 12, 1), dtype=np.float32)
    return x, (np.arange(samples) % 2).astype(np.float32)


def digest(*arrays) -> str:
    """The same for the same bits only."""
    return hashlib.sha256(b"".join(np.ascontiguousarray(a).tobytes() for a in arrays)).hexdigest()


def train_and_predict(model) -> str:
    """The digest of two epochs' weights and of what they predict."""
    x, y = noise()
    model.fit(x, y, batch_size=8, epochs=2, verbose=0)
    return digest(*model.get_weights(), model.predict(x))


def predict(model, x):
    """For process pools, which find functions by their name."""
    return model.predict(x)


def train_on(model, iterator):
    """The same: an epoch."""
    model.fit(iterator, verbose=0)
    return digest(*model.get_weights())


def in_fork(work) -> int:
    """os.fork, `work()` in the child, and the exit code: 0 unless it raised or did not end."""
    import signal
    import traceback

    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    signal.alarm(SECONDS // 4)  # a child that hangs is ended by it
    code = 1
    try:
        work()
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)
