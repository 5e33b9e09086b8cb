"""What `Layer` checks before a layer computes and when it is changed, so that no layer has to.

Kernels are compiled: given an array of another shape they would read beyond its end. Whatever
enters a layer is therefore looked at here once, and reaches the kernels C-contiguous.
"""

import numpy as np

from minicnn.arguments import refuse_methods, shape_text
from minicnn.numeric_checks import FLOATS


class AlwaysTrainable:
    """A layer or model that trains as a whole."""

    @property
    def trainable(self) -> bool:
        """Always True; ValueError where it is set to anything else."""
        return True

    @trainable.setter
    def trainable(self, value: bool) -> None:
        if not value:
            raise ValueError(
                f"{getattr(self, 'label', self.name)}: freezing layers is not supported, expected "
                f"trainable=True, got {value!r}"
            )


class FixedOnceBuilt(AlwaysTrainable):
    """An object some of whose attributes may not change once it is built.

    A compiled kernel reads and writes by them: changed later, it would reach beyond its arrays.
    """

    fixed_by_build: frozenset[str] = frozenset({"input_shape"})

    def __init_subclass__(cls) -> None:
        """TypeError for a layer whose output models would not see."""
        refuse_methods(cls, ("call",), "override compute and compute_gradients instead")

    def __setattr__(self, name: str, value) -> None:
        """ValueError where a built layer's shape or a setting behind it would change."""
        if name in self.fixed_by_build and vars(self).get("built"):
            before = getattr(self, name)
            if value != before:
                raise ValueError(
                    f"{self.label}: expected {name} to stay {before!r} once the layer is built, "
                    f"got {value!r}; make a new layer"
                )
        super().__setattr__(name, value)


def are_arrays(inputs) -> bool:
    """Whether `inputs` is a list of arrays, one at least."""
    is_list = isinstance(inputs, list | tuple) and len(inputs) > 0
    return is_list and all(isinstance(one, np.ndarray) for one in inputs)


def input_arrays(layer, x):
    """Return the input as kernels take it: one array, or a list where the layer takes several.

    Raises
    ------
    RuntimeError
        Before `build`.
    TypeError
        If something is no float array.
    ValueError
        If a batch is empty, or shapes and dtypes are not those the layer was built for.
    """
    if not layer.built:
        raise RuntimeError(
            f"{layer.label}: not built yet; call build(input_shape, rng) or put it in a model"
        )
    if layer.takes_list:
        return several_inputs(layer, x)
    require_floats(layer, x, "a float32 or float64 array")
    require_samples(layer, x)
    if x.shape[1:] != layer.input_shape:
        expected = shape_text(("batch", *layer.input_shape))
        raise ValueError(
            f"{layer.label}: expected input of shape {expected}, got {shape_text(x.shape)}"
        )
    return ready_for_kernels(x)


def several_inputs(layer, x: list) -> list:
    """The inputs of a layer that takes a list: of one batch and one dtype."""
    if not isinstance(x, (list, tuple)):
        raise TypeError(f"{layer.label}: expected a list of inputs, got {type(x).__name__}")
    for one in x:
        require_floats(layer, one, "a float32 or float64 array")
        require_samples(layer, one)
    same = len({(len(one), one.dtype) for one in x}) == 1
    if [one.shape[1:] for one in x] != layer.input_shape or not same:
        expected = ", ".join(shape_text(("batch", *shape)) for shape in layer.input_shape)
        found = ", ".join(f"{shape_text(one.shape)} of {one.dtype}" for one in x)
        raise ValueError(
            f"{layer.label}: expected inputs of shapes {expected} and one dtype, got {found}"
        )
    return [ready_for_kernels(one) for one in x]


def last_gradient(layer, dy: np.ndarray) -> np.ndarray:
    """Return `dy` as kernels take it if it is a gradient of the layer's last output, or of its z.

    The layer's parameters are looked at, too: its backward pass reads them.

    Raises
    ------
    RuntimeError
        Before any `forward`.
    TypeError, ValueError
        As `gradient` and `param`.
    """
    if layer.last_output is None:
        raise RuntimeError(f"{layer.label}: backward needs a forward before it")
    dy = gradient(layer, dy, *layer.last_output)
    bind_params(layer, dy.dtype)
    return dy


def gradient(layer, dy: np.ndarray, shape: tuple, dtype) -> np.ndarray:
    """Return `dy` C-contiguous; TypeError unless it has that dtype, ValueError unless that shape."""
    require_floats(layer, dy, "dy to be a float32 or float64 array")
    if dy.shape != shape:
        raise ValueError(
            f"{layer.label}: expected dy of the output's shape {shape_text(shape)}, "
            f"got {shape_text(dy.shape)}"
        )
    if dy.dtype != dtype:
        raise TypeError(f"{layer.label}: expected dy of the output's dtype {dtype}, got {dy.dtype}")
    return ready_for_kernels(dy)


def bind_params(layer, dtype) -> None:
    """Make the parameters the layer's attributes, `layer.kernel` for params["kernel"]; see `param`."""
    for name in layer.built_shapes:
        setattr(layer, name, param(layer, name, dtype))


def param(layer, name: str, dtype) -> np.ndarray:
    """A parameter in the dtype of the data: float32 trains, float64 checks gradients.

    `layer.params` is open to everybody, so what is in it is checked each time:

    Raises
    ------
    ValueError
        If it is missing, of another shape than `build` gave it, not C-contiguous, or read-only.
    TypeError
        If it is no float array.
    """
    found = layer.params.get(name)
    if found is None:
        raise ValueError(f"{layer.label}: expected params to have {name!r}, found none")
    require_floats(layer, found, f"{name} to be a float32 or float64 array")
    shape = layer.built_shapes.get(name, found.shape)
    if found.shape != shape or not found.flags.carray:
        layout = "" if found.flags.carray else " that is not C-contiguous, or read-only"
        raise ValueError(
            f"{layer.label}: expected {name} to be an array of shape {shape_text(shape)}, "
            f"C-contiguous and writeable, got one of shape {shape_text(found.shape)}{layout}; "
            f"write into the one there is: params[{name!r}][...] = values"
        )
    return found.astype(dtype, copy=False)


def first_values(layer, values, shape: tuple) -> np.ndarray:
    """What an initializer gave as a new parameter; ValueError unless it has that shape.

    In C order, because optimizers and gradient checks go through a parameter as through one row
    of values: of another order, reshape(-1) would be a copy.
    """
    found = np.array(values, dtype=np.float32, order="C")
    if found.shape != shape:
        raise ValueError(
            f"{layer.label}: expected the initializer to give an array of shape {shape}, "
            f"got {found.shape}"
        )
    return found


def require_floats(layer, array: np.ndarray, expected: str) -> None:
    """TypeError unless it is a float array that kernels are made for."""
    plain = isinstance(array, np.ndarray) and not hasattr(array, "mask")  # a mask would be lost
    if not plain or array.dtype not in FLOATS:
        found = array.dtype if plain else type(array).__name__
        raise TypeError(f"{layer.label}: expected {expected}, got {found}")


def require_samples(layer, x: np.ndarray) -> None:
    """ValueError if the batch is empty."""
    if x.shape[:1] == (0,):
        raise ValueError(
            f"{layer.label}: expected at least one sample, got a batch of shape "
            f"{shape_text(x.shape)}"
        )


def ready_for_kernels(array: np.ndarray) -> np.ndarray:
    """The array itself, or a copy of it where it is not C-contiguous, aligned and writeable.

    Kernels work on other arrays, too, but for each kind they would be compiled once more.
    """
    plain = np.asarray(array)  # no memmap or other subclass
    return plain if plain.flags.carray else np.array(plain, order="C")
