from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from robustbench_ln.errors import RecordError
from robustbench_ln.metrics.bootstrap import bootstrap_interval, joint_units, resample_means
from robustbench_ln.rng import stream


@given(st.integers(1, 200), st.lists(st.integers(1, 12), min_size=1, max_size=3))
def test_a_unit_cuts_no_set(num_images: int, set_sizes: list[int]) -> None:
    units = joint_units(num_images, set_sizes)
    for size in set_sizes:
        sets = np.arange(num_images) // size
        assert all(len(set(units[sets == index])) == 1 for index in set(sets))


def test_units_are_no_larger_than_needed() -> None:
    assert np.bincount(joint_units(100, [1, 1])).max() == 1
    assert np.bincount(joint_units(100, [4, 6])).tolist() == [12] * 8 + [4]


def test_resamples_are_means_over_the_drawn_units() -> None:
    values = stream(1, "test").random((3, 10))
    units = joint_units(10, [4])  # sizes 4, 4, 2
    means = resample_means(values, units, generator=stream(0, "draw"), num_resamples=300)
    for resample, chosen in zip(means, _draws(300, 3), strict=True):
        images = [i for unit in chosen for i in range(10) if units[i] == unit]
        assert resample == pytest.approx([np.mean(cell[images]) for cell in values])


def _draws(number: int, num_units: int) -> list[np.ndarray]:
    generator = stream(0, "draw")
    return [generator.integers(num_units, size=num_units) for _ in range(number)]


def test_cells_share_their_draws() -> None:
    cell = stream(1, "test").random(50) < 0.7
    means = resample_means(np.stack([cell, cell]), joint_units(50, [1]), generator=stream(0, "d"))
    assert (means[:, 0] == means[:, 1]).all()
    assert means[:, 0].std() > 0


def test_standard_error_agrees_with_scipy() -> None:
    cell = (stream(2, "test").random(400) < 0.8).astype(float)
    means = resample_means(cell[None], joint_units(400, [1]), generator=stream(0, "draw"))
    scipy = stats.bootstrap((cell,), np.mean, n_resamples=10_000, rng=1, method="percentile")
    # Two independent runs of 10,000: their SDs agree within three standard errors of both.
    assert means[:, 0].std(ddof=1) == pytest.approx(scipy.standard_error, rel=3 / np.sqrt(10_000))
    interval = bootstrap_interval(means[:, 0], num_units=400)
    assert interval == pytest.approx(scipy.confidence_interval, abs=0.003)


def test_few_units_have_the_width_of_a_t_interval() -> None:
    values = stream(3, "test").normal(size=8)
    means = resample_means(values[None], joint_units(8, [1]), generator=stream(0, "draw"))
    low, high = bootstrap_interval(means[:, 0], num_units=8)
    t_low, t_high = stats.t.interval(0.95, 7, values.mean(), stats.sem(values))
    assert high - low == pytest.approx(t_high - t_low, rel=0.08)
    plain = np.quantile(means[:, 0], [0.025, 0.975])
    assert high - low > 1.15 * (plain[1] - plain[0])


def test_never_may_be_an_end() -> None:
    resampled = np.array([1.0] * 90 + [np.inf] * 10)
    assert bootstrap_interval(resampled, num_units=100) == (1.0, np.inf)


def test_one_set_has_no_interval() -> None:
    with pytest.raises(RecordError, match="the 5 images are one statistics set: .* at least two"):
        resample_means(np.ones((1, 5)), joint_units(5, [8]), generator=stream(0, "draw"))


@pytest.mark.slow
@pytest.mark.parametrize(("set_size", "num_images"), [(1, 500), (16, 1017), (128, 1920)])
def test_intervals_cover_what_they_promise(set_size: int, num_images: int) -> None:
    """Simulated accuracy of images whose sets are right or wrong together."""
    covered = 0
    units = joint_units(num_images, [set_size])
    for number in range(1000):
        generator = stream(number, "coverage")
        level = generator.normal(0.0, 0.3, size=int(units.max()) + 1)[units]
        correct = generator.normal(size=num_images) + level < 0.5
        means = resample_means(correct[None], units, generator=generator, num_resamples=2000)
        low, high = bootstrap_interval(means[:, 0], num_units=int(units.max()) + 1)
        covered += low <= stats.norm.cdf(0.5 / np.sqrt(1 + 0.3**2)) <= high
    assert 930 <= covered <= 970
