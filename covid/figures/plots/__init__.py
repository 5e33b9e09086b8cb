"""Every figure of the application, as PNG files.

Each function takes plain arrays and dicts, writes one file and returns its path. All share
`path` (a name that ends in .png; missing folders are made), `title`, and `note`, the small
print at the bottom (which images are synthetic, which class is positive). All raise UserError
if `path` cannot be written or if there is nothing to draw.

The parts: `images` draws what goes into a network and what its filters see, `evaluation` what one
model's predictions are worth, `heat_maps` what its answer reacts to, `model_graph` its layers;
`canvas` is the sheet that all draw on. The charts of a run are in its report: `covid.report`.
"""

from covid.figures.plots.evaluation import most_wrong, precision_recall, reliability, roc, scores
from covid.figures.plots.images import (
    augmented_copies,
    filters_and_maps,
    preprocessing_grid,
    sample_grid,
)
