"""Where data enters a model."""

from collections.abc import Sequence

from minicnn import arguments
from minicnn.layers.base import Layer
from minicnn.layers.node import Tensor, input_tensor


class InputLayer(Layer):
    """The place where data enters a model; passes it through unchanged.

    Parameters
    ----------
    input_shape : sequence of int
        Shape of one sample, without batch axis; ValueError without it.
    name : str, optional
    """

    def __init__(self, input_shape: Sequence[int] | None = None, *, name: str | None = None):
        super().__init__(name=name, input_shape=input_shape)
        if input_shape is None:
            raise ValueError(
                f"{self.label}: expected input_shape, the shape of one sample such as "
                "(150, 150, 1), got none"
            )

    def output_shape(self, input_shape):
        return self.given_shape

    def compute(self, x, training):
        return x.copy()

    def compute_gradients(self, dy):
        return dy.copy()

    def config(self):
        return {**super().config(), "input_shape": self.given_shape}


def Input(  # noqa: N802 (Keras' name)
    shape: Sequence[int],
    *,
    batch_size: int | None = None,
    dtype: str | None = None,
    name: str | None = None,
) -> Tensor:
    """A tensor for data to enter by.

    Parameters
    ----------
    shape : sequence of int
        Shape of one sample, without batch axis, such as (150, 150, 1).
    name : str, optional
    batch_size, dtype
        Keras' arguments; accepted with their defaults only (None, and "float32" for dtype).

    Raises
    ------
    ValueError
        If `shape` is not made of positive integers, or an argument is not supported.
    """
    given = {"batch_size": (batch_size, None), "dtype": (dtype, None, "float32")}
    arguments.refuse_unsupported(name or "input", given)
    return input_tensor(InputLayer(name=name, input_shape=shape))
