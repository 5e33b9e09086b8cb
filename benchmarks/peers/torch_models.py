"""The models in PyTorch. They end in the logit, for the loss."""

import math
from collections.abc import Callable

import torch
from torch import nn
from torch.nn import functional


class FlattenChannelsLast(nn.Module):
    """Flatten in the order in which channels_last stores: no number has to move."""

    def forward(self, x):
        # (batch, channels, height, width) -> (batch, height * width * channels)
        return x.permute(0, 2, 3, 1).flatten(1)


class ReducedInception(nn.Module):
    """model6. The layers are listed in the order of minicnn's weights."""

    def __init__(self, flatten: nn.Module):
        super().__init__()
        self.conv3x3_reduce = nn.Conv2d(1, 1, 1)
        self.conv5x5_reduce = nn.Conv2d(1, 1, 1)
        self.conv7x7 = nn.Conv2d(1, 1, 7, padding="same")
        self.conv3x3 = nn.Conv2d(1, 1, 3, padding="same")
        self.conv5x5 = nn.Conv2d(1, 1, 5, padding="same")
        self.pool_proj = nn.Conv2d(1, 1, 1)
        self.flatten = flatten
        self.dense = nn.Linear(4 * 150 * 150, 1)

    def forward(self, x):
        relu = functional.relu_
        # 'same' for a window of 4 is one row above and two below, which PyTorch's pooling cannot.
        pooled = functional.max_pool2d(functional.pad(x, (1, 2, 1, 2), value=-math.inf), 4, 1)
        branches = (
            relu(self.conv7x7(x)),
            relu(self.conv3x3(relu(self.conv3x3_reduce(x)))),
            relu(self.conv5x5(relu(self.conv5x5_reduce(x)))),
            relu(self.pool_proj(pooled)),
        )
        return self.dense(torch.cat([self.flatten(branch) for branch in branches], dim=1))


def relu() -> nn.ReLU:
    """In place: faster, and the number before it is not needed again."""
    return nn.ReLU(inplace=True)


def cnn(flatten: nn.Module) -> nn.Module:
    """model1."""
    return nn.Sequential(
        *(nn.Conv2d(1, 32, 3), relu(), nn.MaxPool2d(2)),
        *(nn.Conv2d(32, 64, 3), relu(), nn.MaxPool2d(2)),
        *(flatten, nn.Dropout(0.5), nn.Linear(62 * 62 * 64, 128), relu(), nn.Linear(128, 1)),
    )


def cnn_dropout(flatten: nn.Module) -> nn.Module:
    """model2."""
    return nn.Sequential(
        *(nn.Conv2d(1, 32, 3), relu(), nn.MaxPool2d(2), nn.Dropout(0.5)),
        *(nn.Conv2d(32, 64, 3), relu(), nn.MaxPool2d(2)),
        *(flatten, nn.Dropout(0.5), nn.Linear(36 * 36 * 64, 64), relu(), nn.Linear(64, 1)),
    )


def tiny_cnn(flatten: nn.Module) -> nn.Module:
    """model4."""
    return nn.Sequential(
        *(nn.Conv2d(1, 6, 3), relu(), nn.MaxPool2d(2), nn.Dropout(0.8)),
        *(flatten, nn.Linear(74 * 74 * 6, 2), relu(), nn.Linear(2, 1)),
    )


def compact_cnn(flatten: nn.Module) -> nn.Module:
    """minicnn's own model, not the article's."""
    return nn.Sequential(
        *(nn.Conv2d(1, 8, 3), relu(), nn.MaxPool2d(2)),
        *(nn.Conv2d(8, 16, 3), relu(), nn.MaxPool2d(2)),
        *(nn.Conv2d(16, 32, 3), relu(), nn.MaxPool2d(2)),
        *(nn.Conv2d(32, 32, 3), relu(), nn.AvgPool2d(3, stride=1), nn.AdaptiveMaxPool2d(1)),
        *(flatten, nn.Dropout(0.25), nn.Linear(32, 1)),
    )


# How to build it, and the channels of what is flattened.
MODELS: dict[str, tuple[Callable[[nn.Module], nn.Module], int]] = {
    "compact_cnn": (compact_cnn, 32),
    "cnn": (cnn, 64),
    "cnn_dropout": (cnn_dropout, 64),
    "tiny_cnn": (tiny_cnn, 6),
    "reduced_inception": (ReducedInception, 1),
}
