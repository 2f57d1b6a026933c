"""Results for Python: frames, tables and figures that show themselves, reports and comparisons."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

import robustbench_ln as ln
from robustbench_ln.errors import RecordError, SpecError
from robustbench_ln.reports.notebooks import Results
from robustbench_ln.runs.frame import make_frame, tidy_frame
from robustbench_ln.runs.results import read_results
from tests.reports.synthetic_runs import agn, corrupted, make_record, noise_run, write_run
from tests.reports.test_paper_figures import NASTY, measure
from tests.reports.test_report import corruption_run


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    return measure(tmp_path_factory.mktemp("notebook") / "run", NASTY)


def test_the_frame_begins_with_what_is_read(tmp_path: Path) -> None:
    run = noise_run(tmp_path / "run")
    whole = make_frame(read_results([run]))
    frame = ln.load_run(run).frame
    assert [*frame][:7] == [
        "label", "mode", "corruption", "convention", "range", "severity", "accuracy",
    ]  # fmt: skip
    assert [*frame][7:11] == ["low", "high", "correct", "total"]
    assert len(frame) == len(whole)
    varied = [name for name in whole if whole[name].nunique(dropna=False) > 1]
    assert set(varied) - {"variant"} <= set(frame)
    assert set(frame.attrs) == {*whole} - {*frame} - {"variant"}
    assert (frame.attrs["seed"], type(frame.attrs["seed"])) == (0, int)
    assert frame.attrs["prior"] == ""
    assert frame.attrs["repeat_sd"] is None


def test_a_variant_is_a_column_where_it_says_more_than_the_mode(tmp_path: Path) -> None:
    sizes = [make_record("dbn-batch", set_size=size, correct=c) for size, c in ((16, 9), (128, 8))]
    frame = tidy_frame(make_frame(read_results([write_run(tmp_path / "run", sizes)])))
    assert frame["variant"].tolist() == ["dbn-batch (sets of 16)", "dbn-batch (sets of 128)"]
    one = tidy_frame(make_frame(read_results([write_run(tmp_path / "one", sizes[:1])])))
    assert [*one] == [
        "label", "mode", "corruption", "severity", "accuracy", "low", "high", "correct", "total",
    ]  # fmt: skip


def test_runs_are_read_alone_or_side_by_side(tmp_path: Path) -> None:
    runs = [noise_run(tmp_path / name) for name in ("a", "b")]
    both = ln.load_run(*map(str, runs), labels=["A", "<b>B"], names="ids")
    assert both.frame["label"].unique().tolist() == ["A", "<b>B"]
    (table,) = both.tables
    assert {mode.title for mode in table.modes} == {"bn", "dbn-batch"}
    shown = both._repr_html_()
    assert "&lt;b&gt;B" in shown
    assert "<b>" not in shown
    assert shown.count("<table") == 1
    assert "dbn-batch" in repr(both)
    assert both.summary()["quantity"].tolist()[0] == "area under the curve"
    with pytest.raises(SpecError, match="no run directory is given"):
        ln.load_run()
    with pytest.raises(RecordError, match="no cells.jsonl"):
        ln.load_run(tmp_path / "none")


def test_a_summary_is_relative_to_a_baseline(tmp_path: Path) -> None:
    records = [make_record("bn")]
    for name in ln.load_run(corruption_run(tmp_path / "some")).frame["corruption"].unique():
        if name != "clean":
            records += [corrupted("bn", name, level, 500) for level in range(1, 6)]
    run = ln.load_run(write_run(tmp_path / "run", records))
    assert "mCE" not in run.summary()["quantity"].tolist()
    assert "mCE" in run.summary("wrn-40-2")["quantity"].tolist()


def test_a_report_says_where_its_page_is(tmp_path: Path) -> None:
    run = noise_run(tmp_path / "run")
    written = ln.report(run, tmp_path / "out", figures="none", names="ids")
    assert written.page == tmp_path / "out" / "index.html"
    assert str(written.page) in written._repr_html_()
    assert repr(written).endswith(f"Page: {written.page}")
    assert "dbn-batch" in (tmp_path / "out" / "report.md").read_text()
    again = ln.report([run], tmp_path / "again", figures=["none"], names="ids")
    assert again.page.read_bytes() == written.page.read_bytes()
    with pytest.raises(SpecError, match="unknown figure 'no'"):
        ln.report(run, tmp_path / "x", figures="no")
    assert not (tmp_path / "x").exists()


def test_a_comparison_knows_which_images_only_one_gets_right(measured: Path) -> None:
    compared = ln.compare(f"{measured}:ln-batch", ln.load_run(measured))
    frame, images = compared.frame, compared.images
    assert len(compared.pairs) == 3
    keys = ["first", "second", "corruption", "severity"]
    counted = images.groupby([*keys, "only_right"]).size()
    for cell in frame.itertuples():
        key = (cell.first, cell.second, cell.corruption, cell.severity)
        assert counted.get((*key, "A"), 0) == cell.only_first
        assert counted.get((*key, "B"), 0) == cell.only_second
    assert images.drop_duplicates([*keys, "image_index"]).shape == images.shape
    assert images["image_index"].between(0, 36).all()
    assert compared.summary["quantity"].str.contains("difference").any()
    assert "<script" not in compared._repr_html_()
    assert repr(compared).count("A - B in points") == 3


def test_figures_may_be_changed_and_show_themselves(tmp_path: Path, measured: Path) -> None:
    figure = ln.plot_accuracy(measured, "agn", width=4)
    assert figure.get_figwidth() == 4
    assert figure._repr_png_().startswith(b"\x89PNG")
    figure.axes[0].set_title("changed")
    figure.savefig(tmp_path / "a.svg")
    assert b"changed" in (tmp_path / "a.svg").read_bytes()
    assert ln.plot_accuracy(measured, "agn_paper_clip").axes
    assert len(ln.plot_corruptions(measured).axes) == 1
    assert len(ln.plot_figure(measured, "confusion")) == 1
    severities = ln.plot_severities(corruption_run(tmp_path / "run"))
    assert "severity" in severities.axes[0].get_xlabel()


def test_what_cannot_be_drawn_is_one_line(tmp_path: Path, measured: Path) -> None:
    two = [make_record("bn"), agn("bn", 1.0, 500), agn("bn", 1.0, 400, corruption="apn")]
    run = write_run(tmp_path / "run", two)
    with pytest.raises(SpecError, match="agn_paper_clip, apn_paper_clip; give noise= one of them"):
        ln.plot_accuracy(run)
    assert ln.plot_accuracy(run, "apn").axes
    with pytest.raises(SpecError, match="unknown noise 'mbn'"):
        ln.plot_accuracy(run, "mbn")
    with pytest.raises(SpecError, match="these runs have no table to draw"):
        ln.plot_corruptions(run)
    with pytest.raises(SpecError, match="no figure spread: no norms.csv"):
        ln.plot_figure(measured, "spread")
    with pytest.raises(SpecError, match="unknown figure 'confusing'; did you mean 'confusion'"):
        ln.plot_figure(measured, "confusing")
    with pytest.raises(SpecError, match="width='20' inches"):
        ln.plot_accuracy(run, "apn", width=20)


def test_results_need_no_torch() -> None:
    code = "import sys, robustbench_ln as ln; ln.load_run, ln.plot_accuracy; 'torch' in sys.modules"
    asked = subprocess.run([sys.executable, "-c", f"{code} and exit(3)"], check=False)
    assert asked.returncode == 0


def test_results_are_their_modes(tmp_path: Path) -> None:
    results = ln.load_run(noise_run(tmp_path / "run"))
    assert isinstance(results, Results)
    assert isinstance(results.frame, pd.DataFrame)
    assert [mode.variant for mode in results.modes] == ["bn", "dbn-batch"]
