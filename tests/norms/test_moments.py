from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from robustbench_ln.norms.moments import (
    Moments,
    merge_rows,
    mix_moments,
    normalize_sets,
    row_moments,
    set_moments,
)
from tests.references.norm_reference import by_sets, set_statistics


@settings(derandomize=True, deadline=None, max_examples=40)
@given(
    num_sets=st.integers(1, 4),
    set_size=st.integers(1, 5),
    size=st.integers(1, 6),
    offset=st.sampled_from([0.0, 3.0, -300.0]),
    seed=st.integers(0, 99),
)
def test_set_moments_equal_the_two_pass_reference(num_sets, set_size, size, offset, seed):
    generator = torch.Generator().manual_seed(seed)
    images = torch.randn(num_sets * set_size, 3, size, size, generator=generator) + offset
    moments = set_moments(images, set_size)
    for index in range(num_sets):
        members = images[index * set_size : (index + 1) * set_size].double().numpy()
        mean, variance = set_statistics(members)
        # float32 sums: a few units in the last place of the mean
        np.testing.assert_allclose(moments.mean[index], mean, rtol=1e-6, atol=1e-6)
        np.testing.assert_allclose(moments.variance[index], variance, rtol=1e-4, atol=1e-6)


def test_a_large_mean_does_not_cancel_the_variance():
    images = torch.randn(8, 2, 16, 16, generator=torch.Generator().manual_seed(0)) * 0.01 + 1000
    # the naive E[x^2] - mean^2 is off by more than the variance here
    naive = images.square().mean((0, 2, 3)) - images.mean((0, 2, 3)).square()
    exact = images.double().var(dim=(0, 2, 3), unbiased=False)
    assert (naive.double() - exact).abs().max() > exact.max()
    np.testing.assert_allclose(set_moments(images, 8).variance[0], exact, rtol=1e-2)


def test_moments_of_values_without_positions():
    values = torch.tensor([[1.0], [3.0], [10.0], [14.0]])
    rows = row_moments(values)
    assert rows.variance.eq(0).all()
    merged = merge_rows(rows, 2)
    assert merged.mean.tolist() == [[2.0], [12.0]]
    assert merged.variance.tolist() == [[1.0], [4.0]]


def test_half_precision_is_summed_in_float32():
    images = torch.full((1, 1, 64, 64), 300.0, dtype=torch.float16)
    images[..., 0] = 302.0
    moments = row_moments(images)
    assert moments.mean.dtype == torch.float32
    assert moments.mean.item() == pytest.approx(300 + 2 / 64, rel=1e-6)
    assert moments.variance.item() == pytest.approx(4 * (1 / 64) * (63 / 64), rel=1e-3)


def test_mix_weighs_means_and_variances_linearly():
    running = Moments(torch.tensor([1.0]), torch.tensor([4.0]))
    sets = Moments(torch.tensor([[3.0]]), torch.tensor([[8.0]]))
    mixed = mix_moments(running, sets, running_weight=0.25)
    assert mixed.mean.item() == pytest.approx(0.25 * 1 + 0.75 * 3)
    assert mixed.variance.item() == pytest.approx(0.25 * 4 + 0.75 * 8)


@pytest.mark.parametrize("set_size", [1, 2, 3, 6])
@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_normalize_sets_equals_the_reference(set_size, memory_format):
    generator = torch.Generator().manual_seed(3)
    images = torch.randn(6, 4, 5, 5, generator=generator) * 2 + 1
    weight, bias = torch.randn(2, 4, generator=generator)
    moments = set_moments(images, set_size)
    ours = normalize_sets(
        images.contiguous(memory_format=memory_format),
        moments, weight=weight, bias=bias, eps=1e-3,
    )  # fmt: skip
    expected = by_sets(
        images.double().numpy(), set_size, weight.double().numpy(), bias.double().numpy(), 1e-3
    )
    np.testing.assert_allclose(ours, expected, rtol=1e-4, atol=1e-5)


def test_normalize_keeps_half_precision_and_no_affine():
    images = torch.randn(4, 2, 3, 3, generator=torch.Generator().manual_seed(0))
    wide = normalize_sets(images, set_moments(images, 2), weight=None, bias=None, eps=0.1)
    half = images.to(torch.bfloat16)
    narrow = normalize_sets(half, set_moments(half, 2), weight=None, bias=None, eps=0.1)
    assert narrow.dtype == torch.bfloat16
    np.testing.assert_allclose(narrow.float(), wide, atol=0.05)
    expected = by_sets(images.double().numpy(), 2, np.ones(2), np.zeros(2), 0.1)
    np.testing.assert_allclose(wide, expected, rtol=1e-4, atol=1e-5)
