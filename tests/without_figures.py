"""`covid` without the figures of its models and images, which take most of the time of a tiny run.

For tests of other things that start many processes; everything else is as in `python -m covid`.
"""

import sys

from covid import cli, figures

for name in ("source_figures", "augmentation_figure", "model_figures", "overview"):
    setattr(figures, name, lambda *arguments: None)
sys.exit(cli.main())
