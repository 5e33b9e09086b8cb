"""What Keras offers under `keras.utils`, as far as minicnn has it."""

from pathlib import Path

from minicnn.seeding import set_random_seed

__all__ = ["plot_model", "set_random_seed"]


def plot_model(model, *arguments, **named_arguments) -> Path:
    """Draw a model into a file; see `minicnn.drawing.plot_model` for the arguments."""
    from minicnn import drawing  # here, so that only those who draw wait for the import

    return drawing.plot_model(model, *arguments, **named_arguments)
