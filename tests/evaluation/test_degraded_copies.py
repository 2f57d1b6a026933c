"""Darkened and low-contrast copies, against sums in whole numbers."""

from __future__ import annotations

import numpy as np
import pytest

from robustbench_ln.data import ArrayImages
from robustbench_ln.errors import SpecError
from robustbench_ln.evaluation.degraded_copies import (
    Degradation,
    DegradedImages,
    parse_degradations,
)

GREY = np.array([[0, 100], [200, 255]], np.uint8)[None, :, :, None]
PIXELS = np.random.default_rng(0).integers(0, 256, (5, 6, 7, 3)).astype(np.uint8)
IMAGES = ArrayImages(source="some", kind="arrays", pixels=PIXELS, labels=np.arange(5))


def test_brightness_is_what_is_left_of_each_value():
    assert Degradation("brightness", 0.3).apply(GREY).flatten().tolist() == [0, 30, 60, 76]
    halved = Degradation("brightness", 0.5).apply(PIXELS)
    assert np.abs(2 * halved.astype(int) - PIXELS).max() == 1
    every = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1)
    for percent in range(1, 100):
        distance = Degradation("brightness", percent / 100).apply(every).flatten()
        distance = np.abs(100 * distance.astype(int) - np.arange(256) * percent)
        assert distance.max() <= 50


def test_contrast_is_what_is_left_of_the_distance_to_the_mean_of_the_channel():
    mean = 555 / 4
    levels = [round(mean + 0.2 * (value - mean)) for value in (0, 100, 200, 255)]
    assert Degradation("contrast", 0.2).apply(GREY).flatten().tolist() == levels
    flat = Degradation("contrast", 0.1).apply(PIXELS).astype(float)
    means = PIXELS.mean(axis=(1, 2), keepdims=True)
    assert np.abs(flat - (means + 0.1 * (PIXELS - means))).max() <= 0.5 + 1e-9
    grey = np.full((1, 4, 4, 3), 77, np.uint8)
    assert np.array_equal(Degradation("contrast", 0.2).apply(grey), grey)


def test_images_are_degraded_as_they_are_read_and_keep_all_else():
    dark = DegradedImages(IMAGES, Degradation("brightness", 0.25))
    expected = Degradation("brightness", 0.25).apply(PIXELS)
    assert np.array_equal(dark.read([3, 1]), expected[[3, 1]])
    assert len(dark) == 5
    assert dark.shape == IMAGES.shape
    assert dark.labels.tolist() == [0, 1, 2, 3, 4]
    assert dark.source == "some (brightness 25 %)"
    assert dark.image_id(2) == "image 2 of some (brightness 25 %)"
    others = [
        IMAGES,
        dark,
        *(DegradedImages(IMAGES, Degradation("contrast", f)) for f in (0.25, 0.5)),
    ]
    assert len({images.sha256() for images in others}) == 4


def test_a_list_is_read_in_its_order():
    assert parse_degradations(" contrast:0.2, brightness:0.3,") == (
        Degradation("contrast", 0.2),
        Degradation("brightness", 0.3),
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "degrade= is empty; expected KIND:FACTOR, as contrast:0.2"),
        (",", "degrade= is empty"),
        ("brightnes:0.3", "unknown degradation 'brightnes'; did you mean 'brightness'"),
        ("fog:3", "unknown degradation 'fog'; choose from brightness, contrast"),
        ("brightness", "expected KIND:FACTOR, as in brightness:0.3"),
        ("contrast:low", "expected KIND:FACTOR, as in contrast:0.3"),
        ("contrast:0", "expected a number above 0 and below 1, as in contrast:0.3"),
        ("contrast:1", "expected a number above 0 and below 1"),
        ("brightness:30", "expected a number above 0 and below 1"),
        ("brightness:-0.5", "expected a number above 0 and below 1"),
        ("brightness:nan", "expected a number above 0 and below 1"),
        ("brightness:1e-400", "expected a number above 0 and below 1"),
        ("contrast:0.2,contrast:.2", "has contrast 20 % twice; give it once"),
    ],
)
def test_wrong_degradations_are_refused(text, message):
    with pytest.raises(SpecError) as caught:
        parse_degradations(text)
    assert message in str(caught.value)
