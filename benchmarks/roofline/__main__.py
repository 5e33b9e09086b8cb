"""What `python -m benchmarks roofline` starts in a process of its own."""

import sys

from benchmarks.roofline.command import main

sys.exit(main(sys.argv[1:]))
