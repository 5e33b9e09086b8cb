"""The report in a real browser: narrow and wide screens, the dark, paper; nothing leaves the machine.

Skipped where Chromium and its driver are not installed; BROWSER_REQUIRED=1 makes that a failure.
"""

import re

import pytest
from page_runs import HOSTILE, make_run

from covid.report import write_page

WIDTHS = (360, 412, 768, 1280)
# Elements wider than the screen that do not lie in a box that scrolls or hides them.
STICKING_OUT = """
const boxed = e => e && (["auto", "scroll", "hidden"].includes(getComputedStyle(e).overflowX)
  || boxed(e.parentElement));
return [...document.querySelectorAll("body *")].filter(e => {
  const r = e.getBoundingClientRect();
  return r.width > 0 && (r.right > document.documentElement.clientWidth + 0.5 || r.left < -0.5) && !boxed(e.parentElement);
}).map(e => e.outerHTML.slice(0, 80));
"""
BAD_IMAGES = """
return [...document.images].filter(i => !i.complete || !i.naturalWidth || !i.alt.trim()
  || i.checkVisibility() && i.getBoundingClientRect().width < 50).map(i => i.alt);
"""
DEAD_LINKS = """
return [...document.querySelectorAll("a[href^='#']")].map(a => a.hash.slice(1))
  .filter(name => !document.getElementById(name));
"""
LEVELS = "return [...document.querySelectorAll('h1,h2,h3,h4,h5,h6')].map(h => +h.tagName[1])"
SIZES = """
return [document.scrollingElement.scrollWidth, innerWidth, document.documentElement.clientWidth,
  document.images.length]
"""
# Letters of text in the charts that are outside of it, or smaller than 10 pixels.
CHART = """
return [...document.querySelectorAll("svg.chart, svg.plot")].flatMap(svg => {
  const frame = svg.getBoundingClientRect(), scale = svg.viewBox.baseVal.width
    ? frame.width / svg.viewBox.baseVal.width : 1;
  return [...svg.querySelectorAll("text")].filter(t => {
    const r = t.getBoundingClientRect();
    return r.width && (r.right > frame.right + 1 || r.left < frame.left - 1
      || scale * parseFloat(getComputedStyle(t).fontSize) < 10);
  }).map(t => t.textContent);
});
"""


OPEN_ALL = "document.querySelectorAll('details').forEach(d => d.open = true)"
CUT_OFF = """
return [...document.querySelectorAll("figure .scroll")].filter(b => b.scrollWidth > b.clientWidth + 1)
  .map(b => b.getAttribute("aria-label"));
"""


@pytest.fixture(scope="module")
def pages(tmp_path_factory) -> dict:
    """Report of a whole run, of one whose names are hostile, of one with a single split."""
    folders = {
        name: tmp_path_factory.mktemp(name) / "run" for name in ("whole", "hostile", "single")
    }
    make_run(folders["whole"])
    make_run(
        folders["hostile"],
        classes=(HOSTILE, "no_spaces_in_a_very_long_class_name_that_goes_on_and_on_and_on"),
        models=(
            "<b onclick='x'>%s&\"",
            "a_model_with_a_name_that_is_longer_than_any_phone_is_wide",
        ),
        file_name="{patient}" + "long_" * 40 + HOSTILE,
        figures=False,
    )
    make_run(folders["single"], splits=("group",), seed=1)
    return {name: write_page(folder) for name, folder in folders.items()}


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", ["whole", "hostile", "single"])
def test_a_page_on_a_screen(browser, pages, name, width):
    browser.width(width)
    browser.open("about:blank")
    browser.log("browser"), browser.requested()
    browser.open(pages[name])
    inner, window, screen, images = browser.run(SIZES)
    assert inner <= window == screen == width
    assert browser.run(STICKING_OUT) == []
    browser.run(OPEN_ALL)
    assert browser.run(SIZES)[0] <= width
    assert browser.run(STICKING_OUT) == []
    assert browser.run(CHART) == []
    assert images > 10 or name == "hostile"
    assert browser.run(BAD_IMAGES) == []
    assert browser.run(DEAD_LINKS) == []
    levels = browser.run(LEVELS)
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in zip(levels, levels[1:], strict=False))
    assert browser.log("browser") == []
    asked = [address for address in browser.requested() if not address.startswith("data:")]
    assert asked == [pages[name].as_uri()]


def test_the_checks_find_what_is_wrong(browser, tmp_path):
    """A page with one of everything: else the test above could not fail."""
    path = tmp_path / "bad.html"
    path.write_text(
        "<!doctype html><meta name=viewport content='width=device-width'><h1>x</h1><h3>y</h3>"
        "<svg class=chart width=100><text x=500>out</text></svg><a href='#nowhere'>z</a>"
        "<div style='width:900px'>wide</div><img src='data:image/png;base64,AAAA' alt=''>"
        "<img src='https://example.org/x.png' alt='x'><script>console.error('e')</script>"
    )
    browser.width(360)
    browser.open("about:blank")
    browser.log("browser"), browser.requested()
    browser.open(path)
    assert browser.run(SIZES)[0] > 360
    assert any("wide" in element for element in browser.run(STICKING_OUT))
    assert browser.run(CHART) == ["out"]
    assert sorted(browser.run(BAD_IMAGES)) == ["", "x"]
    assert browser.run(DEAD_LINKS) == ["nowhere"]
    assert browser.run(LEVELS) == [1, 3]
    assert len(browser.log("browser")) >= 2
    assert "https://example.org/x.png" in browser.requested()


HEIGHT = "return document.scrollingElement.scrollHeight"


@pytest.mark.parametrize("width, height, screens", [(1280, 800, 3), (390, 844, 5)])
def test_a_page_is_short_until_something_is_opened(browser, pages, width, height, screens):
    """And the slices and the numbers stand on the first screen, whatever its size."""
    browser.width(width, height)
    browser.open(pages["whole"])
    assert browser.run(HEIGHT) <= screens * height
    bottoms = "return [...document.querySelectorAll('.tile, .seen img')].map(e => e.getBoundingClientRect().bottom)"
    assert len(browser.run(bottoms)) == 5 and max(browser.run(bottoms)[:4]) < height
    first = "return document.querySelector('.first').getBoundingClientRect().bottom"
    assert width < 1000 or browser.run(first) < height  # all of it


def test_a_link_opens_what_it_leads_to(browser, pages):
    browser.width(1280)
    browser.open(pages["whole"])
    opened = "return document.querySelectorAll('section > details[open]').length"
    assert browser.run(opened) == 0
    browser.run("document.querySelector('a[href=\"#audit\"]').click()")
    wait = "return new Promise(r => setTimeout(() => r(document.querySelector('#audit').parentElement.open), 100))"
    assert browser.run(wait) and browser.run(opened) == 1


def test_the_switch_shows_one_split_at_a_time(browser, pages):
    browser.width(390)
    browser.open(pages["whole"])
    browser.run(OPEN_ALL)
    shown = "return [...document.querySelectorAll('.model .of-random, .model .of-group')].filter(e => e.checkVisibility()).map(e => e.className)"
    assert set(browser.run(shown)) == {"of-group"}
    browser.run("document.querySelectorAll('.pick-random').forEach(e => e.click())")
    assert set(browser.run(shown)) == {"of-random"}


def test_no_figure_but_a_diagram_scrolls(browser, pages):
    for width in (360, 1280):
        browser.width(width)
        browser.open(pages["whole"])
        browser.run(OPEN_ALL)
        cut = browser.run(CUT_OFF)
        assert all("graph" in name for name in cut) and (cut or width > 400)


def test_a_page_in_the_dark(browser, pages):
    browser.width(1280, dark=True)
    browser.open(pages["whole"])
    ground = "return getComputedStyle(document.querySelector('{}')).backgroundColor"
    assert browser.run(ground.format("body")) == "rgb(21, 25, 29)"
    # Diagrams are drawn on white.
    assert browser.run(ground.format("img.wide")) == "rgb(255, 255, 255)"


def test_a_page_on_paper(browser, pages):
    browser.width(1280, dark=True)
    browser.open(pages["whole"])
    data = browser.printed()
    assert data.startswith(b"%PDF-") and data.rstrip().endswith(b"%%EOF")
    sheets = len(re.findall(rb"/Type\s*/Page\b", data))
    assert 8 <= sheets <= 60
    browser.width(int((210 - 2 * 14) / 25.4 * 96))  # A4 without its margins, in CSS pixels
    browser.tell("Emulation.setEmulatedMedia", media="print")
    try:
        # Nothing is cut off on the right: no box scrolls on paper.
        assert browser.run(STICKING_OUT) == []
        # What is folded on the screen is open.
        folded = "return [...document.querySelectorAll('details table')].map(t => t.checkVisibility"
        folded += "({contentVisibilityAuto: true}) && t.getBoundingClientRect().height)"
        assert min(browser.run(folded)) > 50
        # Two figures fit on a sheet of A4 with its margins.
        tall = browser.run(
            "return Math.max(...[...document.images].map(i => i.getBoundingClientRect().height))"
        )
        assert 0 < tall <= 11 / 2.54 * 96 + 1
        assert browser.run("return getComputedStyle(document.body).color") == "rgb(26, 31, 36)"
    finally:
        browser.tell("Emulation.setEmulatedMedia", media="")
