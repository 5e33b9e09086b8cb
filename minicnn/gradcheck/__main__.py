"""`python -m minicnn.gradcheck`: check one of every layer on all backends, and what runs fused."""

import sys
from collections.abc import Iterator

import numpy as np

from minicnn import kernels, layers, models
from minicnn.gradcheck import check_layer, check_model


def examples() -> Iterator[tuple[str, layers.Layer, np.ndarray | list[np.ndarray]]]:
    """One of every layer, small, with a fitting random input; both loop orders of each kernel."""
    rng = np.random.default_rng(0)
    image = rng.normal(size=(2, 5, 4, 2))
    vector = rng.normal(size=(3, 6))
    deep = rng.normal(size=(1, 3, 3, 8))
    yield "few filters", layers.Conv2D(3, (3, 2), strides=(2, 1), padding="same"), image
    yield "few filters, 3x4", layers.Conv2D(2, (3, 4)), image
    yield "few filters, 7x7", layers.Conv2D(1, 7, padding="same"), image
    yield "many filters, relu", layers.Conv2D(8, (2, 2), activation="relu"), deep
    yield "overlapping", layers.MaxPooling2D(3, strides=1, padding="same"), image
    yield "overlapping", layers.AveragePooling2D(3, strides=1, padding="same"), image
    yield "", layers.GlobalMaxPooling2D(), image
    yield "", layers.GlobalAveragePooling2D(), image
    yield "few units, sigmoid", layers.Dense(2, activation="sigmoid"), vector
    yield "many units", layers.Dense(9), vector
    yield "", layers.ReLU(), image
    yield "", layers.Sigmoid(), vector
    yield "sigmoid", layers.Activation("sigmoid"), image
    yield "training", layers.Dropout(0.4, seed=1), vector
    yield "", layers.Flatten(), image
    yield "two inputs", layers.Concatenate(), [image, image[..., :1] + 1]


def fused_examples() -> Iterator[tuple[models.Model, np.ndarray]]:
    """Small models whose first layers the compiled kernels do in one step, with an input each."""
    rng = np.random.default_rng(0)
    pooled = [layers.Conv2D(3, 3, activation="relu"), layers.MaxPooling2D()]
    winograd = [layers.Conv2D(8, 3, activation="relu"), layers.MaxPooling2D()]
    dropout, behind = layers.Dropout(0.3, seed=1), layers.AveragePooling2D()
    pooled_dense = [layers.Conv2D(2, 3), layers.MaxPooling2D(), layers.Flatten(), layers.Dense(2)]
    front = layers.Conv2D(1, 1, activation="relu")
    chains = {
        "one channel, relu, pooling, dropout": ((8, 9, 1), [*pooled, dropout, behind]),
        "one channel, pooling, dense": ((7, 8, 1), pooled_dense),
        "many channels (Winograd), relu, pooling": ((8, 7, 4), winograd),
        "few filters, relu": ((6, 5, 2), [layers.Conv2D(3, (3, 2), activation="relu")]),
        "1x1, then 3x3": ((6, 5, 1), [front, layers.Conv2D(1, 3, activation="relu")]),
    }
    for name, (image_shape, first) in chains.items():
        chain = [layers.Input(image_shape), *first, layers.Flatten()]
        chain.append(layers.Dense(1, activation="sigmoid"))
        model = models.Sequential(chain, name=f"fused Conv2D ({name})", seed=0)
        model.compile()
        yield model, rng.normal(size=(3, *image_shape))


def main() -> int:
    """Check everything, a line for each; 1 if any is wrong, else 0."""
    wrong = 0  # layers
    for backend in kernels.MODULES:
        for note, layer, x in examples():
            layer.name = type(layer).__name__ + (f" ({note})" if note else "")
            with kernels.use_backend(backend):
                report = check_layer(layer, x)
            wrong += not report.ok
            print(report)
    for model, x in fused_examples():
        report = check_model(model, x, [1, 0, 1])
        wrong += not report.ok
        print(report)
    print("all gradients are right" if not wrong else f"wrong layers: {wrong}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
