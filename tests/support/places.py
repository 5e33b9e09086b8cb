"""Where the project is, and the helpers of its tests; the path on which child processes find both."""

import os
from pathlib import Path

SUPPORT = Path(__file__).parent
GOLDEN_FILES = SUPPORT / "golden"
ROOT = SUPPORT.parents[1]
PYTHONPATH = os.pathsep.join((str(ROOT), str(SUPPORT)))
