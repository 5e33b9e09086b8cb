"""Same seed, same data: the same weights, bit for bit.

What must change no bit: how many threads compute, whether the next batch is made ahead, and that
it is another process. Whole trainings by the two recipes show it for two small models: the full
`published` one (150 and 45 steps of up to 30 images of 150x150) and some epochs of `practice`; for
the default model those of `practice`.

What does change bits, and cannot help it: running fused instead of layer by layer (for inspection
only, no training does it), where a fused kernel adds the same numbers in another order:

===============  ==================================================================================
`PooledStep`     outputs and gradients: the four sums of a pooling window are made side by side
`WinogradStep`   outputs and gradients: other products altogether
`RowsStep`       the bias' gradient, summed beside the kernel's; of a 1x1 kernel on one channel the
                 kernel's, too, summed along the whole image; from eight channels on the input's
===============  ==================================================================================

All else is the same to the last bit. How far the two ways may drift apart is bounded here, for a
single step and for whole trainings. Interrupted trainings are tested where they are resumed.
"""

import ast
import hashlib
import json
import os
import subprocess
import sys
from contextlib import contextmanager, nullcontext
from pathlib import Path

import cv2
import numpy as np
import pytest
from places import PYTHONPATH, ROOT
from shape_grid import CONVOLUTIONS, spread_out

import minicnn.kernels
import minicnn.training.loop
from covid.data.class_folders import scan
from covid.data.split import plan_split
from covid.data.split_folder import SplitFolder, read_split
from covid.data.write_split import write_split
from covid.training.architectures import MODELS, build_model
from covid.training.recipes import recipe_for
from covid.training.train import train_and_evaluate
from minicnn.fusion import FEW, RowsStep
from minicnn.graph import Graph
from minicnn.kernels.runtime import thread_count
from minicnn.layers import Conv2D, Input
from minicnn.models import Sequential
from minicnn.optimizers import Adam

SMALL = ("tiny_cnn", "reduced_inception")
RECIPES = {"published": None, "practice": 6}  # with how many epochs; None: the recipe's own
SIZE = 150  # pixels, as the models are published
SEED = 5
ROWS = [case for case, shape in CONVOLUTIONS.items() if shape[1] < FEW and shape[3] == (1, 1)]
TRAININGS = [(name, recipe) for name in SMALL for recipe in RECIPES]
TRAININGS.append(("compact_cnn", "practice"))  # trains longer; its augmentation moves images, too

# Weights, history, and the probabilities of all images
Outcome = tuple[list[np.ndarray], dict[str, list[float]], list[np.ndarray]]


@pytest.fixture(scope="module")
def split(tmp_path_factory) -> SplitFolder:
    """Eighty images of smooth noise on black: two batches to train on, the second not full."""
    folder, rng = tmp_path_factory.mktemp("same-bits"), np.random.default_rng(0)
    for number in range(80):
        noise = cv2.GaussianBlur(rng.normal(size=(SIZE, SIZE)), (0, 0), 3 + number % 2)
        image = np.clip(noise / noise.std() * 80, 0, 255).astype(np.uint8)  # half of it is black
        path = folder / "images" / ("Infected", "Not_Infected")[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), image)
    dataset = scan(folder / "images")
    write_split(dataset, plan_split(dataset), folder / "split", None, progress=False)
    return read_split(folder / "split")


def train(split: SplitFolder, name: str, recipe: str) -> Outcome:
    """One whole training, as `covid train` does it."""
    done = train_and_evaluate(name, recipe_for(recipe, name, RECIPES[recipe]), split, SEED, 0)
    found = [done.results[part].probabilities for part in ("train", "validate", "test")]
    return done.model.get_weights(), done.history, found


@pytest.fixture(scope="module")
def usual(split) -> dict[tuple[str, str], Outcome]:
    """Every training as it comes: on all threads, batches made ahead, fused."""
    return {(name, recipe): train(split, name, recipe) for name, recipe in TRAININGS}


def digest(outcome: Outcome) -> str:
    """A checksum of every bit."""
    weights, history, found = outcome
    checksum = hashlib.sha256(json.dumps(history).encode())  # floats to the last digit
    for array in (*weights, *found):
        checksum.update(array.tobytes())
    return checksum.hexdigest()


@contextmanager
def on_threads(count: int):
    before = thread_count.get_threads()
    thread_count.set_threads(count)
    try:
        yield
    finally:
        thread_count.set_threads(before)


@pytest.fixture
def layer_by_layer(monkeypatch):
    """A context manager in which compiled models run layer by layer, as for inspection."""
    steps = Graph.steps

    @contextmanager
    def context():
        with monkeypatch.context() as patch:
            patch.setattr(Graph, "steps", lambda graph, layer_by_layer=False: steps(graph, True))
            yield

    return context


# The same bits


@pytest.mark.parametrize(("name", "recipe"), TRAININGS)
@pytest.mark.parametrize("count", [1, 2, 3])
def test_on_any_number_of_threads(count, name, recipe, split, usual):
    with on_threads(count):
        assert digest(train(split, name, recipe)) == digest(usual[name, recipe])


@pytest.mark.parametrize(("name", "recipe"), TRAININGS)
def test_without_making_batches_ahead(name, recipe, split, usual, monkeypatch):
    monkeypatch.setattr(minicnn.training.loop, "prefetched", lambda feed, steps: nullcontext(feed))
    assert digest(train(split, name, recipe)) == digest(usual[name, recipe])


def test_another_seed_is_another_training(split, usual, monkeypatch):
    """So that the other tests compare something."""
    monkeypatch.setattr(sys.modules[__name__], "SEED", SEED + 1)
    assert digest(train(split, *TRAININGS[0])) != digest(usual[TRAININGS[0]])


@pytest.mark.parametrize("count", [pytest.param(1, marks=pytest.mark.slow), 2])
def test_in_another_process(count, split, usual):
    """With its threads, and those of the BLAS library, as a user sets them; other hash seeds."""
    environment = {
        **os.environ,
        "NUMBA_NUM_THREADS": str(count),
        "OPENBLAS_NUM_THREADS": str(count),
        "PYTHONHASHSEED": str(count),
        "PYTHONPATH": os.pathsep.join((PYTHONPATH, str(Path(__file__).parent))),
    }
    code = (
        "from pathlib import Path\nimport test_same_bits as here\n"
        f"split = here.read_split(Path({str(split.folder)!r}))\n"
        "print(here.thread_count.get_threads())\n"
        "for one in here.TRAININGS:\n    print(here.digest(here.train(split, *one)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.split() == [str(count), *(digest(usual[one]) for one in TRAININGS)]


FRESH = """
import numpy as np
from minicnn.kernels.compiled import rows
rng = np.random.default_rng(0)
x, dy = (rng.normal(size=(30, 150, 150, 1)).astype(np.float32) for _ in range(2))
kernel, flat = np.ones((3, 3, 1, 1), np.float32), dy.reshape(30, -1)
scales, pads = np.ones(30, np.float32), ((1, 1), (1, 1))
found = rows.conv_backward(x, kernel, pads, flat, scales, flat, 0, True, None)
print(*(array.tobytes().hex() for array in found))
"""


@pytest.mark.slow
def test_kernels_compiled_just_now_and_those_read_from_disk(tmp_path):
    """As long as parts of kernels were functions of their own, the bias' gradient differed."""
    environment = {
        **os.environ,
        "NUMBA_CACHE_DIR": str(tmp_path),
        "PYTHONPATH": str(ROOT),
    }
    done = [
        subprocess.run(
            [sys.executable, "-c", FRESH], env=environment, capture_output=True, timeout=120
        )
        for _ in range(2)
    ]
    assert [b"compiling kernels" in process.stderr for process in done] == [True, False]
    assert done[0].stdout == done[1].stdout != b""


def test_no_kernel_whose_sums_may_be_reordered_is_called_by_another():
    """The same in general: what is called is a `part`, or keeps its sums in order (`kernel`)."""
    parts = 0
    for path in (Path(minicnn.kernels.__file__).parent / "compiled").glob("*.py"):
        functions = [
            function
            for function in ast.parse(path.read_text(encoding="utf-8")).body
            if isinstance(function, ast.FunctionDef) and function.decorator_list
        ]
        kinds = {function.name: ast.unparse(function.decorator_list[0]) for function in functions}
        called = {
            ast.unparse(call.func)
            for function in functions
            for call in ast.walk(function)
            if isinstance(call, ast.Call)
        }
        assert [name for name in called if kinds.get(name) == "summing_kernel"] == [], path
        parts += list(kinds.values()).count("part")
    assert parts > 10


@pytest.mark.parametrize("name", MODELS)
def test_models_of_all_kinds_of_steps(name):
    """The large models, too, for a few steps on small images."""
    outcomes = []
    for count in (1, 2, 3):
        with on_threads(count):
            outcomes.append(digest((few_steps(name, 4)[1], {}, [])))
    assert outcomes == outcomes[:1] * 3


# Fused against layer by layer

# float64 is compiled anew: but for one kernel size it is a slow proof.
SLOW_ROWS = [
    pytest.param(case, np.float64, marks=pytest.mark.slow) for case in ROWS if case != "plain"
]


def few_steps(name: str, steps: int, size: int = 60) -> tuple[dict, list[np.ndarray]]:
    """Train a model on noise: the gradients of the first step, the weights after the last."""
    rng = np.random.default_rng(1)
    model = build_model(name, (size, size, 1), seed=4)  # with it all units have a gradient
    model.compile(Adam(1e-4), "binary_crossentropy")
    first = {}
    for step in range(steps):
        x = rng.random((30, size, size, 1), dtype=np.float32)
        model.train_on_batch(x, rng.integers(0, 2, 30))
        if step == 0:
            first = {name: gradient.copy() for name, gradient in model.named_grads().items()}
    return first, model.get_weights()


def largest_difference(one: list[np.ndarray], other: list[np.ndarray]) -> float:
    return max(float(np.abs(a - b).max()) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("activation", ["relu", None])
@pytest.mark.parametrize(
    ("case", "dtype"),
    [*((case, np.float32) for case in ROWS), ("plain", np.float64), *SLOW_ROWS],
)
def test_rows_are_exact_where_the_order_is_the_same(case, activation, dtype):
    x_shape, filters, kernel_size, strides, padding = CONVOLUTIONS[case]
    layer = Conv2D(filters, kernel_size, strides, padding, activation=activation)
    model = Sequential([Input(x_shape[1:]), layer], seed=3).astype(dtype)
    assert isinstance(model.graph.steps()[0], RowsStep)
    x = spread_out(x_shape).astype(dtype)
    found = []
    for by_layer in (False, True):
        y = model.graph.run([x], True, by_layer)[model.graph.outputs[0]].copy()
        dy = np.random.default_rng(6).normal(size=y.shape).astype(dtype)
        (dx,) = model.graph.backward([dy], input_gradients=True)
        found.append((y, dx.copy(), layer.grads["kernel"].copy()))
    exact = [True, x_shape[3] < 8, layer.params["kernel"].size > 1]
    for fused, by_layer, is_exact in zip(*found, exact, strict=True):
        if is_exact:
            np.testing.assert_array_equal(fused, by_layer)


def test_one_step_of_reduced_inception(layer_by_layer):
    """Exact but for what the table at the top names."""
    fused, _ = few_steps("reduced_inception", 1, SIZE)
    with layer_by_layer():
        by_layer, _ = few_steps("reduced_inception", 1, SIZE)
    for name, gradient in by_layer.items():
        assert gradient.any(), name
        of_convolution = name.startswith("conv2d")
        if of_convolution and (name.endswith("bias") or gradient.size == 1):
            np.testing.assert_allclose(fused[name], gradient, rtol=1e-4)
        else:
            np.testing.assert_array_equal(fused[name], gradient, err_msg=name)


# The largest difference of a weight after ten steps; measured with five seeds: 5e-8, 4e-9, and
# 1e-5 for those with Winograd's method. Weights whose gradient is next to nothing differ most,
# since Adam makes gradients of any size into steps of about one size, here 1e-4.
WEIGHT_BOUNDS = {"tiny_cnn": 3e-7, "reduced_inception": 1e-7}
WEIGHT_BOUNDS |= dict.fromkeys(("compact_cnn", "cnn_dropout", "cnn"), 1e-4)


@pytest.mark.parametrize("name", WEIGHT_BOUNDS)
def test_fused_stays_close_to_layer_by_layer(name, layer_by_layer):
    fused, weights = few_steps(name, 10)
    with layer_by_layer():
        by_layer, other_weights = few_steps(name, 10)
    largest: dict[str, float] = {}  # of each layer; a bias' gradient may be a sum near 0
    for key, gradient in by_layer.items():
        layer = key.split("/")[0]
        largest[layer] = max(largest.get(layer, 0.0), float(np.abs(gradient).max()))
    for key, gradient in by_layer.items():  # measured: 5e-6
        assert np.abs(fused[key] - gradient).max() <= 1e-5 * largest[key.split("/")[0]], key
    assert largest_difference(weights, other_weights) < WEIGHT_BOUNDS[name]


# Not compact_cnn: which place is a map's largest hangs on the last bits, its gradient goes there,
# and a step is 5e-3. Ten steps of it are compared above.
CLOSE = [(name, recipe) for name, recipe in TRAININGS if name != "compact_cnn"]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "recipe"), CLOSE)
def test_whole_trainings_stay_close(name, recipe, split, usual, layer_by_layer):
    """Measured on two processors: weights 2e-7 and 1.1e-4, losses 2e-8 and 7e-6 (relative),
    probabilities 6e-8 and 6e-6.

    A filter that is nearly silent has gradients next to nothing, which Adam makes into whole steps:
    of the 150 steps of 1e-4, one in another direction is 1e-4.
    """
    with layer_by_layer():
        weights, history, found = train(split, name, recipe)
    fused_weights, fused_history, fused_found = usual[name, recipe]
    assert largest_difference(fused_weights, weights) < 5e-4
    assert largest_difference(fused_found, found) < 5e-5
    assert history.keys() == fused_history.keys()
    for key in history:
        np.testing.assert_allclose(fused_history[key], history[key], rtol=5e-5, err_msg=key)
