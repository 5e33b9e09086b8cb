"""Running the models of `torch_models` in three ways: in two memory layouts, and compiled.

PyTorch's axes are (batch, channels, height, width). "channels_last" keeps the axes and stores
the channels of a pixel side by side, as minicnn and Keras do.
"""

import math

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from benchmarks.peers import THREADS
from benchmarks.peers.contestant import ADAM_EPSILON, LEARNING_RATE, Contestant
from benchmarks.peers.torch_models import MODELS, FlattenChannelsLast

LAYOUTS = {
    "torch": torch.contiguous_format,
    "torch_channels_last": torch.channels_last,
    "torch_compile": torch.channels_last,
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
        A key of `covid.training.architectures.MODELS`.
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
