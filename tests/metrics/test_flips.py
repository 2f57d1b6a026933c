from __future__ import annotations

import numpy as np
import pytest

from robustbench_ln.errors import DataError
from robustbench_ln.metrics.flips import flip_shares, top5_distances
from tests.references.flip_reference import flip_probability, mean_top5_distance


def test_flips_by_hand() -> None:
    classes = np.array([[3, 3, 4, 3], [1, 2, 2, 2]])
    assert flip_shares(classes, is_noise=False).tolist() == [2 / 3, 1 / 3]
    assert flip_shares(classes, is_noise=True).tolist() == [1 / 3, 1]


def test_distances_by_hand() -> None:
    same, swapped, shifted, other = (
        [0, 1, 2, 3, 4],
        [1, 0, 2, 3, 4],
        [9, 0, 1, 2, 3],
        [5, 6, 7, 8, 9],
    )
    ranked = np.array([[same, swapped], [same, shifted], [same, other], [same, same]])
    assert top5_distances(ranked, is_noise=False).tolist() == [2, 5, 15, 0]


def test_noise_is_compared_with_the_first_frame() -> None:
    same, other = [0, 1, 2, 3, 4], [5, 6, 7, 8, 9]
    ranked = np.array([[same, other, same]])
    assert top5_distances(ranked, is_noise=False).tolist() == [15]
    assert top5_distances(ranked, is_noise=True).tolist() == [7.5]


@pytest.mark.parametrize("is_noise", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_the_paper_says_the_same(seed: int, is_noise: bool) -> None:
    rng = np.random.default_rng(seed)
    classes = rng.integers(3, size=(7, 6))
    shares = flip_shares(classes, is_noise=is_noise)
    assert shares.mean() == pytest.approx(flip_probability(classes.tolist(), is_noise), abs=1e-12)
    orders = np.argsort(rng.random((7, 6, 12)), axis=-1)  # all 12 classes, best first
    distances = top5_distances(orders[..., :5], is_noise=is_noise)
    expected = mean_top5_distance(orders.tolist(), is_noise)
    assert distances.mean() == pytest.approx(expected, abs=1e-12)


def test_what_has_no_comparison_is_refused() -> None:
    with pytest.raises(DataError, match="sequences of 1 frames; expected 2 or more"):
        flip_shares(np.zeros((4, 1), dtype=int), is_noise=False)
    with pytest.raises(DataError, match="4 ranked classes; the top-5 distance needs 5"):
        top5_distances(np.zeros((4, 3, 4), dtype=int), is_noise=False)
