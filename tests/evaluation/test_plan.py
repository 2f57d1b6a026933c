"""Which passes a run needs."""

from __future__ import annotations

import numpy as np
import pytest

from robustbench_ln.data.image_set import ArrayImages
from robustbench_ln.errors import DataError, SpecError
from robustbench_ln.evaluation.own_network import name_own_network
from robustbench_ln.evaluation.plan import plan_passes
from robustbench_ln.spec import ALL_SET_SIZES, EvaluationSpec, parse_normalization
from tests.norms.networks import small_net

PIXELS = np.zeros((7, 8, 8, 3), dtype=np.uint8)


def images(labels=0):
    return ArrayImages(
        source="some", kind="arrays", pixels=PIXELS, labels=np.full(7, labels, np.int64)
    )


def plan(labels=0, **options):
    network = name_own_network(
        small_net(), parse_normalization("0.4/0.2", 3), image_shape=(3, 8, 8)
    )
    spec = EvaluationSpec(modes=("bn", "dbn-batch", "bn-adapt"), group_size=1, **options)
    return plan_passes(network, images(labels), spec)


@pytest.mark.parametrize(
    ("options", "size"),
    [
        ({"stat_batch": 5}, 5),
        ({"stat_batch": 5, "limit": 3}, 3),
        ({"stat_batch": 128}, 7),
        ({"stat_batch": 128, "limit": 900}, 7),
    ],
)
def test_a_set_is_no_larger_than_what_is_evaluated(options, size):
    made = plan(**options)
    assert [mode.name for mode in made.modes] == ["bn", "dbn-batch", "bn-adapt"]
    assert [p.layout.set_size for p in made.passes] == [None, size, size]
    assert [layer.name for layer in made.layers] == ["bn1", "bn2"]


def test_images_that_do_not_fit_the_network_are_refused():
    with pytest.raises(DataError, match="has label 5, the network has 5 classes"):
        plan(labels=5)


def test_each_size_of_sets_is_a_pass_of_every_mode_with_sets():
    made = plan(set_sizes=(1, 4, 7))
    assert [p.layout.label for p in made.passes] == [
        "running", "batch1", "batch4", "batch7", "batch1-prior16", "batch4-prior16",
        "batch7-prior16",
    ]  # fmt: skip


def test_of_all_sizes_those_are_taken_that_the_images_fill():
    labels = [p.layout.label for p in plan(set_sizes=ALL_SET_SIZES).passes]
    assert labels[:4] == ["running", "batch1", "batch2", "batch4"]


def test_a_size_beyond_the_images_is_refused():
    with pytest.raises(SpecError, match="set_sizes= has sets of 8 images; 7 are evaluated"):
        plan(set_sizes=(1, 8))
