"""What a layer does with its settings and parameters beside computing."""

from collections.abc import Sequence

import numpy as np

from minicnn.numeric_checks import as_numbers, write_values


class StoredLayer:
    """The part of `Layer` about its constructor's arguments and its weights, as in Keras."""

    def get_config(self) -> dict:
        """The constructor's arguments, under Keras' names; initializers of one's own as they are."""
        return self.config()

    @classmethod
    def from_config(cls, config: dict) -> "StoredLayer":
        """A layer of that `get_config`, without parameters so far."""
        return cls(**config)

    def count_params(self) -> int:
        """How many values the parameters hold."""
        return sum(param.size for param in self.params.values())

    def get_weights(self) -> list[np.ndarray]:
        """Copies of the parameters in Keras' order: kernel, bias."""
        return [param.copy() for param in self.params.values()]

    def set_weights(self, weights: Sequence[np.ndarray]) -> None:
        """Replace the parameters, all or none: ValueError or TypeError where one does not fit."""
        weights = list(weights)
        expected = [param.shape for param in self.params.values()]
        found = [as_numbers(array, f"{self.label}: weights").shape for array in weights]
        if expected != found:
            raise ValueError(f"{self.label}: expected weights of shapes {expected}, got {found}")
        write_values(self.params, weights)
