"""The moving picture and the still at the top of the README, filmed on a real page in a browser:

    python tests/support/film_explorer.py results/explorer.html covid/readme

Writes explorer.gif and explorer.png. The page is that of a `covid run` with its defaults.
"""

import json
import sys
import time
from pathlib import Path

from browser import Browser
from PIL import Image

SIZE = 960, 640  # pixels
COLORS = 96
SETUP = """
document.querySelector("#way").remove();
const caption = document.createElement("div");
caption.id = "caption";
caption.style = "position: fixed; left: 0; right: 0; bottom: 0; padding: .5rem 1rem; z-index: 9;"
  + "background: #1a1f24; color: #fff; font-size: 1.15rem";
document.body.append(caption);
document.body.style.paddingBottom = "60rem";
"""
# A point inside of a lesion: where the chosen filter's gradient is farthest from 0.
STRONGEST = """
const [row, col] = strongest(firstNode);
chooseNode(firstNode, [row, col, state.channel]);
"""


def scenes():
    """(seconds, caption, what is done before, section that is shown)."""
    yield 2.2, "Every layer of one's own model, every map. Choose one.", "", "network"
    yield 0.3, "", STRONGEST + "draw()", "value"
    for shift in (-6, -4, -2, 0):
        do = f"pointAt('target', state.row + {2 if shift > -6 else -6}, state.col)"
        yield 0.8, "Forward: a number is a window times the kernel, added up.", do, "value"
    yield 0.4, "", "document.querySelector('[value=backward]').click()", "value"
    do = "pointAt('source', state.row + 1, state.col + 1)"
    yield (
        2.6,
        "Backward: what flows into this pixel, through the kernel turned around.",
        do,
        "value",
    )
    yield 2.4, "One weight's gradient: pixel times dz, summed over the image.", "", "kernel"
    for tap in (4, 8):
        do = f"document.querySelectorAll('#gradient-grid button')[{tap}].click()"
        yield 1.2, "One weight's gradient: pixel times dz, summed over the image.", do, "kernel"
    do = "document.querySelector('#check').click()"
    yield 2.4, "Is it right? Nudge each weight, run forward, compare.", do, "kernel"
    do = (
        "document.querySelector('[value=offByOne]').click();"
        "document.querySelector('#check').click()"
    )
    yield (
        3.0,
        "Break the backward pass: the check turns red, and marks what is wrong.",
        do,
        "kernel",
    )
    do = (
        "document.querySelector('[value=offByOne]').click();document.querySelector('#step').click()"
    )
    yield (
        3.0,
        "One step of SGD: weights move against their gradients, and the loss falls.",
        do,
        "update",
    )


def film(page: Path, folder: Path) -> None:
    """Write both pictures."""
    frames, durations = [], []
    with Browser() as browser:
        browser.width(*SIZE)
        browser.open(page)
        browser.run(SETUP)
        for seconds, caption, do, section in scenes():
            shown = f"document.querySelector('#caption').textContent = {json.dumps(caption)};"
            show = f"document.querySelector('#{section}').scrollIntoView()"
            browser.run(f"{do}; {shown if caption else ''} {show}")
            time.sleep(3.0 if "#check" in do else 0.7)
            frames.append(shot(browser))
            durations.append(int(1000 * seconds))
            if "Backward: what flows" in caption:
                frames[-1].save(folder / "explorer.png", optimize=True)
        assert not browser.log("browser")
    small = [frame.quantize(COLORS, dither=Image.Dither.NONE) for frame in frames]
    path = folder / "explorer.gif"
    rest = {"append_images": small[1:], "duration": durations, "loop": 0, "optimize": True}
    small[0].save(path, save_all=True, **rest)
    print(f"{path}: {len(frames)} frames, {path.stat().st_size / 1e6:.2f} MB")


def shot(browser: Browser) -> Image.Image:
    path = Path(browser.profile) / "frame.png"
    browser.picture(path)
    return Image.open(path).convert("RGB")


if __name__ == "__main__":
    film(Path(sys.argv[1]), Path(sys.argv[2]))
