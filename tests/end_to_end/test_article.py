"""The article's own code runs: with its generators, models, calls and arguments, as it is written.

Only the import lines and the folders differ (`minicnn` for `tensorflow.keras`), and the number of
epochs, for time. The images are synthetic: a bright ellipse with two dark ones in it, and for
"Infected" gray patches in the dark ones.
"""

import cv2
import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest

from minicnn import layers, models, optimizers
from minicnn.layers import Conv2D, Dense, Flatten, Input, MaxPooling2D, concatenate
from minicnn.preprocessing import image
from minicnn.preprocessing.image import ImageDataGenerator
from minicnn.utils import plot_model

EPOCHS = 1  # the article: 10, and 3 for model6

IMAGE_ROWS = 150
IMAGE_COLS = 150
IMAGE_SHAPE = (IMAGE_ROWS, IMAGE_COLS, 1)


def synthetic_slice(infected: bool, rng: np.random.Generator) -> np.ndarray:
    """A synthetic picture that only resembles a CT slice: uint8 (256, 256)."""
    picture = np.zeros((256, 256), np.float32)
    cv2.ellipse(picture, (128, 128), (110, 85), 0, 0, 360, 190, -1)
    for center in (80, 176):
        cv2.ellipse(picture, (center, 125), (35, 55), 0, 0, 360, 40, -1)
        for _ in range(6 if infected else 0):
            row, column = rng.integers(90, 160), center + rng.integers(-20, 20)
            cv2.circle(picture, (int(column), int(row)), int(rng.integers(6, 12)), 130, -1)
    return np.clip(picture + rng.normal(0, 6, picture.shape), 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """train, validate and test folders with two classes of jpg files, numbered as there."""
    top = tmp_path_factory.mktemp("COVID_CT_NEW")
    rng = np.random.default_rng(1051)
    for part, count in {"train": 40, "validate": 15, "test": 20}.items():
        for name, infected in {"Infected": True, "n_Infected": False}.items():
            folder = top / part / name
            folder.mkdir(parents=True)
            for number in range(count):
                encoded, data = cv2.imencode(".jpg", synthetic_slice(infected, rng))
                assert encoded
                (folder / f"{number}.jpg").write_bytes(data.tobytes())
    return [str(top / part) for part in ("train", "validate", "test")]


@pytest.fixture(scope="module")
def train_datagen():
    return ImageDataGenerator(
        rescale=1.0 / 255,
        rotation_range=40,
        width_shift_range=0.2,
        height_shift_range=0.2,
        shear_range=0.2,
        zoom_range=0.2,
        horizontal_flip=True,
        fill_mode="nearest",
    )


@pytest.fixture(scope="module")
def generators(folders, train_datagen):
    """train_generator, validation_generator, test_generator."""
    train_dir, vali_dir, test_dir = folders
    vali_datagen = ImageDataGenerator(rescale=1.0 / 255)
    test_datagen = ImageDataGenerator(rescale=1.0 / 255)

    train_generator = train_datagen.flow_from_directory(
        train_dir,
        target_size=(150, 150),
        batch_size=30,
        class_mode="binary",
        color_mode="grayscale",
    )

    validation_generator = vali_datagen.flow_from_directory(
        vali_dir,
        target_size=(150, 150),
        batch_size=30,
        class_mode="binary",
        color_mode="grayscale",
    )

    test_generator = test_datagen.flow_from_directory(
        test_dir,
        target_size=(150, 150),
        batch_size=30,
        class_mode="binary",
        color_mode="grayscale",
    )
    return train_generator, validation_generator, test_generator


def check_training(history, model, epochs: int, parameters: int, test_generator, capsys):
    """What the article shows afterwards: history, summary, and the loss and accuracy on test."""
    assert sorted(history.history) == ["acc", "loss", "val_acc", "val_loss"]
    for values in history.history.values():
        assert len(values) == epochs and np.isfinite(values).all()
    assert model.optimizer.iterations == 15 * epochs
    # One batch of 30 decides val_acc, so it comes in thirtieths.
    thirtieths = np.multiply(history.history["val_acc"], 30)
    np.testing.assert_allclose(thirtieths, thirtieths.round(), atol=1e-6)
    capsys.readouterr()
    model.summary()
    assert f"{parameters:,}" in capsys.readouterr().out
    loss, accuracy = model.evaluate(test_generator, verbose=0)
    assert loss > 0 and 0 <= accuracy <= 1
    assert (accuracy * 40) == pytest.approx(round(accuracy * 40), abs=1e-6)  # all 40 images


def test_generators(generators, folders, capsys):
    assert [len(generator) for generator in generators] == [3, 1, 2]
    assert generators[0].class_indices == {"Infected": 0, "n_Infected": 1}
    x, y = next(generators[0])
    assert (x.shape, y.shape) == ((30, 150, 150, 1), (30,))
    assert 0 <= x.min() < 0.2 and 0.7 < x.max() <= 1 and set(y) == {0, 1}
    ImageDataGenerator().flow_from_directory(folders[0])
    assert capsys.readouterr().out == "Found 80 images belonging to 2 classes.\n"


def test_model2(generators, capsys):
    train_generator, validation_generator, test_generator = generators
    model2 = models.Sequential()
    model2.add(layers.Conv2D(32, (3, 3), activation="relu", input_shape=IMAGE_SHAPE))
    model2.add(layers.MaxPooling2D((2, 2)))
    model2.add(layers.Dropout(0.5))
    model2.add(layers.Conv2D(64, (3, 3), activation="relu"))
    model2.add(layers.MaxPooling2D((2, 2)))
    model2.add(layers.Flatten())
    model2.add(layers.Dropout(0.5))
    model2.add(layers.Dense(64, activation="relu"))
    model2.add(layers.Dense(1, activation="sigmoid"))

    model2.summary()

    model2.compile(
        optimizer=optimizers.Adam(learning_rate=1e-4),
        loss="binary_crossentropy",
        metrics=["acc"],
    )

    history2 = model2.fit_generator(
        train_generator,
        steps_per_epoch=15,
        epochs=EPOCHS,
        validation_data=validation_generator,
        validation_steps=1,
    )
    check_training(history2, model2, EPOCHS, 5_327_361, test_generator, capsys)


def test_augmented_copies(folders, train_datagen):
    matplotlib.use("Agg")
    train_dir = folders[0]
    one_fname = str(train_dir + "/Infected/20.jpg")
    img = image.load_img(one_fname, target_size=(258, 258))

    x = image.img_to_array(img)
    x = x.reshape((1,) + x.shape)

    i = 0
    plt.figure(figsize=(12, 6))

    for batch in train_datagen.flow(x, batch_size=1):
        plt.subplot(1, 4, i + 1)
        plt.imshow(image.array_to_img(batch[0]))

        i += 1  # noqa: SIM113 (as in the article)
        if i % 4 == 0:
            break

    shown = [np.asarray(axes.images[0].get_array()) for axes in plt.gcf().axes]
    plt.close()
    assert x.shape == (1, 258, 258, 3)
    assert [picture.shape for picture in shown] == [(258, 258, 3)] * 4
    assert all(picture.dtype == np.uint8 and picture.max() == 255 for picture in shown)
    differences = [np.abs(a.astype(int) - b).max() for a, b in zip(shown, shown[1:], strict=False)]
    assert min(differences) > 50  # each copy is augmented in its own way


def test_model4(generators, capsys):
    train_generator, validation_generator, test_generator = generators
    model4 = models.Sequential()
    model4.add(layers.Conv2D(6, (3, 3), activation="relu", input_shape=IMAGE_SHAPE))
    model4.add(layers.MaxPooling2D((2, 2)))
    model4.add(layers.Dropout(0.8))
    model4.add(layers.Flatten())
    model4.add(layers.Dense(2, activation="relu"))
    model4.add(layers.Dense(1, activation="sigmoid"))

    model4.summary()

    model4.compile(
        optimizer=optimizers.Adam(learning_rate=1e-4),
        loss="binary_crossentropy",
        metrics=["acc"],
    )

    history4 = model4.fit_generator(
        train_generator,
        steps_per_epoch=15,
        epochs=EPOCHS,
        validation_data=validation_generator,
        validation_steps=1,
    )
    check_training(history4, model4, EPOCHS, 65_777, test_generator, capsys)


def inception_block_dim_reduce(
    input_layer,
    filter1,
    filter2,
    filter3,
    reduce1,
    reduce2,
    pool_proj,
    activation="relu",
    pull=False,
):
    conv1x1 = Conv2D(filter1, kernel_size=(1, 1), padding="same", activation=activation)(
        input_layer
    )
    conv3x3_reduce = Conv2D(reduce1, kernel_size=(1, 1), padding="same", activation=activation)(
        input_layer
    )
    conv3x3 = Conv2D(filter2, kernel_size=(3, 3), padding="same", activation=activation)(
        conv3x3_reduce
    )
    conv5x5_reduce = Conv2D(reduce2, kernel_size=(1, 1), padding="same", activation=activation)(
        input_layer
    )
    conv5x5 = Conv2D(filter3, kernel_size=(5, 5), padding="same", activation=activation)(
        conv5x5_reduce
    )
    pooling = MaxPooling2D((3, 3), strides=(1, 1), padding="same")(input_layer)
    pool_proj = Conv2D(pool_proj, kernel_size=(1, 1), padding="same", activation=activation)(
        pooling
    )
    output_layer = concatenate([conv1x1, conv3x3, conv5x5, pool_proj])

    if pull:
        return output_layer, pool_proj
    return output_layer


def test_inception_block_dim_reduce():
    shape = (224, 224, 3)
    inputs = Input(shape)
    # The first Inception module of GoogLeNet, table 1 of Szegedy et al. 2015
    output_layer = inception_block_dim_reduce(inputs, 64, 128, 32, 96, 16, 32)
    assert output_layer.shape == (None, 224, 224, 256)
    output_layer, pool_proj = inception_block_dim_reduce(
        output_layer, 2, 3, 2, 2, 2, 5, activation="sigmoid", pull=True
    )
    assert output_layer.shape == (None, 224, 224, 12)
    assert pool_proj.shape == (None, 224, 224, 5)
    model = models.Model(inputs, [output_layer, pool_proj])
    first = (3 * 64 + 64) + (3 * 96 + 96) + (9 * 96 * 128 + 128) + (3 * 16 + 16)
    first += (25 * 16 * 32 + 32) + (3 * 32 + 32)
    second = (256 * 2 + 2) * 3 + (9 * 2 * 3 + 3) + (25 * 2 * 2 + 2) + (256 * 5 + 5)
    assert model.count_params() == first + second


def test_model6(generators, tmp_path, monkeypatch, capsys):
    train_generator, validation_generator, test_generator = generators
    inputs = Input(IMAGE_SHAPE)
    conv1x1 = Conv2D(1, kernel_size=(7, 7), padding="same", activation="relu")(inputs)
    conv3x3_reduce = Conv2D(1, kernel_size=(1, 1), padding="same", activation="relu")(inputs)
    conv3x3 = Conv2D(1, kernel_size=(3, 3), padding="same", activation="relu")(conv3x3_reduce)
    conv5x5_reduce = Conv2D(1, kernel_size=(1, 1), padding="same", activation="relu")(inputs)
    conv5x5 = Conv2D(1, kernel_size=(5, 5), padding="same", activation="relu")(conv5x5_reduce)
    pooling = MaxPooling2D((4, 4), strides=(1, 1), padding="same")(inputs)
    pool_proj = Conv2D(1, kernel_size=(1, 1), padding="same", activation="relu")(pooling)

    conv1x1_out = Flatten()(conv1x1)
    conv3x3_out = Flatten()(conv3x3)
    conv5x5_out = Flatten()(conv5x5)
    pooling_out = Flatten()(pool_proj)

    concat = concatenate([conv1x1_out, conv3x3_out, conv5x5_out, pooling_out])
    output_layer = Dense(1, activation="sigmoid")(concat)

    model6 = models.Model(inputs, output_layer)

    model6.compile(
        optimizer=optimizers.Adam(learning_rate=1e-4),
        loss="binary_crossentropy",
        metrics=["acc"],
    )

    history6 = model6.fit_generator(
        train_generator,
        steps_per_epoch=15,
        epochs=EPOCHS,
        validation_data=validation_generator,
        validation_steps=1,
    )
    check_training(history6, model6, EPOCHS, 90_093, test_generator, capsys)

    monkeypatch.chdir(tmp_path)
    plot_model(model6, to_file="CNN6.png", show_shapes=True)
    drawn = cv2.imread(str(tmp_path / "CNN6.png"), cv2.IMREAD_GRAYSCALE)
    assert min(drawn.shape) > 500 and drawn.min() == 0 and drawn.max() == 255
