"""In one process the layer is torch's own; for two see test_divided_network.py."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from robustbench_ln.training.whole_batch_norm import WholeBatchNorm, is_batch_norm


@pytest.mark.parametrize(
    ("build", "shape"),
    [
        (nn.BatchNorm2d, (6, 3, 4, 5)),
        (nn.BatchNorm1d, (6, 3)),
        (nn.BatchNorm1d, (6, 3, 4)),
        (lambda c: nn.BatchNorm2d(c, affine=False), (6, 3, 4, 5)),
        (lambda c: nn.BatchNorm2d(c, momentum=None), (6, 3, 4, 5)),
        (lambda c: nn.BatchNorm2d(c, track_running_stats=False), (6, 3, 4, 5)),
    ],
)
def test_it_is_torchs_batchnorm(build, shape):
    own, other = build(3).double(), build(3).double()
    whole = WholeBatchNorm.of(other)
    assert whole.state_dict().keys() == own.state_dict().keys()
    assert all(p is q for p, q in zip(whole.parameters(), other.parameters(), strict=True))
    generator = torch.Generator().manual_seed(0)
    for _ in range(3):
        values = torch.randn(shape, generator=generator, dtype=torch.float64) * 3 + 2
        inputs = [values.clone().requires_grad_() for _ in range(2)]
        outputs = [layer(x) for layer, x in zip((own, whole), inputs, strict=True)]
        torch.testing.assert_close(*outputs, rtol=0, atol=1e-12)
        for output in outputs:
            output.pow(3).sum().backward()
        torch.testing.assert_close(inputs[0].grad, inputs[1].grad, rtol=0, atol=1e-11)
    for key, value in own.state_dict().items():
        torch.testing.assert_close(whole.state_dict()[key], value, rtol=0, atol=1e-12)
    torch.testing.assert_close(own.eval()(values), whole.eval()(values), rtol=0, atol=1e-12)


def test_a_layer_that_does_more_is_not_taken_for_batchnorm():
    class Activated(nn.BatchNorm2d):
        pass

    assert is_batch_norm(nn.BatchNorm2d(3))
    assert is_batch_norm(nn.BatchNorm1d(3))
    assert not is_batch_norm(Activated(3))
    assert not is_batch_norm(nn.GroupNorm(1, 3))
