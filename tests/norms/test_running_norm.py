"""Running statistics, and batches that have none."""

from __future__ import annotations

import pytest
import torch

from robustbench_ln.errors import LayoutError
from robustbench_ln.norms.moments import Moments
from robustbench_ln.norms.running_norm import RunningNorm2d


def layer(momentum: float = 0.25) -> RunningNorm2d:
    return RunningNorm2d(2, eps=1e-5, momentum=momentum)


def test_a_fresh_layer_is_the_identity():
    norm = layer()
    assert norm.weight.tolist() == [1, 1]
    assert norm.bias.tolist() == [0, 0]
    assert norm.running.mean.tolist() == [[0, 0]]
    assert norm.running.variance.tolist() == [[1, 1]]


def test_running_statistics_move_by_the_momentum():
    norm, batch = layer(), Moments(torch.tensor([[4.0, -8.0]]), torch.tensor([[5.0, 1.0]]))
    norm.update_running(batch)
    assert norm.running_mean.tolist() == [1, -2]  # 3/4 of 0 and 1/4 of the batch
    assert norm.running_var.tolist() == [2, 1]  # 3/4 of 1 and 1/4 of the batch
    norm.update_running(batch)
    assert norm.running_mean.tolist() == [1.75, -3.5]
    assert norm.running_var.tolist() == [2.75, 1]


def test_no_gradient_flows_into_running_statistics():
    norm, mean = layer(), torch.ones(1, 2, requires_grad=True)
    norm.update_running(Moments(mean * 2, mean * 3))
    assert not norm.running_mean.requires_grad
    assert not norm.running_var.requires_grad


@pytest.mark.parametrize("shape", [(4, 3, 2, 2), (4, 2), (2, 2, 2)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(LayoutError, match=r"saw shape .*; expected \[N, 2, H, W\]"):
        layer().check_features(torch.zeros(shape))


def test_one_value_is_no_variance_in_training_only():
    norm, one = layer(), torch.zeros(1, 2, 1, 1)
    with pytest.raises(LayoutError, match="saw 1 values for each channel in training"):
        norm.check_features(one)
    norm.check_features(torch.zeros(2, 2, 1, 1))
    norm.check_features(torch.zeros(1, 2, 1, 2))
    norm.eval().check_features(one)
