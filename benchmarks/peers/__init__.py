"""The models beside PyTorch and Keras, and the data path beside Keras and OpenCV.

    python -m benchmarks peers                       # all cases but the whole process
    python -m benchmarks peers tiny_cnn --json out.json
    python -m benchmarks peers --whole-process       # `covid train` beside a Keras script

Read in this order:

==================  ==================================================================
`command`           the command line, the table, the JSON
`rounds`            how contestants are timed: in turn, medians
`contestant`        what a framework has to do, and how minicnn does it
`model_cases`       training step and inference: what is compared, then timed
`torch_models`      the models in PyTorch
`in_torch`          three ways of running them
`in_keras`          the models in Keras on TensorFlow
`data_cases`        augmentation and preprocessing
`article`           the article's augmentation and preprocessing loop
`slices`            the synthetic images that all of this runs on
`whole_process`     a whole training from the command line
`keras_process`     the same training as a Keras script
`keras_figures`     what that script draws
==================  ==================================================================
"""

import importlib.util
import os
import subprocess
import sys

THREADS = 2  # for everyone
# Read by the libraries when they are loaded, which is why the benchmark runs in a new process.
ENVIRONMENT = {
    "NUMBA_NUM_THREADS": str(THREADS),
    "OMP_NUM_THREADS": str(THREADS),
    "OPENBLAS_NUM_THREADS": str(THREADS),
    "MKL_NUM_THREADS": str(THREADS),
    "TF_CPP_MIN_LOG_LEVEL": "3",  # no chatter
    "KERAS_BACKEND": "tensorflow",
}
# What Keras' image generator needs: SciPy to rotate, Pillow to read.
KERAS_GENERATOR = ["tensorflow", "scipy", "PIL"]
PACKAGES = {"tensorflow": "tensorflow-cpu", "PIL": "pillow"}  # where the names differ


def main(arguments: list[str]) -> int:
    """Run `python -m benchmarks.peers` with two threads for everyone; returns its exit code."""
    command = [sys.executable, "-m", "benchmarks.peers", *arguments]
    return subprocess.run(command, env={**os.environ, **ENVIRONMENT}).returncode


def absent(modules: list[str]) -> str:
    """Which of these modules are not installed, as text; empty if all are."""
    names = [PACKAGES.get(name, name) for name in modules if not importlib.util.find_spec(name)]
    return f"not installed: {', '.join(names)}" if names else ""
