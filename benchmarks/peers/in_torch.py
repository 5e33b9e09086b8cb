"""The four models in PyTorch, run in three ways: two memory layouts, and compiled.

PyTorch's axes are (batch, channels, height, width). "channels_last" keeps the axes and stores
the channels of a pixel side by side, as minicnn and Keras do.
"""

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from benchmarks.peers import THREADS
from benchmarks.peers.contestant import ADAM_EPSILON, LEARNING_RATE, Contestant

LAYOUTS = {
    "torch": torch.contiguous_format,
    "torch_channels_last": torch.channels_last,
    "torch_compile": torch.channels_last,
}


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


# How to build it, and the channels of what is flattened.
MODELS: dict[str, tuple[Callable[[nn.Module], nn.Module], int]] = {
    "cnn": (cnn, 64),
    "cnn_dropout": (cnn_dropout, 64),
    "tiny_cnn": (tiny_cnn, 6),
    "reduced_inception": (ReducedInception, 1),
}


def contestant(
    way: str, model: str, weights: list[np.ndarray], x: np.ndarray, y: np.ndarray
) -> Contestant:
    """A model in PyTorch, ready to run.

    Parameters
    ----------
    way : str
        A key of `LAYOUTS`.
    model : str
        A key of `MODELS`.
    weights : list of float arrays
        As `minicnn.models.Model.get_weights` gives them.
    x : (batch, height, width, 1) float array
    y : (batch, 1) float array
    """
    torch.set_num_threads(THREADS)
    layout = LAYOUTS[way]
    build, channels = MODELS[model]
    channels_last = layout is torch.channels_last
    net = build(FlattenChannelsLast() if channels_last else nn.Flatten())
    order = Order(1 if channels_last else channels)
    with torch.no_grad():
        for parameter, weight in zip(net.parameters(), weights, strict=True):
            parameter.copy_(torch.from_numpy(order.to_torch(weight)))
    net = net.to(memory_format=layout)
    # (batch, height, width, 1) -> (batch, 1, height, width), into new memory: with one channel
    # the old one fits both layouts, and PyTorch takes the faster kernels for "torch", too.
    planes = torch.from_numpy(x).permute(0, 3, 1, 2)
    images = torch.empty(planes.shape, memory_format=layout).copy_(planes)
    labels = torch.from_numpy(y)
    optimizer = torch.optim.Adam(net.parameters(), lr=LEARNING_RATE, eps=ADAM_EPSILON, fused=True)

    def loss_of(images, labels):
        return functional.binary_cross_entropy_with_logits(net(images), labels)

    def probabilities_of(images):
        return torch.sigmoid(net(images))

    if way == "torch_compile":
        loss_of, probabilities_of = torch.compile(loss_of), torch.compile(probabilities_of)

    def training_step():
        optimizer.zero_grad()
        loss = loss_of(images, labels)
        loss.backward()
        optimizer.step()
        return loss.item()

    def inference():
        with torch.inference_mode():
            return probabilities_of(images)

    def switch(training: bool):
        net.train(training)

    def compare():
        switch(training=False)
        optimizer.zero_grad()
        loss_of(images, labels).backward()
        gradients = [
            order.from_torch(parameter.grad.numpy(), weight.shape)
            for parameter, weight in zip(net.parameters(), weights, strict=True)
        ]
        return inference().numpy(), gradients

    return Contestant(compare, training_step, inference, switch)


class Order:
    """The order of weights in minicnn, and that in PyTorch.

    Parameters
    ----------
    channels : int
        Of what is flattened in front of a dense layer: PyTorch flattens (channels, height,
        width), minicnn (height, width, channels). 1 where both have the same order.
    """

    def __init__(self, channels: int):
        self.channels = channels

    def to_torch(self, weight: np.ndarray) -> np.ndarray:
        """A kernel or bias of minicnn as PyTorch has it, contiguous."""
        if weight.ndim == 4:
            # (height, width, in, out) -> (out, in, height, width)
            return np.ascontiguousarray(weight.transpose(3, 2, 0, 1))
        if weight.ndim == 2:
            rows, units = weight.shape
            channels = self.channels_of(rows)
            # (pixels * channels, units) -> (units, channels * pixels)
            split = weight.reshape(rows // channels, channels, units)
            return np.ascontiguousarray(split.transpose(2, 1, 0).reshape(units, rows))
        return weight

    def from_torch(self, gradient: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        """The way back, for a weight that has this shape in minicnn."""
        if len(shape) == 4:
            return gradient.transpose(2, 3, 1, 0)  # (out, in, height, width) -> (h, w, in, out)
        if len(shape) == 2:
            rows, units = shape
            channels = self.channels_of(rows)
            # (units, channels * pixels) -> (pixels * channels, units)
            split = gradient.reshape(units, channels, rows // channels)
            return split.transpose(2, 1, 0).reshape(shape)
        return gradient

    def channels_of(self, rows: int) -> int:
        """Channels in front of a dense kernel with so many rows: 1 if nothing was flattened."""
        pixels = math.isqrt(rows // self.channels)
        return self.channels if pixels * pixels * self.channels == rows and pixels > 2 else 1
