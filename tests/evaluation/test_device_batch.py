from __future__ import annotations

import pytest

from robustbench_ln.errors import SpecError
from robustbench_ln.evaluation.device_batch import (
    check_memory,
    choose_device_batch,
)
from robustbench_ln.models.registry import build_model
from robustbench_ln.norms import StatisticsLayout
from robustbench_ln.norms.costs import Costs, measure_costs
from robustbench_ln.spec import EvaluationSpec

RESNET20 = Costs(2**17, 0, 0)
RESNET50 = Costs(2 * 64 * 112 * 112 * 4, 0, 0)


@pytest.mark.parametrize(
    ("layout", "costs", "asked", "device", "expected"),
    [
        (StatisticsLayout.running(), RESNET20, None, "cpu", (32, 32)),
        (StatisticsLayout.image(), RESNET20, None, "cpu", (32, 32)),
        (StatisticsLayout.rot90(), RESNET20, None, "cpu", (8, 32)),
        (StatisticsLayout.set(16), RESNET20, None, "cpu", (2, 32)),
        (StatisticsLayout.batch(128), RESNET20, None, "cpu", (1, 128)),
        (StatisticsLayout.batch(50), RESNET20, None, "cpu", (1, 50)),
        (StatisticsLayout.running(), RESNET50, None, "cpu", (4, 4)),
        (StatisticsLayout.running(), Costs(100, 0, 0), None, "cpu", (128, 128)),
        (StatisticsLayout.running(), RESNET50, None, "cuda:1", (256, 256)),
        (StatisticsLayout.running(), RESNET20, None, "cuda", (1024, 1024)),
        (StatisticsLayout.running(), RESNET20, 100, "cpu", (100, 100)),
        (StatisticsLayout.rot90(), RESNET20, 1, "cpu", (1, 4)),
    ],
)
def test_the_batch_follows_from_shapes(layout, costs, asked, device, expected):
    spec = EvaluationSpec(device_batch=asked, device=device)
    assert choose_device_batch(layout, costs, spec) == expected


def test_the_largest_layer_of_resnet20_is_its_first_convolutions():
    costs = measure_costs(build_model("resnet20"), (3, 32, 32))
    assert costs.layer_bytes == RESNET20.layer_bytes
    assert costs.operations == pytest.approx(2 * 40.6e6, rel=0.02)  # 40.6 M multiply-adds


@pytest.mark.parametrize(
    ("layout", "asked", "workers", "lower"),
    [
        (StatisticsLayout.batch(300), None, 1, "lower stat_batch="),
        (StatisticsLayout.set(300), None, 2, "in 2 workers, .*lower group_size= or workers="),
        (StatisticsLayout.running(), 300, 1, "lower device_batch="),
        (StatisticsLayout.batch(10), 300, 1, "lower device_batch="),
    ],
)
def test_memory_that_is_not_there_is_refused_with_what_to_lower(layout, asked, workers, lower):
    batch = choose_device_batch(layout, RESNET50, EvaluationSpec(device_batch=asked))
    assert batch.rows == 300
    needed = 300 * RESNET50.layer_bytes * 2 * workers
    enough = {"available": needed, "workers": workers}
    check_memory(layout, batch, RESNET50, **enough)
    check_memory(layout, batch, RESNET50, available=None)
    with pytest.raises(SpecError, match=rf"300 images of layout .* at once take .*{lower}"):
        check_memory(layout, batch, RESNET50, available=needed - 1, workers=workers)
