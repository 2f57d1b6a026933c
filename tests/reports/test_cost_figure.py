from __future__ import annotations

from pathlib import Path

import pytest

from robustbench_ln.modes import MODES
from robustbench_ln.reports.cost_figure import COST, forward_passes
from robustbench_ln.reports.drawings import Drawing
from robustbench_ln.runs.results import read_results
from tests.reports.synthetic_runs import agn, make_record, tables_of, write_run

PASSES = {
    "plain": 1, "bn": 1, "dbn-batch": 1, "dbn-single": 1, "dbn-single-rot90": 4, "ln-single": 1,
    "ln-single-voting": 8, "ln-batch": 1, "ln-voting": 8, "ln-single-rot90": 4,
    "ln-single-voting-rot90": 32, "bn-adapt": 1,
}  # fmt: skip


@pytest.mark.parametrize("name", MODES)
def test_passes_of_every_mode(tmp_path: Path, name: str) -> None:
    (mode,) = read_results([write_run(tmp_path / "run", [make_record(name, num_groups=8)])])
    assert forward_passes(mode) == PASSES[name]


def test_modes_that_cost_the_same_have_no_figure(tmp_path: Path) -> None:
    records = [make_record(m) for m in ("bn", "dbn-batch")]
    records += [agn(m, 1.0, 300) for m in ("bn", "dbn-batch")]
    assert COST.make(tables_of(tmp_path / "a", records), 6.8) == []
    records += [make_record("dbn-single-rot90"), agn("dbn-single-rot90", 1.0, 300)]
    assert len(COST.make(tables_of(tmp_path / "b", records), 6.8)) == 1


def test_means_are_over_what_all_modes_were_measured_under(tmp_path: Path) -> None:
    records = [make_record(m, correct=900) for m in ("bn", "dbn-single-rot90")]
    records += [agn("bn", s, k) for s, k in ((0.5, 600), (1.0, 300), (2.0, 0))]
    records += [agn("dbn-single-rot90", s, k) for s, k in ((0.5, 700), (1.0, 500))]
    (drawing,) = COST.make(tables_of(tmp_path / "run", records), 6.8)
    assert isinstance(drawing, Drawing)
    assert drawing.numbers is not None
    assert drawing.numbers.values["degraded_accuracy"] == pytest.approx([0.45, 0.6])
    assert "markers for the mean over sigma 0.5, 1, the other ends" in drawing.words


def test_modes_without_a_common_sigma_have_their_clean_accuracy_alone(tmp_path: Path) -> None:
    records = [make_record(m, correct=900) for m in ("bn", "dbn-single-rot90")]
    records += [agn("bn", 0.5, 600), agn("dbn-single-rot90", 1.0, 500)]
    (drawing,) = COST.make(tables_of(tmp_path / "run", records), 6.8)
    assert isinstance(drawing, Drawing)
    assert drawing.numbers is not None
    assert set(drawing.numbers.values["degraded_accuracy"]) == {None}
    assert "markers" not in drawing.words
