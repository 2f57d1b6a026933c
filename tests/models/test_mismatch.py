"""Names, shapes and kinds of tensors are compared, and the first few told."""

from __future__ import annotations

import torch

from robustbench_ln.models.mismatch import Mismatch, compare_states, is_counter

NETWORK = {
    "conv.weight": torch.zeros(4, 3, 3, 3),
    "bn.weight": torch.zeros(4),
    "bn.num_batches_tracked": torch.tensor(0),
}


def test_a_state_that_fits_has_no_mismatch_whatever_its_precision():
    half = {name: tensor.half() for name, tensor in NETWORK.items() if "num" not in name}
    assert compare_states(NETWORK, NETWORK).is_empty
    assert compare_states(NETWORK, half).is_empty  # without the counter, as before torch 0.4.1
    assert compare_states(NETWORK, half).describe() == ""


def test_every_kind_of_mismatch_is_told():
    state = {
        "conv.weight": torch.zeros(4, 3, 5, 5),
        "bn.weight": torch.zeros(4, dtype=torch.int8),
        "fc.bias": torch.zeros(2),
    }
    found = compare_states(NETWORK | {"fc.weight": torch.zeros(2, 4)}, state)
    assert found == Mismatch(
        missing=("'fc.weight'",),
        unexpected=("'fc.bias'",),
        different=(
            "'conv.weight' has shape [4, 3, 5, 5], the network expects [4, 3, 3, 3]",
            "'bn.weight' is torch.int8, the network expects torch.float32",
        ),
    )
    assert not found.is_empty


def test_counts_and_the_first_three_are_described():
    names = tuple(f"'{letter}'" for letter in "abcde")
    assert Mismatch(names, names[:3], ()).describe() == (
        "5 missing: 'a', 'b', 'c', ...; 3 unexpected: 'a', 'b', 'c'"
    )


def test_a_counter_is_told_by_the_last_part_of_its_name():
    assert is_counter("layer1.0.bn1.num_batches_tracked")
    assert is_counter("num_batches_tracked")
    assert not is_counter("num_batches_tracked.weight")


def test_networks_without_values_are_compared_by_shape():
    with torch.device("meta"):
        shapes = {"w": torch.zeros(2, 3)}
    assert compare_states(shapes, {"w": torch.zeros(2, 3)}).is_empty
    assert compare_states(shapes, {"w": torch.zeros(3, 2)}).different
