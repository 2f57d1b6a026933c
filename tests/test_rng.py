"""Streams of random numbers depend on their keys alone."""

from __future__ import annotations

import numpy as np

from robustbench_ln.rng import stream


def test_a_stream_is_named_by_the_number_not_by_its_type():
    first, again = (stream(seed, "a").random(4) for seed in (3, np.int64(3)))
    assert np.array_equal(first, again)
