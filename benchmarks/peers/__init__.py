"""The four models beside PyTorch and Keras, and the data path beside Keras and OpenCV.

    python -m benchmarks peers                       # all cases but the whole process
    python -m benchmarks peers tiny_cnn --json out.json
    python -m benchmarks peers --whole-process       # `covid train` beside a Keras script

Read in this order:

==================  ==================================================================
`command`           the command line, the table, the JSON
`rounds`            how contestants are timed: in turn, medians
`model_cases`       training step and inference: what is compared, then timed
`in_torch`          the four models in PyTorch, in three ways of running them
`in_keras`          the four models in Keras on TensorFlow
`data_cases`        augmentation and preprocessing
`article`           the article's preprocessing loop
`slices`            the synthetic images that all of this runs on
`whole_process`     a whole training from the command line
`keras_process`     the same training as a Keras script
==================  ==================================================================
"""

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


def main(arguments: list[str]) -> int:
    """Run `python -m benchmarks.peers` with two threads for everyone; returns its exit code."""
    command = [sys.executable, "-m", "benchmarks.peers", *arguments]
    return subprocess.run(command, env={**os.environ, **ENVIRONMENT}).returncode
