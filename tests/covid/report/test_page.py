"""The report as a document: sound HTML, nothing loaded from anywhere, names are text."""

import copy
import re
import shutil

import jinja2
import pytest
from html_checker import Checker, page_of

from covid.common.errors import UserError
from covid.report import write_page
from covid.report.formats import fixed
from covid.report.write import environment

# The page as a document


def test_the_page_is_sound(page, summary):
    assert page.all("html")[0]["lang"] == "en"
    levels = [int(name[1]) for name, _ in page.tags if re.fullmatch("h[1-6]", name)]
    assert levels[0] == 1 and levels.count(1) == 1 and len(levels) > 12
    assert all(after <= before + 1 for before, after in zip(levels, levels[1:], strict=False))
    marks = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(set(marks)) == len(marks)
    links = [link["href"] for link in page.all("a")]
    inside = [link[1:] for link in links if link.startswith("#")]
    assert len(inside) > 20 and set(inside) <= set(marks)
    beside = {link for link in links if not link.startswith(("#", "https://"))}
    best = summary["splits"]["group"]["best_model"]
    assert {"summary.json", f"group/{best}/predictions.csv"} == beside


def test_one_screen_of_truth_comes_first(page, summary):
    """Did it learn, for a new patient, what does it look at, baselines, threshold, files, ..."""
    first = page.words[page.words.index("Verdict") : page.words.index("Results every measure")]
    split = summary["splits"]["group"]
    best = split["models"][split["best_model"]]
    for said in (
        *("New patients", "Known patients", "Best baseline", "synthetic (drawn by a program)"),
        *("majority class", "mean brightness", "gray histogram", "tested on 48", "epochs"),
        fixed(best["test"]["acc"], 2),
        "Infected, lesions on 12 % of its lungs: rightly called Infected, p(Infected) = 0.93",
        "check against random weights: failed, so they say nothing",
        f"covid look group/{split['best_model']}/model.npz SLICE.png",
        "Infected above p = 0.50, chosen on validation",
    ):
        assert said in first, said
    assert first.split("References ")[1].startswith(summary["doubt"])
    assert summary["doubt"].startswith("Shortcut: ") and summary["conclusion"] in first


def test_the_explorer_is_linked_from_the_first_screen_where_there_is_one(run_folder, tmp_path):
    there = shutil.copytree(run_folder, tmp_path / "with")
    (there / "explorer.html").write_text("a page")
    page = Checker(write_page(there).read_text(encoding="utf-8"))
    assert "explorer.html" in {link["href"] for link in page.all("a")}
    first = page.words[page.words.index("Verdict") : page.words.index("Results every measure")]
    assert "Take this model apart" in first


def test_every_table_has_a_caption_and_scopes(page):
    names = [name for name, _ in page.tags]
    assert names.count("table") == names.count("caption") > 10
    assert {cell.get("scope") for cell in page.all("th")} == {"row", "col"}


def test_nothing_is_loaded_from_anywhere(page):
    assert page.all("link", "iframe", "base", "object", "form") == []
    assert page.all("script") == [{}]
    assert all(image["src"].startswith("data:image/") for image in page.all("img"))
    policy = next(m["content"] for m in page.all("meta") if "http-equiv" in m)
    assert policy.startswith("default-src 'none'") and "script-src 'sha256-" in policy
    assert not any(key.startswith("on") for _, attributes in page.tags for key in attributes)


def test_every_figure_is_there_and_has_a_text_of_its_own(page, run_folder):
    files = list(run_folder.rglob("*.png"))
    texts = [image["alt"] for image in page.all("img")]
    graphs = [file for file in files if file.name.startswith("graph-")]
    assert len(graphs) == 6  # of three models on two splits: the same whatever the split
    assert len(texts) == len(set(texts)) == len(files) - 3 > 20
    drawn = [svg for svg in page.all("svg") if svg.get("role") == "img"]
    # accuracies, confounders, controls, folds; six plots of each model and split
    assert len(drawn) == 4 + 6 * 6
    texts += [svg["aria-label"] for svg in drawn if "aria-label" in svg]
    assert min(map(len, texts)) > 40


def test_alternative_texts_say_the_numbers(page, summary):
    texts = " ".join(image["alt"] for image in page.all("img"))
    texts += " ".join(svg.get("aria-label", "") for svg in page.all("svg"))
    for split in summary["splits"].values():
        for name, model in split["models"].items():
            area = fixed(model["test"]["measures"]["roc_auc"]["value"])
            assert f"ROC curve of {name} on 48 test slices: area {area}" in texts
            (tn, fp), (fn, tp) = model["test"]["confusion"]
            assert ["Infected", str(fn), str(tp)] in page.rows
    assert "by grad-cam" in texts and "which it fails: the map says nothing" in texts
    assert "mean intensity 0.830 (0.760 to 0.900); width of the border 0.510" in page.words


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
    assert hostile.all("script", "b onclick") == [{}]  # the page's own
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
    shutil.copy(next(run_folder.rglob("look-*.png")), outside / "look-tiny_cnn.png")
    changed = copy.deepcopy(summary)
    changed["splits"]["random"]["folder"] = "../outside"
    assert page_of(tmp_path / "run", changed).all("img") == []
    for name in ("../outside", "a/b", "..", "a\0b", ""):
        changed = copy.deepcopy(summary)
        for split in changed["splits"].values():
            split["models"][name] = split["models"]["tiny_cnn"]
        with pytest.raises(UserError, match="models: expected names of folders, found"):
            page_of(tmp_path / "run", changed)


def test_synthetic_images_are_called_so_in_every_alternative_text(page):
    assert all(image["alt"].endswith("The images are synthetic.") for image in page.all("img"))


@pytest.mark.parametrize("text", ["<&>\"'", "a\nb\0\u202e"])
def test_all_values_are_escaped_and_printable(text):
    template = environment().from_string('<p title="{{ text }}">{{ text }}</p>')
    found = Checker(template.render(text=text))
    printable = text.replace("\n", "\\n").replace("\0", "\\x00").replace("\u202e", "\\u202e")
    assert found.all("p") == [{"title": printable}] and found.words == printable


def test_a_template_names_what_it_was_not_given():
    with pytest.raises(jinja2.UndefinedError, match="'forgotten' is undefined"):
        environment().from_string("{{ forgotten }}").render()
