"""Images sorted by class are noticed, images in random order are not."""

from __future__ import annotations

import numpy as np

from robustbench_ln.metrics.class_order import is_class_ordered


def test_class_order_is_seen_and_random_order_is_not():
    ordered = np.repeat(np.arange(10), 100)
    shuffled = np.random.default_rng(0).permutation(ordered)
    assert is_class_ordered(ordered, 128)
    assert is_class_ordered(ordered, 16)
    for size in (2, 16, 128, 500):
        assert not is_class_ordered(shuffled, size)
    assert not is_class_ordered(ordered, 1)
    assert not is_class_ordered(np.zeros(100, dtype=np.int64), 10)
    assert not is_class_ordered(np.arange(1000), 100)  # as many classes as a set can hold


def test_a_part_of_ordered_images_is_seen_also_where_it_is_less_than_a_set():
    shares = np.full(10, 0.1)
    ordered = np.repeat(np.arange(10), 100)
    shuffled = np.random.default_rng(0).permutation(ordered)
    for number in (2, 50, 100, 127, 200, 250):
        for size in (128, 1000):
            assert is_class_ordered(ordered[:number], size, shares=shares)
            assert not is_class_ordered(shuffled[:number], size, shares=shares)
    assert not is_class_ordered(ordered, 1000, shares=shares)  # all there is, in one set
    assert not is_class_ordered(ordered[:1], 128, shares=shares)
    assert not is_class_ordered(ordered[:100], 128)  # nobody says that there are more classes
