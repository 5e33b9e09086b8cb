"""A network trained by hand: layers, loss, backward pass, update. No `Model`, no `fit`.

    python -m minicnn.by_hand

It draws digits, learns in some seconds which is which, and is then right on about 97 of 100 digits
that it has not seen. Everything else in this framework makes these lines faster, safer or shorter.
"""

import numpy as np

from minicnn import use_backend
from minicnn.layers import Conv2D, Dense, Flatten, MaxPooling2D
from minicnn.losses import BinaryCrossentropy

SIZE = 16  # height and width of an image in pixels
FONT = """
.###....#....###..#####....#..#####...##..#####..###...###..
#...#..##...#...#....#....##..#......#........#.#...#.#...#.
#..##...#.......#...#....#.#..####..#........#..#...#.#...#.
#.#.#...#......#.....#..#..#......#.####....#....###...####.
##..#...#.....#.......#.#####.....#.#...#..#....#...#.....#.
#...#...#....#....#...#....#..#...#.#...#..#....#...#....#..
.###...###..#####..###.....#...###...###...#.....###...##...
"""
# 7 lines of 10 * 6 dots: (7, 60) -> (7, 10, 6) -> (10, 7, 6), for each digit its rows and columns
GLYPHS = (np.array([list(line) for line in FONT.split()]) == "#").reshape(7, 10, 6).swapaxes(0, 1)


def draw_digits(count, rng):
    """Draw random digits as if by many hands: turned, scaled, shifted, noisy.

    Returns the images, (count, 16, 16, 1) float32, and which digits they are, (count,) int.
    """
    digits = rng.integers(10, size=count)
    low, high = (-0.3, 1.4, -1, -1), (0.3, 2.0, 1, 1)  # radians, pixels to a dot, dots, dots
    angle, scale, down, right = rng.uniform(low, high, (count, 4)).T.reshape(4, count, 1, 1)
    row, col = np.indices((SIZE, SIZE)) - (SIZE - 1) / 2  # from the middle; (16, 16) each
    # Where each pixel lies in its glyph, whose middle is dot (3, 2); (count, 16, 16) each
    glyph_row = (np.cos(angle) * row - np.sin(angle) * col) / scale + 3 + down
    glyph_col = (np.sin(angle) * row + np.cos(angle) * col) / scale + 2 + right
    # How near that is to each row and column of dots, from 1 down to 0; (count, 16, 16, 7 and 6)
    near_row = np.maximum(0, 1 - np.abs(glyph_row[..., np.newaxis] - np.arange(7)))
    near_col = np.maximum(0, 1 - np.abs(glyph_col[..., np.newaxis] - np.arange(6)))
    # Dots (r, c) of the digit of image n, each as much as it is near the pixel; (count, 16, 16)
    images = np.einsum("nhwr,nrc,nhwc->nhw", near_row, GLYPHS[digits], near_col)
    images += rng.normal(0, 0.2, images.shape)
    return images.reshape(count, SIZE, SIZE, 1).astype(np.float32), digits


def forward(layers, x):
    """From images, (batch, 16, 16, 1), to logits, (batch, 10): the larger, the surer of a digit."""
    for layer in layers:
        x = layer.forward(x)  # the layer keeps in layer.cache what its backward will need
    return x


def measure(layers, images, digits):
    """Loss, and the share of images whose largest logit is that of the right digit."""
    z = forward(layers, images)
    loss, _ = BinaryCrossentropy().from_logits(np.eye(10)[digits], z)
    return loss, float(np.mean(z.argmax(axis=1) == digits))


def main(epochs=8, batch=20, learning_rate=1.0):
    """Train; returns a row for each epoch: training loss and accuracy, test loss and accuracy."""
    rng = np.random.default_rng(0)
    images, digits = draw_digits(2000, rng)  # the training set
    test_set = draw_digits(1000, rng)  # nothing is learned from it
    answers = np.eye(10, dtype=np.float32)[digits]  # (2000, 10): 1 for the right digit, else 0

    # 1. Layers. Each takes the shape of one input sample, and draws its first weights.
    layers = [
        Conv2D(8, 5, activation="relu"),  # (16, 16, 1) -> (12, 12, 8): 8 filters of 5 x 5 pixels
        MaxPooling2D(2),  # (12, 12, 8) -> (6, 6, 8): the largest of each 2 x 2
        Flatten(),  # (6, 6, 8) -> (288,)
        Dense(10),  # (288,) -> (10,): a logit for each digit
    ]
    shape = images.shape[1:]
    for layer in layers:
        layer.build(shape, rng)
        shape = layer.output_shape(shape)

    rows = []
    for epoch in range(epochs):
        # All training images in a new order, 20 at a time: (2000,) -> (100, 20)
        for chosen in rng.permutation(len(images)).reshape(-1, batch):
            # 2. Forward: images (20, 16, 16, 1) -> logits (20, 10)
            z = forward(layers, images[chosen])
            # 3. Loss: one number, and how it would change with each logit: dz, (20, 10)
            loss, dz = BinaryCrossentropy().from_logits(answers[chosen], z)
            # 4. Backward, the last layer first: each takes the gradient of its output, leaves those
            #    of its weights in layer.grads, and gives that of its input, which is the output of
            #    the layer before: (20, 10) -> (20, 288) -> (20, 6, 6, 8) -> (20, 12, 12, 8) -> ...
            gradient = dz
            for layer in reversed(layers):
                gradient = layer.backward(gradient)
            # 5. Update: every weight takes a step downhill, in place.
            for layer in layers:
                for name, weights in layer.params.items():
                    weights -= learning_rate * layer.grads[name]  # equal shapes
        rows.append((*measure(layers, images, digits), *measure(layers, *test_set)))
        print(
            "epoch {}: training set: loss {:.3f}, accuracy {:.3f}; "
            "test set: loss {:.3f}, accuracy {:.3f}".format(epoch + 1, *rows[-1])
        )
    return rows


if __name__ == "__main__":
    use_backend("numpy")  # or "naive", to step into every loop; or "numba", which compiles first
    main()
