"""`flow_from_dataframe`: forms of the table, targets, rows that are left out, errors."""

import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from minicnn.layers import Dense, Flatten
from minicnn.models import Sequential
from minicnn.preprocessing.image import ImageDataGenerator

NAMES = ["d.png", "a.png", "c.jpg", "b.png", "e.png", "f.png"]
TABLE = {
    "filename": NAMES,
    "class": ["cat", "dog", "cat", "ant", "dog", "cat"],
    "sex": ["f", "m", "m", "f", "f", "m"],
    "age": [30, 40, 50, 60, 70, 80],
    "dose": [0.5, 1.5, 2.5, 3.5, 4.5, 5.5],
}


@pytest.fixture
def folder(tmp_path) -> Path:
    """Six images, of gray 0, 20, ... 100 in the order of `NAMES`."""
    for number, name in enumerate(NAMES):
        Image.fromarray(np.full((8, 8), 20 * number, np.uint8)).save(tmp_path / name)
    return tmp_path


def flow(table, folder, split: float = 0.0, kind=ImageDataGenerator, **arguments):
    settings = {"target_size": (4, 4), "color_mode": "grayscale", "shuffle": False}
    return kind(validation_split=split).flow_from_dataframe(
        table, str(folder), **{**settings, **arguments}
    )


def write_csv(path: Path, lines: list[str], encoding: str = "utf-8") -> Path:
    path.write_text("\n".join(lines) + "\n", encoding=encoding)
    return path


def forms_of_table(folder: Path) -> dict:
    rows = list(zip(*TABLE.values(), strict=True))
    lines = [",".join(map(str, row)) for row in [tuple(TABLE), *rows]]
    with_semicolons = ["", *(line.replace(",", " ; ") for line in lines), ";;;;"]
    types = [("filename", "U9"), ("class", "U9"), ("sex", "U1"), ("age", "i4"), ("dose", "f8")]
    return {
        "csv": str(write_csv(folder / "table.csv", lines)),
        "spreadsheet": write_csv(folder / "other.csv", with_semicolons[1:], "utf-8-sig"),
        "dict of lists": TABLE,
        "dict of arrays": {name: np.array(values) for name, values in TABLE.items()},
        "dict of objects": {name: np.array(values, dtype=object) for name, values in TABLE.items()},
        "structured array": np.array(rows, dtype=types),
    }


def test_all_forms_of_a_table_are_one(folder):
    forms = forms_of_table(folder)
    pandas = pytest.importorskip("pandas")
    forms["pandas"] = pandas.DataFrame(TABLE, index=[9, 9, 3, 2, 1, 0])
    for table in forms.values():
        iterator = flow(table, folder, class_mode="sparse", weight_col="dose")
        assert iterator.filenames == NAMES
        assert iterator.class_indices == {"ant": 0, "cat": 1, "dog": 2}
        assert iterator.classes.tolist() == iterator.labels.tolist() == [1, 2, 1, 0, 2, 1]
        x, y, weights = iterator[0]
        np.testing.assert_array_equal(x[:, 0, 0, 0], np.arange(0, 120, 20))
        np.testing.assert_array_equal(y, [1, 2, 1, 0, 2, 1])
        assert y.dtype == np.float32
        np.testing.assert_array_equal(weights, TABLE["dose"])
        ages = flow(table, folder, class_mode="raw", y_col="age")
        np.testing.assert_array_equal(ages[0][1], TABLE["age"])


def test_class_modes(folder):
    def targets(**arguments):
        return flow(TABLE, folder, **arguments)[0][1]

    one_hot = np.eye(3)[[1, 2, 1, 0, 2, 1]]
    np.testing.assert_array_equal(targets(class_mode="categorical"), one_hot)
    np.testing.assert_array_equal(targets(class_mode="binary", y_col="sex"), [0, 1, 1, 0, 0, 1])
    both = targets(class_mode="raw", y_col=["age", "dose"])
    np.testing.assert_array_equal(both, np.transpose([TABLE["age"], TABLE["dose"]]))
    age, dose = targets(class_mode="multi_output", y_col=["age", "dose"])
    np.testing.assert_array_equal(age, TABLE["age"])
    np.testing.assert_array_equal(dose, TABLE["dose"])
    x, y = flow(TABLE, folder, class_mode="input")[0]
    np.testing.assert_array_equal(x, y)
    assert flow(TABLE, folder, class_mode=None, y_col="none").next().shape == (6, 4, 4, 1)


def test_several_classes_of_an_image(folder):
    table = {"filename": NAMES[:4], "class": [["b", "a"], "c", ("a",), ["c", "d"]]}
    iterator = flow(table, folder)
    assert iterator.class_indices == {"a": 0, "b": 1, "c": 2, "d": 3}
    assert iterator.classes.tolist() == [[1, 0], [2], [0], [2, 3]]
    expected = [[1, 1, 0, 0], [0, 0, 1, 0], [1, 0, 0, 0], [0, 0, 1, 1]]
    np.testing.assert_array_equal(iterator[0][1], expected)
    fewer = flow(table, folder, classes=["d", "a"])
    assert fewer.filenames == [NAMES[0], NAMES[2], NAMES[3]]
    np.testing.assert_array_equal(fewer[0][1], [[0, 1], [0, 1], [1, 0]])


def test_classes_choose_and_number(folder):
    iterator = flow(TABLE, folder, classes=("dog", "cat", "dog"), class_mode="sparse")
    assert iterator.class_indices == {"dog": 0, "cat": 1}
    assert iterator.filenames == ["d.png", "a.png", "c.jpg", "e.png", "f.png"]
    assert iterator.classes.tolist() == [1, 0, 1, 0, 1]
    with pytest.warns(UserWarning, match="no image has the class dgo, Cat in column 'class'$"):
        assert flow(TABLE, folder, classes=["dgo", "Cat", "ant"]).filenames == ["b.png"]
    with pytest.warns(UserWarning, match="classes is not used with class_mode='input'"):
        flow(TABLE, folder, classes=["dog"], class_mode="input")
    with pytest.raises(ValueError, match=r"flow_from_dataframe: .*list of names.* \(set\)"):
        flow(TABLE, folder, classes={"dog", "cat"})


def test_files_that_do_not_exist_are_left_out(folder, capsys):
    (folder / "g.txt").write_text("no image")
    (folder / "h.png").mkdir()
    names = ["nowhere.png", *NAMES, "g.txt", "h.png", ""]
    table = {"filename": names, "class": ["new", *TABLE["class"], "new", "new", "new"]}
    message = r"4 of 10 file names in column 'filename' .* such as .*nowhere\.png$"
    with pytest.warns(UserWarning, match=message) as caught:
        iterator = flow(table, folder)
    assert caught[0].filename == __file__
    assert iterator.filenames == NAMES
    assert iterator.class_indices == {"ant": 0, "cat": 1, "dog": 2}
    told = "Found 6 validated image filenames belonging to 3 classes.\n"
    assert capsys.readouterr().out == told
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        whole = flow(table, folder, class_mode=None, validate_filenames=False)
    assert capsys.readouterr().out == "Found 10 non-validated image filenames.\n"
    with pytest.raises(ValueError, match="nowhere.png: expected an image file"):
        whole[0]
    with pytest.raises(ValueError, match="in column 'filename', found none of 6, such as .*d.png"):
        flow(TABLE, folder / "other")


def test_without_directory_names_are_paths(folder, monkeypatch):
    absolute = {**TABLE, "filename": [str(folder / name) for name in NAMES]}
    generator = ImageDataGenerator()
    assert generator.flow_from_dataframe(absolute).filepaths == absolute["filename"]
    monkeypatch.chdir(folder)
    assert generator.flow_from_dataframe(TABLE).filepaths == NAMES


def test_subsets_are_of_the_rows_that_are_left(folder):
    table = {name: [values[0], *values] for name, values in TABLE.items()}
    table["filename"][0] = "nowhere.png"
    arguments = {"classes": ["cat", "dog"], "class_mode": "sparse", "weight_col": "dose"}
    with pytest.warns(UserWarning, match="1 of 7"):
        validation = flow(table, folder, 0.5, subset="validation", **arguments)
        training = flow(table, folder, 0.5, subset="training", **arguments)
    # Five rows are left, without the first and without ant; 0.5 * 5 is cut to 2.
    assert validation.filenames == ["d.png", "a.png"]
    assert training.filenames == ["c.jpg", "e.png", "f.png"]
    x, y, weights = training[0]
    assert x[:, 0, 0, 0].tolist() == [40, 80, 100]
    assert y.tolist() == [0, 1, 0]
    assert weights.tolist() == [2.5, 4.5, 5.5]
    with pytest.raises(ValueError, match="flow_from_dataframe: .*subset='validation'"):
        flow(TABLE, folder, 0.1, subset="validation")


def test_a_table_sorted_by_class(folder):
    table = {"filename": NAMES, "class": ["a"] * 3 + ["b"] * 3}
    message = "subset='validation' has no image of some classes"
    with pytest.warns(UserWarning, match=message) as caught:
        iterator = flow(table, folder, 0.34, subset="validation")
    assert caught[0].filename == __file__
    assert iterator[0][1].tolist() == [[1, 0], [1, 0]]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert flow(table, folder, 0.34, subset="training").n == 4


@pytest.mark.parametrize(
    ("change", "arguments", "message"),
    [
        ({}, {"x_col": "file"}, "one column 'file' in the table, found 0 among filename, class,"),
        ({}, {"y_col": "label"}, "one column 'label' in the table, found 0"),
        ({}, {"weight_col": "w"}, "one column 'w' in the table, found 0"),
        ({"age": [1, 2]}, {"weight_col": "age"}, "of one length, got {'filename': 6, .*'age': 2}"),
        ({"class": ["a", "b", "a", None, "b", "a"]}, {}, "not empty, got None in row 4"),
        ({"class": ["a", "", "a", "b", "b", "a"]}, {}, "text or a list .* got '' in row 2"),
        ({"class": ["a", "b", "a", "b", "b", []]}, {}, r"not empty, got \[\] in row 6"),
        ({"class": [0, 1, 0, 1, 0, 1]}, {}, "text or a list of texts .* got 0 in row 1"),
        ({}, {"y_col": "dose", "class_mode": "binary"}, "to be text .* got 0.5 in row 1"),
        ({"filename": [1] * 6}, {}, "as text in column 'filename', got 1 in row 1"),
        ({}, {"class_mode": "binary"}, "2 classes for .*, got ant, cat, dog"),
        ({}, {"class_mode": "binary", "classes": ["ant"]}, "2 classes for .*, got ant;"),
        ({}, {"classes": ["Cat"]}, "no image has the class Cat in .*, only ant, cat, dog"),
        ({}, {"class_mode": "other"}, "class_mode to be one of .* got 'other'"),
        ({}, {"class_mode": "multi_output"}, "y_col to be a list of columns .* got 'class'"),
        (
            {},
            {"y_col": ["class", "sex"]},
            "y_col to be the name of one column with .*'categorical'",
        ),
        ({}, {"class_mode": "raw"}, "'class': expected numbers, got: .*'cat'"),
        (
            {"age": [1, 2, 3, "x", 5, 6]},
            {"weight_col": "age"},
            "'age': expected numbers, got: .*'x'",
        ),
        ({"age": [1, 2, 3, np.nan, 5, 6]}, {"weight_col": "age"}, "'age': .* nan in sample 3"),
        (
            {"age": [1, 2, 3, [4], 5, 6]},
            {"weight_col": "age"},
            "'age': expected numbers, got lists",
        ),
        ({}, {"color_mode": "L"}, "flow_from_dataframe: expected color_mode"),
        ({}, {"save_to_dir": "nowhere"}, "flow_from_dataframe: expected save_to_dir"),
    ],
)
def test_tables_that_do_not_fit(folder, change, arguments, message):
    with pytest.raises(ValueError, match=message) as caught:
        flow({**TABLE, **change}, folder, **arguments)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "found no text"),
        (b"filename,class\na.png,cat\nb.png,cat,dog\n", "expected 2 cells in line 3, .* got 3"),
        (b"filename,class\n\na.png\n", "expected 2 cells in line 3, .* got 1"),
        (b"filename,class,class\na.png,cat,dog\n", "column 'class' in the table, found 2"),
        (b"filename,class\n", "found none of 0;"),
        (b"filename,class\na.png,\n", "not empty, got '' in row 1"),
        (b"filename,class\na.png,\xff\n", "csv file in UTF-8, got: "),
        (b"filename,class\n" + b"a" * 200_000, "csv file in UTF-8, got: field larger"),
        (None, "expected a csv file that can be read, got: No such file"),
    ],
)
def test_csv_files_that_do_not_fit(folder, text, message):
    path = folder / "table.csv"
    if text is not None:
        path.write_bytes(text)
    with pytest.raises(ValueError, match=message):
        flow(path, folder)


def test_csv_files_as_people_write_them(folder):
    path = folder / "table.csv"
    for text in (
        'filename, class\na.png, "x, y"\nb.png, "z"\n',
        '\n \nfilename;class\na.png;"x, y"\nb.png;z\n',
    ):
        path.write_text(text)
        assert flow(path, folder).class_indices == {"x, y": 0, "z": 1}
    path.write_text(f"filename,class\na.png,{10**20}\nb.png,2\n")
    assert flow(path, folder, class_mode="raw")[0][1].tolist() == [1e20, 2]
    path.write_text("filename,class\na.png,1\nb.png,-2\n")
    whole = flow(path, folder, class_mode="raw")[0][1]
    assert whole.tolist() == [1, -2] and whole.dtype == np.int64
    path.write_text("filename,class\na.png,1\nb.png,\n")
    with pytest.raises(ValueError, match=r"'class': expected numbers, got: .*: ''$"):
        flow(path, folder, class_mode="raw")


def test_columns_without_an_order_or_without_names(folder):
    for values in (None, "catdog", {"cat", "dog"}, (label for label in TABLE["class"])):
        kind = type(values).__name__
        with pytest.raises(ValueError, match=f"column 'class': expected a list .*, got {kind}"):
            flow({**TABLE, "class": values}, folder)
    table = dict(enumerate(TABLE.values()))
    named, numbered = flow(TABLE, folder), flow(table, folder, x_col=0, y_col=1)
    np.testing.assert_array_equal(numbered[0][1], named[0][1])
    ages = flow(table, folder, x_col=0, y_col=(3, 4), class_mode="raw")[0][1]
    np.testing.assert_array_equal(ages, np.transpose([TABLE["age"], TABLE["dose"]]))


def test_arguments_of_older_versions(folder):
    old = {"has_ext": True, "sort": False, "drop_duplicates": False}
    assert flow(TABLE, folder, **old).filenames == NAMES
    with pytest.raises(ValueError, match="flow_from_dataframe: sort is not supported"):
        flow(TABLE, folder, sort=True)
    with pytest.raises(TypeError, match="unexpected keyword argument 'colour'"):
        flow(TABLE, folder, colour="red")


def test_what_is_no_table(folder):
    for table in (3, None, NAMES, np.zeros((3, 2))):
        with pytest.raises(TypeError, match=f"expected a table .*, got {type(table).__name__}"):
            flow(table, folder)


def test_a_model_trains_from_a_table(folder):
    images = flow(TABLE, folder, y_col="sex", class_mode="binary", batch_size=2, seed=3)
    assert images.may_run_ahead
    model = Sequential([Flatten(input_shape=(4, 4, 1)), Dense(1, activation="sigmoid")], seed=0)
    model.compile("adam", "binary_crossentropy")
    model.fit(images, epochs=1, verbose=0)
    assert model.predict(images.again(ImageDataGenerator(), shuffle=False)).shape == (6, 1)


@pytest.mark.filterwarnings("ignore:flow_from_dataframe. subset=:UserWarning")
@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"class_mode": "sparse", "classes": ["dog", "cat"]},
        {"class_mode": "binary", "y_col": "sex"},
        {"class_mode": "raw", "y_col": "age"},
        {"class_mode": "raw", "y_col": ["age", "dose"]},
        {"class_mode": "multi_output", "y_col": ["age", "dose"], "weight_col": "dose"},
        {"class_mode": "input"},
        {"class_mode": "input", "weight_col": "age"},
        {"class_mode": "categorical", "y_col": "all", "classes": ["a", "d"]},
        {"class_mode": "categorical", "y_col": "all"},
    ],
)
def test_against_keras_itself(folder, arguments):
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("keras")
    from keras.src.legacy.preprocessing.image import ImageDataGenerator as KerasGenerator

    every = [["a", "b"], ["c"], ["b"], ["d"], ["d", "a"], ["a"]]
    table = pandas.DataFrame({**TABLE, "all": every})
    table.loc[6] = ["nowhere.png", "emu", "f", 1, 1.0, ["z"]]
    table = table.iloc[[6, 0, 1, 2, 3, 4, 5]]
    for subset in (None, "training", "validation"):
        with pytest.warns(UserWarning, match="1 invalid|1 of 7"):
            ours, theirs = (
                flow(table, folder, 0.45, kind, subset=subset, batch_size=4, **arguments)
                for kind in (ImageDataGenerator, KerasGenerator)
            )
        assert ours.filenames == theirs.filenames
        if hasattr(theirs, "class_indices"):
            assert ours.class_indices == theirs.class_indices
            assert ours.classes.tolist() == theirs.classes
        for batch, expected in zip((next(ours), next(ours)), theirs, strict=False):
            assert len(batch) == len(expected)
            for found, wanted in zip(batch, expected, strict=True):
                several = isinstance(wanted, list)
                assert isinstance(found, list) == several
                pairs = zip(found, wanted, strict=True) if several else [(found, wanted)]
                for one, other in pairs:
                    np.testing.assert_array_equal(one, other)
                    assert one.dtype == other.dtype
