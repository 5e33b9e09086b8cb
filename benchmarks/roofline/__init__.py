"""How far each kernel is from what this machine can do.

    python -m benchmarks roofline                 # tables, figure, JSON
    python -m benchmarks roofline --only-print    # writes no file

What a roofline is, and what came out: `benchmarks/README.md`. Read in this order:

=============  =====================================================================
`command`      the command line, the rounds, the table, the files
`limits`       how fast this machine multiplies, reads and copies
`point`        what is known of a kernel before it is timed: work and bytes
`points`       the kernels, in the order of the table; they stand in
               `convolutions` and `others`
`figure`       the figure
`blas`         which kernels NumPy's BLAS library uses, and what the others would do
`accuracy`     what Winograd's tiles cost in accuracy
`toom_cook`    Winograd's matrices from their interpolation points
`pages`        the tables in README.md and WINOGRAD.md
=============  =====================================================================
"""

import os
import subprocess
import sys

from benchmarks.peers import ENVIRONMENT


def main(arguments: list[str]) -> int:
    """Run `python -m benchmarks.roofline` with two threads for all; returns its exit code."""
    command = [sys.executable, "-m", "benchmarks.roofline", *arguments]
    return subprocess.run(command, env={**os.environ, **ENVIRONMENT}).returncode
