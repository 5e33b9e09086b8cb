"""`trace` and `explain`: the parts add up to what the model computes."""

import math

import numpy as np
import pytest
from inspected_models import X, every_layer

from minicnn import layers, models
from minicnn.inspection import explain, trace, trace_table

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def model():
    return every_layer()


def test_trace_gives_every_layer_in_running_order(model, backend):
    outputs = trace(model, X[None])
    computing = [layer.name for layer in model.layers if not isinstance(layer, layers.InputLayer)]
    assert list(outputs) == computing
    for name, output in outputs.items():
        layer = model.get_layer(name)
        assert output.shape == (1, *layer.output_shape(layer.input_shape))
    np.testing.assert_array_equal(outputs["score"], model.predict(X[None]))


def test_trace_runs_without_dropping(model):
    outputs = trace(model, np.stack([X, -X]))
    np.testing.assert_array_equal(outputs["dropped"], outputs["flat"])
    assert len(outputs["score"]) == 2
    assert model.get_layer("dropped").step == 0


def test_trace_table_has_the_numbers():
    table = trace_table({"one": np.array([[1.0, -2.0, 4.0]])})
    assert table.splitlines()[1].split() == ["one", "(3,)", "-2", "1", "4"]


def test_trace_names_each_use_of_a_shared_layer():
    x = layers.Input((3,))
    twice = layers.Dense(3, name="twice")
    model = models.Model(x, twice(twice(x)), seed=0)
    outputs = trace(model, np.ones((1, 3)))
    assert list(outputs) == ["twice", "twice (use 2)"]
    np.testing.assert_array_equal(outputs["twice (use 2)"], model.predict(np.ones((1, 3))))


def test_every_number_of_every_layer_can_be_explained(model, backend):
    """`explain` itself compares its sum with the layer's number; so does this, once more."""
    outputs = trace(model, X)
    for name, output in outputs.items():
        # All numbers of small outputs; of large ones those at the border and some inside.
        places = list(np.ndindex(output.shape[1:]))
        for position in places[:: max(len(places) // 40, 1)] + places[-1:]:
            found = explain(model, X, name, position)
            assert found.value == output[0][position]
            assert found.result == pytest.approx(found.value, rel=1e-4, abs=1e-5)
            assert (found.layer, found.position) == (name, position)
            assert all(len(line) <= 80 for line in str(found).splitlines())


def test_a_convolution_worked_out_by_hand():
    model = models.Sequential([layers.Conv2D(1, 2, activation="relu", input_shape=(3, 3, 1))])
    model.set_weights([np.array([[1, 2], [3, -4]]).reshape(2, 2, 1, 1), np.array([10])])
    x = np.arange(1.0, 10).reshape(3, 3, 1)
    found = explain(model, x, "conv2d", (1, 0, 0))
    assert found.inputs[..., 0].tolist() == [[4, 5], [7, 8]]
    assert found.products[..., 0].tolist() == [[4, 10], [21, -32]]
    assert (found.bias, found.before_activation, found.value) == (10, 13, 13)
    assert (found.origin, found.source) == ((1, 0), "input_layer")
    text = str(found)
    assert text.splitlines()[0] == "conv2d (Conv2D), row 1, col 0, channel 0: 13"
    assert "rows 1 to 2, columns 0 to 1" in text
    rows = [line.split() for line in text.splitlines()[2:5]]
    assert rows[0] == ["window", "kernel", "products"]
    assert rows[1] == ["4", "5", "1", "2", "4", "10"]
    assert rows[2] == ["7", "8", "3", "-4", "21", "-32"]
    assert [line.split()[-1] for line in text.splitlines()[-4:]] == ["3", "10", "13", "13"]


def test_a_window_in_the_padding(model):
    found = explain(model, X, "stem", (0, 7, 2))
    assert found.origin == (-1, 6)
    assert found.real.tolist() == [[False] * 3, [True, True, False], [True, True, False]]
    assert found.inputs[1:, :2, 0].tolist() == X[:2, 6:, 0].tolist()
    assert "rows -1 to 1, columns 6 to 8 (padding counts as 0)" in str(found)
    bottom = explain(model, X, "left", (4, 3, 1))
    assert not bottom.real.all()
    assert "padding" in str(bottom)


def test_strides_move_the_window(model):
    found = explain(model, X, "left", (1, 2, 0))
    row, col = found.origin
    np.testing.assert_array_equal(
        found.inputs, trace(model, X)["stem"][0, row : row + 2, col : col + 3]
    )
    assert row == 2


def test_many_channels_show_their_sums_and_the_largest_products(model):
    found = explain(model, X, "left", (1, 1, 0))
    lines = str(found).splitlines()
    sums = found.products.sum(axis=(0, 1))
    table = lines[3:9]
    assert [int(line.split()[0]) for line in table[:5]] == np.argsort(-np.abs(sums))[:5].tolist()
    assert table[5].split()[:2] == ["1", "more"]
    row, col, channel = found.largest()[0]
    where = f"row {found.origin[0] + row}, col {found.origin[1] + col}, channel {channel}"
    assert where in lines[11]
    assert abs(found.products[row, col, channel]) == np.abs(found.products).max()


def test_max_pooling_names_the_winner_and_the_ties():
    model = models.Sequential([layers.MaxPooling2D(2, input_shape=(4, 4, 2))])
    x = np.zeros((4, 4, 2))
    x[:, :, 1] = [[0, 1, 0, 0], [1, 1, 0, 0], [0, 0, 2, 1], [0, 0, 0, 3]]
    tied = explain(model, x, "max_pooling2d", (0, 0, 1))
    assert (tied.winner, tied.ties, tied.value) == ((0, 1), [(0, 1), (1, 0), (1, 1)], 1)
    assert "2 more of the same value; the first one counts as the winner" in str(tied)
    single = explain(model, x, "max_pooling2d", (1, 1, 1))
    assert (single.winner, single.ties) == ((3, 3), [(3, 3)])
    assert "largest: 3 at row 3, col 3" in str(single)
    assert "more of the same" not in str(single)


def test_the_winner_is_the_one_that_gets_the_gradient(model):
    layer, x = model.get_layer("pooled"), trace(model, X)["stem"]
    y = layer.forward(x)
    for position in [(0, 0, 0), (4, 3, 5), (2, 1, 3)]:
        dy = np.zeros_like(y)
        dy[(0, *position)] = 1
        found = explain(model, X, "pooled", position)
        layer.forward(x)
        (place,) = np.argwhere(layer.backward(dy)[0, :, :, position[2]])
        assert tuple(place) == found.winner


def test_average_pooling_divides_by_real_pixels(model):
    found = explain(model, X, "average", (0, 0, 0))
    assert found.real.sum() == 4
    assert "/ 4 pixels" in str(found)
    assert "window (. is padding)" in str(found)
    assert found.result == pytest.approx(found.window[1:, 1:].mean())


def test_global_pooling_names_the_largest_pixels_or_the_mean():
    x = layers.Input((3, 5, 2))
    most = layers.GlobalMaxPooling2D(name="most")(x)
    model = models.Model(x, [most, layers.GlobalAveragePooling2D(keepdims=True, name="mean")(x)])
    image = np.zeros((3, 5, 2))
    image[:, :, 1] = [[0, 0, 0, 2, 0], [2, 0, 0, 0, 0], [2, 0, 0, 0, 0]]
    found = explain(model, image, "most", (1,))
    assert (found.value, found.ties) == (2, [(0, 3), (1, 0), (2, 0)])
    assert "channel 1: rows 0 to 2, columns 0 to 4" in str(found)
    assert "2 more of the same value; all share the gradient" in str(found)
    assert "sum 6 / 15 pixels = 0.4" in str(explain(model, image, "mean", (0, 0, 1)))


def test_an_image_too_wide_for_the_terminal_is_summed_up():
    model = models.Sequential([layers.GlobalMaxPooling2D(input_shape=(9, 60, 1))])
    x = np.arange(540.0).reshape(9, 60, 1)
    assert str(explain(model, x, "global_max_pooling2d", (0,))).splitlines()[2:] == [
        "  window: 9x60 numbers from 0 to 539",
        "largest: 539 at row 8, col 59",
    ]


def test_dense_lists_the_largest_products_and_their_pixels(model):
    found = explain(model, X, "hidden", (1,))
    flat = trace(model, X)["flat"][0].astype(np.float64)
    products = flat * model.get_layer("hidden").params["kernel"][:, 1]
    order = np.argsort(-np.abs(products), kind="stable")[:5]
    assert [index for (index,) in found.largest()] == order.tolist()
    shape = model.get_layer("flat").input_shape
    row, col, channel = np.unravel_index(order[0], shape)
    lines = str(found).splitlines()
    assert lines[3].lstrip().startswith(f"{order[0]} = row {row}, col {col}, channel {channel} ")
    rest = np.delete(products, order)
    assert f"the other {len(rest)} products sum to {rest.sum():.4g}" in str(found)


def test_dense_without_an_image_before_it(model):
    found = explain(model, X, "last", (0,))
    assert found.origin == ()
    assert "the other" not in str(found)  # three inputs are all shown
    assert found.result == max(found.before_activation, 0)


def test_passing_layers_say_where_the_number_comes_from(model):
    outputs = trace(model, X)
    for name in ("joined", "plain", "bent", "flat", "dropped", "score"):
        output = outputs[name][0]
        for position in list(np.ndindex(output.shape))[:: max(output.size // 7, 1)]:
            found = explain(model, X, name, position)
            assert found.source_value == outputs[found.source][0][found.source_position]
    channels = [explain(model, X, "joined", (2, 1, c)) for c in range(outputs["joined"].shape[-1])]
    assert [one.source for one in channels] == ["left"] * 2 + ["pooled"] * 6 + ["average"] * 6
    assert [one.source_position[2] for one in channels] == [0, 1, *range(6), *range(6)]


def test_sigmoid_far_out_does_not_overflow():
    model = models.Sequential([layers.Sigmoid(input_shape=(2,))])
    assert explain(model, np.array([-1000.0, 5.0]), "sigmoid", (0,)).value == 0
    found = explain(model, np.array([-1000.0, math.log(3)]), "sigmoid", (1,))
    assert found.result == pytest.approx(0.75)


def test_not_a_number_is_explained_too():
    model = models.Sequential([layers.Conv2D(1, 2, input_shape=(3, 3, 1)), layers.MaxPooling2D(2)])
    x = np.ones((3, 3, 1))
    x[0, 0] = np.nan
    assert math.isnan(explain(model, x, "conv2d", (0, 0, 0)).value)
    assert "nan" in str(explain(model, x, "max_pooling2d", (0, 0, 0)))


def test_a_layer_that_computes_something_else_is_noticed(model):
    layer = model.get_layer("stem")
    right = layer.forward
    layer.forward = lambda x, training=False: right(x, training) * np.float32(1.01)
    found = trace(model, X)["stem"][0]
    position = np.unravel_index(found.argmax(), found.shape)
    with pytest.raises(RuntimeError, match="stem: the parts give .* but the layer"):
        explain(model, X, "stem", position)


def test_layers_may_be_given_themselves_and_x_as_a_batch(model):
    layer = model.get_layer("stem")
    assert str(explain(model, X[None], layer, (1, 2, 3))) == str(
        explain(model, X, "stem", [1, 2, 3])
    )


@pytest.mark.parametrize(
    ("layer", "position", "text"),
    [
        ("nowhere", (0,), "expected the name of a layer .*stem.*got 'nowhere'"),
        ("input_layer", (0, 0, 0), "not a layer of this model that computes anything"),
        (layers.Dense(1), (0,), "dense is not a layer of this model"),
        ("stem", (9, 0, 0), r"stem: expected a position .* inside \(9, 8, 6\).*got \(9, 0, 0\)"),
        ("stem", (0, -1, 0), "stem: expected a position"),
        ("stem", (0, 0), r"stem: expected a position \(row, col, channel\)"),
        ("stem", (0.5, 0, 0), "stem: expected a position"),
        ("stem", None, "stem: expected a position"),
        ("last", (0, 0, 0), r"last: expected a position \(unit,\) inside \(1,\)"),
    ],
)
def test_places_that_do_not_exist(model, layer, position, text):
    with pytest.raises(ValueError, match=text):
        explain(model, X, layer, position)


def test_one_sample_is_explained(model):
    with pytest.raises(ValueError, match="example: expected one sample to explain, got 2"):
        explain(model, np.stack([X, X]), "stem", (0, 0, 0))
    with pytest.raises(ValueError, match=r"expected input of shape \(batch, 9, 8, 1\)"):
        explain(model, X[:5], "stem", (0, 0, 0))


def test_unknown_layers_are_refused():
    class Twice(layers.Layer):
        def output_shape(self, input_shape):
            return input_shape

        def forward(self, x, training=False):
            return 2 * x

    model = models.Sequential([Twice(input_shape=(2,))])
    with pytest.raises(ValueError, match="twice: explain does not know layers of class Twice"):
        explain(model, np.ones(2), "twice", (0,))


def test_an_explanation_shows_itself(model):
    """At a prompt and in a notebook, without `print`."""
    found = explain(model, X, "stem", (1, 2, 0))
    assert repr(found) == str(found)
    assert repr(found).startswith("stem (Conv2D), row 1, col 2, channel 0: ")
