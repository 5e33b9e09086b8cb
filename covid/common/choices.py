"""What can be chosen by name, said once: for the parser, the pipeline and the functions themselves.

Nothing is imported here, so that `covid --help` answers at once.
"""

PARTS = ("train", "validate", "test")  # of a split
SPLITS = ("random", "group", "both")
NO_CONTOUR = ("keep", "drop")  # what becomes of images in which the crop finds no contour
MODEL_NAMES = ("cnn", "cnn_dropout", "tiny_cnn", "reduced_inception")
DEFAULT_MODEL = "tiny_cnn"
DEFAULT_MODELS = ("tiny_cnn", "reduced_inception")
RECIPE_NAMES = ("practice", "published")
# Share of the people tested who are ill. A round number far below the half of a collected test set,
# as where many well people are tested: an example to reckon with, not an estimate of anything.
DEFAULT_PREVALENCE = 0.1
