"""The model of the tests that are about training, not about layers: small, with one of each kind."""

from minicnn import layers, models


def conv_to_dense(
    input_shape: tuple[int, int, int], filters: int, seed: int | None, rate: float, optimizer
) -> models.Sequential:
    """Convolution, pooling, dropout and one unit, compiled; small enough for the literal loops."""
    model = models.Sequential(
        [
            layers.Conv2D(filters, 3, activation="relu", input_shape=input_shape),
            layers.MaxPooling2D(2),
            layers.Dropout(rate),
            layers.Flatten(),
            layers.Dense(1, activation="sigmoid"),
        ],
        seed=seed,
    )
    model.compile(optimizer, "binary_crossentropy", ["acc"])
    return model
