"""Names and defaults that several rooms need, said once: what can be chosen, and what files are called.

Nothing is imported here, so that `covid --help` answers at once.
"""

PARTS = ("train", "validate", "test")  # of a split
RANDOM, GROUP, BOTH = SPLITS = ("random", "group", "both")
NO_CONTOUR = ("keep", "drop")  # what becomes of images in which the crop finds no contour
MODEL_NAMES = ("cnn", "cnn_dropout", "tiny_cnn", "reduced_inception")
PUBLISHED_MODELS = MODEL_NAMES  # those of the article; `--models published`
DEFAULT_MODEL = "tiny_cnn"
DEFAULT_MODELS = ("tiny_cnn", "reduced_inception")
RECIPE_NAMES = ("practice", "published")
DEFAULT_RECIPE = "practice"
DEFAULT_COLUMN = "patient"  # of --group-csv
SHORTCUT_NAMES = ("marker", "brightness", "table")  # in synthetic images
LABELS = ("true", "permuted")  # of synthetic images
LOOK_METHODS = ("auto", "grad-cam", "occlusion")
# Share of the people tested who are ill. A round number far below the half of a collected test set,
# as where many well people are tested: an example to reckon with, not an estimate of anything.
DEFAULT_PREVALENCE = 0.1
STORY_PATIENTS = 40

# Files that one room writes and another one reads.
MANIFEST, SPLIT_INFO = "manifest.csv", "split.json"
MODEL_FILE, HISTORY, PREDICTIONS = "model.npz", "history.csv", "predictions.csv"
AUDIT_INFO, AUDIT_IMAGES = "audit.json", "images.csv"
CONTROLS_INFO = "controls.json"
RUN_INFO = "run.json"
SUMMARY = "summary.json"  # written last: a run that has it is finished
