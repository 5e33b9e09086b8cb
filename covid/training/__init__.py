"""The models, how they are trained, and what they predict.

==================  ==============================================================
`architectures`     the article's four models
`recipes`           how they are trained
`train`             one model trained on one split folder, and its files
`checkpoint`        whether a checkpoint is one of this run
`predictions`       the answers for all images of a part, and the measures made of them
`model_file`        a model that was saved, opened and checked
`versions`          of everything that can change a number
==================  ==============================================================
"""
