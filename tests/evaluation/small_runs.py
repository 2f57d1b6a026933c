"""A small network, a few images and what is asked of them, as tests of runs need them."""

from __future__ import annotations

import json

import numpy as np
from torch import nn

from robustbench_ln.corruptions.conditions import noise_conditions
from robustbench_ln.data.image_set import ArrayImages
from robustbench_ln.evaluation.subject import Subject
from robustbench_ln.runs.description import CheckpointDescription
from robustbench_ln.spec import EvaluationSpec, Normalization
from tests.norms.networks import small_net

NORMALIZATION = Normalization(name="none", mean=(0.0,) * 3, std=(1.0,) * 3)


def make_subject(model: nn.Module | None = None, digest: str = "abc", **changes) -> Subject:
    fields = {
        "model": model or small_net(),
        "num_classes": 5,
        "normalization": NORMALIZATION,
        "label": "small",
        "checkpoint": CheckpointDescription(
            path="small.pt", sha256=digest, arch="small", num_parameters=837, num_groups=1
        ),
        "group_size": 4,
    }
    return Subject(**(fields | changes))


def make_images(number: int = 37, size: int = 8, channels: int = 3) -> ArrayImages:
    generator = np.random.default_rng(0)
    return ArrayImages(
        source="arrays:test.npz",
        kind="arrays",
        pixels=generator.integers(0, 256, (number, size, size, channels)).astype(np.uint8),
        labels=generator.integers(0, 5, number).astype(np.int64),
    )


def make_spec(**changes) -> EvaluationSpec:
    conditions = noise_conditions(["agn", "mbn"], sigmas=[0.0, 0.5])
    return EvaluationSpec(**({"conditions": conditions, "stat_batch": 8} | changes))


def comparable(records) -> list[str]:
    rows = [json.loads(record.to_line()) for record in records]
    return sorted(json.dumps(row | {"seconds": None}, sort_keys=True) for row in rows)
