"""Rows and severities of stored arrays in another order than their names say."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from robustbench_ln.corruptions.corrupt_arrays import corrupt
from robustbench_ln.data.image_set import ArrayImages
from robustbench_ln.evaluation.checks.stored_images import check_stored_images, measure_distance
from robustbench_ln.spec import Condition

SEVERITIES = (1.0, 2.0, 3.0, 4.0, 5.0)


def make_clean(number=40):
    """Smooth colours of their own with an edge, 32x32."""
    generator = np.random.default_rng(0)
    small = generator.integers(40, 216, (number, 8, 8, 3))
    pixels = small.repeat(4, axis=1).repeat(4, axis=2).astype(np.uint8)
    return ArrayImages(
        source="arrays:x", kind="arrays", pixels=pixels, labels=np.zeros(number, int)
    )


CLEAN = make_clean()


def stored(levels, name="fog"):
    """Severity -> pixels, as a stored set."""
    return {
        Condition(corruption=name, severity=s, origin="official", corrupted_sha256="0" * 64): (
            dataclasses.replace(
                CLEAN, pixels=np.asarray(pixels, np.uint8), labels=np.zeros(len(pixels), int)
            )
        )
        for s, pixels in zip(SEVERITIES, levels, strict=False)
    }


def darker(severity):
    return CLEAN.pixels * (1 - 0.15 * severity)


LEVELS = [darker(s) for s in SEVERITIES]


@pytest.mark.parametrize("name", ["gaussian_noise", "jpeg_compression", "contrast", "pixelate"])
def test_corruptions_as_published_pass(name):
    levels = [corrupt(CLEAN.pixels, name, s, severity_table="cifar10-c") for s in SEVERITIES]
    result = check_stored_images(stored(levels, name), CLEAN)
    assert result.status == "passed", result.message


@pytest.mark.parametrize("order", [(4, 3, 2, 1, 0), (1, 0, 2, 3, 4), (0, 2, 1, 3, 4)])
def test_severities_in_another_order_are_warned_of(order):
    result = check_stored_images(stored([LEVELS[i] for i in order]), CLEAN)
    assert result.status == "warning"
    assert "severities of fog are probably in another order" in result.message
    assert check_stored_images(stored(LEVELS), CLEAN).status == "passed"


def test_corruptions_that_are_not_regular_are_judged_by_their_ends():
    swapped = [LEVELS[i] for i in (0, 2, 1, 3, 4)]
    assert check_stored_images(stored(swapped, "glass_blur"), CLEAN).status == "passed"
    assert check_stored_images(stored(LEVELS[::-1], "glass_blur"), CLEAN).status == "warning"
    assert check_stored_images(stored(LEVELS[::-1], "elastic_transform"), CLEAN).status == "passed"
    assert check_stored_images(stored(LEVELS[::-1], "ripple"), CLEAN).status == "passed"


@pytest.mark.parametrize("which", [[0, 1, 2, 3, 4], [2]])
def test_permuted_rows_are_warned_of(which):
    order = np.random.default_rng(1).permutation(len(CLEAN))
    levels = [x[order] if i in which else x for i, x in enumerate(LEVELS)]
    result = check_stored_images(stored(levels), CLEAN)
    assert result.status == "warning"
    assert "rows of fog are not the clean images in their order" in result.message


def test_rows_shifted_by_one_are_permuted():
    result = check_stored_images(stored([np.roll(x, 1, axis=0) for x in LEVELS]), CLEAN)
    assert "rows of fog" in result.message


def test_the_rank_is_the_share_of_others_that_are_less_alike():
    own = measure_distance(CLEAN.pixels, CLEAN.pixels)
    assert (own.pixels, own.rank) == (0, 1)
    other = measure_distance(np.roll(CLEAN.pixels, 1, axis=0), CLEAN.pixels)
    assert other.rank == pytest.approx(0.5, abs=0.15)
    constant = measure_distance(np.full_like(CLEAN.pixels, 7), CLEAN.pixels)
    assert np.isnan(constant.rank)


def test_what_cannot_be_compared_is_not_judged():
    few = make_clean(9)
    assert check_stored_images({}, CLEAN).status == "not applicable"
    assert check_stored_images(stored(LEVELS), None).status == "not applicable"
    assert check_stored_images(stored([x[:9] for x in LEVELS]), few).status == "not applicable"
    constant = [np.full(CLEAN.pixels.shape, 20 * s) for s in SEVERITIES]
    assert check_stored_images(stored(constant, "ripple"), CLEAN).status == "passed"
