"""The public checkpoints load, and classify real images as published."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from robustbench_ln.images import to_network
from robustbench_ln.models import ARCHITECTURES, load_model, read_checkpoint

IMAGENET_MEAN = torch.tensor([0.485, 0.456, 0.406])
IMAGENET_STD = torch.tensor([0.229, 0.224, 0.225])


@pytest.mark.parametrize(
    ("file", "arch", "correct"),
    [("resnet20-12fca82f.th", "resnet20", 932), ("resnet32-d509ac18.th", "resnet32", 944)],
)
def test_public_resnets(shared_data: Path, file: str, arch: str, correct: int) -> None:
    checkpoint = read_checkpoint(shared_data / "checkpoints" / file)
    assert checkpoint.sha256[:8] == Path(file).stem.partition("-")[2]
    assert (checkpoint.key, checkpoint.prefix) == ("state_dict", "module.")
    assert "best_prec1" in checkpoint.metadata
    loaded = load_model(checkpoint, ARCHITECTURES[arch])
    assert (loaded.num_classes, loaded.num_groups) == (10, 1)
    with np.load(shared_data / "cifar10_test_1017.npz") as data:
        images, labels = torch.from_numpy(data["images"]), torch.from_numpy(data["labels"])
    with torch.inference_mode():
        logits = loaded.model(to_network(images, mean=IMAGENET_MEAN, std=IMAGENET_STD))
    # An image whose two best classes are level may turn with the order of a sum.
    assert abs(int((logits.argmax(dim=1) == labels).sum()) - correct) <= 1


def test_localnorm_checkpoint(shared_data: Path) -> None:
    checkpoint = read_checkpoint(shared_data / "checkpoints" / "resnet20_localnorm_g8.pt")
    loaded = load_model(checkpoint, ARCHITECTURES["resnet20"])
    assert checkpoint.metadata == {"K": 8}
    assert (loaded.num_classes, loaded.num_groups) == (10, 8)
