"""`as_dict` of every explanation: plain numbers that JSON brings back as they were."""

import json

import numpy as np
import pytest
from inspected_models import X, every_gradient, every_layer, images

from minicnn import layers, models
from minicnn.inspection import explain, explain_gradient, gradients_of, trace

pytestmark = pytest.mark.usefixtures("one_thread")


def round_trip(explanation) -> dict:
    found = explanation.as_dict()
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    return found


def test_of_every_layer_forward():
    model = every_layer()
    for name, output in trace(model, X).items():
        position = tuple(np.unravel_index(output[0].argmax(), output[0].shape))
        found = round_trip(explain(model, X, name, position))
        assert found["value"] == output[0][position]
        assert found["result"] == pytest.approx(found["value"], rel=1e-4)


def test_of_every_gradient_of_every_layer():
    model = every_gradient()
    for training in (False, True):
        for layer in model.layers:
            for of in gradients_of(layer):
                explanation = explain_gradient(
                    model, images(2), [1, 0], layer, of, training=training
                )
                found = round_trip(explanation)
                assert (found["value"], found["of"]) == (explanation.value, of)
                assert found["agrees"] is explanation.agrees


def test_a_convolution_has_its_window_and_kernel():
    model = every_layer()
    explanation = explain(model, X, "stem", (0, 7, 2))
    found = explanation.as_dict()
    assert found["window"] == explanation.inputs.tolist()
    assert found["kernel"] == explanation.weights.tolist()
    assert np.sum(found["products"]) == pytest.approx(found["sum"])
    assert found["terms"]["largest"][0].keys() == {
        *("row", "col", "channel", "value", "weight", "product")
    }


def test_of_many_terms_the_largest_are_listed_and_the_others_summed():
    found = explain(every_layer(), X, "hidden", (1,)).as_dict()
    terms = found["terms"]
    assert "inputs" not in found
    assert (terms["count"], len(terms["largest"]), terms["others"]["count"]) == (280, 200, 80)
    total = sum(one["product"] for one in terms["largest"]) + terms["others"]["sum"]
    assert total == pytest.approx(terms["sum"]) == pytest.approx(found["sum"])
    smallest = abs(terms["largest"][-1]["product"])
    assert all(abs(one["product"]) >= smallest for one in terms["largest"])


def test_pooling_has_its_winner_and_ties():
    model = models.Sequential([layers.MaxPooling2D(2, input_shape=(4, 4, 1))])
    found = explain(model, np.ones((4, 4, 1)), "max_pooling2d", (0, 1, 0)).as_dict()
    assert (found["winner"], found["ties"], found["window"]) == ([0, 2], 4, [[1, 1], [1, 1]])
    assert found["tied"] == [[0, 2], [0, 3], [1, 2], [1, 3]]
    mean = explain(every_layer(), X, "average", (0, 0, 0)).as_dict()
    assert mean["sum"] / mean["pixels"] == pytest.approx(mean["value"])


def test_not_a_number_has_no_winner():
    model = models.Sequential([layers.MaxPooling2D(2, input_shape=(2, 2, 1))])
    found = explain(model, np.full((2, 2, 1), np.nan), "max_pooling2d", (0, 0, 0)).as_dict()
    assert (found["winner"], found["ties"], found["tied"]) == (None, 0, [])


def test_a_kernel_s_gradient_has_its_terms_and_the_next_step():
    explanation = explain_gradient(every_gradient(), images(2), [1, 0], "stem")
    found = explanation.as_dict()
    (use,) = found["uses"]
    assert use["count"] == 2 * 9 * 8
    assert use["largest"][0].keys() == {"sample", "row", "col", "pixel", "dz", "product"}
    assert use["sum"] == pytest.approx(found["value"])
    assert found["next_step"]["slots"].keys() == {"mean", "variance"}
    assert found["next_step"]["weight"].keys() == {"before", "after"}
