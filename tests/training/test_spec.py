from __future__ import annotations

import math
from dataclasses import asdict, replace

import pytest

from robustbench_ln.errors import LayoutError, SpecError
from robustbench_ln.training import RECIPES
from robustbench_ln.training.spec import parse_augment_noise
from tests.training.stages import RECIPE, spec_of


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        (
            {"norm": "local", "num_groups": 5},
            LayoutError,
            "num_groups=5 does not.*of 16.*num_groups=4",
        ),
        ({"norm": "local", "num_groups": 40}, LayoutError, "as with num_groups=16"),
        ({"norm": "local", "num_groups": 0}, SpecError, "num_groups= is 0; expected 1 or more"),
        ({"norm": "group", "num_groups": 4}, SpecError, "num_groups=4 is for norm='local', not"),
        ({"norm": "locale"}, SpecError, "unknown norm 'locale'; did you mean 'local'?"),
        ({"noise_share": 0.0}, SpecError, "noise_share= is 0; expected above 0 and up to 1"),
        ({"noise_share": math.nan}, SpecError, "noise_share= is nan"),
        ({"limit": 0}, SpecError, "limit= is 0"),
        ({"seed": -1}, SpecError, "seed= is -1"),
        ({"seed": 1.5}, SpecError, "seed= is 1.5; expected a whole number"),
    ],
)  # fmt: skip
def test_numbers_out_of_range_are_refused(changes, error, message):
    with pytest.raises(error, match=message):
        spec_of(**changes)


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


def test_the_step_schedule():
    rates = [RECIPE.learning_rate_at(p) for p in (0.0, 0.49, 0.5, 0.74, 0.75, 0.99)]
    assert rates == pytest.approx([0.1, 0.1, 0.01, 0.01, 0.001, 0.001])


def test_noises_are_read_with_their_convention():
    paper, released = (
        parse_augment_noise("agn:1.5"),
        parse_augment_noise("agn:1", convention="released"),
    )
    assert (paper.corruption, paper.severity, paper.range) == ("agn", 1.5, "clip")
    assert (released.convention, released.range) == ("released", "none")


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("agn", {}, "noise='agn': expected NAME:SIGMA, as in agn:1.0"),
        ("agn:x", {}, "expected NAME:SIGMA"),
        ("agn:0", {}, "sigma is 0; leave the option out"),
        ("agn:-1", {}, "sigma -1 of agn: expected 0 or more"),
        ("ang:1", {}, "unknown noise 'ang'; did you mean 'a"),
        ("agn:1", {"pixel_range": "rescale"}, "pixel_range='rescale' depends on all noisy images"),
        ("apn-add:1", {"convention": "released"}, "use convention='paper'"),
    ],
)
def test_wrong_noises_are_refused(text, options, message):
    with pytest.raises(SpecError, match=message):
        parse_augment_noise(text, **options)
