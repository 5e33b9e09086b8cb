"""A network trained by hand: layers, loss, backward pass, update. No `Model`, no `fit`.

    python -m minicnn.by_hand

It draws digits, learns in some seconds which is which, and is then right on about 99 of 100 digits
that it has not seen. Everything else in this framework makes these lines faster, safer or shorter.
"""

import cv2
import numpy as np

from minicnn import use_backend
from minicnn.layers import Conv2D, Dense, Flatten, MaxPooling2D
from minicnn.losses import BinaryCrossentropy

SIZE = 16  # height and width of an image in pixels
FONTS = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_TRIPLEX)


def draw_digits(count, rng):
    """Draw random digits as if by many hands: turned, scaled, shifted, thick or thin, noisy.

    Returns the images, (count, 16, 16, 1) float32, and which digits they are, (count,) int.
    """
    digits = rng.integers(10, size=count)
    images = rng.normal(0, 0.1, (count, SIZE, SIZE)).astype(np.float32)
    for image, digit in zip(images, digits, strict=True):
        large, font = np.zeros((64, 64), np.uint8), FONTS[rng.integers(len(FONTS))]
        cv2.putText(large, str(digit), (12, 52), font, 1.7, 255, int(rng.integers(2, 6)))
        move = cv2.getRotationMatrix2D((32, 32), rng.uniform(-15, 15), rng.uniform(0.9, 1.2))
        move[:, 2] += rng.uniform(-4, 4, 2)
        large = cv2.warpAffine(large, move, (64, 64))
        image += cv2.resize(large, (SIZE, SIZE), interpolation=cv2.INTER_AREA) / 255
    return images[..., np.newaxis], digits


def forward(layers, x):
    """From images, (batch, 16, 16, 1), to logits, (batch, 10): the larger, the surer of a digit."""
    for layer in layers:
        x = layer.forward(x)  # the layer keeps in layer.cache what its backward will need
    return x


def main(epochs=8, batch=20, learning_rate=1.0):
    """Train; returns the training loss and the accuracy on the test set of each epoch."""
    rng = np.random.default_rng(0)
    images, digits = draw_digits(4000, rng)  # the training set
    test_images, test_digits = draw_digits(1000, rng)  # the test set: nothing is learned from it
    answers = np.eye(10, dtype=np.float32)[digits]  # (4000, 10): 1 for the right digit, else 0

    # 1. Layers. Each takes the shape of one input sample, and draws its first weights.
    layers = [Conv2D(8, 5, activation="relu"), MaxPooling2D(2), Flatten(), Dense(10)]
    shape = (SIZE, SIZE, 1)
    for layer in layers:  # (16, 16, 1) -> (12, 12, 8) -> (6, 6, 8) -> (288,) -> (10,)
        layer.build(shape, rng)
        shape = layer.output_shape(shape)

    rows = []
    for epoch in range(1, epochs + 1):
        losses = []
        # All training images in a new order, 20 at a time: (4000,) -> (200, 20)
        for chosen in rng.permutation(len(images)).reshape(-1, batch):
            # 2. Forward: images (20, 16, 16, 1) -> logits (20, 10)
            z = forward(layers, images[chosen])
            # 3. Loss: one number, and how it would change with each logit: (20, 10)
            loss, gradient = BinaryCrossentropy().from_logits(answers[chosen], z)
            losses.append(loss)
            # 4. Backward, the last layer first. Each takes the gradient of its output, leaves those
            #    of its weights in layer.grads, and gives that of its input: (20, 10) -> (20, 288) ...
            for layer in reversed(layers):
                gradient = layer.backward(gradient)
            # 5. Update: every weight takes a step downhill, in place.
            for layer in layers:
                for name, weights in layer.params.items():
                    weights -= learning_rate * layer.grads[name]  # equal shapes
        found = forward(layers, test_images).argmax(axis=1)  # the digit of the largest logit
        rows.append((np.mean(losses), np.mean(found == test_digits)))
        print("epoch {}: training loss {:.3f}, test accuracy {:.3f}".format(epoch, *rows[-1]))
    return rows


if __name__ == "__main__":
    use_backend("numpy")  # or "naive", to step into every loop; or "numba", which compiles first
    main()
