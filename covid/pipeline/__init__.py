"""`covid run`, step by step; `run` ties them together.

==================  ==============================================================
`options`           options of `covid run`
`run`               everything from images to results: `run_all`
`output_folder`     new, or that of a run to resume; `run_record` is its run.json
`source`            the images, before they are split
`audit_step`        the audit, before anything is trained
`prepare_splits`    split folders, prepared as the models want them
`train_models`      the models of one way of splitting, trained and evaluated
`cross_validation`  the same for k folds; `fold_summary` what they say together
`controls_step`     the same training where it should learn nothing
`summary`           summary.json; `results_table` is what the screen gets of it
==================  ==============================================================
"""
