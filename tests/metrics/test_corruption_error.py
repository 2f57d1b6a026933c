from __future__ import annotations

import numpy as np
import pytest

from robustbench_ln.corruption_names import BENCHMARK_CORRUPTIONS, EXTRA_CORRUPTIONS
from robustbench_ln.errors import RecordError
from robustbench_ln.metrics.corruption_error import (
    MEAN_ROW,
    CorruptionErrors,
    ErrorSums,
    SummaryRow,
    corruption_error,
    mean_corruption_error,
    published_sums,
    relative_corruption_error,
    relative_mean_corruption_error,
    summarise_errors,
)
from robustbench_ln.metrics.error_files import read_baseline

STANDARD = """
gaussian_noise 22.22 42.12 60.81 67.39 72.33
shot_noise 14.96 24.27 46.51 54.65 65.71
impulse_noise 17.11 30.95 42.63 59.89 72.92
defocus_blur 5.42 6.62 11.02 22.56 46.94
glass_blur 46.57 44.25 43.05 56.81 54.32
motion_blur 9.71 16.15 25.60 25.17 34.75
zoom_blur 12.29 15.45 22.52 29.71 42.02
snow 10.09 19.57 16.35 19.49 25.07
frost 10.45 16.50 27.39 29.14 41.30
fog 5.49 6.44 7.71 10.41 26.01
brightness 5.25 5.62 6.22 7.19 9.30
contrast 5.73 7.84 10.28 16.41 46.69
elastic_transform 9.53 9.78 14.14 21.06 26.59
pixelate 8.05 13.96 19.98 39.65 58.45
jpeg_compression 13.64 20.35 22.04 25.85 30.30
"""
"""RobustBench, model `Standard` (WRN-28-10) on CIFAR-10-C: error in % at severity 1 to 5."""


def flat(error: float, clean: float | None = None, **changes: float) -> CorruptionErrors:
    """The same error everywhere in the 15; `fog_3=0.9` changes one cell."""
    cells = {(name, level): error for name in BENCHMARK_CORRUPTIONS for level in range(1, 6)}
    for place, value in changes.items():
        name, _, level = place.rpartition("_")
        cells[name, int(level)] = value
    return CorruptionErrors(name="flat", cells=cells, clean=clean)


def mean_row(errors: CorruptionErrors, baseline: CorruptionErrors | None) -> SummaryRow:
    return next(row for row in summarise_errors(errors, baseline) if row.name == MEAN_ROW)


def test_robustbench_standard_has_its_published_means() -> None:
    lines = [line.split() for line in STANDARD.strip().splitlines()]
    cells = {
        (name, level): float(text) / 100
        for name, *texts in lines
        for level, text in enumerate(texts, start=1)
    }
    row = mean_row(CorruptionErrors(name="Standard", cells=cells), None)
    assert row.mean is not None
    assert f"{100 * row.mean:.2f}" == "26.54"
    assert f"{100 * (row.by_severity[4] or 0):.2f}" == "43.51"
    assert row.ce is None


@pytest.mark.parametrize("name", ["alexnet", "wrn-40-2"])
def test_a_baseline_against_itself_is_exactly_one(name: str) -> None:
    baseline = read_baseline(name)
    rows = summarise_errors(baseline, baseline)
    assert {row.ce for row in rows} == {row.relative_ce for row in rows} == {1.0}
    assert [row.name for row in rows[15:]] == [MEAN_ROW, *EXTRA_CORRUPTIONS]


def test_baselines_have_their_published_means() -> None:
    alexnet, wide = read_baseline("alexnet"), read_baseline("wrn-40-2")
    assert mean_row(alexnet, None).mean == pytest.approx(0.7889931, abs=1e-7)
    assert mean_row(wide, None).mean == pytest.approx(0.2694, abs=5e-5)
    assert (alexnet.clean, wide.clean) == (0.435, 0.05334)


def test_ce_is_a_ratio_of_sums_and_no_mean_of_ratios() -> None:
    network = flat(0.1, fog_1=0.1, fog_2=0.1, fog_3=0.1, fog_4=0.1, fog_5=0.6)
    baseline = flat(0.2, fog_1=0.1, fog_2=0.2, fog_3=0.3, fog_4=0.4, fog_5=1.0)
    assert corruption_error(network, baseline, "fog") == pytest.approx(1.0 / 2.0)
    ratios = [0.1 / 0.1, 0.1 / 0.2, 0.1 / 0.3, 0.1 / 0.4, 0.6 / 1.0]
    assert sum(ratios) / 5 == pytest.approx(0.5367, abs=1e-4)  # what it must not be
    assert mean_row(network, baseline).ce == pytest.approx((14 * 0.5 + 0.5) / 15)


def test_mce_weighs_corruptions_alike_however_hard_they_are() -> None:
    network = flat(0.1, **{f"fog_{level}": 0.9 for level in range(1, 6)})
    baseline = flat(0.2, **{f"fog_{level}": 0.6 for level in range(1, 6)})
    assert mean_row(network, baseline).ce == pytest.approx((14 * 0.5 + 1.5) / 15)


def test_relative_ce_is_of_the_rise_above_clean() -> None:
    network, baseline = flat(0.3, clean=0.05), flat(0.6, clean=0.1)
    assert relative_corruption_error(network, baseline, "fog") == pytest.approx(0.25 / 0.5)
    better = flat(0.04, clean=0.05)
    assert relative_corruption_error(better, baseline, "fog") == pytest.approx(-0.01 / 0.5)
    assert relative_corruption_error(flat(0.3), baseline, "fog") is None


def sums_of(errors: CorruptionErrors) -> ErrorSums:
    sums = published_sums(errors)
    assert sums is not None
    return sums


@pytest.mark.parametrize("name", ["alexnet", "wrn-40-2"])
def test_many_measurements_at_once_give_what_each_gives(name: str) -> None:
    baseline = read_baseline(name)
    networks = [flat(0.1, clean=0.05, fog_1=0.3, snow_2=0.9), flat(0.2, clean=0.1, fog_4=0.9)]
    both = [sums_of(network) for network in networks]
    errors = ErrorSums(np.stack([sums.by_corruption for sums in both]), np.array([0.05, 0.1]))
    rows = [mean_row(network, baseline) for network in networks]
    mce = mean_corruption_error(errors, sums_of(baseline))
    assert mce.tolist() == pytest.approx([row.ce for row in rows], rel=1e-12)
    if baseline.clean is not None:
        relative = relative_mean_corruption_error(errors, sums_of(baseline))
        assert relative.tolist() == pytest.approx([row.relative_ce for row in rows], rel=1e-12)


def test_a_baseline_without_errors_is_refused_but_one_resample_without_is_not() -> None:
    errors = sums_of(flat(0.5, clean=0.1))
    perfect = flat(0.5, clean=0.1, **{f"fog_{level}": 0.0 for level in range(1, 6)})
    with pytest.raises(RecordError, match="the baseline makes no .* error under a corruption"):
        mean_corruption_error(errors, sums_of(perfect))
    with pytest.raises(RecordError, match="the baseline makes no .* error under a corruption"):
        relative_mean_corruption_error(errors, sums_of(flat(0.1, clean=0.1)))
    usual = sums_of(flat(0.5)).by_corruption
    resamples = ErrorSums(np.stack([usual, sums_of(perfect).by_corruption]), None)
    assert mean_corruption_error(errors, resamples).tolist() == [1.0, np.inf]


def test_sums_need_all_fifteen() -> None:
    assert published_sums(CorruptionErrors(name="half", cells={("fog", 1): 0.5})) is None


def test_what_is_missing_has_no_mean() -> None:
    whole = flat(0.5, clean=0.1)
    cells = {place: error for place, error in whole.cells.items() if place != ("fog", 3)}
    errors = CorruptionErrors(name="partial", cells=cells, clean=0.1)
    assert errors.missing_cells() == ["fog 3"]
    row = mean_row(errors, whole)
    assert (row.mean, row.ce, row.relative_ce) == (None, None, None)
    assert row.by_severity == (0.5, 0.5, None, 0.5, 0.5)
    assert whole.missing_cells() == []


def test_the_extra_corruptions_stand_apart() -> None:
    whole = flat(0.5)
    cells = {**whole.cells, **{("saturate", level): 1.0 for level in range(1, 6)}}
    rows = summarise_errors(CorruptionErrors(name="more", cells=cells), whole)
    assert [row.name for row in rows[15:]] == [MEAN_ROW, "saturate"]
    assert rows[15].mean == 0.5


def test_a_baseline_without_errors_is_refused() -> None:
    perfect = flat(0.5, **{f"fog_{level}": 0.0 for level in range(1, 6)})
    with pytest.raises(RecordError, match=r"flat makes no error under fog: .* another baseline="):
        mean_row(flat(0.5), perfect)
    constant = flat(0.3, clean=0.3)
    with pytest.raises(
        RecordError, match="flat makes as many errors under gaussian_noise as clean"
    ):
        mean_row(flat(0.5, clean=0.1), constant)
