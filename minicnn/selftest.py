"""Do the kernels compute the right values here, on this processor and with these libraries?

Each compiled kernel is compared with its naive twin on small random arrays, fused models with the
same run layer by layer, and several threads with one. That takes about a second where the kernels
have been compiled before; to compile the slow ones among them takes half a minute, so that they are
left out on request. The inputs are the same at every call, so that two machines can be compared.
`covid doctor` prints it; the tests try many more shapes.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from functools import partial
from types import ModuleType
from typing import NamedTuple

import numpy as np

from minicnn.kernels.runtime.thread_count import get_threads, set_threads

# Kernels whose loops along rows take seconds to compile: with few filters or channels
SLOW = tuple(f"conv2d_{name}, few" for name in ("forward", "grad_input", "grad_kernel"))
TOLERANCE = 1e-4  # of the largest number: float32 sums in another order, Winograd's method


class Finding(NamedTuple):
    """One comparison.

    Attributes
    ----------
    name : str
        Of the kernel or model.
    difference : float
        The largest one, relative to the largest expected value; infinite after an error.
    problem : str
        What is wrong; empty where all is well.
    checked : bool
        False where nothing was compared, because a kernel would have had to be compiled.
    """

    name: str
    difference: float
    problem: str
    checked: bool = True


def check_kernels(full: bool = True) -> Iterator[Finding]:
    """A finding for each kernel: compiled against naive; ImportError without numba.

    Without `full`, those of `SLOW` are not compiled, only compared if they are on disk.
    """
    from minicnn.kernels import compiled, naive

    for title, cases in examples().items():
        name = title.split(",")[0]
        right, found = (partial(outcomes, module, name, cases) for module in (naive, compiled))
        yield examine(title, right, found, may_compile=full or title not in SLOW)
    yield examine("warp_images", partial(warped, by_loop=False), partial(warped, by_loop=True))


def check_model(name: str, model, x: np.ndarray, full: bool = True) -> Finding:
    """Output and gradients of a model of one output: fused against layer by layer.

    x: (batch, ...) float32. The model's gradients are replaced. Without `full`, nothing is compiled.
    """
    return examine(
        name,
        partial(output_and_gradients, model, x, layer_by_layer=True),
        partial(output_and_gradients, model, x, layer_by_layer=False),
        may_compile=full,
    )


def examine(
    name: str,
    expected: Callable[[], list[np.ndarray]],
    found: Callable[[], list[np.ndarray]],
    may_compile: bool = True,
) -> Finding:
    """Compare the arrays of two functions, the second on one thread and on several.

    Whatever is raised is a finding, too.
    """
    from minicnn.kernels.runtime import jit

    threads = get_threads()
    try:
        with nullcontext() if may_compile else jit.without_compiling():
            right = expected()
            set_threads(1)
            on_one = found()
            set_threads(max(2, threads))
            on_several = found()
            difference = largest_difference(right, on_one)
    except jit.NotCompiled:
        return Finding(name, np.nan, "", checked=False)
    except Exception as error:  # anything that does not work is a finding
        return Finding(name, np.inf, f"{type(error).__name__}: {error}")
    finally:
        set_threads(threads)
    if not difference <= TOLERANCE:
        return Finding(name, difference, f"differs by more than {TOLERANCE:g}")
    if any(one.tobytes() != other.tobytes() for one, other in zip(on_one, on_several, strict=True)):
        return Finding(name, difference, "gives other bits on several threads than on one")
    return Finding(name, difference, "")


def largest_difference(expected: Sequence[np.ndarray], found: Sequence[np.ndarray]) -> float:
    """The largest difference of two lists of arrays, each as a part of its array's largest number.

    ValueError where they have different shapes, or there is not one for each.
    """
    worst = 0.0
    for one, other in zip(expected, found, strict=True):
        if one.shape != other.shape:
            raise ValueError(f"expected an array of shape {one.shape}, got {other.shape}")
        scale = max(float(np.abs(one).max(initial=0)), 1e-30)
        error = float(np.abs(one.astype(np.float64) - other).max(initial=0)) / scale
        worst = error if not error <= worst else worst  # NaN counts as the worst
    return worst


def outcomes(module: ModuleType, name: str, cases: list[tuple]) -> list[np.ndarray]:
    """What the module's kernel returns for each case, or leaves in its arguments."""
    found = []
    for case in cases:
        copies = [part.copy() if isinstance(part, np.ndarray) else part for part in case]
        returned = getattr(module, name)(*copies)
        if returned is None:
            returned = tuple(part for part in copies if isinstance(part, np.ndarray))
        found += returned if isinstance(returned, tuple) else [returned]
    return found


def examples() -> dict[str, list[tuple]]:
    """A kernel's name -> lists of arguments, such that each of its loop orders is taken.

    Behind the names of `SLOW` there is a comma and what is special.
    """
    rng = np.random.default_rng(0)

    def numbers(*shape: int) -> np.ndarray:
        return rng.normal(size=shape).astype(np.float32)

    cases: dict[str, list[tuple]] = {}

    def add(name: str, *arguments) -> None:
        cases.setdefault(name, []).append(arguments)

    for channels, filters, strides in ((1, 3, (1, 1)), (8, 8, (1, 1)), (2, 3, (2, 1))):
        x, kernel = numbers(2, 6, 5, channels), numbers(3, 2, channels, filters)
        dy = numbers(2, 3 // strides[0] + 1, 4, filters)
        few = ", few" if filters < 8 and strides == (1, 1) else ""
        add(f"conv2d_forward{few}", x, kernel, numbers(filters), strides)
        add(f"conv2d_grad_input{few}", dy, kernel, strides, (6, 5))
        add(f"conv2d_grad_kernel{few}", x, dy, strides, (3, 2))
    for window, strides, out_size in (((2, 2), (2, 2), (3, 3)), ((3, 2), (1, 1), (4, 6))):
        x = np.round(numbers(2, 6, 7, 3))  # rounded, so that there are ties
        dy = numbers(2, *out_size, 3)
        winners = rng.integers(0, window[0] * window[1], dy.shape).astype(np.int32)
        counts = np.full(out_size, 4, dtype=np.float32)
        add("maxpool2d_forward", x, window, strides)
        add("maxpool2d_grad_input", dy, winners, window, strides, (6, 7))
        add("avgpool2d_forward", x, counts, window, strides)
        add("avgpool2d_grad_input", dy, counts, window, strides, (6, 7))
    for units in (2, 9):
        x, kernel, dy = numbers(3, 2100), numbers(2100, units), numbers(3, units)
        add("dense_forward", x, kernel, numbers(units))
        add("dense_grad_input", dy, kernel)
        add("dense_grad_kernel", x, dy)
    x, dy = numbers(20000), numbers(20000)
    add("grad_bias", dy[:4400].reshape(-1, 2))
    add("relu_forward", x)
    add("relu_grad_input", dy, x)
    add("sigmoid_forward", x)
    add("sigmoid_grad_input", dy, 1 / (1 + np.exp(-x)))
    add("dropout_keep", x.size, 0.8, 12345, 7)
    add("masked_scale", x, rng.integers(0, 2, x.size).astype(np.uint8), np.float32(5))
    rate, kept, small = np.float32(1e-2), np.float32(0.9), np.float32(1e-7)
    weights, slot, other = numbers(2000), np.abs(numbers(2000)), np.abs(numbers(2000))
    add("adam_update", weights, dy[:2000], slot, other, rate, kept, np.float32(0.999), small)
    add("momentum_update", weights, dy[:2000], slot, rate, kept, True)
    add("rmsprop_update", weights, dy[:2000], slot, other, rate, kept, np.float32(0.5), small)
    return dict(sorted(cases.items()))


def warped(by_loop: bool) -> list[np.ndarray]:
    """Two images turned by some degrees, by the compiled loop or by the formula in NumPy."""
    from minicnn.preprocessing.affine import bilinear

    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (2, 20, 18, 1)).astype(np.uint8)
    matrices = np.array([[[0.9, -0.3, 2], [0.2, 1.1, -1], [0, 0, 1]]] * 2)
    if by_loop:
        from minicnn.preprocessing.warp_kernel import warp_images

        out = np.empty(images.shape, dtype=np.float32)
        warp_images(images, np.arange(2), matrices, np.zeros((2, 2), dtype=bool), out)
        return [out]
    # (3, 3) @ (3, height * width): where each output pixel comes from, (row, column, 1)
    positions = np.stack([*np.indices((20, 18)).reshape(2, -1), np.ones(20 * 18)])
    rows, columns, _ = (matrices[0] @ positions).reshape(3, 20, 18)
    rows, columns = rows.clip(0, 19), columns.clip(0, 17)  # outside counts as the nearest edge
    return [np.stack([bilinear(image, rows, columns) for image in images])]


def output_and_gradients(model, x: np.ndarray, layer_by_layer: bool) -> list[np.ndarray]:
    """A model's output for x, and the gradients of each layer with parameters as one row.

    Kernel and bias together: a bias' gradient may be a sum near 0, whose rounding error has to be
    compared with the size of the terms.
    """
    for layer in model.layers:
        if hasattr(layer, "step"):
            layer.step = 0  # so that dropout draws the same mask each time
    (output,) = model.graph.outputs
    y = model.graph.run([x], True, layer_by_layer)[output].copy()
    dy = np.random.default_rng(0).normal(size=y.shape).astype(y.dtype)
    model.graph.backward([dy])
    by_layer = [layer.grads.values() for layer in model.layers if layer.grads]
    return [y, *(np.concatenate([one.reshape(-1) for one in grads]) for grads in by_layer)]
