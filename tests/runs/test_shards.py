from __future__ import annotations

import pytest

from robustbench_ln.errors import SpecError
from robustbench_ln.runs.shards import Shard, parse_shard


@pytest.mark.parametrize("count", [1, 2, 3, 7, 10])
def test_every_item_falls_to_one_shard_and_shards_are_of_equal_size(count: int) -> None:
    items = list(range(10))
    taken = [Shard(number, count).take(items) for number in range(1, count + 1)]
    assert sorted(item for shard in taken for item in shard) == items
    assert max(map(len, taken)) - min(map(len, taken)) <= 1


def test_neighbours_fall_to_different_shards() -> None:
    assert Shard(2, 3).take("abcdefg") == ["b", "e"]


def test_a_shard_is_read_as_it_is_written() -> None:
    assert parse_shard("2/10") == (2, 10)
    assert str(Shard(*parse_shard("02/4"))) == "2/4"


@pytest.mark.parametrize(
    "text",
    ["0/3", "4/3", "1/0", "0/0", "-1/3", "1/-3", "x", "", "/", "1/", "/3", "1/2/3", "1.5/3", "1 /3",
     "1/3\n", "١/3", "1/100000", "9999999999/3", "True/3"],
)  # fmt: skip
def test_other_texts_are_refused_by_name(text: str) -> None:
    with pytest.raises(SpecError, match=r"shard=.*: expected i/n, the i-th of n shards"):
        parse_shard(text)
