from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm, permutation_test
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

from robustbench_ln.metrics.paired import (
    Discordance,
    adjust_holm,
    count_discordant,
    mcnemar_test,
    paired_test,
    sign_flip_test,
)
from robustbench_ln.metrics.student import student_test
from robustbench_ln.metrics.units import find_units
from robustbench_ln.rng import stream


def permuted(differences: list[float]) -> float:
    """SciPy's paired permutation test, every pattern."""
    result = permutation_test(
        (np.array(differences), np.zeros(len(differences))),
        lambda first, second: (first - second).sum(),
        permutation_type="samples",
        n_resamples=np.inf,
    )
    return float(result.pvalue)


def test_discordant_images_are_counted() -> None:
    first = np.array([True, True, True, False, False])
    second = np.array([True, False, False, True, False])
    assert count_discordant(first, second) == Discordance(only_first=2, only_second=1)


@pytest.mark.parametrize("counts", [(0, 1), (3, 9), (12, 12), (40, 75), (0, 20)])
def test_mcnemar_agrees_with_statsmodels(counts: tuple[int, int]) -> None:
    table = [[500, counts[0]], [counts[1], 100]]
    assert mcnemar_test(Discordance(*counts)) == pytest.approx(mcnemar(table, exact=True).pvalue)


def test_mcnemar_of_sides_that_agree_is_one() -> None:
    assert mcnemar_test(Discordance(0, 0)) == 1.0


@pytest.mark.parametrize(
    "differences", [[3, -1, 4, 0, 5], [2, 2, 2, 2, 2, 2, 2, 2], [-7, 1], [0.1, 0.2, -0.3, 0.4]]
)
def test_sign_flips_agree_with_scipy(differences: list[float]) -> None:
    p_value = sign_flip_test(np.array(differences), generator=stream(0, "flip"))
    assert p_value == pytest.approx(permuted(differences), abs=1e-12)


def test_random_sign_flips_come_near_the_normal_law() -> None:
    differences = stream(3, "test").integers(-5, 7, size=200)
    z = differences.sum() / np.sqrt((differences**2).sum())
    expected = 2 * float(norm.sf(abs(z)))
    assert 0.001 < expected < 0.2
    p_value = sign_flip_test(differences, generator=stream(0, "flip"))
    # Three standard errors of 10,000 flips, and the normal law's own error at 200 units.
    assert p_value == pytest.approx(expected, abs=3 * np.sqrt(expected / 10_000) + 0.002)


def test_a_p_value_is_never_zero() -> None:
    always = np.ones(300)
    assert sign_flip_test(always, generator=stream(0, "flip")) == 1 / 10_001
    assert sign_flip_test(np.zeros(5), generator=stream(0, "flip")) == 1.0


def test_whole_units_are_flipped() -> None:
    difference = stream(4, "test").integers(-1, 2, size=90).astype(float)
    sums = [difference[start : start + 16].sum() for start in (0, 16, 32, 48, 64)]
    sums.append(difference[80:].sum())
    units = find_units(90, [16, 1])
    p_value = paired_test(difference, units, generator=stream(0, "flip"))
    assert p_value == pytest.approx(permuted(sums), abs=1e-12)
    assert paired_test(np.ones(90), units, generator=stream(0, "flip")) == 2 / 2**6


def test_crossing_sets_take_students_t() -> None:
    difference = stream(4, "test").integers(-1, 3, size=90).astype(float)
    units = find_units(90, [16, 6])
    p_value = paired_test(difference, units, generator=stream(0, "flip"))
    assert 0.03 < p_value < 0.2
    assert p_value == student_test(difference, units)


@pytest.mark.parametrize("number", [1, 2, 7, 30])
def test_holm_agrees_with_statsmodels(number: int) -> None:
    values = stream(number, "test").random(number) ** 3
    values[: number // 3] = values[0]  # ties
    assert adjust_holm(values) == pytest.approx(multipletests(values, method="holm")[1], abs=1e-15)
