"""What is on the figures, and how they look.

==================  ==============================================================
`dataset_figures`   of the images: samples, preprocessing, augmentation
`model_figures`     of a trained model: curves, filters, what it gets wrong
`heat_maps`         what a model's answer reacts to, beside its sanity check
`draw_process`      `draw`: one figure, drawn here or by a second process
`plots`             how each of them looks
==================  ==============================================================
"""
