"""The numbers of the recipes, and their schedules."""

from __future__ import annotations

import math
from dataclasses import asdict, replace

import pytest

from robustbench_ln.errors import SpecError
from robustbench_ln.training import RECIPES
from tests.training.stages import RECIPE, spec_of


def test_recipes_refuse_what_options_can_make_of_them():
    with pytest.raises(SpecError, match="epochs= is 0"):
        replace(RECIPE, epochs=0)
    for rate in (0.0, -1.0, math.nan, math.inf):
        with pytest.raises(SpecError, match="learning_rate= is"):
            replace(RECIPE, learning_rate=rate)


def test_every_recipe_cuts_its_batch_into_its_groups():
    for name, recipe in RECIPES.items():
        assert recipe.name == name
        assert spec_of(recipe, norm="local", num_groups=recipe.num_groups).group_size >= 4


NUMBERS = {
    "mnist": (10, 100, 10, 0.05, "cosine", 1e-4, "none", 0, 0, "none"),
    "cifar-vgg": (200, 128, 8, 0.05, "cosine", 5e-4, "crop-flip", 4, 0, "cifar10"),
    "cifar-resnet": (200, 128, 8, 0.1, "step", 1e-4, "crop-flip", 4, 0, "cifar10"),
    "cifar-resnet-short": (30, 128, 8, 0.2, "one-cycle", 5e-4, "crop-flip", 4, 0, "cifar10"),
    "cifar-resnet-finetune": (3, 128, 8, 0.01, "cosine", 1e-4, "crop-flip", 4, 0, "imagenet"),
    "cars-finetune": (
        30, 16, 4, 0.005, "cosine", 1e-4, "resized-crop-flip", 224, 256, "imagenet",
    ),
    "imagenet-finetune": (
        3, 128, 8, 0.005, "cosine", 1e-4, "resized-crop-flip", 224, 256, "imagenet",
    ),
}  # fmt: skip
"""Epochs, batch, groups, learning rate, schedule, weight decay, augmentation, crop, framing and
normalisation, written out: whoever changes one changes what trainings give."""


def test_no_number_of_a_recipe_changes():
    found = {}
    for name, recipe in RECIPES.items():
        fields = asdict(recipe)
        del fields["name"], fields["purpose"]
        shared = [fields.pop(n) for n in ("momentum", "validation_share", "most_validation")]
        assert shared == [0.9, 0.1, 5000]
        found[name] = tuple(fields.values())
    assert found == NUMBERS


def test_the_numbers_of_the_papers():
    batches = {name: (r.batch_size, r.num_groups) for name, r in RECIPES.items()}
    assert batches["mnist"] == (100, 10)
    assert batches["cifar-vgg"] == batches["cifar-resnet"] == (128, 8)
    assert batches["cars-finetune"] == (16, 4)


@pytest.mark.parametrize("progress", [0.0, 0.3, 0.5, 1.0])
def test_the_cosine_schedule(progress):
    recipe = replace(RECIPE, schedule="cosine", learning_rate=0.2)
    assert recipe.learning_rate_at(progress) == pytest.approx(
        0.1 + 0.1 * math.cos(math.pi * progress)
    )


@pytest.mark.parametrize(
    ("progress", "rate"), [(0.0, 0.0), (0.15, 0.1), (0.3, 0.2), (0.65, 0.1), (0.93, 0.02), (1, 0)]
)
def test_a_cycle_rises_over_three_tenths_and_falls_to_zero(progress, rate):
    recipe = replace(RECIPE, schedule="one-cycle", learning_rate=0.2)
    assert recipe.learning_rate_at(progress) == pytest.approx(rate)


def test_the_step_schedule():
    rates = [RECIPE.learning_rate_at(p) for p in (0.0, 0.49, 0.5, 0.74, 0.75, 0.99)]
    assert rates == pytest.approx([0.1, 0.1, 0.01, 0.01, 0.001, 0.001])
