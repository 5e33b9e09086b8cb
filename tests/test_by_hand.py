"""The first page of the reading order: what it draws are digits, and it learns them."""

import numpy as np

from minicnn import by_hand, kernels


def test_it_learns_digits_and_knows_those_it_has_not_seen(capsys):
    with kernels.use_backend("numpy"):
        rows = by_hand.main(epochs=2)
    (first_loss, _), (last_loss, accuracy) = rows
    assert last_loss < first_loss < np.log(2)  # which a guess of 0.5 everywhere would cost
    assert accuracy > 0.75  # of ten digits; a guess is right on 0.1
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines] == ["epoch 1", "epoch 2"]


def test_digits_are_drawn_anew_each_time_and_the_same_for_the_same_seed():
    images, digits = by_hand.draw_digits(200, np.random.default_rng(3))
    assert images.shape == (200, 16, 16, 1) and images.dtype == np.float32
    assert set(digits) == set(range(10))
    again, _ = by_hand.draw_digits(200, np.random.default_rng(3))
    np.testing.assert_array_equal(again, images)
    fives = images[digits == 5]
    assert not np.array_equal(fives[0], fives[1])
    # Behind the noise there is ink, and more of it for an 8 than for a 1.
    ink = [images[digits == digit].sum(axis=(1, 2, 3)).mean() for digit in (1, 8)]
    assert 15 < ink[0] < ink[1]
