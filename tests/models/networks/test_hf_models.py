"""transformers' classifiers from a folder: their own logits, and no code that the folder names."""

from __future__ import annotations

import math
import socket
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from robustbench_ln.errors import CheckpointError, LnBenchError
from robustbench_ln.models.networks.hf_models import HF_NETWORKS
from robustbench_ln.models.opened import OpenedNetwork, open_network
from robustbench_ln.models.registry import find_architecture
from robustbench_ln.models.source import NetworkSource
from robustbench_ln.norms import (
    StatisticsLayout,
    convert_batchnorm,
    find_norm_layers,
    take_logits,
    with_statistics,
)
from tests.models.hf_folders import copied, write_folder

IMAGES = torch.rand(3, 3, 32, 32, generator=torch.Generator().manual_seed(0))
WITH_BATCHNORM = ("efficientnet", "mobilenet_v1", "mobilenet_v2", "regnet", "resnet")


def open_folder(folder: Path) -> OpenedNetwork:
    return open_network(NetworkSource(path=f"hf:{folder}"), None)


def logits_of(network: nn.Module) -> torch.Tensor:
    with torch.inference_mode():
        return take_logits(network(IMAGES), len(IMAGES))


@pytest.fixture(autouse=True)
def _no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.fixture(scope="module")
def resnet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hf") / "resnet"
    write_folder(folder, "resnet")
    return folder


@pytest.mark.parametrize("kind", HF_NETWORKS)
def test_a_folder_gives_the_logits_of_its_network(tmp_path: Path, kind: str) -> None:
    network = write_folder(tmp_path, kind)
    state = torch.get_rng_state()
    opened = open_folder(tmp_path)
    assert torch.equal(torch.get_rng_state(), state)
    assert (opened.loaded.num_classes, opened.image_size) == (10, 32)
    assert opened.loaded.network == f"hf:{type(network).__name__}"
    assert float((logits_of(opened.loaded.model) - logits_of(network)).abs().max()) <= 1e-6


@pytest.mark.parametrize("kind", HF_NETWORKS)
def test_bn_is_the_networks_own_eval_output(tmp_path: Path, kind: str) -> None:
    network = write_folder(tmp_path, kind)
    model = open_folder(tmp_path).loaded.model
    layers = find_norm_layers(model, (3, 32, 32))
    assert any(layer.kind == "batch" for layer in layers) == (kind in WITH_BATCHNORM)
    running = with_statistics(model, StatisticsLayout.running(), image_shape=(3, 32, 32))
    for index in range(len(IMAGES)):  # image by image
        with torch.inference_mode():
            own = network(IMAGES[index : index + 1]).logits
            seen = take_logits(running(IMAGES[index : index + 1]), 1)
        assert float((seen - own).abs().max()) <= 1e-5


def test_localnorm_of_a_folder_is_loaded_by_its_config(resnet: Path, tmp_path: Path) -> None:
    converted = convert_batchnorm(open_folder(resnet).loaded.model, 4).model
    torch.save(converted.state_dict(), tmp_path / "ln.pt")
    source = NetworkSource(path=tmp_path / "ln.pt", arch=f"hf:{resnet}")
    assert open_network(source, None).loaded.num_groups == 4


def test_weights_in_a_pickle_are_read_without_its_code(resnet: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file

    folder = copied(resnet, tmp_path / "bin")
    weights = folder / "model.safetensors"
    torch.save(load_file(weights), folder / "pytorch_model.bin")
    weights.unlink()
    opened, expected = open_folder(folder), open_folder(resnet)
    assert opened.loaded.checkpoint.path == folder / "pytorch_model.bin"
    assert torch.equal(logits_of(opened.loaded.model), logits_of(expected.loaded.model))


def test_runs_are_known_by_weights_and_config(resnet: Path, tmp_path: Path) -> None:
    same, other = copied(resnet, tmp_path / "a"), copied(resnet, tmp_path / "b", hidden_act="gelu")
    same = same.rename(tmp_path / "moved")
    (same / "config.json").write_bytes((resnet / "config.json").read_bytes())
    loaded, moved, changed = (open_folder(f).loaded for f in (resnet, same, other))
    assert loaded.checkpoint.sha256 == moved.checkpoint.sha256 == changed.checkpoint.sha256
    assert (loaded.network, loaded.code_sha256) == (moved.network, moved.code_sha256)
    assert loaded.code_sha256 != changed.code_sha256


def test_code_kernels_and_other_repositories_are_left(resnet: Path, tmp_path: Path) -> None:
    folder = copied(
        resnet,
        tmp_path / "evil",
        auto_map={"AutoModelForImageClassification": "evil.Net"},
        _attn_implementation="somebody/kernels",
        attn_implementation="somebody/kernels",
        quantization_config={"quant_method": "gptq"},
        _name_or_path="somebody/network",
    )
    (folder / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    opened = open_folder(folder)
    assert torch.equal(logits_of(opened.loaded.model), logits_of(open_folder(resnet).loaded.model))
    assert not (tmp_path / "ran").exists()


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "another kind": ({"model_type": "bert"}, "'model_type' is 'bert'; expected bit, convnext,"),
    "timm's, which may fetch": (
        {"model_type": "timm_wrapper", "architecture": "hf-hub:a/b"},
        "'model_type' is 'timm_wrapper'",
    ),
    "too large for the weights": (
        {"hidden_sizes": [65536, 65536]}, "more than the file of weights beside it can hold",
    ),
    "too many layers": ({"depths": [65536, 65536]}, "it has more than 3,000 tensors"),
    "too many stages": ({"depths": [1] * 65, "hidden_sizes": [8] * 65}, "'depths' is"),
    "infinite": ({"hidden_sizes": [math.inf, 8]}, "'hidden_sizes' is \\[inf, 8\\]"),
    "negative": ({"hidden_sizes": [-8, 8]}, "describes no ResNetForImageClassification"),
    "nested": ({"hidden_sizes": {"a": 1}}, "'hidden_sizes' is {'a': 1}; expected a text"),
    "no activation": ({"hidden_act": "no_such"}, "that can be built"),
    "another shape": ({"hidden_sizes": [8, 24]}, "does not fit hf:"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_config_is_one_line(resnet: Path, tmp_path: Path, case: str) -> None:
    changed, message = WRONG[case]
    folder = copied(resnet, tmp_path / "net", **changed)
    with pytest.raises(CheckpointError, match=message) as raised:
        open_folder(folder)
    assert "\n" not in str(raised.value)


def test_sizes_that_the_weights_decide_may_be_wrong(resnet: Path, tmp_path: Path) -> None:
    folder = copied(resnet, tmp_path / "net", num_channels="x", id2label=["a"], num_labels=10**9)
    loaded = open_folder(folder).loaded
    assert loaded.num_classes == 10
    assert torch.equal(logits_of(loaded.model), logits_of(open_folder(resnet).loaded.model))


@pytest.mark.parametrize("kind", ["resnet", "vit"])
def test_a_folder_of_a_network_without_head(tmp_path: Path, kind: str) -> None:
    network: Any = write_folder(tmp_path, kind)
    network.base_model.save_pretrained(tmp_path)
    with pytest.raises(CheckpointError, match="has no head: .*; use a classifier"):
        open_folder(tmp_path)


def test_transformers_is_an_extra(resnet: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)  # import answers ImportError
    with pytest.raises(LnBenchError, match="pip install transformers"):
        find_architecture(f"hf:{resnet}")
