"""Functional models: shared layers, several inputs and outputs, and what is refused."""

import numpy as np
import pytest
from tiny_models import by_adding, small_chain

from covid.training.architectures import build_model
from minicnn import layers, models
from minicnn.training.step import loss_and_gradients


def test_a_shared_layer_counts_once_and_its_gradients_add_up(rng):
    left, right = layers.Input((4,)), layers.Input((4,))
    dense = layers.Dense(3)
    joined = layers.concatenate([dense(left), dense(right)])
    model = models.Model([left, right], layers.Dense(1, activation="sigmoid")(joined), seed=1)
    assert model.count_params() == (4 * 3 + 3) + (6 + 1)
    model.astype("float64").compile("sgd", "binary_crossentropy")
    x = [rng.random((5, 4)), rng.random((5, 4))]
    y = np.array([0.0, 1, 1, 0, 1])
    values = model.graph.run(x, training=True)
    _, gradients, of_logits = loss_and_gradients(model, values, y)
    model.graph.backward(gradients, of_logits)
    found, kernel, step = dense.grads["kernel"], dense.params["kernel"], 1e-6
    losses = []
    for sign in (1, -1):
        kernel[2, 1] += sign * step
        losses.append(model.test_on_batch(x, y))
        kernel[2, 1] -= sign * step
    assert found[2, 1] == pytest.approx((losses[0] - losses[1]) / (2 * step), rel=1e-6)


def test_a_shared_layer_wants_one_shape():
    dense = layers.Dense(2)
    small, large = layers.Input((3,)), layers.Input((4,))
    with pytest.raises(ValueError, match=r"dense.*same input shape everywhere, \(3,\), got \(4,\)"):
        models.Model([small, large], layers.concatenate([dense(small), dense(large)]))


def test_what_a_graph_refuses():
    used, unused = layers.Input((3,), name="used"), layers.Input((3,), name="unused")
    output = layers.Dense(1)(used)
    with pytest.raises(ValueError, match="unused: this input leads to no output"):
        models.Model([used, unused], output)
    with pytest.raises(ValueError, match="used: an output depends on this input"):
        models.Model(unused, layers.concatenate([output, unused]))
    with pytest.raises(TypeError, match="outputs to be tensors .* got Dense"):
        models.Model(used, layers.Dense(1))
    with pytest.raises(TypeError, match="expected a tensor .* got str"):
        layers.Dense(1)("pixels")


def test_a_model_of_1500_layers(tmp_path):
    chain = [layers.Dense(2, input_shape=(2,)), *(layers.ReLU() for _ in range(1499))]
    model = models.Sequential(chain, seed=0)
    model.save(tmp_path / "deep.npz")
    x = np.ones((1, 2), np.float32)
    loaded = models.load_model(tmp_path / "deep.npz")
    np.testing.assert_array_equal(loaded.predict(x), model.predict(x))


@pytest.mark.parametrize("shape", [(0, 3, 1), (), (None, 3, 1), (2.5, 3, 1), 3])
def test_input_refuses_what_is_no_shape(shape):
    with pytest.raises(ValueError, match="shape of positive integers"):
        layers.Input(shape)


def test_what_compile_refuses():
    model = by_adding()
    with pytest.raises(ValueError, match="sgd, rmsprop, adam.*got 'adagrad'"):
        model.compile("adagrad")
    with pytest.raises(ValueError, match="binary_crossentropy, got 'mse'"):
        model.compile("adam", "mse")
    with pytest.raises(ValueError, match="acc, accuracy, binary_accuracy, auc, .*got 'hinge'"):
        model.compile("adam", "binary_crossentropy", ["hinge"])
    with pytest.raises(ValueError, match="expected 1 losses"):
        model.compile("adam", ["binary_crossentropy"] * 2)
    assert model.optimizer is None


def test_a_model_trains_with_an_input_that_is_also_an_output(rng):
    inputs = layers.Input((3,))
    model = models.Model(inputs, [inputs, layers.Dense(1, activation="sigmoid")(inputs)], seed=0)
    x = rng.random((4, 3), dtype=np.float32)
    same, p = model.predict(x)
    np.testing.assert_array_equal(same, x)
    assert p.shape == (4, 1)


def test_summary_names_every_layer_and_the_parameters():
    lines = []
    model = build_model("tiny_cnn", seed=0)
    model.summary(print_fn=lines.append)
    text = "\n".join(lines)
    assert "65,777" in text
    assert all(layer.name in text for layer in model.layers)


def test_layers_cannot_be_frozen():
    layer = layers.Dense(1, name="last")
    layer.trainable = True
    with pytest.raises(ValueError, match="last: freezing layers is not supported"):
        layer.trainable = False
    assert layer.trainable


def branches():
    x = layers.Input((3,))
    hidden = layers.Dense(4, activation="relu")(x)
    return models.Model(x, layers.concatenate([hidden, layers.Dense(2)(hidden)]), seed=1)


@pytest.mark.parametrize("make", [by_adding, branches])
@pytest.mark.parametrize("again", [False, True], ids=["made", "loaded"])
def test_a_model_of_all_the_layers_outputs(make, again, tmp_path):
    model = make()
    if again:
        model.save(tmp_path / "model.npz")
        model = models.load_model(tmp_path / "model.npz")
    x = np.random.default_rng(0).normal(size=(2, *model.input_shape[1:])).astype(np.float32)
    inner = models.Model(model.inputs, [layer.output for layer in model.layers])
    found = inner.predict_on_batch(x)
    assert [y.shape[1:] for y in found] == [layer.output.shape[1:] for layer in model.layers]
    np.testing.assert_array_equal(found[-1], model.predict_on_batch(x))
    np.testing.assert_array_equal(
        models.Model(model.input, model.output).predict_on_batch(x), found[-1]
    )
    values = model.graph.run([x], layer_by_layer=True)
    for layer, y in zip(model.layers, found, strict=True):
        np.testing.assert_allclose(y, values[layer.output], rtol=1e-5, atol=1e-6)


def test_several_inputs_and_outputs_are_lists():
    first, second = layers.Input((3,)), layers.Input((3,))
    model = models.Model([first, second], [layers.Dense(1)(first), layers.Dense(1)(second)])
    assert model.input == model.inputs == [first, second]
    assert model.output == model.outputs
    assert len(model.outputs) == 2


def test_the_output_of_a_layer_that_is_not_used_once():
    layer = layers.Dense(3, name="middle")
    with pytest.raises(
        ValueError, match="middle: expected a layer that is connected once .* 0 uses"
    ):
        _ = layer.output
    layer(layer(layers.Input((3,))))
    with pytest.raises(
        ValueError, match="middle: expected a layer that is connected once .* 2 uses"
    ):
        _ = layer.output


def test_the_generators_names_take_the_arguments_of_keras_2():
    x, y = np.ones((4, 3), np.float32), np.array([0, 1, 1, 0])

    def batches():
        while True:
            yield x, y

    def trained(train):
        model = small_chain(1)
        model.compile("sgd", "binary_crossentropy")
        return model, train(model)

    queue = {"workers": 4, "max_queue_size": 2, "use_multiprocessing": True}
    one, history = trained(lambda m: m.fit_generator(batches(), 2, 3, 0, **queue))
    other, expected = trained(lambda m: m.fit(batches(), steps_per_epoch=2, epochs=3, verbose=0))
    assert history.history == expected.history
    assert one.history is history
    assert one.evaluate_generator(batches(), 2, None, 10, 1, False, 0) == other.evaluate(
        x, y, verbose=0
    )
    np.testing.assert_array_equal(one.predict_generator(batches(), 1, **queue), other.predict(x))
    with pytest.raises(TypeError, match="callbacks: expected Callbacks"):
        one.evaluate_generator(batches(), 2, [print])


def test_one_metric_needs_no_list():
    model = models.Sequential([layers.Dense(1, activation="sigmoid", input_shape=(2,))])
    model.compile("sgd", metrics="acc")
    assert [one.key for one in model.metrics] == ["acc"]
