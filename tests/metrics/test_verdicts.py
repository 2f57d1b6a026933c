from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robustbench_ln.metrics.intervals import Interval
from robustbench_ln.metrics.units import find_units
from robustbench_ln.metrics.verdicts import lack_sentence, units_sentence, verdict


@pytest.mark.parametrize(
    ("interval", "num_units", "expected"),
    [
        (Interval(0.01, 0.2), 6, "ahead"),
        (Interval(-0.2, -0.01), 6, "behind"),
        (Interval(-0.2, 0.01), 6, "undecided"),
        (Interval(0.0, 0.1), 400, "undecided"),
        (Interval(-0.1, 0.0), 400, "undecided"),
        (Interval(0.01, 0.2), 5, "undecided"),
        (None, 400, "undecided"),
    ],
)
def test_a_verdict_needs_an_interval_and_six_units(
    interval: Interval | None, num_units: int, expected: str
) -> None:
    assert verdict(interval, num_units) == expected


@pytest.mark.parametrize(
    ("num_images", "sizes", "expected"),
    [
        (1000, [128, 1], "Intervals: Student's t on 8 statistics sets of 128 images."),
        (1000, [1], "Intervals: Student's t on 1000 images."),
        (
            1000,
            [128, 10],
            "Intervals: Student's t on 8 and 100 statistics sets of 128 and of 10 images, which "
            "cross.",
        ),
        (100, [128], "Intervals: Student's t on 1 statistics set of 128 images."),
    ],
)
def test_a_caption_says_what_the_units_are(
    num_images: int, sizes: list[int], expected: str
) -> None:
    assert units_sentence(find_units(num_images, sizes)) == expected


@pytest.mark.parametrize(
    ("num_images", "sizes", "available", "expected"),
    [
        (
            200, [128], 10_000,
            "No interval: 2 statistics sets, 3 are needed; evaluate at least 320 images or use "
            "sets of at most 80 images.",
        ),
        (
            200, [128], 200,
            "No interval: 2 statistics sets, 3 are needed; use sets of at most 80 images.",
        ),
        (
            512, [128], None,
            "No verdict: 4 statistics sets, 6 are needed; evaluate at least 704 images or use "
            "sets of at most 93 images.",
        ),
        (1, [1], 10, "No interval: 1 image, 3 are needed; evaluate at least 3 images."),
        (2, [1], 2, "No interval: 2 images, 3 are needed; the data set has no more than 2."),
        (
            1, [4], 1,
            "No interval: 1 statistics set, 3 are needed; the data set has no more than 1.",
        ),
        (704, [128], 10_000, ""),
    ],
)  # fmt: skip
def test_what_would_help_is_said(
    num_images: int, sizes: list[int], available: int | None, expected: str
) -> None:
    assert lack_sentence(find_units(num_images, sizes), available) == expected


@given(st.integers(1, 2000), st.integers(1, 300))
def test_what_is_said_to_help_does(num_images: int, size: int) -> None:
    sentence = lack_sentence(find_units(num_images, [size]), None)
    if not sentence:
        return
    (wanted,) = map(int, re.findall(r"(\d+) are needed", sentence))
    (images,) = map(int, re.findall(r"at least (\d+) images", sentence))
    assert find_units(images, [size]).num_units == wanted
    assert find_units(images - 1, [size]).num_units < wanted
    for most in map(int, re.findall(r"at most (\d+) images", sentence)):
        assert find_units(num_images, [most]).num_units >= wanted
        assert find_units(num_images, [most + 1]).num_units < wanted
