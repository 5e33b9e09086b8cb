"""What Keras' image iterators take and these do not is refused by name."""

import numpy as np
import pytest

import minicnn.preprocessing.image as ours


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("NumpyArrayIterator", {"data_format": "channels_first"}),
        ("NumpyArrayIterator", {"dtype": "float64"}),
        ("DirectoryIterator", {"dtype": "float16"}),
        ("DataFrameIterator", {"data_format": "channels_first"}),
        ("DataFrameIterator", {"dtype": "float64"}),
    ],
)
def test_iterators_refuse_what_is_not_supported(tmp_path, method, arguments):
    (tmp_path / "a").mkdir()
    ours.save_img(tmp_path / "a" / "1.png", np.zeros((4, 4, 1)))
    generator = ours.ImageDataGenerator()
    first = {
        "NumpyArrayIterator": (np.zeros((2, 4, 4, 1)), None, generator),
        "DirectoryIterator": (tmp_path, generator),
        "DataFrameIterator": ({"filename": ["a/1.png"], "class": ["a"]}, tmp_path, generator),
    }[method]
    with pytest.raises(ValueError, match=f"flow.*: {next(iter(arguments))} is not supported"):
        getattr(ours, method)(*first, **arguments)
    taken = {"data_format": "channels_last", "dtype": "float32"}
    assert getattr(ours, method)(*first, **taken).n >= 1
