from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from robustbench_ln.rng import stream
from robustbench_ln.training import RECIPES
from robustbench_ln.training.augment import View, apply_view, draw_view, show_center, show_views

SHIFT = replace(RECIPES["cifar-resnet"], crop=2)
PART = replace(RECIPES["cars-finetune"], crop=6)
IMAGE = torch.arange(1, 1 + 3 * 8 * 8, dtype=torch.uint8).reshape(3, 8, 8)


def views_of(recipe, number: int = 400, height: int = 8, width: int = 8) -> list[View]:
    return [draw_view(height, width, recipe, generator=stream(0, i)) for i in range(number)]


def mirror(place: int) -> int:
    """-1 is 1, 8 is 6: without the edge itself a second time."""
    return abs(place) if place < 8 else 14 - place


@pytest.mark.parametrize(("top", "left"), [(0, 0), (-2, 1), (2, -2), (-1, -2)])
@pytest.mark.parametrize("is_mirrored", [False, True])
def test_a_shift_is_a_loop_over_pixels(top, left, is_mirrored):
    shown = apply_view(IMAGE, View(top, left, 8, 8, is_mirrored), SHIFT)
    expected = torch.zeros_like(IMAGE)
    for row in range(8):
        for column in range(8):
            y, x = row + top, (7 - column if is_mirrored else column) + left
            expected[:, row, column] = IMAGE[:, mirror(y), mirror(x)]
    assert shown.dtype == torch.uint8
    assert torch.equal(shown, expected)


def test_a_batch_is_shifted_as_its_images_are():
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (60, 8, 6, 3), generator=generator).to(torch.uint8)
    views = views_of(SHIFT, 60, height=8, width=6)
    shown = show_views(images, views, SHIFT)
    assert shown.dtype == torch.uint8
    for image, view, row in zip(images, views, shown, strict=True):
        expected = apply_view(image.permute(2, 0, 1), view, SHIFT)
        assert torch.equal(row.permute(2, 0, 1), expected)
    assert len({view[:2] for view in views}) > 20  # of 25 shifts


def test_shifts_are_uniform_and_half_the_images_are_mirrored():
    views = views_of(SHIFT, 2000)
    for values in ([v.top for v in views], [v.left for v in views]):
        counts = np.bincount(np.array(values) + 2)
        assert len(counts) == 5
        assert abs(counts - 400).max() < 80  # 4.5 standard deviations of 18
    assert abs(sum(v.is_mirrored for v in views) - 1000) < 100
    assert {(v.height, v.width) for v in views} == {(8, 8)}


def parts_by_rejection(number: int, *, width: int, height: int) -> np.ndarray:
    """Shares of the area: U(0.08, 1), aspects log-uniform, of the pairs that fit the image."""
    generator = np.random.default_rng(1)
    shares = generator.uniform(0.08, 1, 2 * number)
    aspects = (3 / 4) ** generator.uniform(-1, 1, 2 * number)
    widths, heights = np.sqrt(shares * aspects * 60_000), np.sqrt(shares / aspects * 60_000)
    return shares[(widths < width + 0.5) & (heights < height + 0.5)][:number]


def ecdf(values: np.ndarray, places: np.ndarray) -> np.ndarray:
    return np.searchsorted(np.sort(values), places, side="right") / len(values)


def test_parts_have_the_areas_and_aspects_of_the_source():
    views = views_of(PART, 1000, height=200, width=300)
    for view in views:
        assert 0 <= view.top <= 200 - view.height
        assert 0 <= view.left <= 300 - view.width
    shares = np.array([v.height * v.width for v in views]) / 60_000
    aspects = np.array([v.width / v.height for v in views])
    expected = np.sort(parts_by_rejection(20_000, width=300, height=200))
    assert abs(ecdf(shares, expected) - ecdf(expected, expected)).max() < 0.06  # 1.9 / sqrt(1000)
    assert abs(np.median(np.log(aspects))) < 0.05
    assert aspects.min() > 0.74
    assert aspects.max() < 1.35


def test_a_strip_has_no_part_of_such_an_aspect_and_shows_its_middle():
    (view,) = views_of(PART, 1, height=4, width=4000)
    assert view[:4] == (0, 1998, 4, 4)


def test_parts_are_scaled_to_the_size_of_the_recipe():
    flat = torch.full((3, 8, 8), 77, dtype=torch.uint8)
    shown = apply_view(flat, View(1, 2, 3, 4, False), PART)
    assert torch.equal(shown, torch.full((3, 6, 6), 77, dtype=torch.uint8))
    doubled = apply_view(IMAGE, View(2, 2, 3, 3, False), PART)
    assert doubled[0, 0, 0] == IMAGE[0, 2, 2]
    assert doubled[0, 5, 5] == IMAGE[0, 4, 4]


def test_each_image_of_a_batch_has_its_own_view():
    images = torch.stack([IMAGE, IMAGE]).permute(0, 2, 3, 1)
    views = [View(1, 0, 8, 8, False), View(0, 0, 8, 8, True)]
    shown = show_views(images, views, SHIFT)
    assert shown.shape == (2, 8, 8, 3)
    assert torch.equal(shown[0].permute(2, 0, 1), apply_view(IMAGE, views[0], SHIFT))
    assert torch.equal(shown[1], images[1].flip(1))


def test_validation_shows_the_middle_where_training_shows_parts():
    images = IMAGE.permute(1, 2, 0)[None]
    assert torch.equal(show_center(images, PART), images[:, 1:7, 1:7])
    assert torch.equal(show_center(images, SHIFT), images)
