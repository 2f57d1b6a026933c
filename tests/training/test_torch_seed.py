"""torch's own generator, seeded inside a block and as before after it."""

from __future__ import annotations

import torch

from robustbench_ln.training import train
from tests.training.stages import (
    spec_of,
    start_of,
    striped_images,
)


def test_the_state_of_torchs_generator_is_not_touched(tmp_path):
    before = torch.random.get_rng_state()
    train(start_of(), striped_images(), spec_of(), out=tmp_path / "run")
    assert torch.equal(torch.random.get_rng_state(), before)
