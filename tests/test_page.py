"""The report: what it says of good, bad and hostile run folders, and that it is sound HTML."""

import base64
import copy
import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import cv2
import jinja2
import numpy as np
import pytest
from page_runs import APART, HOSTILE, make_run, write_summary

from covid.cli import main
from covid.errors import UserError
from covid.page import write_page
from covid.page.formats import fixed, percent
from covid.page.pictures import LARGE, png_size, smaller
from covid.page.read_run import read_run
from covid.page.verdict import headline
from covid.page.write import environment
from covid.page.write import page as page_text

VOID = {"img", "meta", "br", "line", "rect", "circle"}


class Checker(HTMLParser):
    """Reads a page; complains of tags that do not match, and keeps what tests ask for."""

    def __init__(self, text: str):
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict]] = []
        self.text: list[str] = []
        self.rows: list[list[str]] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, name, attributes):
        assert len(attributes) == len(dict(attributes)), (name, attributes)
        self.tags.append((name, dict(attributes)))
        if name not in VOID - {"line", "rect", "circle"}:
            self.open.append(name)
        if name == "tr":
            self.rows.append([])
        if name in ("td", "th") and self.rows:
            self.rows[-1].append("")

    def handle_endtag(self, name):
        assert self.open.pop() == name

    def handle_data(self, data):
        if "style" not in self.open:
            self.text.append(data)
        if {"td", "th"} & set(self.open):
            self.rows[-1][-1] += data

    @property
    def words(self) -> str:
        return " ".join("".join(self.text).split())

    def all(self, *names: str) -> list[dict]:
        return [attributes for name, attributes in self.tags if name in names]


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "results"
    make_run(folder)
    return folder


@pytest.fixture(scope="module")
def summary(run_folder) -> dict:
    return json.loads((run_folder / "summary.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def page(run_folder) -> Checker:
    return Checker(write_page(run_folder).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def hostile(tmp_path_factory) -> Checker:
    """Names that are markup, quotes, formats, line breaks, no text, backwards."""
    folder = tmp_path_factory.mktemp("runs") / "hostile"
    make_run(
        folder,
        classes=(HOSTILE, "100 % \" ' --> </style>"),
        models=("<b onclick='x'>%s&\"\udcff",),
        file_name="{patient}" + HOSTILE,
    )
    return Checker(write_page(folder).read_text(encoding="utf-8"))


def page_of(folder: Path, summary: dict) -> Checker:
    write_summary(folder, summary)
    return Checker(write_page(folder).read_text(encoding="utf-8"))


# The page as a document


def test_the_page_is_sound(page):
    assert page.all("html")[0]["lang"] == "en"
    levels = [int(name[1]) for name, _ in page.tags if re.fullmatch("h[1-6]", name)]
    assert levels[0] == 1 and levels.count(1) == 1 and len(levels) > 12
    assert all(after <= before + 1 for before, after in zip(levels, levels[1:], strict=False))
    marks = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(set(marks)) == len(marks)
    links = [link["href"] for link in page.all("a")]
    inside = [link[1:] for link in links if link.startswith("#")]
    assert len(inside) > 20 and set(inside) <= set(marks)
    assert all(link.startswith("https://") for link in links if not link.startswith("#"))


def test_every_table_has_a_caption_and_scopes(page):
    names = [name for name, _ in page.tags]
    assert names.count("table") == names.count("caption") > 10
    assert {cell.get("scope") for cell in page.all("th")} == {"row", "col"}


def test_nothing_is_loaded_from_anywhere(page):
    assert page.all("script", "link", "iframe", "base", "object", "form") == []
    assert all(image["src"].startswith("data:image/") for image in page.all("img"))
    policy = next(m["content"] for m in page.all("meta") if "http-equiv" in m)
    assert policy.startswith("default-src 'none'")
    assert not any(key.startswith("on") for _, attributes in page.tags for key in attributes)


def test_every_figure_is_there_and_has_a_text_of_its_own(page, run_folder):
    files = list(run_folder.rglob("*.png"))
    texts = [image["alt"] for image in page.all("img")]
    graphs = [file for file in files if file.name.startswith("graph-")]
    assert len(graphs) == 4  # of two models on two splits: the same whatever the split
    assert len(texts) == len(set(texts)) == len(files) - 2 > 30
    assert min(map(len, texts)) > 40


def test_alternative_texts_say_the_numbers(page, summary):
    texts = " ".join(image["alt"] for image in page.all("img"))
    for split in summary["splits"].values():
        for name, model in split["models"].items():
            area = fixed(model["test"]["measures"]["roc_auc"]["value"])
            assert f"ROC curve of {name} on 48 test slices: area {area}" in texts
            (tn, fp), (fn, tp) = model["test"]["confusion"]
            assert f"test: of {tp + fn} Infected {tp} found" in texts
    assert "by grad-cam" in texts and "which it fails: the map says nothing" in texts
    assert "farthest from 0.5 is mean intensity with 0.830; suspicious: mean intensity" in texts


def test_the_same_folder_gives_the_same_bytes(run_folder, tmp_path):
    first = write_page(run_folder).read_bytes()
    assert write_page(run_folder).read_bytes() == first
    there = shutil.copytree(run_folder, tmp_path / "elsewhere")
    (there / "report.html").unlink()
    assert write_page(there).read_bytes() == first
    assert str(run_folder).encode() not in first
    assert list(run_folder.glob(".minicnn*")) == []


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_text_has_enough_contrast(mode, run_folder):
    """4.5 : 1 for text, 3 : 1 for marks: WCAG 2.1, level AA."""
    text = write_page(run_folder).read_text(encoding="utf-8")
    found = re.findall(r"--(\w+): (#[0-9a-f]{6});", text)
    colors = dict(found[: len(found) // 2] if mode == "light" else found[len(found) // 2 :])
    assert len(found) == 16 and len(colors) == 8
    for ground in ("paper", "wash"):
        for text in ("ink", "soft", "link"):
            assert contrast(colors[text], colors[ground]) >= 4.5, (text, ground)
    for mark in ("blue", "orange"):
        assert contrast(colors[mark], colors["paper"]) >= 3


def contrast(one: str, other: str) -> float:
    def luminance(color: str) -> float:
        parts = [int(color[k : k + 2], 16) / 255 for k in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_contrast_is_that_of_the_standard():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#d55e00", "#ffffff") == pytest.approx(3.87, abs=0.01)


# Names that want to be markup


def test_hostile_names_are_text(hostile):
    """`Checker` has found all tags closed; nothing of the names has become one."""
    assert hostile.all("script", "b onclick") == []
    assert len(hostile.all("style")) == 1
    assert not any(key.startswith("on") for _, attributes in hostile.tags for key in attributes)
    assert "<script>alert('%s')</script>&amp;\"\\n\\xff\\x00\\u202e.png" in hostile.words
    assert "100 % \" ' --> </style>" in hostile.words
    assert "<b onclick='x'>%s&\"\\xff" in hostile.words


def test_hostile_names_are_text_in_attributes(hostile):
    texts = [image["alt"] for image in hostile.all("img")]
    assert any("<script>alert('%s')</script>" in text for text in texts)


def test_a_summary_cannot_make_the_page_read_other_folders(tmp_path, summary, run_folder):
    """Neither by the folder of a split, which is not read, nor by a model's name."""
    outside = tmp_path / "outside" / "figures"
    outside.mkdir(parents=True)
    shutil.copy(next(run_folder.rglob("roc-*.png")), outside / "roc-tiny_cnn.png")
    changed = copy.deepcopy(summary)
    changed["splits"]["random"]["folder"] = "../outside"
    assert page_of(tmp_path / "run", changed).all("img") == []
    for name in ("../outside", "a/b", "..", "a\0b", ""):
        changed = copy.deepcopy(summary)
        for split in changed["splits"].values():
            split["models"][name] = split["models"]["tiny_cnn"]
        with pytest.raises(UserError, match="models: expected names of folders, found"):
            page_of(tmp_path / "run", changed)


@pytest.mark.parametrize("text", ["<&>\"'", "a\nb\0\u202e"])
def test_all_values_are_escaped_and_printable(text):
    template = environment().from_string('<p title="{{ text }}">{{ text }}</p>')
    found = Checker(template.render(text=text))
    printable = text.replace("\n", "\\n").replace("\0", "\\x00").replace("\u202e", "\\u202e")
    assert found.all("p") == [{"title": printable}] and found.words == printable


def test_a_template_names_what_it_was_not_given():
    with pytest.raises(jinja2.UndefinedError, match="'forgotten' is undefined"):
        environment().from_string("{{ forgotten }}").render()


# What it says

NO_DROP = "with no drop beyond the intervals"
DOUBT = "; but a shortcut was found that may explain it"


def with_accuracy(folder: Path, splits=("random", "group"), apart=APART, models=("tiny_cnn",)):
    summary = make_run(folder, splits=splits, apart=apart, figures=False, models=models)
    return summary, headline(read_run(folder))


def test_the_headline_of_models_that_recognize_patients(tmp_path):
    summary, sentence = with_accuracy(tmp_path / "run", apart={"random": 4, "group": -2})
    first, second = (
        fixed(summary["splits"][key]["models"]["tiny_cnn"]["test"]["acc"])
        for key in ("random", "group")
    )
    assert sentence == (
        f"On synthetic images: test accuracy {first} with slices split at random, {second} with "
        "patients kept apart: this model recognizes patients, not disease."
    )


@pytest.mark.parametrize(
    "apart, expected",
    [
        ((4, 4), f"better than chance on new patients too, {NO_DROP}{DOUBT}."),
        ((0, 0), "not shown to be better than chance on new patients."),
        ((-0.5, 4), f"better than chance on new patients too, {NO_DROP}{DOUBT}."),
        (
            (6, -0.2),
            "this model recognizes patients; nothing shows that it detects disease.",
        ),
        ((6, 1.6), f"the second holds for new ones{DOUBT}."),
    ],
)
def test_other_headlines(tmp_path, apart, expected):
    _, sentence = with_accuracy(tmp_path / "r", apart=dict(zip(APART, apart, strict=True)))
    assert sentence.endswith(expected), sentence


def test_the_headline_of_one_split(tmp_path):
    summary, sentence = with_accuracy(tmp_path / "random", ("random",))
    assert "the audit found near-duplicates of 92 % of the test images in" in sentence
    assert sentence.endswith("so this says little about a new patient.")
    _, sentence = with_accuracy(tmp_path / "group", ("group",), {"group": -3})
    assert sentence.endswith("patients kept apart: worse than chance on unseen patients.")
    _, sentence = with_accuracy(tmp_path / "good", ("group",), {"group": 4})
    assert sentence.endswith(f"better than chance on unseen patients{DOUBT}.")


@pytest.mark.parametrize("apart, found", [(-2, "not disease"), (4, NO_DROP)])
def test_the_headline_does_not_hide_how_few_patients_there_are(tmp_path, summary, apart, found):
    """No interval by group although patients are known: they were too few for one."""
    made, _ = with_accuracy(tmp_path, apart={"random": 4, "group": apart})
    del made["splits"]["group"]["models"]["tiny_cnn"]["test"]["measures"]["accuracy"]["group_low"]
    write_summary(tmp_path, made)
    assert f"{found}, as far as so few patients can tell" in headline(read_run(tmp_path))


def test_a_share_is_all_or_nothing_only_where_it_is():
    shares = (0, 0.001, 0.01, 0.5, 0.99, 0.998, 1, None)
    expected = ["0 %", "under 1 %", "1 %", "50 %", "99 %", "over 99 %", "100 %", "–"]
    assert [percent(share) for share in shares] == expected


def test_inferred_groups_are_not_called_patients(tmp_path, summary):
    changed = copy.deepcopy(summary)
    changed["groups"] = {"source": "the audit's look-alikes", "count": 9}
    changed["splits"]["group"]["title"] = "look-alikes kept apart"
    found = page_of(tmp_path, changed)
    assert "9 groups inferred from the images alone: the audit's look-alikes" in found.words
    assert "Look-alikes stand for patients" in found.words
    assert "All slices come from" not in found.words and "patients kept apart" not in found.words
    assert "look-alikes, not disease" in headline(read_run(tmp_path))


def test_without_a_shortcut_a_good_result_stands(tmp_path):
    made, sentence = with_accuracy(tmp_path, ("group",), {"group": 4})
    made["audit"]["shortcuts"] = False
    write_summary(tmp_path, made)
    assert headline(read_run(tmp_path)) == sentence  # the border is still suspicious
    for row in made["controls"]["rows"]:
        row["flagged"] = row["name"] == "permuted_labels"
    write_summary(tmp_path, made)
    assert headline(read_run(tmp_path)).endswith("better than chance on unseen patients.")


@pytest.mark.parametrize(
    "low, high, flagged, expected",
    [
        (0.832, 1.0, True, "suspicious"),
        (0.386, 1.0, False, "too few to tell"),
        (0.29, 0.71, False, "unsuspicious"),
        (0.386, 1.0, True, "suspicious"),  # one format for each class
    ],
)
def test_a_confounder_is_judged_by_its_interval(tmp_path, summary, low, high, flagged, expected):
    row = {"title": "brightest corner", "auc": 1.0, "low": low, "high": high, "flagged": flagged}
    confounders = [{**row, "units": [2, 3]}]
    changed = {**summary, "audit": {**summary["audit"], "confounders": confounders}}
    found = page_of(tmp_path, changed)
    assert ["brightest corner", expected] in [[row[0], row[-1]] for row in found.rows]
    assert "counts once: 3 of the positive class, 2 of the other." in found.words


def test_a_control_without_an_interval_is_not_judged(tmp_path, summary):
    names = ("image", "permuted_labels", "border_only", "lungs_only", "lungs_blacked_out")
    row = {**summary["controls"]["rows"][0], "auc": 0.76, "auc_low": None, "flagged": False}
    rows = [{**row, "name": name, "title": name} for name in names]
    rows[2]["auc_low"] = 0.4
    rows[4] |= {"auc_low": 0.7, "flagged": True}
    controls = {**summary["controls"], "rows": rows, "without_lungs": {"Infected": 25, "Other": 0}}
    found = page_of(tmp_path, {**summary, "controls": controls})
    judged = {row[0]: row[-1] for row in found.rows if len(row) == 6}
    expected = ["the result itself", "too few to tell", "no alarm", "may score", "suspicious"]
    assert [judged[name] for name in names] == expected
    assert "No lung was found in some images: 25 of Infected." in found.words


def test_the_check_stands_right_below_its_heat_map(page, summary):
    verdict = summary["splits"]["group"]["models"]["tiny_cnn"]["look"]["verdict"]
    assert f"not the model (Adebayo 2018). {verdict}" in page.words


def test_verdicts_and_disclaimer_come_first(page, summary):
    start = page.words[: page.words.index("Data and methods")]
    for part, title in (("audit", "Audit"), ("controls", "Controls")):
        assert f"{title}: {summary[part]['verdict']}" in start
    assert "not a medical device" in start and "made by a program" in start
    assert "Positive class: Infected" in start


def test_sections_are_in_order(page):
    titles = [a["id"] for name, a in page.tags if name == "h2"]
    order = "done audit results models controls inside folds repeat card literature"
    assert titles == order.split()


def test_measures_of_both_splits_stand_side_by_side(page, summary):
    for key, title in (
        ("sensitivity", "Sensitivity"),
        ("roc_auc", "Area under the ROC curve (AUC)"),
    ):
        values = [
            fixed(summary["splits"][split]["models"]["tiny_cnn"]["test"]["measures"][key]["value"])
            for split in ("random", "group")
        ]
        row = next(row for row in page.rows if row[0] == title and len(row) == 3)
        assert [cell.split(" ")[0] for cell in row[1:]] == values


def test_the_wider_interval_is_shown_too(page, summary):
    accuracy = summary["splits"]["group"]["models"]["tiny_cnn"]["test"]["measures"]["accuracy"]
    low, high = fixed(accuracy["group_low"]), fixed(accuracy["group_high"])
    assert f"{low} to {high} by group" in page.words
    assert f"{fixed(accuracy['value'])} (95 % interval {low} to {high})" in page.words


def test_the_most_wrong_images_are_those_of_predictions_csv(page, run_folder):
    lines = (run_folder / "group/tiny_cnn/predictions.csv").read_text().splitlines()[1:]
    wrong = [
        line.split(",") for line in lines if line.startswith("test") and line.split(",")[5] == "0"
    ]
    worst = max(wrong, key=lambda row: abs(float(row[4]) - (row[2] == "Infected")))
    caption = page.words.index(f"patients kept apart: the most wrong of {len(wrong)} errors")
    assert worst[1] in page.words[caption : caption + 200]


def test_command_seed_versions_and_files(page, summary):
    assert summary["command"] in page.words
    assert ["numpy", "2.4.6"] in page.rows
    assert ["random/tiny_cnn/history.csv", "loss and accuracy of every epoch"] in page.rows


# What is missing is said


@pytest.mark.parametrize("key", ["audit", "controls"])
def test_a_part_that_was_left_out_is_named(tmp_path, summary, key):
    found = page_of(tmp_path, {**summary, key: None})
    assert f"Not available: {'an audit' if key == 'audit' else key}." in found.words
    assert ["Whether the parts are independent", "not done"] in found.rows or key != "audit"


def test_a_run_without_files_and_figures(tmp_path, summary):
    write_summary(tmp_path, summary)
    run = read_run(tmp_path)
    assert run.missing == []
    found = Checker(write_page(tmp_path).read_text())
    assert found.all("img") == []
    assert "Not available (tiny_cnn, patients kept apart): curves, confusion, roc" in found.words
    assert "the values of history.csv and the values of predictions.csv" in found.words


@pytest.mark.parametrize(
    "place, value, sentence",
    [
        ("", [], "expected an object, found []"),
        ("audit", 3, "audit: expected an object, found 3"),
        ("audit", "gone", "audit: expected an object, found nothing"),
        ("command", "gone", "command: expected a text, found nothing"),
        ("splits", {}, 'splits: expected "random", "group" or both, found []'),
        ("splits.random.models", {}, "models: expected the same models in each split, found []"),
        ("splits.random.models.tiny_cnn.test.n", -1, "test.n: expected a count, found -1"),
        ("splits.random.models.tiny_cnn.test.confusion", [[1, 2]], "expected 2 values, found [[1"),
        ("splits.random.models.tiny_cnn.test.measures", {}, "expected all measures, found []"),
        (
            "splits.random.models.tiny_cnn.test.measures.accuracy.value",
            None,
            "accuracy.value: expected a number, found null",
        ),
        ("audit.confounders", [{"title": 1}], "confounders[0].title: expected a text, found 1"),
        ("synthetic", "<b>\n", 'synthetic: expected true or false, found "<b>\\n"'),
    ],
)
def test_a_summary_that_does_not_fit_is_one_sentence(tmp_path, summary, place, value, sentence):
    """It says where, what was expected, what was found and what to do."""
    changed = copy.deepcopy(summary)
    *around, last = place.split(".")
    inner = changed
    for key in around:
        inner = inner[key]
    if place:
        inner[last] = value
    if value == "gone":
        del inner[last]
    write_summary(tmp_path, changed if place else value)
    with pytest.raises(UserError) as caught:
        read_run(tmp_path)
    said = str(caught.value)
    assert said.startswith(f"{tmp_path / 'summary.json'}: ") and sentence in said
    assert said.endswith(f"delete it, and `covid run --resume {tmp_path}` writes it anew")


def test_a_summary_of_the_first_version_is_refused(tmp_path, capsys, summary):
    old = {key: summary[key] for key in ("note", "positive", "negative", "synthetic", "source")}
    write_summary(tmp_path, {**old, "seed": 0, "models": summary["splits"]["random"]["models"]})
    assert main(["report", str(tmp_path)]) == 2
    assert "damaged or of another version: delete it" in capsys.readouterr().err


def test_null_values_are_dashes_with_a_reason(tmp_path, summary):
    changed = copy.deepcopy(summary)
    for split in changed["splits"].values():
        for model in split["models"].values():
            model["test"]["measures"]["ppv"] |= dict.fromkeys(("value", "low", "high"))
    row = next(
        row
        for row in page_of(tmp_path, changed).rows
        if row[0] == "Positive predictive value (PPV)"
    )
    assert row[1] == "– no image was called positive"


def test_damaged_files_beside_the_summary(tmp_path, run_folder):
    there = shutil.copytree(run_folder, tmp_path / "run")
    (there / "random/tiny_cnn/history.csv").write_bytes(b'"\xff\x00,\n"')
    (there / "random/tiny_cnn/predictions.csv").write_text("part,p(x)\ntest\ntest,many\n")
    (there / "random/figures/roc-tiny_cnn.png").write_bytes(b"no picture")
    found = Checker(write_page(there).read_text())
    assert "The figure random/figures/roc-tiny_cnn.png is damaged and not shown." in found.words
    assert (
        "Not available (tiny_cnn, slices split at random): the values of history.csv" in found.words
    )


def test_any_value_may_be_of_any_type(tmp_path, summary):
    """Each value of the summary in turn becomes something else: a page or a sentence, no more."""
    rng = np.random.default_rng(4)
    odd = [None, True, -1, 1e400, "", "text", [], [1], {}, {"a": 1}, [[1, 2], [3, "x"]], 10**400]
    places = list(paths(summary))
    outcomes = set()
    for index in rng.choice(len(places), 60, replace=False):
        changed = copy.deepcopy(summary)
        *around, last = places[index]
        inner = changed
        for key in around:
            inner = inner[key]
        inner[last] = odd[rng.integers(len(odd))]
        write_summary(tmp_path, changed)
        try:
            Checker(page_text(read_run(tmp_path)))
            outcomes.add("page")
        except UserError:
            outcomes.add("sentence")
    assert outcomes == {"page", "sentence"}


def paths(content, before=()):
    """The place of every value in nested dicts and lists."""
    items = content.items() if isinstance(content, dict) else enumerate(content)
    for key, value in items:
        yield (*before, key)
        if isinstance(value, (dict, list)):
            yield from paths(value, (*before, key))


# Pictures


def test_small_pictures_lose_nothing(page, run_folder):
    data = (run_folder / "figures/samples.png").read_bytes()
    assert len(data) < LARGE
    source = next(i["src"] for i in page.all("img") if i["alt"].startswith("A grid of slices"))
    less = base64.b64decode(source.removeprefix("data:image/webp;base64,"))
    assert len(less) < len(data)
    first, second = (
        cv2.imdecode(np.frombuffer(one, np.uint8), cv2.IMREAD_COLOR) for one in (data, less)
    )
    assert np.array_equal(first, second)


def test_a_picture_that_webp_makes_larger_stays_as_it_is():
    data = cv2.imencode(".png", np.zeros((1, 1, 3), np.uint8))[1].tobytes()
    kind, less = smaller(data)
    assert len(less) <= len(data) and kind in ("png", "webp")
    damaged = data[:40] + bytes(len(data) - 40)
    assert smaller(damaged) == ("png", damaged)


def test_synthetic_images_are_called_so_in_every_alternative_text(page):
    assert all(image["alt"].endswith("The images are synthetic.") for image in page.all("img"))


def test_large_pictures_become_smaller_and_stay_the_same_to_the_eye():
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (60, 80, 3), np.uint8)
    image = cv2.resize(noise, (800, 600), interpolation=cv2.INTER_CUBIC)
    data = cv2.imencode(".png", image)[1].tobytes()
    assert len(data) > LARGE and png_size(data) == (800, 600)
    kind, less = smaller(data)
    again = cv2.imdecode(np.frombuffer(less, np.uint8), cv2.IMREAD_COLOR)
    assert kind == "webp" and len(less) < len(data) / 2
    assert np.abs(again.astype(int) - image).mean() < 4
    assert smaller(data) == (kind, less)


@pytest.mark.parametrize("data", [b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8" + b"x" * 50])
def test_what_is_no_png(data):
    assert png_size(data) is None
