"""Training step and inference of the models: first compared, then timed."""

from collections.abc import Iterator

import numpy as np

from benchmarks.peers import absent
from benchmarks.peers.contestant import Contestant, minicnn_contestant
from benchmarks.peers.rounds import OURS, Case
from benchmarks.peers.slices import batch
from covid.training.architectures import MODELS, build_model

BATCH = 30
# Of the largest number of an array. Outputs differ by the order of float32 sums. Where two
# numbers of a pooling window, or one and the 0 of a relu, are that near to each other, the
# gradient takes another way: one such place shows in a kernel's gradient, a sum of thousands of
# numbers that mostly cancel. PyTorch and Keras differ from each other as much.
OUTPUT_TOLERANCE = 1e-4
GRADIENT_TOLERANCE = 2e-2
KINDS = ("training_step", "inference")
NAMES = {name: [f"{name}/{kind}" for kind in KINDS] for name in MODELS}
TORCH_WAYS = ("torch", "torch_channels_last", "torch_compile")


def model_cases(name: str, wanted: list[str]) -> Iterator[Case]:
    """The cases of one model; its peers are built and compared before the first one."""
    x, y = batch(MODELS[name].image_size, BATCH)
    weights = lively_weights(name)
    contestants, missing = all_contestants(name, weights, x, y)
    expected = contestants[OURS].compare()
    differences = []
    for peer in [each for each in contestants if each != OURS]:
        try:
            found = contestants[peer].compare()
        except Exception as error:
            if peer != "torch_compile":
                raise
            # Whatever goes wrong in a compiler that is not ours, the others can still run.
            missing[peer] = f"does not compile here: {first_line(error)}"
            del contestants[peer]
            continue
        differences.append(difference(f"{name} in {peer}", expected, found))
    note = ""
    if differences:
        output, gradient = np.max(differences, axis=0)
        note = (
            "all compared with dropout off; largest differences, relative to the largest number: "
            f"outputs {output:.1e}, gradients {gradient:.1e}"
        )
    for kind, case in zip(KINDS, NAMES[name], strict=True):
        if case not in wanted:
            continue
        for contestant in contestants.values():
            contestant.switch(kind == "training_step")
        work = {peer: getattr(each, kind) for peer, each in contestants.items()}
        yield Case(case, work, missing, note)


def all_contestants(
    name: str, weights: list[np.ndarray], x: np.ndarray, y: np.ndarray
) -> tuple[dict[str, Contestant], dict[str, str]]:
    """minicnn and all peers that are installed; the others with the reason."""
    contestants = {OURS: minicnn_contestant(name, weights, x, y)}
    missing = {}
    if not absent(["torch"]):
        from benchmarks.peers import in_torch

        for way in TORCH_WAYS:
            contestants[way] = in_torch.contestant(way, name, weights, x, y)
    else:
        missing.update(dict.fromkeys(TORCH_WAYS, absent(["torch"])))
    if not absent(["tensorflow"]):
        from benchmarks.peers import in_keras

        in_keras.limit_threads()
        contestants["keras"] = in_keras.contestant(name, weights, x, y)
    else:
        missing["keras"] = absent(["tensorflow"])
    return contestants, missing


def lively_weights(name: str) -> list[np.ndarray]:
    """A model's first weights, with biases above 0.

    With biases of 0 the two dense units of tiny_cnn are silent for many seeds, and all gradients
    zero: nothing could be compared.
    """
    weights = build_model(name, seed=0).get_weights()
    rng = np.random.default_rng(0)
    for weight in weights:
        if weight.ndim == 1:
            weight += rng.uniform(0.1, 0.5, weight.shape).astype(weight.dtype)
    return weights


def difference(who: str, expected: tuple, found: tuple) -> tuple[float, float]:
    """The largest difference of outputs, and of gradients, each relative to its largest number.

    Raises
    ------
    ValueError
        If it is above the tolerance, or there is nothing but zeros to compare.
    """
    errors = [relative_error(f"{who}: the output", expected[0], found[0], OUTPUT_TOLERANCE)]
    for number, (ours, theirs) in enumerate(zip(expected[1], found[1], strict=True)):
        what = f"{who}: gradient {number}"
        errors.append(relative_error(what, ours, theirs, GRADIENT_TOLERANCE))
    return errors[0], max(errors[1:])


def relative_error(what: str, ours: np.ndarray, theirs: np.ndarray, tolerance: float) -> float:
    """The largest difference of two arrays, relative to the largest number of `ours`."""
    if ours.shape != theirs.shape:
        raise ValueError(f"{what}: expected shape {ours.shape}, got {theirs.shape}")
    size = float(np.abs(ours).max())
    if size == 0:
        raise ValueError(f"{what} is zero everywhere, which compares nothing")
    error = float(np.abs(ours.astype(np.float64) - theirs).max()) / size
    if not error <= tolerance:
        raise ValueError(f"{what} differs from minicnn's by {error:.1e} of its largest number")
    return error


def first_line(error: Exception) -> str:
    """The kind of an error and the first line of what it says."""
    return f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error) else ''}"
