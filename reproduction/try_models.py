"""Inspect and evaluate library networks with fresh weights; write reproduction/records/models.json.

python -m reproduction.try_models
"""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
import torch

from robustbench_ln.corruptions.conditions import noise_conditions
from robustbench_ln.data.image_set import ArrayImages
from robustbench_ln.evaluation.inspection import inspect_network
from robustbench_ln.evaluation.run import evaluate
from robustbench_ln.evaluation.subject import Subject
from robustbench_ln.models.registry import build_model
from robustbench_ln.runs.description import CheckpointDescription
from robustbench_ln.spec import EvaluationSpec, parse_normalization

NETWORKS = (
    "torchvision:resnet18", "torchvision:resnet50", "torchvision:vgg16_bn",
    "torchvision:mobilenet_v3_large", "torchvision:efficientnet_b0", "torchvision:densenet121",
    "torchvision:convnext_tiny", "torchvision:vit_b_16", "timm:resnet50", "timm:resnetv2_50",
    "timm:tf_efficientnet_b0",
)  # fmt: skip
OUT = Path(__file__).parent / "records" / "models.json"


def try_network(name: str) -> dict[str, object]:
    """Return its norm layers, its modes, and that every one of them ran on four images."""
    model = build_model(name, num_classes=10)
    inspection = inspect_network(model, (3, 224, 224))
    pixels = np.random.default_rng(0).integers(0, 256, (4, 224, 224, 3)).astype(np.uint8)
    images = ArrayImages(
        source="arrays:random", kind="arrays", pixels=pixels, labels=np.arange(4, dtype=np.int64)
    )
    subject = Subject(
        model=model, num_classes=10, normalization=parse_normalization("imagenet", 3),
        label=name,
        checkpoint=CheckpointDescription(
            sha256="fresh", arch=name, num_parameters=0, num_groups=1
        ),
    )  # fmt: skip
    spec = EvaluationSpec(conditions=noise_conditions(["agn"], sigmas=[0.5]), stat_batch=2)
    with tempfile.TemporaryDirectory() as folder:
        records = evaluate(subject, images, spec, out=Path(folder) / "run")
    layers = Counter(row.layer.class_name for row in inspection.rows)
    return {
        "network": name,
        "parameters": inspection.parameters.trainable,
        "layers": dict(layers),
        "eps": sorted({row.layer.eps for row in inspection.rows}),
        "modes": sorted({r.mode for r in records}),
        "why_not_dbn": inspection.obstacles["dbn-batch"],
    }


def main() -> None:
    """Try them all."""
    tried = [try_network(name) for name in NETWORKS]
    OUT.write_text(json.dumps({"torch": torch.__version__, "tried": tried}, indent=1) + "\n")


if __name__ == "__main__":
    main()
