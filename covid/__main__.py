"""`python -m covid` is the same as `covid`."""

import sys

from covid.cli import main

sys.exit(main())
