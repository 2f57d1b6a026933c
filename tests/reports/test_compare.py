from __future__ import annotations

from pathlib import Path
from shutil import rmtree

import pytest

from robustbench_ln.errors import RecordError
from robustbench_ln.reports.compare import compare_modes
from robustbench_ln.reports.compare_text import cells_frame, pair_text
from robustbench_ln.runs.records import Record
from robustbench_ln.runs.results import read_results
from tests.reports.synthetic_runs import agn, make_record, write_predictions, write_run

SETS = {"set_size": 50}


def kept(path: Path, records: list[Record], labels: list[int] | None = None) -> Path:
    write_predictions(write_run(path, records), records, labels or ())
    return path


def both(total: int = 1000) -> list[Record]:
    half, more = {"correct": total // 2, "total": total}, {"correct": total * 3 // 5}
    return [
        make_record("bn", **half),
        agn("bn", 1.0, **half),
        make_record("dbn-batch", **half, **SETS),
        agn("dbn-batch", 1.0, total=total, **more, **SETS),
    ]


def compared(run: Path) -> str:
    return " ".join(pair_text(compare_modes(*read_results([run])), width=80).split())


def test_class_ordered_images_are_said_to_be(tmp_path: Path) -> None:
    words = "The images came class by class: statistics sets are neither independent nor alike"
    assert words not in compared(kept(tmp_path / "shuffled", both()))
    ordered = [i // 100 for i in range(1000)]
    assert words in compared(kept(tmp_path / "ordered", both(), ordered))


@pytest.mark.parametrize(("total", "decides"), [(250, False), (274, False), (275, True)])
def test_six_sets_decide(tmp_path: Path, total: int, decides: bool) -> None:
    text = compared(kept(tmp_path / "run", both(total)))
    assert ("By the cells' own intervals A is" in text) == decides
    assert ("No verdict: 5 statistics sets, 6 are needed" in text) != decides
    assert "Intervals: Student's t on" in text


def test_a_last_set_that_is_short_is_counted_with_the_one_before(tmp_path: Path) -> None:
    first, second = read_results([kept(tmp_path / "run", both(324))])
    pair = compare_modes(first, second)
    assert pair.units.num_units == 6
    assert set(cells_frame([pair])["units"]) == {6}


def test_conditions_that_only_one_was_measured_under_are_left_out(tmp_path: Path) -> None:
    records = [*both(), agn("bn", 2.0, 100)]
    assert "Conditions that only one of them was measured under, left out: 1." in compared(
        kept(tmp_path / "run", records)
    )


def test_runs_without_predictions_are_one_line(tmp_path: Path) -> None:
    run = kept(tmp_path / "run", both())
    rmtree(run / "predictions")
    with pytest.raises(RecordError, match="run has no folder 'predictions': a paired comparison"):
        compared(run)


def test_cells_of_other_numbers_of_images_are_one_line(tmp_path: Path) -> None:
    records = both()
    records[1] = agn("bn", 1.0, 400, total=900)
    run = kept(tmp_path / "run", records)
    with pytest.raises(RecordError, match="cells of bn are of 900 and of 1000 images; give each"):
        compared(run)


def test_runs_of_other_images_are_one_line(tmp_path: Path) -> None:
    few = kept(tmp_path / "few", both(500)[:2])
    many = kept(tmp_path / "many", both()[2:])
    (first,), (second,) = read_results([few]), read_results([many])
    with pytest.raises(RecordError, match="have their images in different orders"):
        compare_modes(first, second)
