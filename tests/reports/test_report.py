from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from robustbench_ln.cli.report import report as report_command
from robustbench_ln.corruption_names import BENCHMARK_CORRUPTIONS, EXTRA_CORRUPTIONS
from robustbench_ln.errors import RecordError, SpecError
from robustbench_ln.modes import MODES
from robustbench_ln.reports.families import read_tables
from robustbench_ln.reports.report import write_report
from robustbench_ln.reports.terminal import terminal_tables
from robustbench_ln.runs.results import read_results
from tests.reports.synthetic_runs import agn, corrupted, make_record, noise_run, write_run

CheckGolden = Callable[[str, str], None]


def local_run(path: Path) -> Path:
    """A run of random-group and voting modes, limited to 200 images."""
    shared = {"num_groups": 8, "limit": 200, "total": 200, "order": "as-is"}
    single = shared | {"set_size": 1, "expected_correct": 121.25, "expected_sd": 4.5}
    voting = shared | {"set_size": 16, "tie_rule": "random", "refills": 8}
    records = [
        make_record("ln-single", correct=140, **single),
        make_record("ln-voting", correct=184, ties=3, **voting),
        agn("ln-single", 0.5, 90, **single),
        agn("ln-voting", 0.5, 135, ties=12, **voting),
        agn("ln-voting", 2.0, 60, ties=41, **voting),
    ]
    return write_run(path, records, label="resnet20 | local")


def corruption_run(path: Path) -> Path:
    """All 19 at severities 1 and 5; dbn-batch lacks fog at 5."""
    records = [make_record(mode) for mode in ("bn", "dbn-batch")]
    for i, name in enumerate(BENCHMARK_CORRUPTIONS + EXTRA_CORRUPTIONS):
        records += [corrupted("bn", name, 1, 850 - 10 * i), corrupted("bn", name, 5, 500 - 10 * i)]
        records.append(corrupted("dbn-batch", name, 1, 840))
        if name != "fog":
            records.append(corrupted("dbn-batch", name, 5, 600))
    return write_run(path, records)


def test_one_run_as_it_always_was(tmp_path: Path, check_golden: CheckGolden) -> None:
    written = write_report(read_results([noise_run(tmp_path / "run")]), tmp_path / "out")
    for name in ("report.md", "cells.csv", "accuracy_resnet20_agn_paper_clip.csv"):
        golden = name.replace("_resnet20", "")
        check_golden(f"one_run_{golden}", (tmp_path / "out" / name).read_text())
    check_golden("one_run_terminal.txt", terminal_tables(written.tables) + "\n")


def test_two_runs_as_they_always_were(tmp_path: Path, check_golden: CheckGolden) -> None:
    runs = [noise_run(tmp_path / "bn"), local_run(tmp_path / "ln")]
    written = write_report(read_results(runs), tmp_path / "out")
    check_golden("two_runs_report.md", (tmp_path / "out" / "report.md").read_text())
    (latex,) = (tmp_path / "out").glob("*.tex")
    check_golden("two_runs.tex", latex.read_text())
    check_golden("two_runs_terminal.txt", terminal_tables(written.tables) + "\n")


def test_corruptions_as_they_always_were(tmp_path: Path, check_golden: CheckGolden) -> None:
    written = write_report(read_results([corruption_run(tmp_path / "run")]), tmp_path / "out")
    names = [file.name for file in written.files]
    assert names == [
        "cells.csv",
        "accuracy_resnet20_cifar10-c_generated.csv",
        "accuracy_resnet20_cifar10-c_generated.tex",
        *(
            f"accuracy_resnet20_cifar10-c_generated{ending}.{kind}"
            for ending in ("", "_severity")
            for kind in ("png", "svg", "pdf")
        ),
        "summary.csv",
        "references.bib",
        "index.html",
        "report.md",
    ]
    check_golden("corruptions_report.md", (tmp_path / "out" / "report.md").read_text())
    wide = tmp_path / "out" / "accuracy_resnet20_cifar10-c_generated.csv"
    check_golden("corruptions_wide.csv", wide.read_text())
    latex = tmp_path / "out" / "accuracy_resnet20_cifar10-c_generated.tex"
    check_golden("corruptions.tex", latex.read_text())
    check_golden("corruptions_terminal.txt", terminal_tables(written.tables) + "\n")


def test_summary_and_tables_have_one_order_of_modes_and_noises(tmp_path: Path) -> None:
    records = []
    for noise in ("agn", "agn-additive"):
        for mode, size in (("dbn-batch", 128), ("bn", None), ("dbn-batch", 16)):
            records += [make_record(mode, set_size=size)] if noise == "agn" else []
            records.append(agn(mode, 1.0, 500, set_size=size, corruption=noise))
    written = write_report(read_results([write_run(tmp_path / "run", records)]), tmp_path / "out")
    modes = ["dbn-batch (sets of 128)", "dbn-batch (sets of 16)", "bn"]
    assert [mode.variant for mode in written.tables[0].modes] == modes
    titles = [table.title for table in written.tables]
    assert [(line.family.title, line.mode.variant) for line in written.summary] == [
        (title, mode) for title in titles for mode in modes
    ]


def test_same_records_same_bytes(tmp_path: Path) -> None:
    runs = [noise_run(tmp_path / "bn"), local_run(tmp_path / "ln")]
    first = write_report(read_results(runs), tmp_path / "first")
    second = write_report(read_results(runs), tmp_path / "second")
    assert [file.name for file in first.files] == [
        "cells.csv",
        "accuracy_resnet20+resnet20-local-34e7bc_agn_paper_clip.csv",
        "accuracy_resnet20+resnet20-local-34e7bc_agn_paper_clip.tex",
        "accuracy_resnet20+resnet20-local-34e7bc_agn_paper_clip.png",
        "accuracy_resnet20+resnet20-local-34e7bc_agn_paper_clip.svg",
        "accuracy_resnet20+resnet20-local-34e7bc_agn_paper_clip.pdf",
        "summary.csv",
        "references.bib",
        "index.html",
        "report.md",
    ]
    for one, other in zip(first.files, second.files, strict=True):
        assert one.read_bytes() == other.read_bytes(), one.name
    assert sorted((tmp_path / "first").iterdir()) == sorted(first.files)


def test_clean_cells_alone_make_a_table_without_a_curve(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", [make_record("bn", correct=916)])
    written = write_report(read_results([run]), tmp_path / "out")
    names = [file.name for file in written.files]
    assert names == [
        "cells.csv",
        "accuracy_resnet20_clean.csv",
        "accuracy_resnet20_clean.tex",
        "references.bib",
        "index.html",
        "report.md",
    ]
    assert "| 91.6 [89.7, 93.2] |" in written.files[-1].read_text()


@pytest.mark.parametrize("width", [80, 100])
def test_terminal_tables_fit_a_terminal(tmp_path: Path, width: int) -> None:
    modes = list(MODES)[1:11]
    records = [agn(mode, sigma / 20, 500) for mode in modes for sigma in range(1, 21)]
    records += [make_record(mode) for mode in modes]
    records += [corrupted(mode, "jpeg_compression", 1, 500) for mode in modes]
    runs = [write_run(tmp_path / label, records, label=label) for label in ("größe", "other")]
    text = terminal_tables(read_tables(runs), width=width)
    assert text.isascii()
    assert max(map(len, text.splitlines())) <= width
    assert "jpeg_compression" in text


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(RecordError, match="cannot write .*out: File exists; check the path"):
        write_report(read_results([noise_run(tmp_path / "run")]), tmp_path / "out")


def test_command_prints_tables_and_paths_apart(tmp_path: Path) -> None:
    app = typer.Typer()
    app.command()(report_command)
    run = noise_run(tmp_path / "run")
    result = CliRunner().invoke(app, [str(run), "--label", "mine"])
    assert result.exit_code == 0
    assert "Dynamic BN-Batch  87.9  52.0  14.0  3.1" in result.stdout
    assert result.stderr.splitlines()[-1] == str(run / "report" / "report.md")
    assert (run / "report" / "report.md").read_text().startswith("# Robustness of mine\n")


def test_command_needs_a_folder_for_several_runs(tmp_path: Path) -> None:
    app = typer.Typer()
    app.command()(report_command)
    runs = [str(noise_run(tmp_path / name)) for name in ("a", "b")]
    result = CliRunner().invoke(app, runs)
    assert isinstance(result.exception, SpecError)
    assert str(result.exception) == "2 runs need a folder for their report; give --out DIR"
    assert CliRunner().invoke(app, [*runs, "--out", str(tmp_path / "out")]).exit_code == 0
    assert (tmp_path / "out" / "report.md").is_file()


def test_what_holds_for_several_tables_is_said_once(tmp_path: Path) -> None:
    records = [make_record("bn"), *(agn("bn", 1.0, 500, corruption=n) for n in ("agn", "apn"))]
    text = terminal_tables(read_tables([write_run(tmp_path / "run", records)]))
    note = "+-: half of the widest 95 % Wilson interval of a row, in points."
    assert text.count("+-: ") == 1
    assert text.endswith(note)
    assert "resnet20: additive Poisson noise (APN), paper convention, values clipped" in text
