"""Explanations of gradients worked out by hand, a layer at a time."""

import math

import numpy as np
import pytest

from minicnn import layers, models
from minicnn.inspection import explain_gradient

pytestmark = pytest.mark.usefixtures("one_thread")


class WeightedLoss:
    """loss = the sum of output x label: its gradient is the labels, so that any dy can be had."""

    takes_logits, label_smoothing = False, 0.0

    def check_labels(self, y, what):
        pass

    def from_probabilities(self, y, p, w=1.0):
        return float((p * y).sum()), y.astype(p.dtype)


def chain(*made, x, dy, of, position=None, layer=None, training=False, weights=()):
    """The explanation of a gradient of a chain of layers whose output gets the gradient dy."""
    model = models.Sequential(list(made), seed=0).astype(np.float64)
    model.compile("sgd")
    model.losses = [WeightedLoss()]
    if weights:
        model.set_weights([np.array(w, dtype=float) for w in weights])
    layer = model.layers[-1] if layer is None else layer
    found = explain_gradient(
        model, np.asarray(x, float), np.asarray(dy, float), layer, of, position, training=training
    )
    assert found.result == pytest.approx(found.value)
    if not found.slope.bends:
        assert found.numeric == pytest.approx(found.value, abs=10 * found.slope.rounding + 1e-9)
        assert found.agrees
    return found


IMAGE = np.arange(1.0, 10).reshape(1, 3, 3, 1)
DY = np.array([[1.0, 10], [100, 1000]]).reshape(1, 2, 2, 1)
KERNEL = np.array([[1.0, 2], [3, 4]]).reshape(2, 2, 1, 1)


def convolution(of, position, **arguments):
    made = layers.Conv2D(1, 2, input_shape=(3, 3, 1), **arguments)
    dy = DY[:, : made.output_shape((3, 3, 1))[0], : made.output_shape((3, 3, 1))[1]]
    return chain(made, x=IMAGE, dy=dy, of=of, position=position, weights=[KERNEL, [0]])


def test_a_kernel_s_gradient_sums_pixel_times_dz():
    found = convolution("kernel", (0, 1, 0, 0))  # the pixels 2, 3, 5, 6
    assert found.value == 2 * 1 + 3 * 10 + 5 * 100 + 6 * 1000
    (use,) = found.uses
    assert use.factors["pixel"][0].tolist() == [[2, 3], [5, 6]]
    assert use.factors["dz"][0].tolist() == [[1, 10], [100, 1000]]
    lines = str(found).splitlines()
    assert lines[0] == "conv2d (Conv2D), d loss / d kernel[0, 1, 0, 0]: 6532"
    assert lines[1] == "check, (L(w + eps) - L(w - eps)) / 2 eps with eps = 1e-05: 6532"
    assert lines[2] == "sum over 1 x 2 x 2 positions of pixel x dz, the largest terms:"
    assert lines[4].split() == ["row", "1,", "col", "1", "6", "1000", "6000"]


def test_a_bias_gradient_sums_dz():
    found = convolution("bias", (0,))
    assert found.value == 1111
    assert found.uses[0].factors.keys() == {"dz"}


def test_a_pixel_gets_dz_times_the_flipped_kernel():
    found = convolution("input", (1, 1, 0))  # under all four taps
    assert found.value == 4 * 1 + 3 * 10 + 2 * 100 + 1 * 1000
    assert found.dz[..., 0].tolist() == [[1, 10], [100, 1000]]
    assert found.kernel[..., 0].tolist() == [[4, 3], [2, 1]]
    rows = [line.split() for line in str(found).splitlines()[2:6]]
    assert rows[0] == [
        "windows",
        "of",
        "the",
        "output:",
        "rows",
        "0",
        "to",
        "1,",
        "columns",
        "0",
        "to",
        "1",
    ]
    assert rows[1] == ["dz", "flipped", "kernel", "products"]
    assert rows[2:] == [
        ["1", "10", "4", "3", "4", "30"],
        ["100", "1e+03", "2", "1", "200", "1e+03"],
    ]


def test_a_pixel_at_the_border_is_in_fewer_windows():
    found = convolution("input", (0, 2, 0))  # under the upper right tap of one window
    assert (found.value, found.real.tolist()) == (10 * 2, [[False, False], [True, False]])
    assert "(. is outside of the output)" in str(found)


def test_with_strides_some_taps_never_meet_a_pixel():
    found = convolution("input", (1, 1, 0), strides=2, padding="same")
    assert found.tap_rows.tolist() == [1] and found.tap_cols.tolist() == [1]
    assert found.value == 4 * 1
    assert "taps 1 x 1" in str(found)
    skipped = convolution("input", (2, 0, 0), strides=3)
    assert (skipped.value, skipped.result) == (0, 0)
    assert "no window has this pixel in it: the gradient is 0" in str(skipped)


def test_padding_counts_as_0_in_a_kernel_s_gradient():
    found = chain(
        layers.Conv2D(1, 3, padding="same", input_shape=(2, 2, 1)),
        x=[[[[1], [2]], [[3], [4]]]],
        dy=DY,
        of="kernel",
        position=(0, 0, 0, 0),
    )
    assert found.value == 1 * 1000
    assert found.uses[0].factors["pixel"][0].tolist() == [[0, 0], [0, 1]]


def test_several_filters_show_their_sums_and_the_largest_products():
    kernel = np.arange(1.0, 9).reshape(1, 2, 1, 4)
    found = chain(
        layers.Conv2D(4, (1, 2), input_shape=(1, 3, 1)),
        x=np.ones((1, 1, 3, 1)),
        dy=np.arange(1.0, 9).reshape(1, 1, 2, 4),
        of="input",
        position=(0, 1, 0),
        weights=[kernel, np.zeros(4)],
    )
    # Under tap 1 of the first window (weights 5 to 8), under tap 0 of the second (1 to 4)
    assert found.value == 5 * 1 + 6 * 2 + 7 * 3 + 8 * 4 + 1 * 5 + 2 * 6 + 3 * 7 + 4 * 8
    lines = str(found).splitlines()
    assert lines[3].split() == ["filter", "sum", "of", "its", "products"]
    assert lines[4].split() == ["3", "64"]
    assert any(line.split()[-4:] == ["1]", "8", "4", "32"] for line in lines)


def test_windows_that_there_are_not_give_no_terms():
    found = chain(
        layers.Conv2D(2, 3, input_shape=(4, 4, 1)),
        x=np.ones((1, 4, 4, 1)),
        dy=np.arange(1.0, 9).reshape(1, 2, 2, 2),
        of="input",
        position=(0, 3, 0),
    )
    assert found.real.tolist() == [[False] * 3, [False] * 3, [True, False, False]]
    assert (found.terms.count, "row -1" in str(found)) == (2, False)
    largest = [line for line in str(found).splitlines() if "row 0, col 1, channel" in line]
    assert len(largest) == 2 and all("[0, 2]" in line for line in largest)


def test_dense():
    weights = [[[1, 2], [3, 4], [5, 6]], [0, 0]]
    x, dy = [[1, 2, 3], [4, 5, 6]], [[1, 10], [100, 1000]]

    def explained(of, position):
        made = layers.Dense(2, input_shape=(3,))
        return chain(made, x=x, dy=dy, of=of, position=position, weights=weights)

    kernel = explained("kernel", (1, 0))
    assert kernel.value == 2 * 1 + 5 * 100
    assert "sum over 2 samples of input x dz" in str(kernel)
    assert explained("bias", (1,)).value == 10 + 1000
    back = explained("input", (1, 2))
    assert (back.value, back.sample) == (5 * 100 + 6 * 1000, 1)
    assert "sum over 2 units of weight x dz" in str(back)


def test_a_dense_layer_behind_an_image_says_which_pixel():
    made = layers.Flatten(input_shape=(2, 3, 2)), layers.Dense(1)
    x = np.arange(12.0).reshape(1, 2, 3, 2)
    for of, position in (("kernel", (9, 0)), ("input", (9,))):
        found = chain(*made, x=x, dy=[[1]], of=of, position=position)
        assert "input 9 is row 1, col 1, channel 1 of the flattened image" in str(found)
        made = layers.Flatten(input_shape=(2, 3, 2)), layers.Dense(1)


def places(found) -> list[list[int]]:
    """Row and column of the winner of every window."""
    return found.winners.reshape(-1, 2).tolist()


def test_max_pooling_gives_dy_to_the_winner_of_each_window():
    x = np.array([[1.0, 2, 3], [4, 9, 5], [6, 7, 8]]).reshape(1, 3, 3, 1)

    def explained(position, image=x):
        made = layers.MaxPooling2D(2, strides=1, input_shape=(3, 3, 1))
        return chain(made, x=image, dy=DY, of="input", position=position)

    winner, loser = explained((1, 1, 0)), explained((1, 2, 0))
    assert (winner.value, places(winner)) == (1111, [[1, 1]] * 4)
    assert "this pixel, row 1, col 1" in str(winner)
    assert (loser.value, loser.windows.count, places(loser)) == (0, 2, [[1, 1]] * 2)
    # Of equal pixels the first one wins, and a move of either makes it the only one.
    tie = explained((0, 0, 0), np.ones((1, 3, 3, 1)))
    assert (tie.value, tie.slope.bends, tie.agrees) == (1, {"max-pooling": 1}, False)
    assert "the check cannot agree: between x - eps and x + eps the loss bends" in str(tie)
    assert "(windows with another largest pixel: 1)" in str(tie)
    last = explained((2, 2, 0), np.ones((1, 3, 3, 1)))
    assert (last.value, last.numeric) == (0, pytest.approx(500))


def test_max_pooling_with_padding_names_places_in_the_image():
    x = np.array([[1.0, 2, 3], [4, 9, 5], [6, 7, 8]]).reshape(1, 3, 3, 1)
    made = layers.MaxPooling2D(2, padding="same", input_shape=(3, 3, 1))
    found = chain(made, x=x, dy=DY, of="input", position=(2, 0, 0))
    assert (found.value, places(found)) == (0, [[2, 1]])
    made = layers.MaxPooling2D(3, strides=1, padding="same", input_shape=(3, 3, 1))
    dy = np.arange(1.0, 10).reshape(1, 3, 3, 1)
    found = chain(made, x=x, dy=dy, of="input", position=(1, 1, 0))
    assert (found.value, places(found)) == (45, [[1, 1]] * 9)


def test_average_pooling_divides_by_the_real_pixels():
    made = layers.AveragePooling2D(2, padding="same", input_shape=(3, 3, 1))
    corner = chain(made, x=IMAGE, dy=DY, of="input", position=(2, 2, 0))
    assert (corner.value, corner.pixels.tolist()) == (1000, [[1]])
    made = layers.AveragePooling2D(2, strides=1, input_shape=(3, 3, 1))
    middle = chain(made, x=IMAGE, dy=DY, of="input", position=(1, 1, 0))
    assert middle.value == 1111 / 4
    assert [row["gets"] for row in middle.as_dict()["windows"]] == [250, 25, 2.5, 0.25]
    assert "every pixel of a window gets dy / the number of its pixels" in str(middle)


def test_of_many_windows_the_largest_are_listed():
    made = layers.AveragePooling2D(4, strides=1, padding="same", input_shape=(6, 6, 1))
    dy = np.arange(36.0).reshape(1, 6, 6, 1)
    found = chain(made, x=np.ones((1, 6, 6, 1)), dy=dy, of="input", position=(3, 3, 0))
    assert found.windows.count == 16
    lines = str(found).splitlines()
    rest = found.windows.others(found.windows.largest(5))
    assert f"the other 11 windows give {rest:.4g}" in lines
    assert len(lines) == 3 + 1 + 6 + 2  # a heading of two lines


@pytest.mark.parametrize("keepdims", [False, True])
def test_global_pooling(keepdims):
    dy = np.array([6.0, 12]).reshape((1, 1, 1, 2) if keepdims else (1, 2))
    x = np.zeros((1, 2, 3, 2))
    x[0, 1, :2, 1] = 5

    def explained(layer_class, position):
        made = layer_class(keepdims=keepdims, input_shape=(2, 3, 2))
        return chain(made, x=x, dy=dy, of="input", position=position)

    assert explained(layers.GlobalAveragePooling2D, (0, 1, 1)).value == 12 / 6
    one, none = (explained(layers.GlobalMaxPooling2D, (1, col, 1)) for col in (1, 2))
    assert (one.value, one.ties, places(one)) == (6, 2, [[1, 1]])
    assert (none.value, places(none)) == (0, [[1, 0]])
    assert "the largest pixel gets dy; here 2 are, and share it:" in str(one)


def test_layers_that_hand_single_numbers_back():
    flat = chain(
        layers.Flatten(input_shape=(2, 2, 1)),
        x=np.ones((1, 2, 2, 1)),
        dy=[[1, 2, 3, 4]],
        of="input",
        position=(1, 0, 0),
    )
    assert (flat.value, flat.dy_position) == (3, (2,))
    linear = chain(
        layers.Activation("linear", input_shape=(2,)), x=[[1, 2]], dy=[[5, 6]], of="activation"
    )
    assert (linear.value, linear.position) == (6, (1,))


def test_concatenate_hands_each_input_its_part():
    one, two = layers.Input((2,), name="one"), layers.Input((3,), name="two")
    model = models.Model([one, two], layers.Concatenate(name="joined")([one, two]))
    model.compile()
    model.losses = [WeightedLoss()]
    found = explain_gradient(
        model, [np.ones((1, 2)), np.ones((1, 3))], np.arange(5.0)[None], "joined", "input", (3,)
    )
    assert (found.value, found.dy_position) == (3, (3,))
    assert "input 1 of 2, two: number 1 of its last axis" in str(found)
    assert found.agrees


def test_dropout_hands_back_what_it_kept():
    def explained(training):
        made = layers.Dropout(0.75, seed=1, input_shape=(40,))
        positions = [(0, unit) for unit in range(40)]
        x, dy = np.ones((2, 40)), np.full((2, 40), 3.0)
        return [
            chain(made, x=x, dy=dy, of="input", position=one, training=training)
            for one in positions[:8]
        ]

    values = [found.value for found in explained(True)]
    assert set(values) == {0.0, 12.0}
    texts = " ".join(map(str, explained(True)))
    assert "kept in this step: dx = dy / (1 - rate), rate = 0.75" in texts
    assert "dropped in this step: dx = 0" in texts
    off = explained(False)[0]
    assert (off.value, off.factor) == (3, 1)
    assert "unchanged: dropout drops in training only" in str(off)


@pytest.mark.parametrize("made", [layers.ReLU, None])
def test_relu_is_open_or_closed(made):
    def explained(position, x=((-2.0, 3.0),)):
        last = [layers.ReLU()] if made else []
        dense = layers.Dense(2, activation=None if made else "relu", input_shape=(2,))
        weights = [np.eye(2), [0, 0]]
        return chain(
            dense, *last, x=x, dy=[[5, 7]], of="activation", position=position, weights=weights
        )

    closed, opened = explained((0,)), explained((1,))
    assert (closed.value, closed.z, closed.dy) == (0, -2, 5)
    assert (opened.value, opened.z, opened.dy) == (7, 3, 7)
    assert "relu is closed, dz = 0" in str(closed) and "relu is open, dz = dy" in str(opened)
    corner = explained((0,), ((0.0, 1.0),))
    assert (corner.value, corner.slope.bends) == (0, {"relu": 1})
    assert corner.numeric == pytest.approx(2.5)
    assert "(relus that open or close: 1)" in str(corner)


def test_sigmoid_times_one_minus_itself():
    found = chain(
        *(layers.Dense(1, activation="sigmoid", input_shape=(1,)), layers.Dense(1)),
        x=[[math.log(3)]],
        dy=[[8]],
        of="activation",
        layer="dense",
        weights=[[[1]], [0], [[1]], [0]],
    )
    assert found.y == pytest.approx(0.75)
    assert found.value == pytest.approx(8 * 0.75 * 0.25)
    assert "dz = dy x s (1 - s) = 8 x 0.1875 = 1.5" in str(found)


@pytest.mark.parametrize("own_layer", [False, True])
def test_the_backward_pass_begins_with_p_minus_y(own_layer):
    last = [layers.Sigmoid(name="end")] if own_layer else []
    dense = layers.Dense(2, activation=None if own_layer else "sigmoid", input_shape=(2,))
    model = models.Sequential([dense, *last]).astype(np.float64)
    model.compile()
    model.set_weights([np.eye(2), [0, 0]])
    x, y = np.array([[math.log(3), 0], [0, 0]]), np.array([[1.0, 0], [0, 1]])
    name = "end" if own_layer else "dense"
    found = explain_gradient(model, x, y, name, "activation", (0, 0))
    assert found.value == pytest.approx((0.75 - 1) / 4)
    assert found.numeric == pytest.approx(found.value, rel=1e-6)
    assert (found.p, found.label, found.samples, found.units) == (pytest.approx(0.75), 1, 2, 2)
    text = str(found)
    assert "dz = (p - y) / size = -0.0625" in text
    assert "in their product p (1 - p) cancels" in text
    out = explain_gradient(model, x, y, name, "output", (0, 0))
    assert out.value == pytest.approx((0.75 - 1) / (0.75 * 0.25) / 4)
    assert out.numeric == pytest.approx(out.value, rel=1e-6)
    assert out.parts[0][0] == "the loss"


def test_a_probability_that_the_loss_clips():
    model = models.Sequential([layers.Dense(1, activation="sigmoid", input_shape=(1,))])
    model.compile()
    model.set_weights([[[1]], [0]])
    for z, label in ((40.0, 0), (-40.0, 1), (15.0, 1), (-9.0, 1)):
        found = explain_gradient(model, np.array([z]), label, "dense", "output")
        dz = explain_gradient(model, np.array([z]), label, "dense", "activation")
        assert dz.agrees
        if abs(z) == 40:
            assert (found.value, found.result) == (0, 0)
            assert "0 here, where the loss clips p" in str(found)


def test_a_first_layer_s_input_is_read_by_all_branches():
    x = layers.Input((2,), name="image")
    y = layers.concatenate([layers.ReLU(name="one")(x), layers.ReLU(name="two")(x)])
    model = models.Model(x, y)
    model.compile()
    model.losses = [WeightedLoss()]
    found = explain_gradient(
        model, np.array([[1.0, 2]]), np.array([[1.0, 2, 30, 40]]), "image", "output", (1,)
    )
    assert dict(found.parts) == {"one": 2, "two": 40}
    assert (found.value, found.agrees) == (42, True)
