"""`covid figures`: what is in two class folders, and what preprocessing makes of it."""

from argparse import Namespace

import numpy as np

from covid.common.choices import LUNGS
from covid.common.made_files import record_file
from covid.common.output_files import check_outside, new_folder
from covid.common.screen import put
from covid.data.disclaimer import small_print
from covid.data.find_images import find_images
from covid.data.gray_levels import find_levels
from covid.data.preprocess import enhance_and_crop
from covid.data.split_folder import is_enhanced, is_synthetic
from covid.training.model_file import crop_of, levels_of_model, open_model, wants_enhanced


def figures(options: Namespace) -> dict:
    """`covid figures`."""
    from covid.figures.dataset_figures import choose, source_figures
    from covid.figures.model_figures import filters_figure, first_convolution
    from minicnn.utils import plot_model

    model = open_model(options.model) if options.model is not None else None
    if model is not None:
        first_convolution(model)  # there must be one, lest all else is drawn for nothing
    dataset = find_images(options.data, options.positive, options.labels)
    enhanced = is_enhanced(dataset)
    trained = None if model is None else levels_of_model(model)
    levels = trained if options.window is None and trained else find_levels(dataset, options.window)
    note = small_print(dataset.positive, is_synthetic(dataset))
    check_outside(options.out, options.data, labels=options.labels)
    with new_folder(options.out):
        rule = LUNGS if model is None else crop_of(model)
        written = source_figures(dataset, options.out, note, options.seed, rule, enhanced, levels)
        if model is not None:
            rng = np.random.default_rng(options.seed)
            ((name, gray),) = choose(dataset, dataset.positive, 1, rng, levels)
            if wants_enhanced(model) and not enhanced:
                gray = enhance_and_crop(gray, rule=rule).image
            filters = options.out / f"filters-{model.name}.png"
            filters_figure(model, name, gray, filters, note)
            graph = options.out / f"graph-{model.name}.png"
            plot_model(model, to_file=graph, show_shapes=True)
            record_file(graph, graph)
            written += [filters, graph]
    put("\n".join(str(path) for path in written))
    return {"figures": [str(path) for path in written], "note": note}
