"""The compiled kernels' source, run as plain Python: numba alone is not what makes it right.

It is also what a debugger sees with NUMBA_DISABLE_JIT=1, so it has to work. A second process is
needed because numba reads the variable when it is imported.

And the backends "naive" and "numpy" where numba cannot be imported at all: they train, save, load
and predict, and nothing compiled is loaded.
"""

import os
import subprocess
import sys

import pytest
from places import ROOT

FILES = ("tests/minicnn/kernels/test_kernels_agree.py", "tests/minicnn/test_fusion.py")


def run(*arguments):
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    paths = [str(ROOT), environment.get("PYTHONPATH", "")]
    environment["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
    return subprocess.run(
        [sys.executable, *arguments],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.mark.slow
def test_kernels_agree_without_the_compiler():
    kinds = run(
        "-c", "from minicnn.kernels import compiled; print(type(compiled.relu_forward).__name__)"
    )
    assert kinds.stdout.strip() == "function", kinds.stderr  # and not a compiled dispatcher
    # All fused steps would take minutes as plain Python: one shape of each.
    some = "test_kernels_agree or test_convolutions or test_pooling_that"
    some += " or (test_one_channel and odd) or (test_many_channels and less)"
    result = run("-m", "pytest", "-p", "no:cacheprovider", *FILES, "-k", some)
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-1000:]


@pytest.mark.parametrize("backend", ["naive", "numpy"])
def test_a_model_is_trained_without_numba(backend, tmp_path):
    code = f"""
import sys
sys.modules["numba"] = sys.modules["llvmlite"] = None  # an import of them is an ImportError
import numpy as np
import minicnn
from minicnn import layers, models, optimizers
from minicnn.gradcheck import check_layer

minicnn.use_backend({backend!r})
rng = np.random.default_rng(0)
y = np.arange(8) % 2
x = rng.random((8, 10, 9, 1)) + y[:, None, None, None]
model = models.Sequential(seed=1)
model.add(layers.Conv2D(3, 3, padding="same", activation="relu", input_shape=(10, 9, 1)))
model.add(layers.MaxPooling2D())
model.add(layers.AveragePooling2D(2, strides=1))
model.add(layers.Flatten())
model.add(layers.Dropout(0.2))
model.add(layers.Dense(1, activation="sigmoid"))
for optimizer in (optimizers.SGD(), optimizers.RMSprop(), optimizers.Adam(0.02)):
    model.compile(optimizer, "binary_crossentropy", ["acc"])
    history = model.fit(x, y, epochs=12, batch_size=4, verbose=0).history
assert history["loss"][-1] < history["loss"][0], history
model.save({str(tmp_path / "model.npz")!r})
again = models.load_model({str(tmp_path / "model.npz")!r})
np.testing.assert_array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))
assert check_layer(layers.Conv2D(2, 2), x[:2, :4, :4]).ok
loaded = [name for name in sys.modules if name.startswith("minicnn.kernels.compiled")]
assert not loaded and sys.modules["numba"] is None, loaded
print("trained")
"""
    result = run("-c", code)
    assert result.stdout.strip() == "trained", result.stderr[-2000:]
