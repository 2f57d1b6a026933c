from __future__ import annotations

import torch

from robustbench_ln.training.processes import (
    ALONE,
    Place,
    current_place,
    mean_over_processes,
    share_from_first,
    stack_processes,
    sum_over_processes,
)


def test_parts_are_consecutive_equal_and_all():
    for processes in (1, 2, 4):
        places = [Place(rank, processes) for rank in range(processes)]
        parts = [list(range(12))[place.part(12)] for place in places]
        assert [item for part in parts for item in part] == list(range(12))
        assert {len(part) for part in parts} == {12 // processes}
        assert [place.is_first for place in places] == [True] + [False] * (processes - 1)


def test_a_process_alone_is_the_whole():
    assert current_place() == ALONE == Place(0, 1)
    values = torch.arange(3.0, requires_grad=True)
    for function in (sum_over_processes, mean_over_processes, stack_processes):
        assert function(values) is values
    assert share_from_first(lambda: "made") == "made"
