"""Where data enters a model."""

from minicnn.arguments import refuse_others
from minicnn.layers.base import Layer
from minicnn.layers.keras_arguments import OF_INPUT
from minicnn.layers.node import Tensor, input_tensor


class InputLayer(Layer):
    """The place where data enters a model; passes it through unchanged.

    Parameters
    ----------
    shape : sequence of int
        Shape of one sample, without batch axis, such as (150, 150, 1).
    batch_shape : sequence of None and int
        The same with the batch axis, which is None: (None, 150, 150, 1).
    input_shape
        Another name for `shape`. ValueError unless one of the three is given.
    **common
        `name` and so on; see `Layer`.
    """

    of_keras = OF_INPUT

    def __init__(self, shape=None, *, batch_shape=None, input_shape=None, **common):
        sample = None if batch_shape is None else tuple(batch_shape)[1:]
        given = [one for one in (shape, sample, input_shape) if one is not None]
        super().__init__(input_shape=given[0] if given else None, **common)
        if not given:
            raise ValueError(
                f"{self.label}: expected input_shape, the shape of one sample such as "
                "(150, 150, 1), got none"
            )
        if len(given) > 1:
            raise ValueError(f"{self.label}: expected one of shape and batch_shape, got both")
        if batch_shape is not None and tuple(batch_shape)[0] is not None:
            raise ValueError(
                f"{self.label}: a fixed batch size is not supported, expected batch_shape to begin "
                f"with None, got {batch_shape!r}"
            )

    def output_shape(self, input_shape):
        return self.given_shape

    def compute(self, x, training):
        return x.copy()

    def compute_gradients(self, dy):
        return dy.copy()

    def config(self):
        return {**super().config(), "batch_shape": (None, *self.given_shape)}


def Input(  # noqa: N802 (Keras' name)
    shape=None, *, batch_shape=None, name: str | None = None, **others
) -> Tensor:
    """A tensor for data to enter by; arguments as of `InputLayer`.

    ValueError if `shape` is not made of positive integers, or an argument is not supported.
    """
    refuse_others(name or "input", others, OF_INPUT)
    return input_tensor(InputLayer(shape, batch_shape=batch_shape, name=name))
