from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from robustbench_ln.errors import SpecError
from robustbench_ln.evaluation.sets import SetRunner, evaluation_order
from robustbench_ln.norms import StatisticsLayout, with_statistics
from tests.norms.networks import random_images, small_net


class Recorder:
    """Stands in for a network: its logits are the images, and it notes which sets it saw."""

    num_groups = 1

    def __init__(self, layout: StatisticsLayout) -> None:
        self.layout = layout
        self.sets: list[list[float]] = []
        self.batches: list[int] = []

    def __call__(self, images, *, group):
        values = images.flatten().tolist()
        size = self.layout.set_size or 1
        self.batches.append(len(values))
        self.sets += [values[i : i + size] for i in range(0, len(values), size)]
        return images.flatten(1)


@settings(derandomize=True, deadline=None, max_examples=150)
@given(
    number=st.integers(1, 60),
    set_size=st.integers(1, 20),
    at_once=st.integers(1, 64),
    cuts=st.lists(st.integers(1, 60), max_size=4),
)
def test_every_image_is_scored_once_in_consecutive_sets(number, set_size, at_once, cuts):
    set_size = min(set_size, number)
    recorder = Recorder(StatisticsLayout.set(set_size))
    runner = SetRunner(recorder, sets=at_once)
    number += -number % set_size
    images = torch.arange(float(number)).reshape(-1, 1, 1, 1)
    edges = sorted({0, number, *(cut for cut in cuts if cut < number)})
    logits = [
        block
        for start, stop in itertools.pairwise(edges)
        for block in runner.feed(images[start:stop])
    ]
    logits += list(runner.finish())
    assert torch.cat(logits, dim=1).flatten().tolist() == list(range(number))
    assert [value for members in recorder.sets for value in members] == list(range(number))
    assert all(len(members) == set_size for members in recorder.sets)
    # every batch but the last holds as many sets as it should, whatever the stream is cut into
    *full, last = recorder.batches
    assert {*full, at_once * set_size} == {at_once * set_size}
    assert last <= at_once * set_size


@pytest.mark.parametrize(
    "layout",
    [
        StatisticsLayout.running(),
        StatisticsLayout.image(),
        StatisticsLayout.rot90(),
        StatisticsLayout.set(7),
    ],
)
def test_the_device_batch_changes_no_logits(layout):
    images = random_images(45)
    view = with_statistics(small_net(), layout, image_shape=(3, 8, 8))
    results = []
    images = images[: 45 // (layout.set_size or 1) * (layout.set_size or 1)]
    for sets in (1, 7, 64, 1017):
        runner = SetRunner(view, sets=sets)
        blocks = [*runner.feed(images[:20]), *runner.feed(images[20:]), *runner.finish()]
        results.append(torch.cat(blocks, dim=1))
    for other in results[1:]:
        # convolutions round differently at other batch sizes
        assert torch.allclose(other, results[0], atol=1e-4)


def test_a_gpu_of_too_little_memory_gets_half_of_whole_sets_from_then_on():
    class Small(Recorder):
        def __call__(self, images, *, group):
            if len(images) > 9:
                raise torch.OutOfMemoryError
            return super().__call__(images, group=group)

    recorder = Small(StatisticsLayout.set(3))
    runner = SetRunner(recorder, sets=8)
    images = torch.arange(51.0).reshape(-1, 1, 1, 1)
    logits = torch.cat([*runner.feed(images), *runner.finish()], dim=1)
    assert logits.flatten().tolist() == images.flatten().tolist()
    assert runner.sets == 2
    assert max(recorder.batches) == 6
    too_large = SetRunner(Small(StatisticsLayout.set(12)), sets=2)
    with pytest.raises(SpecError, match="too small for 12 images that share statistics; lower"):
        list(too_large.feed(images[:24]))


def test_the_order_is_seeded_and_the_limit_comes_after_it():
    order = evaluation_order(100, order="shuffled", seed=0, limit=None)
    assert sorted(order) == list(range(100))
    assert not np.array_equal(order, np.arange(100))
    assert np.array_equal(order[:10], evaluation_order(100, order="shuffled", seed=0, limit=10))
    assert not np.array_equal(order, evaluation_order(100, order="shuffled", seed=1, limit=None))
    assert evaluation_order(5, order="as-is", seed=0, limit=3).tolist() == [0, 1, 2]
