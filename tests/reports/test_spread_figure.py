from __future__ import annotations

from pathlib import Path

from robustbench_ln.reports.families import read_tables
from robustbench_ln.reports.spread_figure import SPREAD
from tests.reports.drawn import texts_of
from tests.reports.synthetic_runs import noise_run
from tests.runs.test_norm_history import HEAD


def test_a_run_with_its_history_has_a_line_for_each_group(tmp_path: Path) -> None:
    run = noise_run(tmp_path / "run", label="_LN")
    assert SPREAD.make(read_tables([run]), 6.8) == []
    rows = [f"{e},bn{k},{g},{e + g},0,0,0\n" for e in (1, 2) for k in (1, 2) for g in range(3)]
    (run / "norms.csv").write_text(HEAD + "".join(rows))
    (piece,) = SPREAD.make(read_tables([run]), 6.8)
    files = dict(piece.files("spread"))
    texts = texts_of(files["spread.svg"])
    assert {"_LN", "3 groups"} <= set(texts)
    assert {"mean of γ", "variance of β", "epoch"} <= set(texts)
