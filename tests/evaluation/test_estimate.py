"""The estimate has the plan of the run, and files on disk as long as it says."""

from __future__ import annotations

from types import SimpleNamespace

from robustbench_ln.corruptions.conditions import noise_conditions
from robustbench_ln.evaluation import estimate as estimate_module
from robustbench_ln.evaluation.calibration import Calibration
from robustbench_ln.evaluation.estimate import estimate_request
from robustbench_ln.evaluation.image_request import ImageRequest
from robustbench_ln.evaluation.plan import Pass
from robustbench_ln.evaluation.request import EvaluationRequest, evaluate_request
from robustbench_ln.norms import StatisticsLayout, convert_batchnorm
from robustbench_ln.progress import Silent
from robustbench_ln.runs.records import read_records
from robustbench_ln.spec import CLEAN, ConditionRequest, EvaluationSpec
from tests.evaluation.small_runs import make_images
from tests.norms.networks import settle, small_net


def make_request(number: int = 37, **changes) -> EvaluationRequest:
    degradation = ConditionRequest(noises=("agn", "mbn"), sigmas=(0.0, 0.5))
    fields = {"modes": ("all",), "stat_batch": 8, "workers": 1, "samples": 0}
    return EvaluationRequest(
        network=settle(convert_batchnorm(small_net(), 2).model),
        images=ImageRequest(data=make_images(number), degradation=degradation),
        spec=EvaluationSpec(**(fields | changes)),
        normalize="none",
    )


def test_it_counts_what_the_run_then_does(tmp_path):
    request = make_request(repeats=2)
    found = estimate_request(request, out=tmp_path / "run", progress=Silent())
    assert not (tmp_path / "run").exists()
    evaluate_request(request, out=tmp_path / "run", progress=Silent())
    rows = read_records(tmp_path / "run")
    files = list((tmp_path / "run" / "predictions").iterdir())
    assert (found.cells, found.done, found.conditions) == (len(rows), 0, 6)
    assert found.images == 37
    written = sum(path.stat().st_size for path in files)
    assert abs(found.disk_bytes - 1_500 * len(rows) - written) < 0.05 * written
    again = estimate_request(request, out=tmp_path / "run", progress=Silent())
    assert (again.cells, again.done, again.forward_passes) == (0, len(rows), 0)


def test_groups_and_rotations_are_passes_of_their_own(tmp_path):
    request = make_request(modes=("ln-single", "ln-single-rot90"))
    found = estimate_request(request, out=tmp_path / "run", progress=Silent())
    conditions = 3  # clean, and two noises with the one sigma that is not 0
    assert found.conditions == conditions
    assert found.forward_passes == conditions * 37 * 2 * (1 + 4)
    one = make_request(modes=("ln-single",))
    single = estimate_request(one, out=tmp_path / "run", progress=Silent())
    assert single.forward_passes == conditions * 37 * 2
    assert single.operations * 5 == found.operations > 0


def test_seconds_are_of_images_passes_and_corruptions(monkeypatch):
    running, image = (
        Pass(layout=layout, modes=())
        for layout in (StatisticsLayout.running(), StatisticsLayout.image())
    )
    found = Calibration({running: 1.0, image: 2.0}, {"clean": 0.5, "agn": 10.0}, {}, {})
    (noise,) = noise_conditions(["agn"], sigmas=[0.5])[-1:]
    measured = [(CLEAN, {running: (), image: ()}), (noise, {running: ()})]

    def seconds(workers: int, cores: int) -> float:
        monkeypatch.setattr(estimate_module, "count_cores", lambda: cores)
        return estimate_module._seconds(measured, found, images=10, workers=workers)

    assert seconds(1, 1) == 10 * (0.5 + 3 + 10 + 1)
    assert seconds(1, 2) == 10 * (3 + 10)  # the next images are degraded meanwhile
    assert seconds(2, 2) == 2 + 145 / 1.8
    assert seconds(8, 2) == seconds(2, 2)


def test_numbers_of_workers_to_compare():
    assert estimate_module._counts(1, 1) == [1]
    assert estimate_module._counts(1, 6) == [1, 2, 4, 6]
    assert estimate_module._counts(3, 2) == [1, 2, 3]


def test_the_last_set_is_filled_up():
    batch = Pass(layout=StatisticsLayout.batch(8), modes=())
    found = Calibration({batch: 1.0}, {"clean": 0.0}, {}, {})
    seconds = estimate_module._seconds([(CLEAN, {batch: ()})], found, images=37, workers=1)
    assert seconds == 40
    assert estimate_module._sets_of(batch, 40) == 5


def test_samples_that_the_calibration_does_not_make_are_counted(tmp_path):
    request = make_request(modes=("ln-single",), samples=30)
    found = estimate_request(request, out=tmp_path / "run", progress=Silent())
    evaluate_request(request, out=tmp_path / "run", progress=Silent())
    files = list((tmp_path / "run").rglob("predictions/*"))
    written = sum(path.stat().st_size for path in files)
    assert abs(found.disk_bytes - 1_500 * found.cells - written) < 0.25 * written


def test_memory_has_the_copies_of_the_network():
    force = SimpleNamespace(
        batches={"bn": None, "dbn-batch": None},
        bytes_each=7,
        costs=SimpleNamespace(weight_bytes=100),
    )
    assert estimate_module._more_memory(force, 1) == 400
    assert estimate_module._more_memory(force, 3) == 200 + 21
