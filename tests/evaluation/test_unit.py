"""Units change no number: neither where they begin nor who does them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from robustbench_ln.corruptions.conditions import noise_conditions
from robustbench_ln.errors import SpecError, WorkerError
from robustbench_ln.evaluation import unit as unit_module
from robustbench_ln.evaluation.device_batch import DeviceBatch
from robustbench_ln.evaluation.plan import Pass
from robustbench_ln.evaluation.run import evaluate
from robustbench_ln.evaluation.unit import Unit, split_condition
from robustbench_ln.norms import StatisticsLayout, convert_batchnorm
from robustbench_ln.runs.records import read_records
from robustbench_ln.spec import CLEAN, Condition
from tests.evaluation.small_runs import comparable, make_images, make_spec, make_subject
from tests.norms.networks import settle, small_net

BATCHES = {
    Pass(layout=StatisticsLayout.running(), modes=()): DeviceBatch(32, 32),
    Pass(layout=StatisticsLayout.rot90(), modes=()): DeviceBatch(8, 32),
    Pass(layout=StatisticsLayout.batch(100), modes=()): DeviceBatch(1, 100),
}


def whole_of(condition: Condition, number: int = 5000) -> Unit:
    return Unit(seed=0, condition=condition, passes=tuple(BATCHES)[:1], start=0, stop=number)


def test_units_begin_at_a_multiple_of_every_batch_of_the_run():
    units = split_condition(whole_of(CLEAN), BATCHES, (32, 32, 3))
    assert [(u.start, u.stop) for u in units] == [
        (start, min(start + 800, 5000)) for start in range(0, 5000, 800)
    ]
    assert {u.passes for u in units} == {whole_of(CLEAN).passes}
    large = split_condition(whole_of(CLEAN, 900), BATCHES, (224, 224, 3))
    assert [(u.start, u.stop) for u in large] == [(0, 800), (800, 900)]
    small = split_condition(whole_of(CLEAN, 9000), BATCHES, (8, 8, 3))
    assert [u.stop for u in small] == [4800, 9000]


def test_a_range_of_the_whole_set_is_one_unit():
    rescaled = Condition(corruption="agn", severity=1.0, convention="released", range="rescale")
    assert split_condition(whole_of(rescaled), BATCHES, (32, 32, 3)) == [whole_of(rescaled)]


def test_statistics_that_slide_are_one_unit():
    sliding = StatisticsLayout(name="batch", set_size=8, is_sliding=True)
    batches = BATCHES | {Pass(layout=sliding, modes=()): DeviceBatch(32, 32)}
    assert split_condition(whole_of(CLEAN), batches, (32, 32, 3)) == [whole_of(CLEAN)]
    rescaled = Condition(corruption="agn", severity=1.0, convention="released", range="rescale")
    mixed = split_condition(whole_of(CLEAN), BATCHES, (32, 32, 3), parts=(CLEAN, rescaled))
    assert mixed == [whole_of(CLEAN)]


def run_files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (folder / "predictions").iterdir()}


def results(folder: Path, **changes):
    """Rows and files of a run with units of 40 images, of an odd number of images."""
    model = settle(convert_batchnorm(small_net(), 2).model)
    conditions = (
        *noise_conditions(["agn"], sigmas=[0.0, 0.5]),
        *noise_conditions(["agn"], convention="released", sigmas=[1.0]),
    )
    spec = make_spec(
        modes=("ln-single", "ln-voting", "ln-single-rot90"), conditions=conditions, repeats=2,
        group_size=5, device_batch=8, samples=50, **changes,
    )  # fmt: skip
    records = evaluate(make_subject(model), make_images(133), spec, out=folder)
    return comparable(records), [r.cell for r in records], run_files(folder)


@pytest.fixture
def _small_units(monkeypatch):
    monkeypatch.setattr(unit_module, "_UNIT_VALUES", 1)


@pytest.mark.usefixtures("_small_units", "one_server")
def test_workers_change_no_row_and_no_file(tmp_path):
    expected = results(tmp_path / "1", workers=1)
    for workers in (2, 3):
        assert results(tmp_path / str(workers), workers=workers) == expected


@pytest.mark.usefixtures("one_server")
def test_streams_begin_anew_whoever_does_them(tmp_path):
    """Three conditions and two seeds in one process, and among three."""
    alone = results(tmp_path / "1", is_sliding=True, workers=1)
    assert results(tmp_path / "3", is_sliding=True, workers=3) == alone
    assert {cell.options.sharing for cell in alone[1]} == {"sets", "sliding"}


def test_units_change_no_row_and_no_file(tmp_path, monkeypatch):
    expected = results(tmp_path / "whole")
    monkeypatch.setattr(unit_module, "_UNIT_VALUES", 1)
    assert results(tmp_path / "units") == expected


class DeadlyImages:
    """Images of which one ends the process that reads it."""

    def __init__(self, deadly: int, survivor: int) -> None:
        self._images = make_images(133)
        self._deadly = deadly
        self._survivor = survivor

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._images, name)

    def __len__(self) -> int:
        return len(self._images)

    def read(self, indices):
        if os.getpid() != self._survivor and self._deadly in list(indices) and len(indices) > 1:
            os._exit(9)
        return self._images.read(indices)

    def __reduce__(self):
        return DeadlyImages, (self._deadly, self._survivor)


@pytest.mark.usefixtures("_small_units", "one_server")
def test_a_unit_that_kills_each_worker_keeps_the_finished_cells(tmp_path):
    spec = make_spec(modes=("bn",), device_batch=8, workers=2, order="as-is")
    evaluate(make_subject(), make_images(133), make_spec(modes=("bn",), limit=None,
             conditions=(CLEAN,), device_batch=8, order="as-is"), out=tmp_path / "run")  # fmt: skip
    with pytest.raises(WorkerError, match=r"on agn 0.5, images \d+ to \d+; the system"):
        evaluate(make_subject(), DeadlyImages(70, os.getpid()), spec, out=tmp_path / "run")
    assert [r.corruption for r in read_records(tmp_path / "run")] == ["clean"]
    done = evaluate(make_subject(), make_images(133), spec, out=tmp_path / "run")
    whole = evaluate(make_subject(), make_images(133), spec, out=tmp_path / "whole")
    assert comparable(done) == comparable(whole)


def test_a_network_that_no_worker_finds_is_refused_in_one_line_or_stays_here(tmp_path):
    class Here(type(small_net())):
        pass

    model = settle(Here())
    with pytest.raises(SpecError, match=r"cannot go to other processes .*Here.*give workers=1"):
        evaluate(make_subject(model), make_images(), make_spec(workers=2), out=tmp_path / "two")
    assert not (tmp_path / "two").exists()
    assert len(evaluate(make_subject(model), make_images(), make_spec(), out=tmp_path / "a")) == 12


def test_run_json_has_the_batches(tmp_path):
    from robustbench_ln.runs.description import read_description

    evaluate(make_subject(), make_images(), make_spec(modes=("bn", "dbn-batch")), out=tmp_path)
    assert read_description(tmp_path).device_batches == {"running": 128, "batch8": 128}
    spec = make_spec(modes=("dbn-single-rot90",), device_batch=6)
    evaluate(make_subject(), make_images(), spec, out=tmp_path)
    assert read_description(tmp_path).device_batches == {
        "running": 128, "batch8": 128, "rot90": 4,
    }  # fmt: skip
