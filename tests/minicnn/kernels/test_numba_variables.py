"""Numba's environment variables: the number of threads changes no bit, and without the compiler all works."""

import numpy as np
import pytest
from subprocesses import (
    environment,
    python,
    said_by,
    small_model,
    train_and_predict,
)


@pytest.mark.parametrize("threads", ["1", "2", "64", ""])
def test_any_number_of_threads_gives_the_same_bits(threads):
    found = said_by(
        "print(train_and_predict(small_model()))",
        "-Wignore",  # numba explains at length that '' is no number
        env=environment(NUMBA_NUM_THREADS=threads),
    )
    assert found.strip() == train_and_predict(small_model())


@pytest.mark.parametrize("threads", ["abc", "0", "-1", "1.5"])
def test_a_number_of_threads_that_is_none(threads):
    run = python("small_model().predict(noise()[0])", env=environment(NUMBA_NUM_THREADS=threads))
    assert run.returncode == 1
    assert run.stderr.splitlines()[-1] == (
        "ValueError: NUMBA_NUM_THREADS: expected this environment variable to be an integer of at "
        f"least 1, got {threads!r}; correct it or unset it"
    )


def test_the_command_line_says_so_without_a_traceback(tmp_path):
    run = python(
        f"import covid.cli.main\nraise SystemExit(covid.cli.main.main(['synth', '--out', {str(tmp_path / 'x')!r}]))",
        env=environment(NUMBA_NUM_THREADS="many"),
    )
    assert run.returncode == 2
    assert run.stderr.startswith("covid synth: NUMBA_NUM_THREADS: expected")
    assert run.stderr.count("\n") == 1


def test_without_the_compiler(tmp_path):
    """Plain Python rounds differently: it adds up in another order. And it warns of nothing."""
    code = """
from minicnn.preprocessing.image import ImageDataGenerator
model, (x, y) = small_model(), noise(16)
model.fit(x, y, batch_size=8, epochs=1, verbose=0)
flow = ImageDataGenerator(rotation_range=30, zoom_range=0.2).flow(x, y, batch_size=8, seed=3)
np.savez({!r}, y=model.predict(x), x=next(flow)[0], loss=model.evaluate(x, y, verbose=0))
"""
    compiled, plain = tmp_path / "compiled.npz", tmp_path / "plain.npz"
    said_by(code.format(str(compiled)))
    said_by(code.format(str(plain)), "-Werror", env=environment(NUMBA_DISABLE_JIT="1"))
    with np.load(compiled) as expected, np.load(plain) as found:
        for name in expected.files:
            np.testing.assert_allclose(found[name], expected[name], rtol=1e-5, err_msg=name)
