from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal

from robustbench_ln.data import ArrayImages
from robustbench_ln.errors import DataError
from robustbench_ln.spec import parse_normalization
from robustbench_ln.training.batches import Batches, split_images
from robustbench_ln.training.processes import Place
from robustbench_ln.training.spec import parse_augment_noise
from tests.training.stages import RECIPE, spec_of, striped_images

PLAIN = replace(RECIPE, augmentation="none")


def batches_of(spec, images=None, normalize: str = "none") -> Batches:
    return Batches(images or striped_images(), spec, parse_normalization(normalize, 3))


def numbered_images(number: int = 90) -> ArrayImages:
    """Image i is of the grey level i, so that it is known wherever it appears."""
    pixels = np.broadcast_to(np.arange(number)[:, None, None, None], (number, 4, 4, 3))
    return ArrayImages(
        source="arrays:numbers", kind="arrays", pixels=pixels.astype(np.uint8),
        labels=np.arange(number),
    )  # fmt: skip


def numbers_in(batch) -> list[int]:
    return (batch.images[:, 0, 0, 0] * 255).round().int().tolist()


def test_the_split_is_seeded_and_disjoint():
    split = split_images(90, spec_of())
    assert len(split.validation) == 9
    assert sorted([*split.training, *split.validation]) == list(range(90))
    assert_array_equal(split_images(90, spec_of()).validation, split.validation)
    assert set(split_images(90, spec_of(seed=1)).validation) != set(split.validation)
    assert_array_equal(split_images(90, spec_of(norm="local", num_groups=4))[1], split[1])
    assert len(split_images(90, spec_of(replace(RECIPE, most_validation=5))).validation) == 5
    limited = split_images(90, spec_of(limit=40))
    assert (len(limited.training), len(limited.validation)) == (36, 4)


def test_too_few_images_name_the_batch():
    with pytest.raises(DataError, match="15 images to train on after 1 were held out.*batch of 16"):
        split_images(16, spec_of())


def test_a_share_that_is_no_image_is_refused():
    options = {"noise": parse_augment_noise("mbn:1.0")}
    with pytest.raises(DataError, match="noise_share=0.006 of 81 images to train on is none; give"):
        split_images(90, spec_of(**options, noise_share=0.006))
    split_images(90, spec_of(**options, noise_share=0.007))


def test_an_epoch_shows_every_image_at_most_once_in_whole_batches():
    spec = spec_of(PLAIN)
    split = split_images(90, spec)
    batches = batches_of(spec, numbered_images())
    first, second = (list(batches.training(split.training, epoch)) for epoch in (1, 2))
    assert [len(batch.labels) for batch in first] == [16] * 5  # of 81, one is left out
    shown = [number for batch in first for number in numbers_in(batch)]
    assert len(set(shown)) == 80
    assert set(shown) <= set(split.training.tolist())
    assert shown == [label for batch in first for label in batch.labels.tolist()]
    assert shown != [number for batch in second for number in numbers_in(batch)]


def test_validation_shows_all_in_batches_that_are_refilled():
    split = split_images(90, spec_of(replace(PLAIN, validation_share=0.2)))
    shown = list(batches_of(spec_of(), numbered_images()).validation(split.validation))
    numbers = [number for batch in shown for number in numbers_in(batch)]
    assert numbers == [*split.validation, *split.validation[:14]]


def test_images_are_normalised_and_channels_last():
    spec = spec_of(PLAIN)
    plain = next(batches_of(spec).training(split_images(90, spec).training, 1)).images
    changed = next(
        batches_of(spec, normalize="0.5,0.4,0.3/0.2,0.1,0.5").training(
            split_images(90, spec).training, 1
        )
    ).images
    mean, std = (torch.tensor(v).view(3, 1, 1) for v in ((0.5, 0.4, 0.3), (0.2, 0.1, 0.5)))
    torch.testing.assert_close(changed, (plain - mean) / std)
    assert changed.is_contiguous(memory_format=torch.channels_last)
    assert plain.shape == (16, 3, 8, 8)


def shown_images(spec, *, epoch: int = 1, backwards: bool = False) -> dict[int, torch.Tensor]:
    """Image number -> what an epoch shows of it; all of 112 striped images are shown."""
    images = replace(striped_images(112), labels=np.arange(112))
    indices = np.arange(112)[::-1] if backwards else np.arange(112)
    shown = {
        number: image
        for batch in batches_of(spec, images).training(indices, epoch)
        for number, image in zip(batch.labels.tolist(), batch.images, strict=True)
    }
    assert len(shown) == 112
    return shown


def count_equal(one: dict[int, torch.Tensor], other: dict[int, torch.Tensor]) -> int:
    return sum(torch.equal(image, other[number]) for number, image in one.items())


@pytest.mark.parametrize("noise", [None, parse_augment_noise("agn:1.0")], ids=["plain", "noisy"])
def test_augmentation_belongs_to_the_image_and_the_epoch_not_to_the_batch(noise):
    """In batches of another size and order, each image looks the same."""
    shown = shown_images(spec_of(noise=noise, noise_share=1.0))
    sevens = spec_of(replace(RECIPE, batch_size=7), noise=noise, noise_share=1.0)
    assert count_equal(shown, shown_images(sevens, backwards=True)) == 112
    # Crops by a pixel and mirror images: 18 views, so that some images look the same again.
    assert count_equal(shown, shown_images(spec_of(noise=noise, noise_share=1.0), epoch=2)) < 20
    assert count_equal(shown, shown_images(spec_of(seed=1, noise=noise, noise_share=1.0))) < 20


@pytest.mark.parametrize("share", [0.25, 1.0])
def test_a_share_of_the_images_is_noisy_and_another_one_in_each_epoch(share):
    spec = spec_of(PLAIN, noise=parse_augment_noise("mbn:1.0"), noise_share=share)
    first, second = (
        {number for number, image in shown_images(spec, epoch=epoch).items() if not image.any()}
        for epoch in (1, 2)
    )  # mbn 1 sets every value to 0
    assert len(first) == len(second) == 112 * share
    assert (first == second) == (share == 1.0)


def test_the_noise_of_an_image_differs_between_epochs():
    spec = spec_of(PLAIN, noise=parse_augment_noise("agn:1.0"), noise_share=1.0)
    first, second = shown_images(spec), shown_images(spec, epoch=2)
    assert count_equal(first, second) == 0
    assert count_equal(first, shown_images(spec_of(PLAIN))) == 0


def test_validation_images_have_no_noise_and_no_augmentation():
    spec = spec_of(noise=parse_augment_noise("mbn:1.0"), noise_share=1.0)
    images = striped_images()
    indices = np.arange(16)
    batch = next(batches_of(spec, images).validation(indices))
    expected = torch.from_numpy(images.pixels[:16]).permute(0, 3, 1, 2) / 255
    torch.testing.assert_close(batch.images, expected)


def test_the_parts_of_all_processes_are_the_batch():
    spec = spec_of(noise=parse_augment_noise("agn:0.5"), noise_share=0.5)
    images, normalization = striped_images(), parse_normalization("0.4/0.2", 3)
    split = split_images(len(images), spec)
    whole = Batches(images, spec, normalization)
    parts = [Batches(images, spec, normalization, Place(rank, 2)) for rank in range(2)]
    for make in (
        lambda batches: batches.training(split.training, 3),
        lambda batches: batches.validation(split.validation),
    ):
        for batch, *halves in zip(make(whole), *map(make, parts), strict=True):
            assert torch.equal(batch.images, torch.cat([half.images for half in halves]))
            assert torch.equal(batch.labels, torch.cat([half.labels for half in halves]))
            assert {len(half.labels) for half in halves} == {8}
