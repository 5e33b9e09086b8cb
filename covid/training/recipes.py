"""How the models are trained: the article's protocol, and one that learns.

`published` is the article's to the letter: strong augmentation, a small learning rate, few
steps, validation on one batch. `practice` trains the same models, with the same number of
parameters, until the validation loss stops falling. What differs and why: covid/README.md.
"""

from dataclasses import asdict, dataclass, field, replace

from covid.common.choices import CONTOURS, LUNGS, RECIPE_NAMES
from covid.common.errors import UserError
from covid.training.architectures import MODELS
from minicnn.callbacks import Callback
from minicnn.preprocessing.image import ImageDataGenerator
from minicnn.preprocessing.model_image import scaling


@dataclass(frozen=True)
class Recipe:
    """All choices of one training."""

    name: str
    image_size: int  # pixels; images become image_size x image_size, by nearest neighbor
    enhance: bool  # whether images are CLAHE-enhanced and cropped first
    ratios: tuple[float, float, float]  # train, validate, test
    crop: str = CONTOURS  # what an enhanced image is cropped to: `data.preprocess.enhance_and_crop`
    augmentation: dict = field(default_factory=dict)  # of `ImageDataGenerator`, for training images
    # True: each image's mean is subtracted and the result divided by its standard deviation.
    # False: gray values are divided by 255.
    samplewise: bool = False
    learning_rate: float = 1e-4  # Adam's
    batch_size: int = 30
    epochs: int = 10
    steps_per_epoch: int | None = None  # None: as many as it takes to see every image once
    validation_steps: int | None = None  # the same
    # Stop after so many epochs without a better validation loss and go back to the best; None:
    # train all epochs, keep the last.
    patience: int | None = None
    slow_down: int | None = None  # halve the learning rate after so many such epochs
    warm_up: int | None = None  # steps over which the learning rate grows; see `WarmUp`
    # Weigh the classes' losses to count the same where the smaller one has less than this share of
    # the training set; None: never.
    balance_below: float | None = None
    start: str | None = None  # how the first weights are changed: a key of `first_weights.STARTS`

    @property
    def preprocessing(self) -> dict:
        """How an image becomes the model's input; saved with the model, used to predict."""
        return {
            "enhance": self.enhance,
            "crop": self.crop,
            "image_size": self.image_size,
            "interpolation": "nearest",
            **({"samplewise": True} if self.samplewise else {"rescale": 1 / 255}),
        }

    def as_dict(self) -> dict:
        return asdict(self)


PUBLISHED_AUGMENTATION = {
    "rotation_range": 40,
    "width_shift_range": 0.2,
    "height_shift_range": 0.2,
    "shear_range": 0.2,
    "zoom_range": 0.2,
    "horizontal_flip": True,
    "fill_mode": "nearest",
}

# Where the published trainings differ: (enhance, ratios, augmentation, epochs). `compact_cnn` was
# not published: it is trained as `tiny_cnn`.
PUBLISHED = {
    "compact_cnn": (True, (0.5, 0.1, 0.4), PUBLISHED_AUGMENTATION, 10),
    "cnn": (False, (0.7, 0.1, 0.2), {}, 10),
    "cnn_dropout": (False, (0.5, 0.1, 0.4), PUBLISHED_AUGMENTATION, 10),
    "tiny_cnn": (True, (0.5, 0.1, 0.4), PUBLISHED_AUGMENTATION, 10),
    "reduced_inception": (True, (0.5, 0.1, 0.4), PUBLISHED_AUGMENTATION, 3),
}

# What most trainings by `practice` have in common, and where they differ.
COMMON_PRACTICE = {
    "augmentation": {"horizontal_flip": True},
    "start": "quiet",
    "warm_up": 100,
    "epochs": 60,
    "slow_down": 4,
    "patience": 10,
}
PRACTICE = {
    "compact_cnn": {
        "start": "standard",
        "learning_rate": 5e-3,
        "warm_up": 50,
        # by whole pixels: in between, interpolation would blur the texture that is to be learned
        "augmentation": {"horizontal_flip": True, "width_shift_range": 8, "height_shift_range": 8},
        "epochs": 200,
        "slow_down": 8,
        "patience": 20,
    },
    "cnn": {"learning_rate": 2e-4},
    "cnn_dropout": {"learning_rate": 3e-4},
    "tiny_cnn": {"learning_rate": 1e-3},
    "reduced_inception": {"learning_rate": 3e-4},
}


def recipe_for(
    name: str,
    model: str,
    epochs: int | None = None,
    ratios: tuple[float, float, float] | None = None,
    image_size: int | None = None,
) -> Recipe:
    """The recipe "practice" or "published" for one of `MODELS`; UserError for other names.

    Epochs, ratios and image size replace the recipe's own where they are given.
    """
    if name not in RECIPE_NAMES:
        raise UserError(f"--recipe: expected one of {', '.join(RECIPE_NAMES)}, got {name!r}")
    if model not in MODELS:
        raise UserError(f"--model: expected one of {', '.join(MODELS)}, got {model!r}")
    size = MODELS[model].image_size
    if name == "published":
        enhance, own_ratios, augmentation, own_epochs = PUBLISHED[model]
        own = {"augmentation": augmentation, "epochs": own_epochs}
        steps = {"steps_per_epoch": 15, "validation_steps": 1}
        recipe = Recipe("published", size, enhance, own_ratios, **own, **steps)
    else:
        recipe = Recipe(
            "practice",
            size,
            True,
            (0.5, 0.1, 0.4),
            crop=LUNGS,
            samplewise=True,
            balance_below=0.4,
            **{**COMMON_PRACTICE, **PRACTICE[model]},
        )
    changes = {"epochs": epochs, "ratios": ratios, "image_size": image_size}
    return replace(recipe, **{key: value for key, value in changes.items() if value is not None})


def class_weights(recipe: Recipe, labels) -> dict[int, float] | None:
    """How much an image of each class counts in the loss, 1 on average; None where all count 1.

    `labels` are those of the training set, 0 and 1.
    """
    n, positive = len(labels), int(sum(labels))
    if recipe.balance_below is None or min(positive, n - positive) >= recipe.balance_below * n:
        return None
    return {0: n / (2 * (n - positive)), 1: n / (2 * positive)}


def train_generator(recipe: Recipe) -> ImageDataGenerator:
    """The generator for training images: augmented, then scaled."""
    return ImageDataGenerator(**recipe.augmentation, **scaling(recipe.preprocessing))


def plain_generator(preprocessing: dict) -> ImageDataGenerator:
    """The generator for all other images: scaled only."""
    return ImageDataGenerator(**scaling(preprocessing))


class WarmUp(Callback):
    """Let the learning rate grow from a hundredth of itself over the first steps.

    Adam moves every weight by about the learning rate, whatever the gradient's size. Behind a
    flatten layer tens of thousands of weights then push a sum the same way: its first steps have
    to be small, until the weights separate the images.

    Parameters
    ----------
    steps : int
    """

    remembered = ("peak", "step")

    def __init__(self, steps: int):
        self.steps = steps

    def on_train_begin(self, logs=None):
        self.peak = self.model.optimizer.learning_rate
        self.step = 0

    def on_train_batch_begin(self, batch, logs=None):
        if self.step < self.steps:
            self.step += 1
            self.model.optimizer.learning_rate = self.peak * 0.01 ** (1 - self.step / self.steps)
