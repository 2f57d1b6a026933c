"""Units of what runs come down to: the mode's, and those of a baseline that is a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from robustbench_ln.corruption_names import BENCHMARK_CORRUPTIONS, SEVERITIES
from robustbench_ln.reports.summary import SummaryLine, summarise_modes
from robustbench_ln.reports.summary_text import summary_frame, summary_text
from robustbench_ln.runs.outcomes import read_outcomes
from robustbench_ln.runs.records import Record
from robustbench_ln.runs.results import read_results
from tests.reports.synthetic_runs import agn, corrupted, make_record, write_predictions, write_run

TOTAL = 100


def measured(mode: str, set_size: int | None) -> list[Record]:
    """The 15 and a noise, on 100 images."""
    shared = {"total": TOTAL, "set_size": set_size}
    return [
        make_record(mode, correct=90, **shared),
        agn(mode, 1.0, 30, **shared),
        *(
            corrupted(mode, name, s, 80 - 10 * s, **shared)
            for name in BENCHMARK_CORRUPTIONS
            for s in SEVERITIES
        ),
    ]


@pytest.fixture
def run(tmp_path: Path) -> Path:
    records = measured("bn", None) + measured("dbn-batch", 12)
    write_predictions(write_run(tmp_path / "run", records), records)
    return tmp_path / "run"


def units(lines: list[SummaryLine]) -> list[tuple[str, str, int]]:
    return [(x.family.name, x.mode.variant, x.units.num_units) for x in lines]


def test_sets_of_a_measured_baseline_count_for_what_is_relative_to_it(run: Path) -> None:
    bn, batch = read_outcomes(read_results([run]))
    own = [
        ("agn_paper_clip", "bn", 100),
        ("agn_paper_clip", "dbn-batch", 8),
        ("cifar10-c_generated", "bn", 100),
        ("cifar10-c_generated", "dbn-batch", 8),
    ]
    assert units(summarise_modes([bn, batch], None)) == own
    lines = summarise_modes([bn, batch], batch)
    assert units(lines) == [*own[:2], ("cifar10-c_generated", "bn", 8), own[3]]
    quantities = lines[2].quantities
    assert list(quantities) == ["mean error of the 15", "mCE", "relative mCE"]
    for quantity in quantities.values():
        low, high = quantity.estimate.interval
        assert low < quantity.estimate.value < high
    assert quantities["mCE"].estimate.value == pytest.approx(1)
    assert lines[3].quantities["mCE"].estimate.interval is None, "the baseline itself"
    frame = summary_frame(lines)
    assert frame["units"].tolist() == [100, 100, 8, 8, *[8] * 6]
    assert "Intervals: Student's t on 8 statistics sets of 12 images." in " ".join(
        summary_text(lines, batch, width=80).split()
    )


def test_a_baseline_without_predictions_leaves_mce_without_an_interval(
    run: Path, tmp_path: Path
) -> None:
    bn, _ = read_outcomes(read_results([run]))
    (gone,) = read_results([write_run(tmp_path / "gone", measured("bn", None))])
    (_, line) = summarise_modes([bn], gone)
    found = {name: quantity.estimate.interval for name, quantity in line.quantities.items()}
    assert found.pop("mean error of the 15") is not None
    assert found == {"mCE": None, "relative mCE": None}


def test_a_curve_that_never_halves_is_one_number_and_explained(tmp_path: Path) -> None:
    records = [make_record("bn", correct=90, total=100), agn("bn", 1.0, 85, total=100)]
    write_predictions(write_run(tmp_path / "run", records), records)
    lines = summarise_modes(read_outcomes(read_results([tmp_path / "run"])), None)
    text = " ".join(summary_text(lines, None, width=200).split())
    assert "87.5 [82.0, 91.5] >1 Area" in text
    assert '">": at the largest sigma measured, accuracy is still above half of the clean' in text
    records[1] = agn("bn", 1.0, 5, total=100)
    write_predictions(write_run(tmp_path / "other", records), records)
    lines = summarise_modes(read_outcomes(read_results([tmp_path / "other"])), None)
    assert '">"' not in summary_text(lines, None, width=200)
