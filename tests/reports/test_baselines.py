from __future__ import annotations

from pathlib import Path

import pytest

from robustbench_ln.corruption_names import BENCHMARK_CORRUPTIONS
from robustbench_ln.errors import SpecError
from robustbench_ln.metrics.error_files import read_baseline
from robustbench_ln.progress import Silent
from robustbench_ln.reports.baselines import choose_baseline, errors_of
from robustbench_ln.reports.report import write_report
from robustbench_ln.reports.settings import ReportSettings
from robustbench_ln.runs.results import find_modes, read_results
from tests.reports.synthetic_runs import agn, corrupted, make_record, write_run


class Notes(Silent):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def note(self, text: str) -> None:
        self.lines.append(text)


def report_of(run: Path, baseline: str) -> tuple[list[str], str]:
    """What is noted, and the report."""
    notes = Notes()
    out = run.parent / "report"
    write_report(
        read_results([run]), out, ReportSettings(baseline=choose_baseline(baseline)), progress=notes
    )
    return [line for line in notes.lines if line.startswith("Note")], (
        out / "report.md"
    ).read_text()


def fifteen(table: str, *, without: int = 0, **fields) -> list:
    return [
        corrupted("bn", name, severity, 500, severity_table=table, **fields)
        for name in BENCHMARK_CORRUPTIONS[without:]
        for severity in range(1, 6)
    ]


@pytest.mark.parametrize(
    ("table", "baseline", "other"),
    [("cifar10-c", "alexnet", "wrn-40-2"), ("imagenet-c", "wrn-40-2", "alexnet")],
)
def test_the_baseline_of_another_benchmark_is_refused(
    tmp_path: Path, table: str, baseline: str, other: str
) -> None:
    run = write_run(tmp_path / "run", [make_record(), *fifteen(table)])
    words = f"baseline='{baseline}': its errors are of .*, these corruptions of {table}: .* use "
    with pytest.raises(SpecError, match=words + f"baseline='{other}', or leave it out"):
        report_of(run, baseline)


def test_a_run_of_two_benchmarks_has_the_mce_of_the_fitting_one(tmp_path: Path) -> None:
    rows = [make_record(), *fifteen("cifar10-c"), *fifteen("imagenet-c")]
    run = write_run(tmp_path / "run", rows)
    notes, text = report_of(run, "wrn-40-2")
    assert notes == [
        "Note: no mCE relative to wrn-40-2 for resnet20 BatchNorm: imagenet-c_generated is another "
        "benchmark than cifar10-c"
    ]
    assert text.count("| mCE") == 1
    with pytest.raises(SpecError, match="its corruptions are of several kinds"):
        errors_of(find_modes(run, None)["bn"])


def test_a_baseline_that_is_not_used_is_said(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", [make_record(), *fifteen("cifar10-c", without=2)])
    notes, text = report_of(run, "wrn-40-2")
    assert notes == [
        "Note: no mCE relative to wrn-40-2 for resnet20 BatchNorm: cifar10-c_generated has 65 of "
        "the 75 cells of the 15 corruptions at five severities (not complete: gaussian_noise, "
        "shot_noise)"
    ]
    assert f"**{notes[0]}.**" in text


def test_runs_without_corruptions_need_no_baseline(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", [make_record(), agn("bn", 1.0, 100)])
    notes, _ = report_of(run, "alexnet")
    assert notes == ["Note: no mCE relative to alexnet: common corruptions: none were measured"]


def test_a_network_of_another_number_of_classes_is_noted(tmp_path: Path) -> None:
    rows = [make_record(), *fifteen("cifar10-c")]
    assert report_of(write_run(tmp_path / "run", rows), "wrn-40-2")[0] == []
    run = write_run(tmp_path / "of_100" / "run", rows, num_classes=100)
    (note,) = report_of(run, "wrn-40-2")[0]
    assert note.startswith("Note: wrn-40-2 tells 10 classes apart, this network 100")


def test_published_errors_say_their_benchmark() -> None:
    assert read_baseline("alexnet").benchmark == "imagenet-c"
    assert read_baseline("alexnet").is_of("imagenet-c")
    assert not read_baseline("alexnet").is_of("cifar10-c")
