"""What train.json says of a training: all that its weights depend on."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import torch

import robustbench_ln
from robustbench_ln.data.image_set import ImageSet
from robustbench_ln.training.spec import TrainingSpec
from robustbench_ln.training.start import StartNetwork

__all__ = ["describe_training"]


def describe_training(start: StartNetwork, images: ImageSet, spec: TrainingSpec) -> dict[str, Any]:
    """Return what train.json says; a training goes on only under the same settings."""
    return {
        "settings": {
            "arch": start.name,
            "norm": spec.norm,
            "num_groups": spec.num_groups,
            "recipe": spec.recipe.name,
            "epochs": spec.recipe.epochs,
            "learning_rate": spec.recipe.learning_rate,
            "init": start.parent_sha256 or None,
            "normalize": start.normalize,
            "images": images.sha256(),
            "noise": None if spec.noise is None else spec.noise.to_json(),
            "noise_share": None if spec.noise is None else spec.noise_share,
            "limit": spec.limit,
            "seed": spec.seed,
            "device": spec.device,
            **start.choices,
        },
        "recipe": {name: v for name, v in asdict(spec.recipe).items() if name != "purpose"},
        "data": images.source,
        "runs": [
            {
                "command": start.command,
                "robustbench_ln": robustbench_ln.__version__,
                "torch": torch.__version__,
                "threads": torch.get_num_threads(),
                "processes": spec.processes,
            }
        ],
    }
