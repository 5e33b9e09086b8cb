"""What a model does with its weights and files."""

import os
from collections.abc import Sequence

import numpy as np

from minicnn.arguments import refuse_unsupported
from minicnn.kernels.runtime.step_lock import one_step_at_a_time
from minicnn.numeric_checks import write_values
from minicnn.reprs import OneLine
from minicnn.saving.describe import architecture
from minicnn.saving.rebuild import rebuild
from minicnn.saving.weights import load_weights, save_model, save_weights


class Stored(OneLine):
    """The part of `Model` about weights, in memory and in files."""

    def named_weights(self) -> dict[str, np.ndarray]:
        """The parameters themselves, not copies, as "layer name/parameter name"."""
        return {
            f"{layer.name}/{name}": param
            for layer in self.graph.layers
            for name, param in layer.params.items()
        }

    def named_grads(self) -> dict[str, np.ndarray]:
        """The gradients of the last backward pass, under the names of `named_weights`.

        To keep them copy them: the next pass may use their memory again.
        """
        return {
            f"{layer.name}/{name}": grad
            for layer in self.graph.layers
            for name, grad in layer.grads.items()
        }

    @one_step_at_a_time()  # never half of one step's weights and half of the next one's
    def get_weights(self) -> list[np.ndarray]:
        """Copies of all parameters, layer by layer, in Keras' order."""
        return [param.copy() for param in self.named_weights().values()]

    @one_step_at_a_time()
    def set_weights(self, weights: Sequence[np.ndarray]) -> None:
        """Replace all parameters or none: ValueError or TypeError where one does not fit."""
        params, weights = self.named_weights(), list(weights)
        if len(weights) != len(params):
            raise ValueError(
                f"{self.name}: expected {len(params)} weight arrays, got {len(weights)}"
            )
        write_values(params, weights)

    def astype(self, dtype) -> "Stored":
        """Turn the model to float64 (for checking gradients) or back to float32."""
        self.dtype = np.dtype(dtype)
        for layer in self.graph.layers:
            layer.params = {
                name: param.astype(dtype, order="C") for name, param in layer.params.items()
            }
        if self.optimizer is not None:
            for slot in self.optimizer.slots.values():
                slot.update({name: array.astype(dtype, order="C") for name, array in slot.items()})
        return self

    @one_step_at_a_time()
    def save(self, filepath, overwrite: bool = True, zipped: bool | None = None) -> None:
        """Write layers, weights, optimizer and metadata to one .npz file.

        FileExistsError if there is one and `overwrite` is False. ValueError for `zipped=False`: an
        .npz file is a zip archive.
        """
        refuse_unsupported(f"{self.name}: save", {"zipped": (zipped, None, True)})
        require_free(filepath, overwrite)
        save_model(self, filepath)

    @one_step_at_a_time()
    def save_weights(self, filepath, overwrite: bool = True, max_shard_size=None) -> None:
        """Write the weights alone to an .npz file; see `save`. It is one file, whatever its size."""
        given = {"max_shard_size": (max_shard_size, None)}
        refuse_unsupported(f"{self.name}: save_weights", given)
        require_free(filepath, overwrite)
        save_weights(self, filepath)

    @one_step_at_a_time()
    def load_weights(self, filepath, skip_mismatch: bool = False) -> None:
        """Read what `save_weights` or `save` wrote into this model's layers, of equal names.

        With `skip_mismatch`, layers for which the file has no weights of their shapes stay as they
        are, with a warning.
        """
        load_weights(self, filepath, skip_mismatch)

    def get_config(self) -> dict:
        """Layers, their connections and the seed: all but weights, optimizer and metadata.

        ValueError for layers of one's own.
        """
        return architecture(self)

    @classmethod
    def from_config(cls, config: dict, custom_objects=None) -> "Stored":
        """The model of that `get_config`, with the first weights that follow from its seed.

        `custom_objects` is Keras' argument, not supported: layers are minicnn's own.
        """
        given = {"custom_objects": (custom_objects, None, {})}
        refuse_unsupported(f"{cls.__name__}.from_config", given)
        return rebuild(config, {cls.kind: cls})

    def __reduce__(self) -> tuple:
        """TypeError: for subclasses; `minicnn.models.pickle` takes a Model or Sequential apart."""
        raise TypeError(
            f"{self.name}: expected a Model or Sequential to pickle, got the subclass "
            f"{type(self).__name__}; give it a __reduce__ of its own"
        )


def require_free(path, overwrite: bool) -> None:
    """FileExistsError if there is such a file, which is not to be overwritten."""
    if not overwrite and os.path.lexists(path):
        raise FileExistsError(f"{path}: there is such a file; take another name or overwrite=True")
