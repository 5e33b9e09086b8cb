"""Every argument of Keras' image functions is taken, with the same default, or refused by name."""

import inspect

import numpy as np
import pytest

import minicnn.preprocessing.image as ours

CLASSES = {
    "ImageDataGenerator": [
        *("__init__", "flow", "flow_from_directory", "flow_from_dataframe", "fit", "standardize"),
        *("get_random_transform", "apply_transform", "random_transform"),
    ],
    "NumpyArrayIterator": ["__init__", "reset", "on_epoch_end"],
    "DirectoryIterator": ["__init__", "reset", "on_epoch_end"],
    "DataFrameIterator": ["__init__", "reset", "on_epoch_end"],
}
FUNCTIONS = ["array_to_img", "img_to_array", "load_img", "save_img"]
OTHER_DEFAULTS = {"DataFrameIterator.__init__": {"dtype"}}  # that of the generator


def test_signatures():
    pytest.importorskip("keras")
    from keras.src.legacy.preprocessing import image
    from keras.src.utils import image_utils

    pairs = {
        f"{kind}.{method}": [getattr(getattr(one, kind), method) for one in (image, ours)]
        for kind, methods in CLASSES.items()
        for method in methods
    }
    pairs |= {name: [getattr(one, name) for one in (image_utils, ours)] for name in FUNCTIONS}
    for name, (theirs, mine) in pairs.items():
        expected, found = (inspect.signature(one).parameters for one in (theirs, mine))
        # kwargs of flow_from_dataframe: arguments that Keras ignores with a warning
        wanted = [one for one in expected if one != "kwargs"]
        assert [one for one in found if one in wanted] == wanted, name
        for argument in set(wanted) - OTHER_DEFAULTS.get(name, set()):
            assert found[argument].default == expected[argument].default, (name, argument)


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("NumpyArrayIterator", {"data_format": "channels_first"}),
        ("NumpyArrayIterator", {"dtype": "float64"}),
        ("DirectoryIterator", {"keep_aspect_ratio": True}),
        ("DirectoryIterator", {"dtype": "float16"}),
        ("DataFrameIterator", {"data_format": "channels_first"}),
        ("DataFrameIterator", {"keep_aspect_ratio": True}),
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
