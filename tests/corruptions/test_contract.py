"""What every corruption promises, whatever it does to the images."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from robustbench_ln.corruptions import contract
from robustbench_ln.corruptions.contract import corrupt_images
from robustbench_ln.corruptions.frost import procedural_frost, with_textures
from robustbench_ln.corruptions.localnorm_noise import NOISES
from robustbench_ln.corruptions.registry import CORRUPTIONS
from robustbench_ln.corruptions.severities import SEVERITY_TABLES
from robustbench_ln.errors import ImageError
from robustbench_ln.rng import image_streams
from tests.corruptions.one_row import corrupt_row
from tests.corruptions.sample_images import sample_images

ENTRIES = dict(CORRUPTIONS)
ENTRIES["frost"] = with_textures(CORRUPTIONS["frost"], procedural_frost())
CASES = [
    pytest.param(entry, row, id=f"{name}-{table}-{severity}")
    for name, entry in ENTRIES.items()
    for table in SEVERITY_TABLES
    for severity, row in enumerate(entry.parameters[table], start=1)
] + [
    pytest.param(entry, (sigma,), id=f"{name}-{convention}-{sigma}")
    for (name, convention), entry in NOISES.items()
    for sigma in (0.1, 0.9)
]
IMAGES = sample_images(5)


def corrupt(entry, row, images, indices, seed=0):
    return corrupt_images(entry, images, row, image_streams(seed, entry.name, indices=indices))


@pytest.mark.parametrize(("entry", "row"), CASES)
def test_contract(entry, row):
    version, before = IMAGES._version, IMAGES.clone()
    state = (torch.get_rng_state(), np.random.get_state()[1].copy())  # noqa: NPY002
    together = corrupt(entry, row, IMAGES, range(5))
    assert together.shape == IMAGES.shape
    assert together.dtype == (torch.float32 if entry.family == "localnorm" else torch.uint8)
    assert together.device == IMAGES.device
    assert IMAGES._version == version
    assert torch.equal(IMAGES, before)
    assert torch.equal(torch.get_rng_state(), state[0])
    assert (np.random.get_state()[1] == state[1]).all()  # noqa: NPY002
    assert torch.equal(corrupt(entry, row, IMAGES, range(5)), together)
    for index in reversed(range(5)):
        alone = corrupt(entry, row, IMAGES[index : index + 1], [index])
        assert torch.equal(alone[0], together[index])
    assert corrupt(entry, row, IMAGES[:0], []).shape == (0, 32, 32, 3)
    is_random = len(entry.draw(IMAGES, row, image_streams(0, indices=range(5)))) > 0
    assert torch.equal(corrupt(entry, row, IMAGES, range(5), seed=1), together) != is_random


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES)
def test_chunks_change_nothing(entry, monkeypatch):
    row = entry.parameters["imagenet-c"][2]
    whole = corrupt(entry, row, IMAGES, range(5))
    monkeypatch.setattr(contract, "_CHUNK_VALUES", (1, 1))
    monkeypatch.setattr(contract, "_FEWEST_AT_ONCE", 2)
    assert torch.equal(corrupt(entry, row, IMAGES, range(5)), whole)


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES)
@pytest.mark.parametrize("size", [(32, 45), (50, 33)])
def test_every_size_from_32_up(entry, size):
    images = sample_images(2, *size)
    for table in SEVERITY_TABLES:
        changed = corrupt(entry, entry.parameters[table][4], images, range(2))
        assert changed.shape == images.shape
        assert not torch.equal(changed, images)


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES)
def test_grey_images_become_the_luma_of_the_corrupted_colours(entry):
    grey = IMAGES[..., :1]
    row = entry.parameters["cifar10-c"][2]
    if entry.name == "saturate":
        return
    in_colour = corrupt(entry, row, grey.expand(-1, -1, -1, 3), range(5)).double()
    luma = in_colour @ torch.tensor([0.299, 0.587, 0.114], dtype=torch.float64)
    ours = corrupt(entry, row, grey, range(5))
    assert ours.shape == grey.shape
    assert (ours[..., 0].double() - luma).abs().max() <= 0.5 + 1e-9


SMALLEST = {
    ("glass_blur", (1.5, 4, 2)): 9,
    ("defocus_blur", (10, 0.5)): 11,
    ("defocus_blur", (3, 0.1)): 5,
    ("zoom_blur", (1.31, 0.03)): 2,
    ("snow", (0.55, 0.3, 4.5, 0.85, 12, 8, 0.65)): 5,
    ("pixelate", (0.25,)): 4,
    ("elastic_transform", (29.28, 2.44, 4.88, 0)): 3,
}


@pytest.mark.parametrize(("name", "row"), SMALLEST)
def test_images_smaller_than_the_kernel_are_refused(name, row):
    smallest = SMALLEST[name, row]
    assert corrupt_row(name, sample_images(1, 24, 24)[:, :smallest, :smallest], row) is not None
    small = sample_images(1, 24, 24)[:, : smallest - 1]
    message = f"{name} at this severity needs images of at least {smallest}x{smallest}; these are "
    with pytest.raises(ImageError, match=f"{message}{smallest - 1}x24"):
        corrupt_row(name, small, row)


def test_other_dtypes_and_shapes_are_refused():
    with pytest.raises(ImageError, match=r"images are torch.float32; expected uint8"):
        corrupt_row("fog", sample_images(1).float(), (1, 2))
    with pytest.raises(ImageError, match=r"\[1, 32, 32, 2\]; expected \[N, H, W, C\]"):
        corrupt_row("fog", sample_images(1)[..., :2], (1, 2))
