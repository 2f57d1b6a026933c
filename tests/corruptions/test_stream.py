"""The stream of degraded chunks: order, what is ahead, and the limits of the whole set."""

from __future__ import annotations

import time

import numpy as np
import pytest
import torch

from robustbench_ln.corruptions import stream
from robustbench_ln.corruptions.degrade import add_noise, degrade
from robustbench_ln.corruptions.stream import (
    StreamOptions,
    degraded_chunks,
    find_inputs,
    find_limits,
    map_ahead,
)
from robustbench_ln.data.image_set import ArrayImages
from robustbench_ln.errors import DataError
from robustbench_ln.spec import CLEAN
from tests.corruptions.noisy import condition, some_images

PIXELS = some_images(30)
IMAGES = ArrayImages(
    source="arrays:x", kind="arrays", pixels=PIXELS.numpy(), labels=np.zeros(30, dtype=np.int64)
)
ORDER = np.random.default_rng(0).permutation(30)[:21]


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("asked", [CLEAN, condition("agn", "paper", 0.5)], ids=["clean", "agn"])
def test_chunks_are_the_images_in_their_order(asked, workers, monkeypatch):
    monkeypatch.setattr(stream, "_CHUNK_VALUES", 1)
    chunks = list(degraded_chunks(IMAGES, ORDER, asked, StreamOptions(seed=4, workers=workers)))
    assert [len(chunk.indices) for chunk in chunks] == [8, 8, 5]
    assert np.array_equal(np.concatenate([chunk.indices for chunk in chunks]), ORDER)
    whole = degrade(PIXELS[ORDER], asked, seed=4, indices=ORDER.tolist())
    assert torch.equal(torch.cat([chunk.degraded.images for chunk in chunks]), whole.images)


def test_a_chunk_has_so_many_values(monkeypatch):
    monkeypatch.setattr(stream, "_CHUNK_VALUES", 10 * 8 * 8 * 3)
    chunks = degraded_chunks(IMAGES, ORDER, CLEAN, StreamOptions(seed=0))
    assert [len(chunk.indices) for chunk in chunks] == [10, 10, 1]


def test_limits_are_of_all_images_that_are_evaluated_and_of_no_other(monkeypatch):
    monkeypatch.setattr(stream, "_CHUNK_VALUES", 1)
    asked = condition("agn", "released", 1.0, "rescale")
    limits = find_limits(IMAGES, ORDER, asked, seed=2)
    noisy = add_noise(PIXELS, asked, seed=2, indices=range(30))[torch.from_numpy(ORDER)]
    clean = PIXELS[torch.from_numpy(ORDER)].float() / 255
    for ours, values in ((limits.noisy, noisy), (limits.clean, clean)):
        for channel in range(3):
            assert ours.low[channel].item() == pytest.approx(values[..., channel].min().item())
            assert ours.high[channel].item() == pytest.approx(values[..., channel].max().item())


def test_only_rescaling_and_frost_need_more_than_the_images():
    for asked in (CLEAN, condition("agn", "paper", 0.5), condition("agn", "released", 1, "none")):
        assert find_inputs(IMAGES, ORDER, asked, StreamOptions(seed=0)) == (None, None)


@pytest.mark.parametrize("workers", [1, 2])
def test_results_come_in_order_and_at_most_so_many_are_ahead(workers):
    started: list[int] = []

    def work(item: int) -> int:
        started.append(item)
        time.sleep(0.02 * (item % 2 == 0))  # every other one is slower
        return item * item

    results = map_ahead(work, range(8), workers=workers)
    for item in range(8):
        assert next(results) == item * item
        assert max(started) <= item + workers
    assert next(results, None) is None


def test_an_error_comes_in_its_turn_and_nothing_goes_on_after_it():
    done: list[int] = []

    def work(item: int) -> int:
        if item == 2:
            raise DataError("item 2")
        done.append(item)
        return item

    results = map_ahead(work, range(100), workers=1)
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(DataError, match="item 2"):
        next(results)
    assert len(done) <= 3
