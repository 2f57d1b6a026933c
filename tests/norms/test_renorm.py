from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from robustbench_ln.errors import LayoutError
from robustbench_ln.norms import (
    BatchRenorm2d,
    RenormSchedule,
    StatisticsLayout,
    find_norm_layers,
    replace_norms,
    with_statistics,
)
from tests.norms.networks import random_images, small_net
from tests.references.running_norm_reference import batch_renorm, moments_of, renorm_correction

FULL = RenormSchedule(r_max=2.0, d_max=0.5, start=0, r_end=1, d_end=1)


def random_layer(*, steps: int = 1, momentum: float = 0.01) -> BatchRenorm2d:
    """Running statistics from which one channel's r and d stay below their limits, in float64."""
    layer = BatchRenorm2d(3, eps=1e-3, momentum=momentum, schedule=FULL).double()
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        layer.weight.copy_(torch.rand(3, generator=generator) + 0.5)
        layer.bias.copy_(torch.rand(3, generator=generator))
        layer.running_mean.copy_(torch.tensor([0.45, 2.0, -3.0]))
        layer.running_var.copy_(torch.tensor([0.1, 4.0, 0.001]))
        layer.num_steps.fill_(steps)
    return layer


def random_features(number: int = 4) -> torch.Tensor:
    return random_images(number, size=3).double()


def correction(layer: BatchRenorm2d, images: torch.Tensor, r_max: float, d_max: float):
    mean, var = layer.running_mean.numpy().copy(), layer.running_var.numpy().copy()
    return renorm_correction(images.numpy(), mean, var, layer.eps, r_max=r_max, d_max=d_max)


def reference(layer: BatchRenorm2d, images: np.ndarray, r, d) -> np.ndarray:
    weight, bias = layer.weight.detach().numpy(), layer.bias.detach().numpy()
    return batch_renorm(images, weight, bias, layer.eps, r=r, d=d)


def test_training_equals_the_reference():
    layer, images = random_layer(), random_features()
    r, d = correction(layer, images, 2.0, 0.5)
    # both limits and what lies between them are in play
    assert (r[1], r[2], d[1], d[2]) == (0.5, 2.0, -0.5, 0.5)
    assert 0.5 < r[0] < 2
    assert 0 < abs(d[0]) < 0.5
    np.testing.assert_allclose(
        layer(images).detach(), reference(layer, images.numpy(), r, d), rtol=1e-10, atol=1e-11
    )


def test_running_statistics_move_after_the_correction_and_are_biased():
    layer, images = random_layer(), random_features()
    old_mean, old_var = layer.running_mean.clone(), layer.running_var.clone()
    layer(images)
    for c in range(3):
        mean, var = moments_of(images[:, c].numpy())
        assert layer.running_mean[c].item() == pytest.approx(
            0.99 * old_mean[c].item() + 0.01 * mean
        )
        assert layer.running_var[c].item() == pytest.approx(0.99 * old_var[c].item() + 0.01 * var)
    assert layer.num_steps == 2


def test_no_gradient_flows_through_the_correction():
    layer, images = random_layer(), random_features()
    r, d = correction(layer, images, 2.0, 0.5)
    weights = torch.rand(images.shape, generator=torch.Generator().manual_seed(9)).double()
    images.requires_grad_()
    (layer(images) * weights).sum().backward()
    values, step = images.detach().numpy(), 1e-6
    numeric = np.zeros_like(values)
    for index in np.ndindex(values.shape):
        moved = [values.copy(), values.copy()]
        moved[0][index] += step
        moved[1][index] -= step
        high, low = (float((reference(layer, m, r, d) * weights.numpy()).sum()) for m in moved)
        numeric[index] = (high - low) / (2 * step)
    # central differences: the step's square, and rounding over the step
    np.testing.assert_allclose(images.grad, numeric, rtol=1e-5, atol=1e-7)


def test_gradients_are_right_in_float64_where_the_limits_hold():
    """Elsewhere r and d move with the input, and by design the gradient does not see that."""
    layer = random_layer(momentum=0.0)
    with torch.no_grad():
        layer.running_mean[0], layer.running_var[0] = 3.0, 4.0

    def run(x, weight, bias):
        return torch.func.functional_call(layer, {"weight": weight, "bias": bias}, x)

    images = random_features().requires_grad_()
    assert torch.autograd.gradcheck(run, (images, layer.weight, layer.bias))


def test_evaluation_is_batchnorm():
    model, images = small_net(), random_images(4)
    renorm = replace_norms(model, "renorm", num_groups=1).model
    with torch.no_grad():
        assert torch.equal(renorm(images), model(images))
    assert renorm.bn1.num_steps == 0


def test_before_the_start_it_trains_as_batchnorm_does():
    model, images = small_net().train(), random_images(8)
    renorm = replace_norms(model, "renorm", num_groups=1).model
    for network in (model, renorm):
        network.dropout.eval()
    assert torch.allclose(renorm(images), model(images), atol=1e-5)


def test_statistics_of_the_running_ones_give_their_output():
    """The point of r and d: inside the limits, training output equals evaluation output."""
    layer, images = random_layer(), random_features()
    layer.schedule = RenormSchedule(r_max=1e6, d_max=1e6, start=0, r_end=1, d_end=1)
    expected = layer.eval()(images)
    assert torch.allclose(layer.train()(images), expected, atol=1e-9)


@pytest.mark.parametrize(
    ("step", "r_max", "d_max"),
    [
        (0, 1.0, 0.0),
        (5_000, 1.0, 0.0),
        (15_000, 1 + 2 * 10 / 35, 2.5),
        (25_000, 1 + 2 * 20 / 35, 5.0),
        (40_000, 3.0, 5.0),
        (200_000, 3.0, 5.0),
    ],
)
def test_the_papers_schedule(step, r_max, d_max):
    limits = RenormSchedule().limits(torch.tensor(step))
    assert [v.item() for v in limits] == pytest.approx([r_max, d_max])


@pytest.mark.parametrize("steps", [0, 3])
def test_the_layer_counts_its_steps(steps):
    layer, images = random_layer(steps=0), random_features()
    layer.schedule = RenormSchedule(r_max=2.0, d_max=1.0, start=0, r_end=6, d_end=12)
    for _ in range(steps):
        layer(images)
    r, d = correction(layer, images, 1 + steps / 6, steps / 12)
    np.testing.assert_allclose(
        layer(images).detach(), reference(layer, images.numpy(), r, d), rtol=1e-6, atol=1e-6
    )


@pytest.mark.parametrize("layout", [StatisticsLayout.image(), StatisticsLayout.batch(2)])
def test_dynamic_statistics_are_those_of_the_set_without_a_correction(layout):
    model, images = small_net(), random_images(4)
    renorm = replace_norms(model, "renorm", num_groups=1).model
    views = [with_statistics(m, layout, image_shape=(3, 8, 8)) for m in (model, renorm)]
    assert torch.equal(views[0](images), views[1](images))
    (row,) = find_norm_layers(BatchRenorm2d(3), (3, 8, 8))
    assert (row.kind, row.has_running, row.class_name) == ("batch", True, "BatchRenorm2d")


def test_wrong_batches_and_schedules_are_refused():
    with pytest.raises(LayoutError, match=r"BatchRenorm2d saw shape \[4, 3, 8, 8\]; expected"):
        BatchRenorm2d(5)(random_images(4))
    with pytest.raises(LayoutError, match="saw 1 values for each channel in training"):
        BatchRenorm2d(3)(random_images(1, size=1))
    with pytest.raises(LayoutError, match=r"r_max is 0.5 and d_max 5.0; expected 1 or more"):
        RenormSchedule(r_max=0.5)
    with pytest.raises(LayoutError, match="starts at step 9 and is full at 40000 .* and 9 "):
        RenormSchedule(start=9, d_end=9)


def test_the_state_dict_has_a_counter_of_its_own():
    assert set(BatchRenorm2d(3).state_dict()) == {
        "weight", "bias", "running_mean", "running_var", "num_steps",
    }  # fmt: skip
    assert nn.BatchNorm2d(3).eps == BatchRenorm2d(3).eps
