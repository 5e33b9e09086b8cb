"""What `import minicnn as keras` gives as attributes, and when it is imported."""

import pytest

import minicnn
from minicnn import callbacks, layers, metrics, models, optimizers, preprocessing
from minicnn.preprocessing import image


def test_attributes_of_keras_are_found():
    for name in minicnn.LAZY:
        assert minicnn.__getattr__(name) is getattr(minicnn, name)  # whatever is loaded already
        assert name in dir(minicnn)
    assert minicnn.__getattr__("callbacks") is callbacks
    assert (minicnn.Sequential, minicnn.Model) == (models.Sequential, models.Model)
    assert (minicnn.Input, minicnn.Layer) == (layers.Input, layers.Layer)
    assert (minicnn.Metric, minicnn.Optimizer) == (metrics.Metric, optimizers.Optimizer)
    assert minicnn.optimizers.schedules.CosineDecay(0.5, 10)(0) == 0.5
    assert preprocessing.__getattr__("image") is image


def test_other_attributes_are_not():
    for module in (minicnn, preprocessing):
        with pytest.raises(
            AttributeError, match=f"module '{module.__name__}' has no attribute 'x'"
        ):
            module.x  # noqa: B018 (looking at it raises)
