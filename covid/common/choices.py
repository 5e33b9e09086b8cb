"""Names and defaults that several rooms need, said once: what can be chosen, and what files are called.

Nothing is imported here, so that `covid --help` answers at once.
"""

PARTS = ("train", "validate", "test")  # of a split
RANDOM, GROUP, BOTH = SPLITS = ("random", "group", "both")
OWN_SPLIT = "the split the images came in"  # what one is called that this program did not make
LUNGS, CONTOURS = CROPS = ("lungs", "contours")  # what a slice is cropped to: ours, the article's
NO_CONTOUR = ("keep", "drop")  # what becomes of images in which the crop finds no body
PUBLISHED_MODELS = ("cnn", "cnn_dropout", "tiny_cnn", "reduced_inception")
DEFAULT_MODEL = "compact_cnn"
MODEL_NAMES = (DEFAULT_MODEL, *PUBLISHED_MODELS)
DEFAULT_MODELS = (DEFAULT_MODEL, "tiny_cnn", "reduced_inception")
RECIPE_NAMES = ("practice", "published")
DEFAULT_RECIPE = "practice"
DEFAULT_COLUMN = "patient"  # of --group-csv
SHORTCUT_NAMES = ("marker", "brightness", "table")  # in synthetic images
LABELS = ("true", "permuted")  # of synthetic images
LOOK_METHODS = ("auto", "grad-cam", "occlusion")
# Share of the people tested who are ill. A round number far below the half of a collected test set,
# as where many well people are tested: an example to reckon with, not an estimate of anything.
DEFAULT_PREVALENCE = 0.1
STORY_PATIENTS = 100
# Of a run that draws its own images: they are learned sooner than real ones, and it is to be watched.
EPOCHS_ON_DRAWN = 36

# Files that one room writes and another one reads.
MANIFEST, SPLIT_INFO = "manifest.csv", "split.json"
MODEL_FILE, HISTORY, PREDICTIONS = "model.npz", "history.csv", "predictions.csv"
KERNELS = "kernels.npz"  # beside a model: its convolutions after every epoch
EXPLORER = "explorer.html"
AUDIT_INFO, AUDIT_IMAGES = "audit.json", "images.csv"
CONTROLS_INFO = "controls.json"
RUN_INFO = "run.json"
FOLDS = "folds"  # the folder of a cross-validation
SUMMARY = "summary.json"  # written last: a run that has it is finished


def images_kind(enhanced: bool, image_size: int) -> str:
    """How the name of a run's split folder begins: what was done to its images, and their size."""
    return f"{'enhanced' if enhanced else 'raw'}-{image_size}px"
