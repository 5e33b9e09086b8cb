"""`covid` without the figures of its models and images, which take most of the time of a tiny run.

For tests of other things that start many processes; everything else is as in `python -m covid`.
"""

import sys

from covid import cli, figures

kinds = ("source_figures", "augmentation_figure", "graph_figure", "model_figures", "overview")
for name in kinds:
    setattr(figures, name, lambda *arguments, **named: None)
sys.exit(cli.main())
