"""The kernels inside NumPy's BLAS library: which are in use, and how fast the others are.

OpenBLAS carries kernels for many processors and picks a set when it is loaded. The environment
variable OPENBLAS_CORETYPE overrules its choice; hence one new process for each setting:

    OPENBLAS_CORETYPE=SkylakeX python -m benchmarks.roofline.blas
"""

import ctypes
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

SETTINGS = ("", "Haswell", "SkylakeX")  # its own choice; AVX2; AVX-512
ROUNDS = 5
SECONDS = 0.2  # of each product in one process
# Where NumPy's packages for Linux, Windows and macOS keep the library
FOLDERS = ("../numpy.libs", ".dylibs")
NAME_FUNCTIONS = (
    "scipy_openblas_get_corename64_",
    "scipy_openblas_get_corename",
    "openblas_get_corename",
)


def core_name() -> str:
    """Which kernels NumPy's OpenBLAS uses, in its own words; "unknown" for another library."""
    for folder in FOLDERS:
        for path in (Path(np.__file__).parent / folder).glob("*openblas*"):
            library = ctypes.CDLL(str(path.resolve()))  # the one that NumPy has loaded
            for name in NAME_FUNCTIONS:
                if hasattr(library, name):
                    function = getattr(library, name)
                    function.restype = ctypes.c_char_p
                    return function().decode()
    return "unknown"


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


def compare_settings(rounds: int = ROUNDS) -> list[dict]:
    """The products with each setting of OPENBLAS_CORETYPE, in turn; medians over the rounds.

    Returns
    -------
    rows : list of dict
        setting, core : str; large, winograd, dense : float, GFLOP/s. A setting whose process
        ends with an error (instructions that this processor does not have) is left out.
    """
    found: dict[str, list[dict]] = {setting: [] for setting in SETTINGS}
    for _ in range(rounds):
        for setting, results in found.items():
            environment = {**os.environ, "OPENBLAS_CORETYPE": setting}
            if not setting:
                del environment["OPENBLAS_CORETYPE"]
            command = [sys.executable, "-m", "benchmarks.roofline.blas"]
            done = subprocess.run(command, env=environment, capture_output=True, text=True)
            if done.returncode == 0:
                results.append(json.loads(done.stdout))
    return [
        {
            "setting": setting,
            "core": results[0]["core"],
            **{
                kind: float(np.median([result[kind] for result in results]))
                for kind in ("large", "winograd", "dense")
            },
        }
        for setting, results in found.items()
        if results
    ]


if __name__ == "__main__":
    print(json.dumps({"core": core_name(), **measure_products()}))
