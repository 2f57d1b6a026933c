"""Folders as save_pretrained writes them, small and with fresh weights."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from robustbench_ln.models.networks.hf_models import HF_NETWORKS

PREPROCESSOR = {
    "image_mean": [0.5, 0.4, 0.3], "image_std": [0.2, 0.21, 0.22], "do_rescale": True,
    "rescale_factor": 1 / 255, "size": {"shortest_edge": 36}, "do_center_crop": True,
    "crop_size": {"height": 32, "width": 32}, "resample": 3,
}  # fmt: skip

_STAGES = {"embedding_size": 8, "hidden_sizes": [8, 16], "depths": [1, 1]}
_FOUR = {"hidden_sizes": [8, 8, 8, 8], "depths": [1, 1, 1, 1]}
_HEADS = {
    "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 16,
    "image_size": 32, "patch_size": 8,
}  # fmt: skip
_WINDOWS = {
    "image_size": 32, "embed_dim": 8, "depths": [1, 1], "num_heads": [1, 2], "window_size": 4,
}  # fmt: skip
SMALL: dict[str, dict[str, Any]] = {
    "bit": {**_FOUR, "embedding_size": 8, "num_groups": 4},
    "convnext": _FOUR,
    "convnextv2": _FOUR,
    "deit": {**_HEADS, "architectures": ["DeiTForImageClassification"]},
    "dinov2": _HEADS,
    "efficientnet": {
        "image_size": 32, "width_coefficient": 0.5, "depth_coefficient": 0.3, "hidden_dim": 640,
    },
    "mobilenet_v1": {"depth_multiplier": 0.25},
    "mobilenet_v2": {"depth_multiplier": 0.35},
    "regnet": {**_STAGES, "groups_width": 4},
    "resnet": {**_STAGES, "layer_type": "basic"},
    "swin": _WINDOWS,
    "swinv2": _WINDOWS,
    "vit": _HEADS,
}  # fmt: skip
assert SMALL.keys() == set(HF_NETWORKS)


def make_network(kind: str, **more: Any) -> nn.Module:
    """Return transformers' network, made by its own functions."""
    transformers = pytest.importorskip(
        "transformers", reason="needs the extra robustbench_ln[transformers]"
    )
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        config = transformers.AutoConfig.for_model(kind, num_labels=10, **SMALL[kind], **more)
        network: nn.Module = transformers.AutoModelForImageClassification.from_config(config)
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                nn.init.uniform_(module.running_var, 0.5, 2)
                nn.init.normal_(module.running_mean)
    return network.eval()


def write_folder(folder: Path, kind: str, **more: Any) -> nn.Module:
    """Write a folder and return its network."""
    network: Any = make_network(kind, **more)
    network.save_pretrained(folder)
    write_preprocessor(folder)
    return network  # type: ignore[no-any-return]


def write_preprocessor(folder: Path, **changed: Any) -> None:
    content = {**PREPROCESSOR, **changed}
    (folder / "preprocessor_config.json").write_text(json.dumps(content))


def copied(source: Path, folder: Path, *, drop: tuple[str, ...] = (), **changed: Any) -> Path:
    """Copy a folder, with other entries in its config.json."""
    shutil.copytree(source, folder)
    path = folder / "config.json"
    config = {k: v for k, v in json.loads(path.read_text()).items() if k not in drop}
    path.write_text(json.dumps(config | changed))
    return folder
