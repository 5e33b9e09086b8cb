"""The published project's four models, the Inception block that it shows, and one of ours.

    name                 input      parameters
    cnn                  256x256x1  31,509,121   two convolutions, the article's model1
    cnn_dropout          150x150x1   5,327,361   the same with more dropout, model2
    tiny_cnn             150x150x1      65,777   one convolution of six filters, model4
    reduced_inception    150x150x1      90,093   four branches of one filter each, model6
    compact_cnn          150x150x1      15,169   four convolutions; not the article's but ours

Every model ends in one sigmoid: the probability of the positive class.
"""

from collections.abc import Callable
from typing import NamedTuple

from minicnn.layers import (
    AveragePooling2D,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalMaxPooling2D,
    Input,
    MaxPooling2D,
    concatenate,
)
from minicnn.layers.node import Tensor
from minicnn.models import Model, Sequential


def cnn(input_shape=(256, 256, 1), seed: int | None = None) -> Sequential:
    """model1: two convolutions with pooling, then two dense layers."""
    return Sequential(
        [
            Conv2D(32, (3, 3), activation="relu", input_shape=input_shape),
            MaxPooling2D((2, 2)),
            Conv2D(64, (3, 3), activation="relu"),
            MaxPooling2D((2, 2)),
            Flatten(),
            Dropout(0.5),
            Dense(128, activation="relu"),
            Dense(1, activation="sigmoid"),
        ],
        name="cnn",
        seed=seed,
    )


def cnn_dropout(input_shape=(150, 150, 1), seed: int | None = None) -> Sequential:
    """model2: as `cnn`, on smaller images, with a second dropout and half the dense units."""
    return Sequential(
        [
            Conv2D(32, (3, 3), activation="relu", input_shape=input_shape),
            MaxPooling2D((2, 2)),
            Dropout(0.5),
            Conv2D(64, (3, 3), activation="relu"),
            MaxPooling2D((2, 2)),
            Flatten(),
            Dropout(0.5),
            Dense(64, activation="relu"),
            Dense(1, activation="sigmoid"),
        ],
        name="cnn_dropout",
        seed=seed,
    )


def tiny_cnn(input_shape=(150, 150, 1), seed: int | None = None) -> Sequential:
    """model4: one convolution of six filters, and two dense units before the last."""
    return Sequential(
        [
            Conv2D(6, (3, 3), activation="relu", input_shape=input_shape),
            MaxPooling2D((2, 2)),
            Dropout(0.8),
            Flatten(),
            Dense(2, activation="relu"),
            Dense(1, activation="sigmoid"),
        ],
        name="tiny_cnn",
        seed=seed,
    )


def reduced_inception(input_shape=(150, 150, 1), seed: int | None = None) -> Model:
    """model6: four branches on the input, each with one filter, side by side into one unit.

    The article calls the first branch `conv1x1`; its kernel is 7x7, here as there.
    """
    inputs = Input(input_shape)
    conv7x7 = Conv2D(1, (7, 7), padding="same", activation="relu")(inputs)
    conv3x3_reduce = Conv2D(1, (1, 1), padding="same", activation="relu")(inputs)
    conv3x3 = Conv2D(1, (3, 3), padding="same", activation="relu")(conv3x3_reduce)
    conv5x5_reduce = Conv2D(1, (1, 1), padding="same", activation="relu")(inputs)
    conv5x5 = Conv2D(1, (5, 5), padding="same", activation="relu")(conv5x5_reduce)
    pooling = MaxPooling2D((4, 4), strides=(1, 1), padding="same")(inputs)
    pool_proj = Conv2D(1, (1, 1), padding="same", activation="relu")(pooling)
    branches = [Flatten()(branch) for branch in (conv7x7, conv3x3, conv5x5, pool_proj)]
    output = Dense(1, activation="sigmoid")(concatenate(branches))
    return Model(inputs, output, name="reduced_inception", seed=seed)


def compact_cnn(input_shape=(150, 150, 1), seed: int | None = None) -> Sequential:
    """Ours: four convolutions, then of each map its largest value, averaged over 3x3 places.

    The article's models flatten their maps, and so learn each place of the image by itself. Here
    it counts how much of something there is at most, wherever that is: a fraction of the
    parameters, which hold for every place. What decides is seen at one place, and so the heat map
    points there. Dropout lets no map lean on another one: each has to find lesions by itself.
    """
    return Sequential(
        [
            Conv2D(8, (3, 3), activation="relu", input_shape=input_shape),
            MaxPooling2D((2, 2)),
            Conv2D(16, (3, 3), activation="relu"),
            MaxPooling2D((2, 2)),
            Conv2D(32, (3, 3), activation="relu"),
            MaxPooling2D((2, 2)),
            Conv2D(32, (3, 3), activation="relu"),
            AveragePooling2D((3, 3), strides=1),
            GlobalMaxPooling2D(),
            Dropout(0.25),
            Dense(1, activation="sigmoid"),
        ],
        name="compact_cnn",
        seed=seed,
    )


def inception_block(
    input_layer: Tensor,
    filter1: int,
    filter2: int,
    filter3: int,
    reduce1: int,
    reduce2: int,
    pool_proj: int,
    activation: str = "relu",
    pull: bool = False,
) -> Tensor | tuple[Tensor, Tensor]:
    """The Inception module with dimension reduction, on images of any size and channels.

    Four branches see the same input: a 1x1 convolution; a 1x1 that reduces the channels, then
    a 3x3; a 1x1 that reduces them, then a 5x5; a 3x3 max-pool, then a 1x1. All keep the image's
    size, so that their outputs can be joined along the channels.

    Source: Szegedy et al. 2015, "Going deeper with convolutions", figure 2(b).

    Parameters
    ----------
    input_layer : Tensor
        (height, width, channels).
    filter1, filter2, filter3 : int
        Filters of the 1x1, 3x3 and 5x5 convolutions.
    reduce1, reduce2 : int
        Filters of the 1x1 convolutions in front of the 3x3 and the 5x5.
    pool_proj : int
        Filters of the 1x1 convolution behind the pooling.
    activation : str
    pull : bool
        Whether to return the pooling branch as well, for a second output of the model.

    Returns
    -------
    output : Tensor (height, width, filter1 + filter2 + filter3 + pool_proj)
    pooled : Tensor (height, width, pool_proj), only with `pull`
    """

    def conv(filters: int, size: int, source: Tensor) -> Tensor:
        return Conv2D(filters, (size, size), padding="same", activation=activation)(source)

    conv1x1 = conv(filter1, 1, input_layer)
    conv3x3 = conv(filter2, 3, conv(reduce1, 1, input_layer))
    conv5x5 = conv(filter3, 5, conv(reduce2, 1, input_layer))
    pooling = MaxPooling2D((3, 3), strides=(1, 1), padding="same")(input_layer)
    pooled = conv(pool_proj, 1, pooling)
    output = concatenate([conv1x1, conv3x3, conv5x5, pooled])
    return (output, pooled) if pull else output


class Architecture(NamedTuple):
    """A model: how to build it, and the size of the images it is made for."""

    build: Callable
    image_size: int


MODELS = {
    "compact_cnn": Architecture(compact_cnn, 150),
    "cnn": Architecture(cnn, 256),
    "cnn_dropout": Architecture(cnn_dropout, 150),
    "tiny_cnn": Architecture(tiny_cnn, 150),
    "reduced_inception": Architecture(reduced_inception, 150),
}


def build_model(name: str, input_shape=None, seed: int | None = None) -> Model:
    """Build one of `MODELS` by its name; ValueError for an unknown one.

    `input_shape` is (height, width, channels); by default the size it is made for with one channel.
    """
    if name not in MODELS:
        raise ValueError(f"expected a model among {', '.join(MODELS)}, got {name!r}")
    size = MODELS[name].image_size
    return MODELS[name].build(input_shape or (size, size, 1), seed)
