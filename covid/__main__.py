"""`python -m covid` is the same as `covid`."""

import gc
import os
import sys

from covid.cli.main import main


def run() -> None:
    """The program: ends the process with the command's code."""
    os.environ["MPLBACKEND"] = "agg"  # all figures are files; a notebook's own would not be found
    code = main(helped=True)
    # The system takes all memory back; to look for garbage before takes Python 0.15 seconds.
    gc.freeze()
    sys.exit(code)


if __name__ == "__main__":
    run()
