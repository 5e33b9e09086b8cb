"""`python -m benchmarks roofline` counts and places what it says. No time is asserted here."""

import numpy as np
import pytest

from benchmarks.roofline import command, convolutions, figure, limits, pages, points
from benchmarks.roofline.point import Point, operations_of

LIMITS = {
    "peak": 200.0,
    "sgemm": 190.0,
    "compute": 200.0,
    "cache": 100.0,
    "memory": 25.0,
    "cache_bytes": 1000,
}


def sample(a, b):
    """Five operations: two products, a sum, a difference and one in place."""
    total = a * b + 2 * a - b
    total += a
    return total


def test_operations_are_counted_in_the_source():
    assert operations_of(sample) == 5


@pytest.mark.parametrize(
    "flop, traffic, expected, name",
    [
        (4000, 1000, 200.0, "arithmetic"),  # 4 FLOP/byte, cached: 400, but the peak is 200
        (500, 1000, 50.0, "cache"),
        (4000, 2000, 50.0, "memory"),  # 2 FLOP/byte from memory
    ],
)
def test_the_lower_roof_holds(flop, traffic, expected, name):
    kernel = command.against_limits(Point("it", lambda: None, flop, traffic), 1e-6, LIMITS)
    assert kernel["roof_gflops"] == expected
    assert kernel["limit"] == name
    assert kernel["share"] == pytest.approx(flop / 1e-6 / 1e9 / expected)


def test_what_is_changed_in_place_takes_its_room_once():
    point = Point("it", lambda: None, 1000, 1500, updated=600)
    assert point.footprint == 900
    assert command.against_limits(point, 1.0, LIMITS)["limit"] == "cache"


def test_every_kernel_and_limit_runs(one_thread, monkeypatch):
    monkeypatch.setattr(limits, "MEMORY_BYTES", 1 << 20)
    monkeypatch.setattr(limits, "BLAS_SIZE", 8)
    kernels = points.all_points(batch=1)
    assert len({kernel.name for kernel in kernels}) == len(kernels) > 15
    for kernel in kernels:
        kernel.run()
        assert kernel.flop > 0 < kernel.traffic
    for task in limits.limit_tasks():
        task.run()
        assert task.amount > 0


def test_winograd_does_less_than_a_third_of_the_direct_work():
    # but with few channels, where there is less to save and as much to transform
    few = convolutions.winograd_points(1, "compact_cnn", 8, 16)
    assert all(0.33 < point.flop / point.direct_flop < 0.4 for point in few)
    forward, backward = convolutions.winograd_points(1)
    # 36 of 144 products, and the transforms
    assert 0.25 < forward.flop / forward.direct_flop < 0.33
    assert 0.25 < backward.flop / backward.direct_flop < 0.33
    assert forward.direct_flop == 2 * 9 * 32 * 64 * 72 * 72


def test_tables_go_where_their_comments_are(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- one: begin -->\nold\n<!-- one: end -->\nafter\n")
    for _ in range(2):  # twice gives the same
        pages.replace_table(page, "one", pages.table(["a", "b"], [["x", "1"]]))
        assert page.read_text() == (
            "before\n<!-- one: begin -->\n\n| a | b |\n| --- | ---: |\n| x | 1 |\n\n"
            "<!-- one: end -->\nafter\n"
        )
    with pytest.raises(ValueError, match="page.md: expected one pair of comments"):
        pages.replace_table(page, "two", [])


def test_the_pages_have_places_for_all_tables():
    texts = [
        (command.FOLDER / "README.md").read_text(encoding="utf-8"),
        command.WINOGRAD_PAGE.read_text(encoding="utf-8"),
    ]
    for name in ("limits", "kernels", "blas", "waiting", "accuracy"):
        assert sum(text.count(f"<!-- {name}: begin -->") for text in texts) == 1


def test_labels_of_the_figure_do_not_overlap(tmp_path):
    rng = np.random.default_rng(0)
    anchors = np.concatenate([rng.random((15, 2)) * 500, 200 + rng.random((6, 2)) * 10])
    places = figure.spread(anchors)
    apart = np.linalg.norm(places[:, None] - places[None], axis=2) + 1e9 * np.eye(len(places))
    assert apart.min() > 0.8 * figure.APART
    assert np.linalg.norm(places - anchors, axis=1).max() < 120
    kernels = [
        command.against_limits(Point(str(n), lambda: None, 10 * n, 100), 1e-7, LIMITS)
        for n in range(1, 5)
    ]
    figure.draw(LIMITS, kernels, tmp_path / "figure.png")
    assert (tmp_path / "figure.png").read_bytes()[:4] == b"\x89PNG"
    assert [path.name for path in tmp_path.iterdir()] == ["figure.png"]
