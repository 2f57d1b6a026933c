from __future__ import annotations

import numpy as np
import pytest
import torch

from robustbench_ln.norms.group_kernel import normalize_groups
from robustbench_ln.norms.moments import Moments
from tests.norms.networks import random_images
from tests.references.norm_reference import local_norm, set_statistics

LAYOUTS = (torch.contiguous_format, torch.channels_last)


def random_parameters(num_groups: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(2)
    weight, bias = (torch.rand(num_groups, 3, generator=generator).double() for _ in range(2))
    return weight, bias


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("num_groups", [1, 2, 3, 6])
def test_both_layouts_equal_the_reference(layout, num_groups):
    images = random_images(6, size=5).double() + torch.arange(6)[:, None, None, None]
    weight, bias = random_parameters(num_groups)
    seen = Moments(torch.full((num_groups, 3), 9.0).double(), torch.ones(num_groups, 3).double())
    ours = normalize_groups(
        images.contiguous(memory_format=layout), weight, bias, eps=1e-3, seen=seen
    )
    expected = local_norm(images.numpy(), weight.numpy(), bias.numpy(), 1e-3)
    # float64 on both sides; sums differ in their order only
    np.testing.assert_allclose(ours, expected, rtol=1e-10, atol=1e-11)
    size = 6 // num_groups
    for k in range(num_groups):
        mean, variance = set_statistics(images[k * size : (k + 1) * size].numpy())
        np.testing.assert_allclose(seen.mean[k], mean, rtol=1e-12)
        np.testing.assert_allclose(seen.variance[k], variance * size * 25 / (size * 25 - 1))
    alone = normalize_groups(images.contiguous(memory_format=layout), weight, bias, eps=1e-3)
    assert torch.equal(alone, ours)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_layout_is_kept_and_gradients_are_right(layout):
    images = random_images(4, size=3).double().contiguous(memory_format=layout)
    assert normalize_groups(images, *random_parameters(2), eps=1e-3).is_contiguous(
        memory_format=layout
    )
    values = [value.requires_grad_() for value in (images, *random_parameters(2))]
    assert torch.autograd.gradcheck(lambda *v: normalize_groups(*v, eps=1e-3), values)
