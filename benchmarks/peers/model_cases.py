"""Training step and inference of the four models: first compared, then timed."""

from collections.abc import Iterator

import numpy as np

from benchmarks.peers import absent
from benchmarks.peers.contestant import Contestant, minicnn_contestant
from benchmarks.peers.rounds import OURS, Case
from benchmarks.peers.slices import batch
from covid.models import MODELS, build_model

BATCH = 30
TOLERANCE = 1e-3  # of the largest number of an array: float32 sums in another order
KINDS = ("training_step", "inference")
NAMES = {name: [f"{name}/{kind}" for kind in KINDS] for name in MODELS}
TORCH_WAYS = ("torch", "torch_channels_last", "torch_compile")


def model_cases(name: str, wanted: list[str]) -> Iterator[Case]:
    """The cases of one model; its peers are built and compared before the first one."""
    x, y = batch(MODELS[name].image_size, BATCH)
    weights = lively_weights(name)
    contestants, missing = all_contestants(name, weights, x, y)
    expected = contestants[OURS].compare()
    largest = 0.0
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
        largest = max(largest, difference(f"{name} in {peer}", expected, found))
    note = f"outputs and gradients compared, largest difference {largest:.1e} of the largest value"
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


def difference(who: str, expected: tuple, found: tuple) -> float:
    """The largest difference of outputs and gradients, each relative to its largest number.

    Raises
    ------
    ValueError
        If it is above the tolerance, or there is nothing but zeros to compare.
    """
    largest = 0.0
    arrays = zip([expected[0], *expected[1]], [found[0], *found[1]], strict=True)
    for number, (ours, theirs) in enumerate(arrays):
        what = f"gradient {number}" if number else "the output"
        if ours.shape != theirs.shape:
            raise ValueError(f"{who}: expected {what} of shape {ours.shape}, got {theirs.shape}")
        size = float(np.abs(ours).max())
        if size == 0:
            raise ValueError(f"{who}: {what} is zero everywhere, which compares nothing")
        error = float(np.abs(ours.astype(np.float64) - theirs).max()) / size
        if not error <= TOLERANCE:
            raise ValueError(f"{who}: {what} differs from minicnn's by {error:.1e} of its largest")
        largest = max(largest, error)
    return largest


def first_line(error: Exception) -> str:
    """The kind of an error and the first line of what it says."""
    return f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error) else ''}"
