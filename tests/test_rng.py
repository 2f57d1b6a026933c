"""Streams of random numbers depend on their keys alone."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from robustbench_ln.rng import image_streams, stream


def philox(text: bytes, index: int = 0) -> np.random.Generator:
    """Philox as the module says it: the hash of the keys is the key, the image the top word."""
    key = int.from_bytes(hashlib.blake2b(text, digest_size=16).digest(), "little")
    return np.random.Generator(np.random.Philox(key=key, counter=index << 192))


def test_a_stream_is_philox_under_the_hash_of_its_keys():
    assert stream(0, "order").integers(2**63) == philox(b"0\x1f'order'").integers(2**63)
    expected = philox(b"7\x1f'agn'\x1f0.5").standard_normal(5)
    assert np.array_equal(stream(7, "agn", 0.5).standard_normal(5), expected)


def test_an_image_is_the_top_word_of_the_counter():
    images = (0, 3, 49_999)
    for index, generator in zip(images, image_streams(1, "fog", indices=images), strict=True):
        assert np.array_equal(generator.random(7), philox(b"1\x1f'fog'", index).random(7))


def test_an_image_draws_the_same_whoever_came_before_and_however_much_they_drew():
    def draw(*indices: int) -> dict[int, float]:
        streams = image_streams(0, "a", indices=indices)
        return {i: g.random(1 + i)[0] for i, g in zip(indices, streams, strict=True)}

    together = draw(0, 1, 2, 3, 4)
    assert draw(4, 2) == {4: together[4], 2: together[2]}
    assert len(set(together.values())) == 5


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ((5, "a"), (5 + 2**32, "a")),
        ((0, "a", "b"), (0, "ab")),
        ((0, "a", 1), (0, "a", 1.0)),
        ((0, "a", "1"), (0, "a", 1)),
        ((0, "a", "b"), (0, "b", "a")),
    ],
)
def test_other_keys_are_another_stream(one, other):
    assert stream(*one).random() != stream(*other).random()


def test_a_stream_is_named_by_the_number_not_by_its_type():
    first, again = (stream(seed, "a").random(4) for seed in (3, np.int64(3)))
    assert np.array_equal(first, again)
