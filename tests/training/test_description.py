"""What train.json says of a training: all that its weights depend on."""

from __future__ import annotations

from dataclasses import replace

from robustbench_ln.training import RECIPES
from robustbench_ln.training.description import describe_training
from robustbench_ln.training.spec import parse_augment_noise
from tests.training.stages import (
    spec_of,
    start_of,
    striped_images,
)


def test_a_training_depends_on_all_that_its_description_says(tmp_path):
    """Whatever changes the weights is a setting in train.json, or a resumed one would be mixed."""
    images, noise = striped_images(), parse_augment_noise("agn:0.5")
    spec, start = spec_of(noise=noise, noise_share=0.5), start_of()
    earlier = describe_training(start, images, spec)["settings"]
    changed = {
        "arch": describe_training(replace(start, name="other"), images, spec),
        "norm": describe_training(start, images, replace(spec, norm="group")),
        "num_groups": describe_training(start, images, replace(spec, norm="local", num_groups=4)),
        "recipe": describe_training(start, images, replace(spec, recipe=RECIPES["mnist"])),
        "init": describe_training(replace(start, parent_sha256="ab"), images, spec),
        "normalize": describe_training(replace(start, normalize="cifar10"), images, spec),
        "noise": describe_training(
            start, images, replace(spec, noise=parse_augment_noise("agn:0.6"))
        ),
        "noise_share": describe_training(start, images, replace(spec, noise_share=0.4)),
        "device": describe_training(start, images, replace(spec, device="cuda")),
        "has_new_head": describe_training(
            replace(start, choices={"has_new_head": True}), images, spec
        ),
    }
    for name, description in changed.items():
        assert description["settings"].get(name) != earlier.get(name), name
