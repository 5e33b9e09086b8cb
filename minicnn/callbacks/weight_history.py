"""Keeping the convolutions' weights of every epoch, to watch kernels become what they are."""

from pathlib import Path

import numpy as np

from minicnn.arguments import positive_int
from minicnn.callbacks.base import Callback
from minicnn.saving.npz import ModelFileError, read_npz, write_npz

EPOCHS = "epochs"  # the entry of the file that says which epochs the others are of


class WeightHistory(Callback):
    """Keeps the weights of all convolutions: before the first epoch, and after each one.

    Where there would be more than `longest` epochs every second one is dropped, and from then on
    kept at twice the distance.

    Parameters
    ----------
    longest : int
        Epochs that are kept at most; 2 or more.

    Attributes
    ----------
    epochs : list of int
        After how many epochs the weights were so; 0 is before the first.
    kept : list of float32 array
        For each of them the values of all parameters, one behind the other.
    """

    remembered = ("epochs", "kept")

    def __init__(self, longest: int = 64):
        self.longest = max(2, positive_int(longest, "longest", "WeightHistory"))
        self.epochs: list[int] = []
        self.kept: list[np.ndarray] = []

    def on_train_begin(self, logs=None):
        self.epochs, self.kept = [], []
        self._keep(0)

    def on_epoch_end(self, epoch, logs=None):
        distance = self.epochs[1] - self.epochs[0] if len(self.epochs) > 1 else 1
        if (epoch + 1) % distance == 0:
            self._keep(epoch + 1)
        if len(self.epochs) > self.longest:
            self.epochs, self.kept = self.epochs[::2], self.kept[::2]

    def _keep(self, epoch: int) -> None:
        params = convolution_weights(self.model).values()
        flat = [param.astype(np.float32).reshape(-1) for param in params]
        self.epochs.append(epoch)
        self.kept.append(np.concatenate(flat) if flat else np.empty(0, np.float32))

    @property
    def weights(self) -> list[tuple[int, dict[str, np.ndarray]]]:
        """(epoch, {"conv2d/kernel": array, ...}) for each epoch that was kept."""
        found = []
        for epoch, flat in zip(self.epochs, self.kept, strict=True):
            params, start = {}, 0
            for name, param in convolution_weights(self.model).items():
                params[name] = flat[start : start + param.size].reshape(param.shape)
                start += param.size
            found.append((epoch, params))
        return found

    def save(self, path: str | Path) -> None:
        """Write an .npz file that `load_weight_history` reads; OSError if that cannot be done."""
        by_epoch = [params for _, params in self.weights]
        arrays = {name: np.stack([params[name] for params in by_epoch]) for name in by_epoch[0]}
        write_npz(path, {EPOCHS: np.array(self.epochs), **arrays})


def load_weight_history(path: str | Path, model) -> list[tuple[int, dict[str, np.ndarray]]]:
    """The weights that `WeightHistory.save` wrote of this model.

    FileNotFoundError if there is no such file; ValueError if it is damaged or of another model.
    """
    arrays, _ = read_npz(path)
    epochs = arrays.pop(EPOCHS, np.empty(0))
    expected = {
        name: (len(epochs), *param.shape) for name, param in convolution_weights(model).items()
    }
    if epochs.ndim != 1 or {name: array.shape for name, array in arrays.items()} != expected:
        raise ModelFileError(path, f"the weights of other convolutions than {model.name}'s")
    return [
        (int(epoch), {name: array[k] for name, array in arrays.items()})
        for k, epoch in enumerate(epochs)
    ]


def convolution_weights(model) -> dict[str, np.ndarray]:
    """The parameters of layers whose kernel slides: those with (height, width, channels, filters)."""
    sliding = {layer.name for layer in model.layers if np.ndim(layer.params.get("kernel", ())) == 4}
    named = model.named_weights()
    return {name: param for name, param in named.items() if name.rsplit("/", 1)[0] in sliding}
