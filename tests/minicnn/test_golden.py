"""minicnn gives Keras' numbers: layers, optimizers, and whole trainings of the five models.

The numbers were made once by `golden/make_keras.py`. Errors are relative, array by array (see
`golden.cases.worst_error`): in float64 every single number agrees to 1e-9 of the array's
largest; in float32 every array agrees to 1e-5 in the Euclidean norm.
"""

import numpy as np
import pytest
from golden import cases, make_minicnn, make_model
from places import GOLDEN_FILES

from minicnn.models import load_model

TOLERANCES = {
    "float64": {"norm": "max", "limit": cases.FLOAT64_TOLERANCE},
    "float32": {"norm": "euclid", "limit": cases.FLOAT32_TOLERANCE},
}


def golden(kind: str) -> dict[str, dict[str, np.ndarray]]:
    """case -> name -> array, from a file of arrays named "case:name"."""
    found: dict[str, dict[str, np.ndarray]] = {}
    with np.load(GOLDEN_FILES / f"keras_{kind}.npz") as file:
        for key in file.files:
            case, name = key.split(":")
            found.setdefault(case, {})[name] = file[key]
    return found


LAYERS, OPTIMIZERS, MODELS = golden("layers"), golden("optimizers"), golden("models")


def check(found: dict, expected: dict, norm: str, limit: float) -> None:
    error, name = cases.worst_error(cases.thin(found), expected, norm)
    assert error <= limit, f"{name} is off by {error:.2g}"


def test_the_files_hold_every_case():
    assert set(LAYERS) == set(cases.LAYERS)
    assert set(OPTIMIZERS) == set(cases.OPTIMIZERS)
    assert set(MODELS) == {f"{name}/{dtype}" for name in cases.SMALL_MODELS for dtype in TOLERANCES}
    assert sum(path.stat().st_size for path in GOLDEN_FILES.glob("keras_*.npz")) < 1_000_000


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("name", cases.LAYERS)
def test_layer(name, dtype):
    check(make_minicnn.run_layer(name, dtype), LAYERS[name], **TOLERANCES[dtype])


@pytest.mark.parametrize("name", cases.OPTIMIZERS)
def test_optimizer_makes_the_same_twenty_steps(name):
    found, expected = make_minicnn.run_optimizer(name)["weights"], OPTIMIZERS[name]["weights"]
    assert len(found) == cases.STEPS
    # Number by number: gradients as small as Adam's epsilon are among them, and their steps are
    # other ones where epsilon is added inside the bias correction.
    np.testing.assert_allclose(found, expected, rtol=1e-9)


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("name", cases.SMALL_MODELS)
def test_model_predicts_and_learns_the_same(name, dtype):
    shape, seed = cases.SMALL_MODELS[name]
    found = make_minicnn.run_model(
        name, shape, cases.SMALL_BATCH, cases.STEPS, cases.LEARNING_RATES, dtype, seed
    )
    expected = MODELS[f"{name}/{dtype}"]
    check(found, expected, **TOLERANCES[dtype])
    # The weights have moved, so that agreeing with Keras means something.
    first = cases.first_weights(f"{name}/{seed}", [found[key].shape for key in weight_keys(found)])
    start = cases.thin(dict(zip(weight_keys(found), first, strict=True)))
    moved = [np.abs(expected[key] - start[key]).max() for key in weight_keys(found)]
    assert min(moved) > cases.FLOAT32_TOLERANCE


def weight_keys(found: dict) -> list[str]:
    """The names of the weights after the training with the larger learning rate."""
    return [key for key in found if key.startswith(f"{max(cases.LEARNING_RATES):g}/weights/")]


def test_a_model_of_format_1_is_loaded_by_every_version():
    model = load_model(make_model.PATH)
    predicted = np.array(model.metadata["predicted"])
    np.testing.assert_allclose(model.predict(make_model.inputs()), predicted, rtol=1e-6)
    assert (model.optimizer.iterations, model.epochs_done) == (2, 0)
    assert sum(node.layer.name == "shared" for node in model.graph.nodes) == 2
