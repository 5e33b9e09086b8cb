"""Where data enters a model."""

from collections.abc import Sequence

from minicnn.graph import Tensor, input_tensor
from minicnn.layers.base import Layer


class InputLayer(Layer):
    """The place where data enters a model; passes it through unchanged."""

    def output_shape(self, input_shape):
        return self.given_shape

    def config(self):
        return {**super().config(), "input_shape": self.given_shape}


def Input(shape: Sequence[int], name: str | None = None) -> Tensor:  # noqa: N802 (Keras' name)
    """A tensor for data to enter by.

    Parameters
    ----------
    shape : sequence of int
        Shape of one sample, without batch axis, such as (150, 150, 1).
    name : str, optional

    Raises
    ------
    ValueError
        If `shape` is not made of positive integers.
    """
    return input_tensor(InputLayer(name, input_shape=shape))
