"""The layers, under Keras' names."""

from minicnn.layers.activations import Activation, ReLU, Sigmoid
from minicnn.layers.base import Layer
from minicnn.layers.conv import Conv2D
from minicnn.layers.dense import Dense
from minicnn.layers.dropout import Dropout
from minicnn.layers.input import Input, InputLayer
from minicnn.layers.merge import Concatenate, concatenate
from minicnn.layers.pooling import (
    AveragePooling2D,
    GlobalAveragePooling2D,
    GlobalMaxPooling2D,
    MaxPooling2D,
)
from minicnn.layers.reshape import Flatten

__all__ = [
    "Activation",
    "AveragePooling2D",
    "Concatenate",
    "Conv2D",
    "Dense",
    "Dropout",
    "Flatten",
    "GlobalAveragePooling2D",
    "GlobalMaxPooling2D",
    "Input",
    "InputLayer",
    "Layer",
    "MaxPooling2D",
    "ReLU",
    "Sigmoid",
    "concatenate",
]
