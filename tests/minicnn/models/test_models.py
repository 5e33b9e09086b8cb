"""Models: the four published ones, how models are put together, and what is refused."""

import numpy as np
import pytest

from covid.training.architectures import MODELS, build_model, inception_block
from minicnn import layers, models
from minicnn.training.step import loss_and_gradients

PARAMETERS = {
    "cnn": 31_509_121,
    "cnn_dropout": 5_327_361,
    "tiny_cnn": 65_777,
    "reduced_inception": 90_093,
}
# Class of each layer, what matters of its arguments, and the shape of what comes out.
CHAINS = {
    "cnn": [
        ("Conv2D", 32, (254, 254, 32)),
        ("MaxPooling2D", (2, 2), (127, 127, 32)),
        ("Conv2D", 64, (125, 125, 64)),
        ("MaxPooling2D", (2, 2), (62, 62, 64)),
        ("Flatten", None, (246016,)),
        ("Dropout", 0.5, (246016,)),
        ("Dense", 128, (128,)),
        ("Dense", 1, (1,)),
    ],
    "cnn_dropout": [
        ("Conv2D", 32, (148, 148, 32)),
        ("MaxPooling2D", (2, 2), (74, 74, 32)),
        ("Dropout", 0.5, (74, 74, 32)),
        ("Conv2D", 64, (72, 72, 64)),
        ("MaxPooling2D", (2, 2), (36, 36, 64)),
        ("Flatten", None, (82944,)),
        ("Dropout", 0.5, (82944,)),
        ("Dense", 64, (64,)),
        ("Dense", 1, (1,)),
    ],
    "tiny_cnn": [
        ("Conv2D", 6, (148, 148, 6)),
        ("MaxPooling2D", (2, 2), (74, 74, 6)),
        ("Dropout", 0.8, (74, 74, 6)),
        ("Flatten", None, (32856,)),
        ("Dense", 2, (2,)),
        ("Dense", 1, (1,)),
    ],
}


def size_of(layer):
    """The argument that says how large a layer is."""
    for name in ("filters", "pool_size", "rate", "units"):
        if hasattr(layer, name):
            return getattr(layer, name)
    return None


def assert_same(one: list, other: list) -> None:
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)


# The published models


@pytest.mark.parametrize("name", MODELS)
def test_number_of_parameters(name):
    model = build_model(name, seed=0)
    assert model.count_params() == PARAMETERS[name]
    assert model.count_params() == sum(weight.size for weight in model.get_weights())
    assert model.input_shape == (None, MODELS[name].image_size, MODELS[name].image_size, 1)
    assert model.output_shape == (None, 1)


@pytest.mark.parametrize("name", CHAINS)
def test_layers_of_the_chains(name):
    model = build_model(name, seed=0)
    shapes = [node.output.sample_shape for node in model.graph.nodes if node.inputs]
    found = [
        (type(layer).__name__, size_of(layer), shape)
        for layer, shape in zip(model.layers, shapes, strict=True)
    ]
    assert found == CHAINS[name]
    activations = [
        layer.activation.kind if layer.activation else None
        for layer in model.layers
        if layer.params
    ]
    assert activations == ["relu"] * (len(activations) - 1) + ["sigmoid"]


def test_branches_of_reduced_inception():
    model = build_model("reduced_inception", seed=0)
    concatenation = next(
        node for node in model.graph.nodes if isinstance(node.layer, layers.Concatenate)
    )
    found = []
    for tensor in concatenation.inputs:
        branch = []
        node = tensor.node
        while node.inputs:
            window = getattr(node.layer, "kernel_size", getattr(node.layer, "pool_size", None))
            branch.append((type(node.layer).__name__, window, node.output.sample_shape))
            node = node.inputs[0].node
        found.append(branch[::-1])
    image, flat = (150, 150, 1), ("Flatten", None, (22500,))
    assert found == [
        [("Conv2D", (7, 7), image), flat],
        [("Conv2D", (1, 1), image), ("Conv2D", (3, 3), image), flat],
        [("Conv2D", (1, 1), image), ("Conv2D", (5, 5), image), flat],
        [("MaxPooling2D", (4, 4), image), ("Conv2D", (1, 1), image), flat],
    ]
    kinds = {layer.activation.kind for layer in model.layers if isinstance(layer, layers.Conv2D)}
    assert kinds == {"relu"}
    assert concatenation.output.sample_shape == (90_000,)
    assert model.layers[-1].activation.kind == "sigmoid"


@pytest.mark.parametrize("pull", [False, True])
def test_inception_block(pull, rng):
    inputs = layers.Input((12, 10, 3))
    found = inception_block(inputs, 4, 6, 2, 3, 1, 5, pull=pull)
    output, pooled = found if pull else (found, None)
    assert output.sample_shape == (12, 10, 4 + 6 + 2 + 5)
    model = models.Model(inputs, [output, pooled] if pull else output, seed=0)
    counts = [4 * 3 + 4, 3 * 3 + 3, 6 * 9 * 3 + 6, 1 * 3 + 1, 2 * 25 * 1 + 2, 5 * 3 + 5]
    assert model.count_params() == sum(counts)
    x = rng.random((2, 12, 10, 3), dtype=np.float32)
    y = model.predict(x)
    if pull:
        y, pooled_y = y
        np.testing.assert_array_equal(pooled_y, y[..., -5:])  # the block's last channels
    assert y.shape == (2, 12, 10, 17) and y.min() >= 0 and y.max() > 0


def test_an_unknown_model_is_named():
    with pytest.raises(ValueError, match="cnn, cnn_dropout, tiny_cnn, reduced_inception.*'vgg'"):
        build_model("vgg")


def test_other_image_sizes_and_channels():
    model = build_model("tiny_cnn", input_shape=(20, 31, 3), seed=0)
    assert model.input_shape == (None, 20, 31, 3)
    assert model.count_params() == (9 * 3 * 6 + 6) + (9 * 14 * 6 * 2 + 2) + 3


@pytest.mark.parametrize("name", ["cnn_dropout", "reduced_inception"])
def test_weights_follow_from_the_seed(name):
    shape = (24, 24, 1)
    one, same, other = (build_model(name, input_shape=shape, seed=s) for s in (5, 5, 6))
    assert_same(one.get_weights(), same.get_weights())
    for a, b in zip(one.get_weights(), other.get_weights(), strict=True):
        assert a.ndim == 1 or not np.array_equal(a, b)  # biases are 0 in both
        assert a.dtype == np.float32
    unseeded = [build_model(name, input_shape=shape) for _ in range(2)]
    assert unseeded[0].seed != unseeded[1].seed


# Putting a chain together


def chain_of(first_arguments: dict) -> list:
    return [
        layers.Conv2D(2, 3, activation="relu", **first_arguments),
        layers.MaxPooling2D(2),
        layers.Flatten(),
        layers.Dense(1, activation="sigmoid"),
    ]


SHAPE = (8, 9, 1)


def by_adding():
    model = models.Sequential(seed=4)
    for layer in chain_of({"input_shape": SHAPE}):
        model.add(layer)
    return model


def with_input():
    return models.Sequential([layers.Input(SHAPE), *chain_of({})], seed=4)


def with_input_layer():
    return models.Sequential([layers.InputLayer(input_shape=SHAPE), *chain_of({})], seed=4)


def by_build():
    model = models.Sequential(chain_of({}), seed=4)
    model.build((None, *SHAPE))
    return model


def by_first_data():
    model = models.Sequential(chain_of({}), seed=4)
    model.predict(np.zeros((2, *SHAPE)))
    return model


def test_layers_have_names_and_parameters_as_soon_as_one_looks():
    model = models.Sequential(chain_of({"input_shape": SHAPE}), seed=4)
    assert model.layers[0].params["kernel"].shape == (3, 3, 1, 2)
    model.add(layers.Dense(1))
    assert [layer.name for layer in model.layers[-2:]] == ["dense", "dense_1"]


@pytest.mark.parametrize(
    "build", [by_adding, with_input, with_input_layer, by_build, by_first_data]
)
def test_all_ways_to_a_chain_give_the_same(build, rng):
    x = rng.random((3, *SHAPE), dtype=np.float32)
    expected = models.Sequential(chain_of({"input_shape": SHAPE}), seed=4)
    model = build()
    assert [layer.name for layer in model.layers] == ["conv2d", "max_pooling2d", "flatten", "dense"]
    model.set_weights(expected.get_weights())
    np.testing.assert_array_equal(model.predict(x), expected.predict(x))


def test_a_chain_and_its_functional_twin_agree(rng):
    x = rng.random((5, *SHAPE), dtype=np.float32)
    y = np.array([0, 1, 1, 0, 1])
    chain = models.Sequential(chain_of({"input_shape": SHAPE}), seed=4)
    inputs = tensor = layers.Input(SHAPE)
    for layer in chain_of({}):
        tensor = layer(tensor)
    model = models.Model(inputs, tensor, seed=9)
    model.set_weights(chain.get_weights())
    for one in (chain, model):
        one.compile("adam", "binary_crossentropy")
        one.fit(x, y, batch_size=5, epochs=3, shuffle=False, verbose=0)
    assert_same(chain.get_weights(), model.get_weights())


def test_a_chain_can_be_compiled_before_it_is_built(rng):
    model = models.Sequential(chain_of({}), seed=4)
    model.compile("adam", "binary_crossentropy", ["acc"])
    history = model.fit(rng.random((4, *SHAPE)), np.array([0, 1, 0, 1]), verbose=0)
    assert list(history.history) == ["acc", "loss"]


def test_a_chain_that_is_not_built_says_so():
    model = models.Sequential(chain_of({}), name="mine")
    for use in (model.get_weights, model.count_params, lambda: model.input_shape):
        with pytest.raises(RuntimeError, match="mine: not built yet"):
            use()
    with pytest.raises(RuntimeError, match="not built yet"):
        models.Sequential().count_params()


def test_what_a_chain_refuses():
    model = by_adding()
    with pytest.raises(TypeError, match="expected a layer, got str"):
        model.add("relu")
    with pytest.raises(ValueError, match="dense is in this model already"):
        model.add(model.layers[-1])
    with pytest.raises(ValueError, match="conv2d.*height, width, channels"):
        model.add(layers.Conv2D(2, 3))
    assert len(model.layers) == 4 and model.output_shape == (None, 1)
    with pytest.raises(ValueError, match="at least 3x3 pixels"):
        build_model("tiny_cnn", input_shape=(2, 9, 1))


# Names and weights


def test_names_are_keras_names_in_the_order_of_creation():
    first, second = layers.Conv2D(1, 1), layers.Conv2D(1, 1)
    inputs = layers.Input(SHAPE)
    model = models.Model(inputs, first(second(layers.Conv2D(1, 1, name="mine")(inputs))))
    assert (first.name, second.name) == ("conv2d", "conv2d_1")
    # The order of the layers is that of the data's way, not that of the names.
    assert [layer.name for layer in model.layers[1:]] == ["mine", "conv2d_1", "conv2d"]
    names = [
        f"{layer}/{part}" for layer in ("mine", "conv2d_1", "conv2d") for part in ("kernel", "bias")
    ]
    assert list(model.named_weights()) == names
    assert model.get_layer("mine").filters == 1
    with pytest.raises(ValueError, match="mine, conv2d_1, conv2d.*got 'yours'"):
        model.get_layer("yours")


def test_a_name_must_not_be_used_twice():
    twice = [
        layers.Flatten(input_shape=SHAPE),
        layers.Dense(2, name="a"),
        layers.Dense(1, name="a"),
    ]
    with pytest.raises(ValueError, match="unique, got 'a' more than once"):
        models.Sequential(twice).get_weights()


def test_get_weights_copies_and_set_weights_checks():
    model = by_adding()
    weights = model.get_weights()
    weights[0][:] = 7
    assert not np.array_equal(model.get_weights()[0], weights[0])
    model.set_weights(weights)
    np.testing.assert_array_equal(model.get_weights()[0], weights[0])
    before = model.get_weights()
    with pytest.raises(ValueError, match="expected 4 weight arrays, got 3"):
        model.set_weights(weights[:3])
    with pytest.raises(ValueError, match=r"dense/kernel: expected shape \(18, 1\), got \(1, 18\)"):
        model.set_weights([np.zeros_like(w) for w in weights[:2]] + [weights[2].T, weights[3]])
    assert_same(model.get_weights(), before)


def test_float64_and_back(rng):
    model = by_adding()
    x = rng.random((2, *SHAPE))
    single = model.predict(x)
    double = model.astype("float64").predict(x)
    assert (single.dtype, double.dtype) == (np.float32, np.float64)
    np.testing.assert_allclose(single, double, rtol=1e-5)
    np.testing.assert_array_equal(model.astype("float32").predict(x), single)


# Functional models


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
    with pytest.raises(TypeError, match="expected a tensor .* got ndarray"):
        layers.Dense(1)(np.zeros((2, 3)))


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
    with pytest.raises(ValueError, match="acc, accuracy, binary_accuracy, got 'auc'"):
        model.compile("adam", "binary_crossentropy", ["auc"])
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


def test_kernels_in_fortran_order_are_trained():
    def fortran(shape, rng):
        return np.asfortranarray(rng.normal(size=shape))

    model = models.Sequential(
        [layers.Dense(2, kernel_initializer=fortran, input_shape=(3,))], seed=0
    )
    model.add(layers.Dense(1, activation="sigmoid"))
    model.compile("sgd")
    before = model.get_weights()
    model.astype("float64").astype("float32").train_on_batch(
        np.ones((4, 3), np.float32), [0, 1, 1, 1]
    )
    assert not np.array_equal(before[0], model.get_weights()[0])
    assert all(param.flags.c_contiguous for param in model.named_weights().values())


def test_a_sequential_model_is_built_for_one_shape():
    model = models.Sequential([layers.Flatten(), layers.Dense(2)], seed=0)
    model.build((None, 4, 5, 1))
    before = model.get_weights()
    model.build((None, 4, 5, 1))
    np.testing.assert_array_equal(model.get_weights()[0], before[0])
    text = r"sequential: expected samples of shape \(4, 5, 1\), for which .* got \(5, 5, 1\)"
    with pytest.raises(ValueError, match=text):
        model.build((None, 5, 5, 1))
    assert model.output_shape == (None, 2)


def test_layers_cannot_be_frozen():
    layer = layers.Dense(1, name="last")
    layer.trainable = True
    with pytest.raises(ValueError, match="last: freezing layers is not supported"):
        layer.trainable = False
    assert layer.trainable


def small_chain(units):
    return models.Sequential([layers.Dense(units, input_shape=(3,))], seed=units)


def test_layers_of_two_models_in_a_third_get_names_that_fit_all_three():
    first, second = small_chain(2), small_chain(4)
    assert first.layers[0].name == second.layers[0].name == "dense"
    x = layers.Input((3,))
    both = models.Model(x, layers.concatenate([first.layers[0](x), second.layers[0](x)]), seed=0)
    names = [layer.name for layer in both.layers]
    assert len(set(names)) == len(names)
    assert first.layers[0].name == "dense"
    assert second.layers[0].name in names
    assert len(both.named_weights()) == 4
    assert both.predict_on_batch(np.ones((2, 3), np.float32)).shape == (2, 6)


def test_a_new_name_does_not_meet_itself_in_the_layers_first_model():
    earlier = small_chain(2)
    later = small_chain(4)
    later.add(layers.Dense(5, name="dense_1"))
    x = layers.Input((3,))
    models.Model(x, layers.concatenate([earlier.layers[0](x), later.layers[0](x)]))
    assert len(later.named_weights()) == 4


def test_names_that_the_user_gave_are_not_changed():
    x = layers.Input((3,))
    hidden = layers.Dense(2)(x)
    models.Model(x, hidden)
    end = layers.Dense(2, name="dense")(hidden)
    model = models.Model(x, end)
    assert model.layers[-1].name == "dense"
    assert model.layers[1].name.startswith("dense_")


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


@pytest.mark.parametrize("shape", [(3,), None], ids=["shape known", "shape unknown"])
def test_pop_takes_the_last_layer_off(shape):
    first, last = layers.Dense(4, input_shape=shape), layers.Dense(2)
    model = models.Sequential([first, last], seed=0)
    assert model.pop() is last
    model.add(layers.Dense(5))
    x = np.ones((2, 3), np.float32)
    assert model.predict_on_batch(x).shape == (2, 5)
    assert model.layers[0] is first
    assert model.pop() is not last
    assert model.pop() is first
    assert model.layers == []
    with pytest.raises(ValueError, match="sequential: expected a layer to take off"):
        model.pop()
    model.add(layers.Dense(1, input_shape=(6,)) if shape else layers.Dense(1))
    assert model.predict_on_batch(np.ones((2, 6 if shape else 3), np.float32)).shape == (2, 1)


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
    with pytest.raises(ValueError, match="evaluate_generator: callbacks is not supported"):
        one.evaluate_generator(batches(), 2, [print])


def test_one_metric_needs_no_list():
    model = models.Sequential([layers.Dense(1, activation="sigmoid", input_shape=(2,))])
    model.compile("sgd", metrics="acc")
    assert [key for key, _ in model.metrics] == ["acc"]
