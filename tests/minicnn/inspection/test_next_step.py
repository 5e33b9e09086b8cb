"""What an explanation says the optimizer will do with a weight is what it does."""

import math

import numpy as np
import pytest
from inspected_models import every_gradient, images

from minicnn import models, optimizers
from minicnn.inspection import explain_gradient

pytestmark = pytest.mark.usefixtures("one_thread")
X, Y = images(2), np.array([1.0, 0.0])
OPTIMIZERS = {
    "sgd": lambda: optimizers.SGD(0.1),
    "momentum": lambda: optimizers.SGD(0.1, momentum=0.9),
    "nesterov": lambda: optimizers.SGD(0.1, momentum=0.9, nesterov=True),
    "rmsprop": lambda: optimizers.RMSprop(0.01, momentum=0.5),
    "adam": lambda: optimizers.Adam(0.01),
}
FALLING = optimizers.schedules.ExponentialDecay(0.1, 1, 0.5)
# What looks at more than the one weight
WITH_MORE = {
    "clipnorm": lambda: optimizers.Adam(0.01, clipnorm=1e-3),
    "clipvalue": lambda: optimizers.SGD(0.1, clipvalue=1e-3),
    "global_clipnorm": lambda: optimizers.SGD(0.1, momentum=0.5, global_clipnorm=1e-3),
    "weight_decay": lambda: optimizers.RMSprop(0.01, weight_decay=0.1),
    "schedule": lambda: optimizers.SGD(FALLING),
    "all": lambda: optimizers.Adam(FALLING, weight_decay=0.1, global_clipnorm=1e-3),
}
PLACES = {
    ("stem", "kernel"): (1, 2, 0, 3),
    ("stem", "bias"): (1,),
    ("twice", "kernel"): (2, 0),
    ("last", "bias"): (0,),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", [*OPTIMIZERS, *WITH_MORE])
@pytest.mark.parametrize("steps_before", [0, 3])
def test_the_next_step_is_the_one_that_is_made(name, steps_before, dtype, backend):
    """To the bit, where the gradient has the bits of the real step's: layer by layer."""
    model = every_gradient((OPTIMIZERS | WITH_MORE)[name](), dtype)
    for _ in range(steps_before):
        model.train_on_batch(X, Y)
    found = {
        place: explain_gradient(model, X, Y, *place, index, training=True).next_step
        for place, index in PLACES.items()
    }
    for (layer, of), index in PLACES.items():
        assert found[layer, of].weight[0] == model.get_layer(layer).params[of][index]
    model.train_on_batch(X, Y)
    relative = 1e-12 if dtype is np.float64 else 1e-5  # compiled layers run as one, in float32
    for (layer, of), index in PLACES.items():
        step = found[layer, of]
        assert step.number == steps_before + 1 == model.optimizer.iterations
        assert step.weight[1] == pytest.approx(
            model.get_layer(layer).params[of][index], rel=relative
        )
        for slot, (_, after) in step.slots.items():
            real = model.optimizer.slots[slot][f"{layer}/{of}"][index]
            assert after == pytest.approx(real, rel=100 * relative, abs=1e-12)
        assert not step.without_dropout


def test_to_the_bit_with_the_gradient_that_is_given():
    for make in OPTIMIZERS.values():
        model = every_gradient(make(), np.float32)
        model.train_on_batch(X, Y)
        found = explain_gradient(model, X, Y, "stem", "kernel", (1, 2, 0, 3))
        grads = {name: np.zeros_like(weights) for name, weights in model.named_weights().items()}
        grads["stem/kernel"][1, 2, 0, 3] = found.value
        model.optimizer.apply(model.named_weights(), grads)
        assert model.get_layer("stem").params["kernel"][1, 2, 0, 3] == found.next_step.weight[1]
        assert found.next_step.without_dropout
        assert "if dropout dropped nothing" in str(found)


def test_adam_s_parts_give_its_step():
    model = every_gradient(optimizers.Adam(0.01))
    for _ in range(2):
        model.train_on_batch(X, Y)
    found = explain_gradient(model, X, Y, "stem", "kernel", training=True).next_step
    (m_before, m), (v_before, v) = found.slots["mean"], found.slots["variance"]
    assert m == pytest.approx(m_before + 0.1 * (found.gradient - m_before))
    assert v == pytest.approx(v_before + 0.001 * (found.gradient**2 - v_before))
    assert found.bias_correction == pytest.approx(math.sqrt(1 - 0.999**3) / (1 - 0.9**3))
    assert found.step_size == pytest.approx(0.01 * found.bias_correction)
    assert found.step == pytest.approx(-found.step_size * m / (math.sqrt(v) + 1e-7))
    lines = found.lines()
    assert lines[0] == "the next step of Adam on this batch, t = 3"
    names = ["g", "m", "v", "c", "size", "step", "weight"]
    assert [line.split()[0] for line in lines[2:]] == names


def test_what_is_clipped_and_what_decays_is_in_the_text():
    model = every_gradient(WITH_MORE["all"]())
    model.train_on_batch(X, Y)
    found = explain_gradient(model, X, Y, "stem", "kernel", training=True).next_step
    assert abs(found.clipped) < abs(found.gradient)
    assert found.settings["learning_rate"] == 0.05  # of the second step
    assert found.decay == pytest.approx(0.1 * 0.05 * found.weight[0])
    before, after = found.weight
    assert after == pytest.approx(before + found.step - found.decay)
    text = "\n".join(found.lines())
    for part in ("the gradient, clipped", "weight_decay rate weight", "+= step - decay"):
        assert part in text
    assert "global_clipnorm 0.001" in text and "None" not in text
    assert all(len(line) <= 80 for line in found.lines()[:1] + found.lines()[2:])
    plain = explain_gradient(every_gradient("sgd"), X, Y, "stem").next_step
    assert (plain.clipped, plain.decay) == (None, None)


def test_a_loaded_model_goes_on_with_its_optimizer(tmp_path):
    model = every_gradient("adam", np.float32)
    model.train_on_batch(X, Y)
    model.save(tmp_path / "model.npz")
    loaded = models.load_model(tmp_path / "model.npz")
    one, other = (explain_gradient(m, X, Y, "stem", training=True) for m in (model, loaded))
    assert one.next_step == other.next_step
    assert one.next_step.slots["mean"][0] != 0


def test_a_first_step_leaves_no_slots_behind():
    model = every_gradient("adam")
    found = explain_gradient(model, X, Y, "stem")
    assert {before for before, _ in found.next_step.slots.values()} == {0}
    assert model.optimizer.slots == {"mean": {}, "variance": {}}
    assert model.optimizer.iterations == 0


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("momentum", "= momentum u - rate g"),
        ("nesterov", "momentum u - rate g"),
        ("rmsprop", "= momentum u + rate g / sqrt(v + epsilon)"),
        ("adam", "-size m / (sqrt(v) + epsilon)"),
    ],
)
def test_the_rules_are_in_the_text(name, rule):
    found = explain_gradient(every_gradient(OPTIMIZERS[name]()), X, Y, "stem")
    assert rule in str(found)
    assert all(len(line) <= 80 for line in str(found).splitlines())
