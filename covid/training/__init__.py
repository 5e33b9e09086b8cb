"""The models, how they are trained, and what they predict.

==================  ==============================================================
`architectures`     the article's four models, and one of ours
`recipes`           how they are trained
`train`             one model trained on one split folder, and its files
`checkpoint`        whether a checkpoint is one of this run
`predictions`       the predictions for all images of a part, and their measures
`model_file`        loads and checks a saved model
`versions`          versions of everything that can change a result
==================  ==============================================================
"""
