"""Pictures in the report: smaller, and the same to the eye."""

import base64

import cv2
import numpy as np
import pytest

from covid.report.pictures import LARGE, png_size, smaller


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


def test_large_pictures_become_smaller_and_stay_the_same_to_the_eye():
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (60, 80, 3), np.uint8)
    image = cv2.resize(noise, (800, 600), interpolation=cv2.INTER_CUBIC)
    data = cv2.imencode(".png", image)[1].tobytes()
    assert len(data) > LARGE and png_size(data) == (800, 600)
    kind, less = smaller(data)
    again = cv2.imdecode(np.frombuffer(less, np.uint8), cv2.IMREAD_COLOR)
    assert kind == "webp" and len(less) < len(data) / 2
    assert np.abs(again.astype(int) - image).mean() < 6
    assert smaller(data) == (kind, less)


@pytest.mark.parametrize("data", [b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8" + b"x" * 50])
def test_what_is_no_png(data):
    assert png_size(data) is None
