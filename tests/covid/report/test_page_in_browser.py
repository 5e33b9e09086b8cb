"""The report in a real browser: narrow and wide screens, the dark, paper; nothing leaves the machine.

Skipped where Chromium and its driver are not installed; BROWSER_REQUIRED=1 makes that a failure.
"""

import re

import pytest
from browser import REQUIRED, Browser, found
from page_runs import HOSTILE, make_run

from covid.report import write_page

pytestmark = pytest.mark.skipif(
    found() is None and not REQUIRED, reason="no Chromium with chromedriver is installed"
)
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
  || i.getBoundingClientRect().width < 50).map(i => i.alt);
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
# Letters of text in the chart that are outside of it, or smaller than 10 pixels.
CHART = """
const svg = document.querySelector("svg.chart"), frame = svg.getBoundingClientRect();
return [...svg.querySelectorAll("text")].filter(t => {
  const r = t.getBoundingClientRect();
  return r.right > frame.right + 1 || r.left < frame.left - 1
    || parseFloat(getComputedStyle(t).fontSize) < 10;
}).map(t => t.textContent);
"""


@pytest.fixture(scope="module")
def browser():
    assert found() is not None, "BROWSER_REQUIRED=1, but no Chromium with chromedriver is installed"
    with Browser() as one:
        yield one


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
    assert browser.run(CHART) == []
    assert images > 20 or name == "hostile"
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


CUT_OFF = """
return [...document.querySelectorAll("figure .scroll")].filter(b => b.scrollWidth > b.clientWidth + 1)
  .map(b => b.getAttribute("aria-label"));
"""


def test_figures_scroll_on_a_phone_only(browser, pages):
    """There their letters could not be read otherwise; on a wide screen nothing may be cut off."""
    browser.width(1280)
    browser.open(pages["whole"])
    assert browser.run(CUT_OFF) == []
    browser.width(360)
    browser.open(pages["whole"])
    assert len(browser.run(CUT_OFF)) > 20


def test_a_page_in_the_dark(browser, pages):
    browser.width(1280, dark=True)
    browser.open(pages["whole"])
    ground = "return getComputedStyle(document.querySelector('{}')).backgroundColor"
    assert browser.run(ground.format("body")) == "rgb(21, 25, 29)"
    # Figures are drawn on white.
    assert browser.run(ground.format("figure img")) == "rgb(255, 255, 255)"


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
