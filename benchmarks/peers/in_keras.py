"""The models in Keras on TensorFlow, each step one compiled graph.

Not `train_on_batch`: its Python around the graph would cost Keras a few milliseconds that a
reasonable user can avoid, as here. The models end in the logit, for the loss.
"""

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from benchmarks.peers import THREADS
from benchmarks.peers.contestant import ADAM_EPSILON, LEARNING_RATE, Contestant


def limit_threads() -> None:
    """Two threads, which only counts before TensorFlow has run anything.

    Raises
    ------
    RuntimeError
        If it has run already, with another number.
    """
    threading = tf.config.threading
    if threading.get_intra_op_parallelism_threads() != THREADS:
        threading.set_intra_op_parallelism_threads(THREADS)
        threading.set_inter_op_parallelism_threads(THREADS)


def cnn() -> keras.Model:
    """model1."""
    return keras.Sequential(
        [
            layers.Input((256, 256, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(128, activation="relu"),
            layers.Dense(1),
        ]
    )


def cnn_dropout() -> keras.Model:
    """model2."""
    return keras.Sequential(
        [
            layers.Input((150, 150, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Dropout(0.5),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(64, activation="relu"),
            layers.Dense(1),
        ]
    )


def tiny_cnn() -> keras.Model:
    """model4."""
    return keras.Sequential(
        [
            layers.Input((150, 150, 1)),
            layers.Conv2D(6, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Dropout(0.8),
            layers.Flatten(),
            layers.Dense(2, activation="relu"),
            layers.Dense(1),
        ]
    )


def reduced_inception() -> keras.Model:
    """model6."""

    def conv(size: int, source):
        return layers.Conv2D(1, size, padding="same", activation="relu")(source)

    inputs = layers.Input((150, 150, 1))
    pooled = layers.MaxPooling2D(4, strides=1, padding="same")(inputs)
    branches = (
        conv(7, inputs),
        conv(3, conv(1, inputs)),
        conv(5, conv(1, inputs)),
        conv(1, pooled),
    )
    flat = [layers.Flatten()(branch) for branch in branches]
    return keras.Model(inputs, layers.Dense(1)(layers.concatenate(flat)))


def compact_cnn() -> keras.Model:
    """minicnn's own model, not the article's."""
    return keras.Sequential(
        [
            layers.Input((150, 150, 1)),
            layers.Conv2D(8, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(16, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(32, 3, activation="relu"),
            layers.AveragePooling2D(3, strides=1),
            layers.GlobalMaxPooling2D(),
            layers.Dropout(0.25),
            layers.Dense(1),
        ]
    )


MODELS = {
    "compact_cnn": compact_cnn,
    "cnn": cnn,
    "cnn_dropout": cnn_dropout,
    "tiny_cnn": tiny_cnn,
    "reduced_inception": reduced_inception,
}


def contestant(model: str, weights: list[np.ndarray], x: np.ndarray, y: np.ndarray) -> Contestant:
    """A model in Keras, ready to run; the arguments as in `in_torch.contestant`."""
    net = MODELS[model]()
    net.set_weights(weights)
    optimizer = keras.optimizers.Adam(LEARNING_RATE, epsilon=ADAM_EPSILON)
    optimizer.build(net.trainable_variables)
    # Arguments of the graphs, not constants in them: TensorFlow would work out in advance what
    # depends on constants only.
    images, labels = tf.constant(x), tf.constant(y)

    def loss_and_gradients(images, labels, training):
        with tf.GradientTape() as tape:
            logits = net(images, training=training)
            loss = tf.reduce_mean(
                tf.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits)
            )
        return loss, tape.gradient(loss, [each.value for each in net.trainable_variables])

    @tf.function
    def step(images, labels):
        loss, gradients = loss_and_gradients(images, labels, training=True)
        optimizer.apply(gradients, net.trainable_variables)
        return loss

    @tf.function
    def predict(images):
        return tf.sigmoid(net(images, training=False))

    def compare():
        _, gradients = loss_and_gradients(images, labels, training=False)
        return predict(images).numpy(), [gradient.numpy() for gradient in gradients]

    return Contestant(
        compare,
        training_step=lambda: float(step(images, labels)),
        inference=lambda: predict(images),
        switch=lambda training: None,
    )
