"""Images that do not fit the network are noted or warned of."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from robustbench_ln.evaluation.checks.image_size import check_image_size
from robustbench_ln.evaluation.checks.input_statistics import (
    check_input_statistics,
    median_divergence,
)
from robustbench_ln.evaluation.checks.pixel_range import check_pixel_range
from robustbench_ln.norms import Moments, SwitchNorm2d
from tests.evaluation.checks.networks import Net, Normalizes, fit, photographs, probe_of

IMAGES = photographs()


def test_the_divergence_is_that_of_two_normal_distributions():
    # By numerical integration of p log(p / q) for N(1, 4) and N(0, 9).
    x = torch.linspace(-40, 40, 400_001, dtype=torch.float64)
    p, q = torch.distributions.Normal(1.0, 2.0), torch.distributions.Normal(0.0, 3.0)
    expected = float((p.log_prob(x).exp() * (p.log_prob(x) - q.log_prob(x))).sum() * (x[1] - x[0]))
    images = Moments(torch.tensor([1.0]), torch.tensor([4.0]))
    running = Moments(torch.tensor([0.0]), torch.tensor([9.0]))
    assert median_divergence(images, running, eps=0) == pytest.approx(expected, rel=1e-5)
    assert median_divergence(images, images, eps=0) == 0
    constant = Moments(torch.zeros(1), torch.zeros(1))
    assert median_divergence(constant, constant, eps=0) == 0


@pytest.mark.parametrize("normalize", ["imagenet", "none", "symmetric"])
@pytest.mark.parametrize("channels", [1, 3])
def test_the_normalisation_of_the_training_passes(normalize, channels):
    normalize = "mnist" if channels == 1 and normalize == "imagenet" else normalize
    images = photographs(channels=channels)
    result = check_input_statistics(
        probe_of(fit(Net(channels), images, normalize), images, normalize)
    )
    assert (result.status, result.numbers["divergence"] < 0.05) == ("passed", True)


@pytest.mark.parametrize(
    ("trained", "asked"), [("imagenet", "none"), ("imagenet", "symmetric"), ("none", "imagenet")]
)
def test_another_normalisation_is_noted_and_the_right_one_named(trained, asked):
    model = fit(Net(), IMAGES, trained)
    result = check_input_statistics(probe_of(model, IMAGES, asked))
    assert result.status == "note"
    assert result.numbers["divergence"] > 0.2
    assert f"normalize='{trained}' gives 0.0" in result.message or trained == "none"


def test_an_input_normalised_twice_is_noted_also_where_nobody_sees_the_numbers():
    model = fit(Normalizes("buffers"), IMAGES, "none")
    result = check_input_statistics(probe_of(model, IMAGES, "imagenet"))
    assert result.status == "note"
    assert "normalize='none'" in result.message


def test_pixels_of_another_scale_are_noted_and_warned_of():
    model = fit(Net(), IMAGES)
    dark = replace(IMAGES, pixels=(IMAGES.pixels > 127).astype(np.uint8))
    assert check_input_statistics(probe_of(model, dark)).status == "note"
    result = check_pixel_range(probe_of(model, dark))
    assert (result.status, dict(result.numbers)) == ("warning", {"largest": 1})
    assert "images * 255" in result.message
    odd = dark.pixels.copy()
    odd[::9, 0, 0, 0] = 255  # a white pixel in some of them
    assert check_pixel_range(probe_of(model, replace(IMAGES, pixels=odd))).status == "warning"
    few = replace(IMAGES, pixels=(IMAGES.pixels // 16))
    assert check_pixel_range(probe_of(model, few)).status == "warning"
    assert check_pixel_range(probe_of(model, IMAGES)).status == "passed"


def test_few_images_and_unsettled_or_missing_statistics_are_not_judged():
    model = fit(Net(), IMAGES)
    assert (
        check_input_statistics(probe_of(model, photographs(31), "none")).status == "not applicable"
    )
    assert check_input_statistics(probe_of(model, photographs(32), "none")).status == "note"
    model.bn1.momentum = 0.01
    assert check_input_statistics(probe_of(model, IMAGES, "none")).status == "not applicable"
    model.bn1 = nn.GroupNorm(2, 8)
    result = check_input_statistics(probe_of(model, IMAGES, "none"))
    assert result.message == "the first norm layer has no running statistics"
    model.bn2 = nn.Identity()
    assert "no norm layer" in check_input_statistics(probe_of(model, IMAGES, "none")).message


def test_images_of_another_size_are_noted():
    model = fit(Net(), IMAGES)
    assert check_image_size(probe_of(model, IMAGES)).status == "not applicable"
    assert check_image_size(probe_of(model, IMAGES, image_size=12)).status == "passed"
    result = check_image_size(probe_of(model, IMAGES, image_size=32))
    assert result.status == "note"
    assert "resize=32, crop=32" in result.message


@pytest.mark.parametrize(
    ("batches", "limit"), [(199, 1.0), (200, 0.2), (0, 0.2), ("SwitchNorm", 1.0)]
)
def test_statistics_of_a_short_training_may_lag(batches, limit):
    model = fit(Net(), IMAGES)
    model.bn1.momentum = 0.1
    if batches == "SwitchNorm":  # which does not count them
        switch = SwitchNorm2d(8, momentum=0.1).eval()
        switch.running_mean, switch.running_var = model.bn1.running_mean, model.bn1.running_var
        model.bn1 = switch
    else:
        model.bn1.num_batches_tracked.fill_(batches)
    deviation = model.bn1.running_var.sqrt()
    found = {}
    for shift in (1.2, 1.6):  # of the mean, in deviations: half its square is the divergence
        model.bn1.running_mean += shift * deviation
        result = check_input_statistics(probe_of(model, IMAGES))
        model.bn1.running_mean -= shift * deviation
        found[result.numbers["divergence"]] = result.status
    for divergence, status in found.items():
        assert (status == "note") == (divergence > limit)
    assert min(found) < 1 < max(found)
