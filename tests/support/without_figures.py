"""`covid` without its figures, which take most of the time of a tiny run.

For tests of other things that start many processes; everything else is as in `python -m covid`.
"""

import sys

from covid.audit import write
from covid.cli import main
from covid.figures import dataset_figures, model_figures
from covid.pipeline import run

for name in ("source_figures", "augmentation_figure"):
    setattr(dataset_figures, name, lambda *arguments, **named: None)
for name in ("graph_figure", "model_figures"):
    setattr(model_figures, name, lambda *arguments, **named: None)
run.draw_examples = run.write_explorer = lambda *arguments: None
write.draw = lambda *arguments, **named: None
sys.exit(main.main())
