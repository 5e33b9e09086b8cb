"""What `python -m benchmarks peers` starts in a process of its own; see `benchmarks.peers`."""

import sys

from benchmarks.peers.command import main

sys.exit(main(sys.argv[1:]))
