"""What figures look like, with a tolerance: small grey pictures of the usual cases.

`pytest --update-golden` renews them; look at the figure at its full size before.
"""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from robustbench_ln.corruption_names import BENCHMARK_CORRUPTIONS
from robustbench_ln.reports.drawings import Drawing
from robustbench_ln.reports.families import read_tables
from robustbench_ln.reports.mode_styles import MODE_STYLES
from robustbench_ln.reports.paper_figures import PAPER_FIGURES
from robustbench_ln.reports.report_sections import draw_accuracy
from robustbench_ln.reports.tables import Table
from tests.reports.synthetic_runs import agn, corrupted, make_record, noise_run, tables_of

GOLDEN = Path(__file__).parents[1] / "golden" / "figures"
SHRINK = 5
"""Of 200 dots an inch."""
TOLERANCE = 4
"""Grey levels of 255 on average: another version of a font is 1, a moved line or legend 6 to 20."""


def few_lines(path: Path) -> Drawing:
    runs = [noise_run(path / name, label=name) for name in "ab"]
    (table,) = read_tables(runs)
    return draw_accuracy(table, 3.3)[0]


def many_lines(path: Path) -> Drawing:
    records = [
        record
        for i, mode in enumerate(MODE_STYLES)
        for record in (
            make_record(mode),
            *(agn(mode, s, round(700 - 500 * s + 9 * i)) for s in (0.5, 1)),
        )
    ]
    return draw_accuracy(tables_of(path, records)[0], 6.8)[0]


def corruption_table(path: Path) -> Table:
    def records(worse: int) -> list:
        names = enumerate(BENCHMARK_CORRUPTIONS)
        return [make_record("bn"), *(corrupted("bn", n, 3, 800 - worse - 30 * i) for i, n in names)]

    return tables_of(path, records(0), records(90))[0]


def dots(path: Path) -> Drawing:
    return draw_accuracy(corruption_table(path), 6.8)[0]


def bars(path: Path) -> Drawing:
    return PAPER_FIGURES["bars"].make([corruption_table(path)], 3.3)[0]


@pytest.mark.parametrize("draw", [few_lines, many_lines, dots, bars], ids=lambda d: d.__name__)
def test_figures_look_as_they_did(draw, tmp_path: Path, pytestconfig: pytest.Config) -> None:
    with Image.open(io.BytesIO(draw(tmp_path).render("png"))) as picture:
        size = (picture.width // SHRINK, picture.height // SHRINK)
        small = picture.convert("L").resize(size, Image.Resampling.BOX)
    path = GOLDEN / f"{draw.__name__}.png"
    if pytestconfig.getoption("--update-golden"):
        path.parent.mkdir(exist_ok=True)
        small.quantize(16).save(path, optimize=True)
    with Image.open(path) as stored:
        assert stored.size == size
        before = np.asarray(stored.convert("L"), dtype=np.int64)
    assert np.abs(np.asarray(small, dtype=np.int64) - before).mean() < TOLERANCE
