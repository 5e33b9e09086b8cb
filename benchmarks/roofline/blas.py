"""The kernels inside NumPy's BLAS library: which are in use, and how fast the others are.

OpenBLAS carries kernels for many processors and picks a set when it is loaded. The environment
variable OPENBLAS_CORETYPE overrules its choice; hence one new process for each setting:

    OPENBLAS_CORETYPE=SkylakeX python -m benchmarks.roofline.blas
"""

import json
import os
import subprocess
import sys
import time

import numpy as np

from benchmarks.roofline import convolutions
from covid.common.machine import blas_kernels

SETTINGS = ("", "Haswell", "SkylakeX")  # its own choice; AVX2; AVX-512
TIMEOUTS = ("", "4")  # of OPENBLAS_THREAD_TIMEOUT: its own, and the shortest it takes
ROUNDS = 5
SECONDS = 0.2  # of each product in one process


def measure_products() -> dict:
    """GFLOP/s of three kinds of matrix products in this process."""

    def rate(one_shape, other_shape, work):
        one, other = np.ones(one_shape, np.float32), np.ones(other_shape, np.float32)
        product = one @ other
        times = []
        while sum(times) < SECONDS:
            start = time.perf_counter()
            np.matmul(one, other, out=product)
            times.append(time.perf_counter() - start)
        return work / float(np.median(times)) / 1e9

    return {
        "large": rate((1536, 1536), (1536, 1536), 2 * 1536**3),
        "winograd": rate((36, 36, 32), (36, 32, 64), 2 * 36 * 36 * 32 * 64),
        "dense": rate((30, 82944), (82944, 64), 2 * 30 * 82944 * 64),
    }


def measure_after_product() -> dict:
    """Milliseconds of a Winograd convolution right after a large product, and after a rest.

    After a product the threads of OpenBLAS wait for the next one without sleeping, on cores that
    the kernels' own threads need.
    """
    forward = convolutions.winograd_points(30)[0]
    x, kernel = np.ones((30, 82944), np.float32), np.ones((82944, 64), np.float32)
    times: dict[str, list[float]] = {"at_once": [], "rested": []}
    forward.run()
    for _ in range(10):
        for name, pause in (("at_once", 0.0), ("rested", 0.2)):
            np.matmul(x, kernel)
            time.sleep(pause)
            start = time.perf_counter()
            forward.run()
            times[name].append(time.perf_counter() - start)
    return {name: float(np.median(found)) * 1e3 for name, found in times.items()}


def compare(variable: str, settings: tuple, what: str, rounds: int = ROUNDS) -> list[dict]:
    """Measure in new processes with each setting of an environment variable, in turn.

    Parameters
    ----------
    variable : str
    settings : tuple of str
        Empty: not set.
    what : str
        A key of `MEASURES`.
    rounds : int

    Returns
    -------
    rows : list of dict
        setting, core : str; and the medians over the rounds of what was measured. A setting
        whose process ends with an error (instructions that this processor does not have) is
        left out.
    """
    found: dict[str, list[dict]] = {setting: [] for setting in settings}
    for _ in range(rounds):
        for setting, results in found.items():
            environment = {key: value for key, value in os.environ.items() if key != variable}
            if setting:
                environment[variable] = setting
            command = [sys.executable, "-m", "benchmarks.roofline.blas", what]
            done = subprocess.run(command, env=environment, capture_output=True, text=True)
            if done.returncode == 0:
                results.append(json.loads(done.stdout))
    rows = []
    for setting, results in found.items():
        if results:
            medians = {
                kind: float(np.median([result[kind] for result in results]))
                for kind in results[0]
                if kind != "core"
            }
            rows.append({"setting": setting, "core": results[0]["core"], **medians})
    return rows


MEASURES = {"products": measure_products, "after_product": measure_after_product}

if __name__ == "__main__":
    measured = MEASURES[sys.argv[1] if len(sys.argv) > 1 else "products"]()
    print(json.dumps({"core": blas_kernels(), **measured}))
